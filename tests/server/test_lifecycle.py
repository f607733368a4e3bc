"""Start, end and everything in between over stdio: one answer for each id, no death, no deafness."""

import asyncio
import gc
import json
import os
import signal
import sys
from concurrent.futures import Future
from types import SimpleNamespace

import psutil
import pytest
from lsp_client import ROOT, Client, LspError
from tinylm_server.documents import Document
from tinylm_server.features import COMMANDS
from tinylm_server.loop_watch import LoopWatch
from tinylm_server.rope import Branch, Piece
from tinylm_server.server import Server

URI = "untitled:story"


async def test_initialize_answers_before_anything_heavy_is_imported():
    """The modules that stand between the start and the answer to `initialize`, listed by Python itself."""
    command = [sys.executable, "-X", "importtime", "-m", "tinylm_server"]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'server'}"},
    )
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}, "processId": None}}
    body = json.dumps(request).encode()
    # Standard input ends after the request, so what follows `initialized` never begins.
    output, errors = await process.communicate(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert b'"id": 1, "result"' in output or b'"result"' in output
    imported = {line.rsplit(b"|")[-1].strip().split(b".")[0].decode() for line in errors.splitlines()}
    assert "lsprotocol" in imported
    assert not imported & {"torch", "transformers", "datasets", "tokenizers", "numpy", "safetensors", "psutil"}


async def test_the_garbage_collector_leaves_out_what_the_server_is_made_of():
    """What stands when the first message is read is frozen, and the collector is on again."""
    program = """
import gc, os, sys
leave = os._exit
os._exit = lambda code: (print(gc.isenabled(), gc.get_freeze_count(), file=sys.stderr, flush=True), leave(code))
from tinylm_server.__main__ import main
main()
"""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'server'}"},
    )
    _, errors = await process.communicate()
    is_on, n_frozen = errors.split()[-2:]
    assert is_on == b"True" and int(n_frozen) > 50_000  # lsprotocol alone is more


async def test_capabilities_are_those_of_the_protocol_page(bare_client: Client):
    reply = await bare_client.initialize()
    capabilities = reply["capabilities"]
    assert reply["serverInfo"]["name"] == "tinylm"
    assert capabilities["positionEncoding"] == "utf-16"
    assert capabilities["textDocumentSync"] == {"openClose": True, "change": 2, "save": False}
    assert capabilities["hoverProvider"] is True
    assert capabilities["completionProvider"] == {"resolveProvider": True}
    assert capabilities["inlineCompletionProvider"] == {}
    assert capabilities["codeActionProvider"] == {"codeActionKinds": ["refactor.rewrite"]}
    assert capabilities["executeCommandProvider"]["commands"] == list(COMMANDS)
    assert not {"semanticTokensProvider", "inlayHintProvider"} & set(capabilities)
    await bare_client.close()


@pytest.mark.parametrize(
    "params",
    [
        {"processId": None, "rootUri": None, "capabilities": {}},
        {"processId": None, "capabilities": {"general": {}}, "clientInfo": None, "rootPath": None},
        {"processId": 2**30, "capabilities": {}, "initializationOptions": {"tinylm": {"maxCells": 7}}},
        {"processId": None, "capabilities": {}, "initializationOptions": [1], "workspaceFolders": None},
    ],
)
async def test_sparse_clients_are_accepted(bare_client: Client, params):
    """Neovim and Emacs name no encodings, no client, no context; a foreign process number says nothing."""
    reply = await bare_client.request("initialize", params)
    assert reply["capabilities"]["positionEncoding"] == "utf-16"
    bare_client.expected_popups = 1
    bare_client.notify("initialized", {})
    await bare_client.notification("tinylm/status")
    assert await bare_client.close() == 0


async def test_requests_right_behind_initialized_are_answered(bare_client: Client, model_directory):
    """They wait for what is still being imported, whatever they need of it, and for the tokenizer."""
    bare_client.settings = {"model": {"path": str(model_directory)}}
    await bare_client.initialize()
    bare_client.open(URI, "Once upon a time")
    wanted = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
    asked = {"textDocument": {"uri": URI}, "version": 1, "ranges": [wanted], "scores": False}
    _, models = bare_client.send_request("workspace/executeCommand", {"command": "tinylm.server.listModels"})
    _, tokens = bare_client.send_request("tinylm/tokens", asked)
    _, hover = bare_client.send_request("textDocument/hover", _at(0, 1))
    _, completion = bare_client.send_request("textDocument/completion", _at(0, 16))
    answers = await asyncio.gather(models, tokens, hover, completion)
    assert all(answers) and answers[1]["ids"] and "rank" in answers[2]["contents"]["value"]
    assert await bare_client.close() == 0


