"""One golden file for each message: what the server really sends has the shape that the file shows.

The extension's tests hold the same files against its types; docs/protocol.md names them.
"""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from lsp_client import ROOT, Client
from tinylm_server.features import COMMANDS, FEATURES
from tinylm_server.job_progress import JobProgress
from tinylm_server.settings import KEYS, Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOLDEN = {path.stem: json.loads(path.read_text("utf-8")) for path in (ROOT / "tests" / "golden").glob("*.json")}
PAGE = (ROOT / "docs" / "protocol.md").read_text("utf-8")
# What may be null although an example shows a value, or the other way round.
NULLABLE = {
    "modelId", "nTokens", "scores", "summary", "note", "model", "tokenizer", "training", "draw", "sampledLogprob",
    "cutBy", "fraction", "step", "totalSteps", "loss", "validationLoss", "bitsPerByte", "tokensPerSecond",
    "secondsLeft", "sample", "next", "workerPid", "startsWith", "ended", "place", "newText", "reason", "warning",
}  # fmt: skip


def assert_same_shape(golden: Any, actual: Any, path: str = "") -> None:
    """Compare keys and kinds of values, in depth; the elements of an array with the example's first."""
    name = path.rsplit(".", 1)[-1]
    if name in NULLABLE and (golden is None or actual is None):
        return
    if name == "versions":
        assert all(isinstance(value, str | None) for value in actual.values())
        return
    assert kind(golden) == kind(actual), f"{path}: {golden!r} against {actual!r}"
    if isinstance(golden, dict):
        assert golden.keys() == actual.keys(), path
        for key in golden:
            assert_same_shape(golden[key], actual[key], f"{path}.{key}")
    elif isinstance(golden, list) and golden:
        for element in actual:
            assert_same_shape(golden[0], element, f"{path}[]")


def kind(value: Any) -> str:
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", dict: "object", list: "array"}
    return kinds.get(type(value), "null")


@pytest.mark.parametrize(
    "name",
    [
        "tokens",
        "tokens-without-scores",
        "generate",
        "alternatives",
        "preview",
        "compareTokenizers",
        "compareModels",
        "export",
    ],
)
async def test_requests_have_the_shape_of_their_golden_file(shared_client: Client, model_directory: Path, name):
    golden = GOLDEN[name]
    document = golden["params"]["textDocument"]["uri"]
    shared_client.open(document, "Pip ran.\nA 😀 fox", golden["params"]["version"])
    own = {"path": str(model_directory)} if name == "compareModels" else {}
    actual = await shared_client.request(golden["method"], golden["params"] | own)
    assert_same_shape(golden["result"], actual)
    if name.startswith("tokens"):  # no floating point in here: exactly equal
        for key in ("schema", "version", "tokenizerId", "nTokens", "nBytes", "cells", "ids", "note"):
            assert actual[key] == golden["result"][key], key
    if name == "generate":
        step = await shared_client.notification("tinylm/generationStep")
        assert_same_shape(GOLDEN["generationStep"]["params"], step)
    if name == "export":
        piece = await shared_client.notification("tinylm/exportPiece")
        assert_same_shape(GOLDEN["exportPiece"]["params"], piece)


async def test_sessions_have_the_shape_of_their_golden_files(shared_client: Client):
    opening = GOLDEN["sessionOpen"]
    shared_client.open(opening["params"]["textDocument"]["uri"], "Pip ran.\nA 😀 fox", opening["params"]["version"])
    session_id = (await shared_client.request(opening["method"], opening["params"]))["sessionId"]
    for name in ("sessionStep", "sessionPick", "sessionGo", "sessionSet", "sessionSave", "sessionClose"):
        params = {**GOLDEN[name]["params"], "sessionId": session_id}
        assert_same_shape(GOLDEN[name]["result"], await shared_client.request(GOLDEN[name]["method"], params), name)
    assert_same_shape(opening["result"], await shared_client.request(opening["method"], opening["params"]))


async def test_status_has_the_shape_of_its_golden_file(shared_client: Client):
    await shared_client.request("workspace/executeCommand", {"command": "tinylm.server.restartWorker", "arguments": []})
    status = await shared_client.ready()
    assert_same_shape(GOLDEN["status"]["params"], status)
    assert_same_shape(GOLDEN["status-starting"]["params"], status)


@pytest.mark.parametrize("name", ["listJobs", "listModels", "stopTraining", "restartWorker", "selectModel"])
async def test_commands_have_the_shape_of_their_golden_file(shared_client: Client, model_directory: Path, name):
    golden = GOLDEN[name]
    arguments = [{"path": str(model_directory)}] if name == "selectModel" else golden["params"]["arguments"]
    params = {"command": golden["params"]["command"], "arguments": arguments}
    assert_same_shape(golden["result"], await shared_client.request("workspace/executeCommand", params))


@pytest.mark.slow
async def test_doctor_has_the_shape_of_its_golden_file(shared_client: Client):
    reply = await shared_client.request(
        "workspace/executeCommand", {"command": "tinylm.server.doctor", "arguments": []}
    )
    assert_same_shape(GOLDEN["doctor"]["result"], reply)
    assert reply["markdown"].startswith("# TinyLM doctor\n") and "| state |" in reply["markdown"]


async def test_training_progress_has_exactly_the_fields_of_its_golden_file():
    sent = JobProgress("a", "model", "/run").to_json()
    for name in ("trainingProgress", "trainingProgress-finished"):
        assert_same_shape(GOLDEN[name]["params"], sent)


async def test_every_message_has_a_golden_file_and_stands_on_the_protocol_page():
    methods = {golden["method"] for golden in GOLDEN.values()}
    own = {method for method in FEATURES if method.startswith("tinylm/")}
    own |= {"tinylm/status", "tinylm/trainingProgress", "tinylm/generationStep", "tinylm/exportPiece"}
    assert own <= methods
    assert all(f"`{method}`" in PAGE for method in own)
    for command in COMMANDS:
        assert f"`{command}`" in PAGE
        assert GOLDEN[command.rsplit(".", 1)[-1]]["params"]["command"] == command


async def test_settings_on_the_protocol_page_are_those_of_the_server():
    defaults = Settings()
    rows = dict(re.findall(r"^\| `tinylm\.(\S+?)` \| (.+?) \|", PAGE.split("## Settings")[1], re.MULTILINE))
    assert rows.keys() == KEYS.keys()
    for key, name in KEYS.items():
        value = getattr(defaults, name)
        shown = json.loads(rows[key].strip("`"))
        assert shown == (list(value) if isinstance(value, tuple) else value), key


async def test_settings_in_package_json_are_those_of_the_server():
    """Names, types, defaults and bounds; keys that only the extension reads are its own."""
    manifest = json.loads((ROOT / "package.json").read_text("utf-8"))
    configuration = manifest["contributes"]["configuration"]
    sections = configuration if isinstance(configuration, list) else [configuration]
    declared = {key: value for section in sections for key, value in section["properties"].items()}
    for each in fields(Settings):
        setting = declared[f"tinylm.{each.metadata['key']}"]
        default = list(each.default) if isinstance(each.default, tuple) else each.default
        assert setting["default"] == default, each.name
        if "low" in each.metadata:
            assert (setting.get("minimum"), setting.get("maximum")) == (each.metadata["low"], each.metadata["high"])