async def test_requests_in_the_wrong_state_are_refused(bare_client: Client):
    with pytest.raises(LspError, match="-32002"):
        await bare_client.request("textDocument/hover", {})
    await bare_client.initialize()
    with pytest.raises(LspError, match="-32600"):
        await bare_client.request("initialize", {"processId": None, "capabilities": {}})
    with pytest.raises(LspError, match="-32601"):
        await bare_client.request("tinylm/unknown", {})
    await bare_client.request("shutdown")
    with pytest.raises(LspError, match="-32600"):
        await bare_client.request("tinylm/tokens", {})
    bare_client.notify("exit", None)
    assert await bare_client.process.wait() == 0


async def test_malformed_requests_are_answered_and_the_server_lives(client: Client):
    for params in (None, 7, {}, {"textDocument": 3}, {"textDocument": {"uri": URI}, "position": {"line": "a"}}):
        with pytest.raises(LspError, match="-32602"):
            await client.request("textDocument/hover", params)
    for raw in (b"{", b"[]", b"null", b'{"jsonrpc":"2.0","id":{},"method":"x"}', b"[" * 100_000):
        client.send_raw(b"content-length:%d\n\n" % len(raw) + raw)
        refused = await client.notification("$refused")
        assert refused["error"]["code"] in (-32700, -32600)
    client.notify("textDocument/didChange", {"nonsense": True})
    client.notify("$/unknown", {})
    client.notify("$/cancelRequest", {"id": 999})
    client.open(URI, "still here")
    assert await client.request("textDocument/hover", _at(0, 0))


@pytest.mark.parametrize(
    "stray", [b"hello world\r\n\r\n", b"Content-Length: 99999999999999999999\r\n\r\n", b"X" * 10_000]
)
async def test_broken_framing_ends_the_server_at_once(bare_client: Client, stray):
    """What cannot be recovered is a quick end with code 1, never a server that hears nothing more."""
    await bare_client.initialize()
    bare_client.send_raw(stray)
    assert await asyncio.wait_for(bare_client.process.wait(), 30) == 1


async def test_end_of_input_and_exit_without_shutdown_give_code_1(bare_client: Client):
    await bare_client.initialize()
    bare_client.notify("exit", None)
    assert await asyncio.wait_for(bare_client.process.wait(), 30) == 1


async def test_end_of_input_ends_the_server_and_its_worker(client: Client):
    worker = worker_of(client)
    client.process.stdin.close()
    await asyncio.wait_for(client.process.wait(), 30)
    await until_gone(worker)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_killed_server_leaves_no_worker(client: Client, number):
    worker = worker_of(client)
    client.process.send_signal(number)
    await asyncio.wait_for(client.process.wait(), 30)
    await until_gone(worker)


async def test_a_dead_editor_ends_the_server_though_the_pipe_stays_open(bare_client: Client):
    """`processId` is watched, with its start time."""
    editor = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    await bare_client.initialize(processId=editor.pid)
    await bare_client.notification("tinylm/status")
    editor.kill()
    await editor.wait()
    assert await asyncio.wait_for(bare_client.process.wait(), 60) == 1


async def test_edits_leave_nothing_behind():
    """Six thousand edits: no future is kept (pygls would keep one each), and no piece of an older text."""
    server = Server(LoopWatch())
    server.protocol.set_writer(SimpleNamespace(write=lambda data: None, close=lambda: None))
    server.protocol.initialized = True
    item = {"uri": URI, "languageId": "plaintext", "version": 0, "text": "Once upon a time\n" * 2000}
    _receive(server, "textDocument/didOpen", {"textDocument": item})
    kinds = (Future, asyncio.Future, Document, Piece, Branch)
    counts = [_count_objects(*kinds)]  # what other tests of this process still hold
    for version in range(1, 6_001):
        place = {"line": version % 2000, "character": version % 7}
        change = {"range": {"start": place, "end": place}, "text": "b" if version % 2 else ""}
        identifier = {"uri": URI, "version": version}
        _receive(server, "textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})
        if version % 3_000 == 0:
            await asyncio.sleep(0)  # what waits for the loop's next round is no leak
            counts.append(_count_objects(*kinds))
    before, first, second = counts
    assert max(later - earlier for earlier, later in zip(before[:3], second[:3], strict=True)) < 20
    assert all(later <= 1.5 * earlier for earlier, later in zip(first[3:], second[3:], strict=True))


def _receive(server, method, params):
    server.protocol.receive(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())


def _count_objects(*kinds):
    gc.collect()
    objects = gc.get_objects()
    return [sum(issubclass(type(each), kind) for each in objects) for kind in kinds]  # isinstance asks the object


def _at(line, column):
    return {"textDocument": {"uri": URI}, "position": {"line": line, "character": column}}


def worker_of(client: Client) -> psutil.Process:
    (worker,) = psutil.Process(client.process.pid).children()
    return worker


async def until_gone(process: psutil.Process) -> None:
    """Wait until a process that is no child of ours has ended; psutil's own wait polls it."""
    await asyncio.to_thread(process.wait, 30)
