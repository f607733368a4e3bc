"""Completion and ghost text with the capabilities that real editors announce, as pytest-lsp has recorded them.

The recordings of VS Code and Neovim are older than inline completion; what today's versions add is put in here.
"""

import json
from importlib import resources
from typing import Any

import pytest
from conftest import ready_client
from lsp_client import Client
from tinylm_server.line_index import width

from tinylm.model.continuation import Limits, continue_text
from tinylm.model.language_model import LanguageModel

URI = "untitled:story"
TEXT = "😀\nOnce 😀 there was a little bird s"

# Name of the recording, what is added to it, the unit of columns, and whether the editor has ghost text of its own.
PROFILES: dict[str, tuple[str, dict[str, Any], str, bool]] = {
    "VS Code": ("visual_studio_code_v1.65.2", {"inlineCompletion": {"dynamicRegistration": True}}, "utf-16", True),
    "Neovim 0.11": ("neovim_v0.11.0", {}, "utf-8", False),
    "Neovim 0.12": ("neovim_v0.11.0", {"inlineCompletion": {"dynamicRegistration": False}}, "utf-8", True),
    "Emacs": ("emacs_v29.1", {}, "utf-32", False),
}


def recorded(name):
    found = json.loads(resources.files("pytest_lsp").joinpath("clients", f"{name}.json").read_text("utf-8"))
    return {"capabilities": found["capabilities"], "clientInfo": found["clientInfo"]}


def at_end(text, unit):
    lines = text.split("\n")
    return {"line": len(lines) - 1, "character": width(lines[-1], unit)}


@pytest.mark.parametrize("editor", PROFILES)
async def test_an_editor_gets_what_it_can_show_in_its_own_columns(bare_client: Client, model_directory, editor):
    """The same words for all, ghost text where there is any, and no request that the editor did not say it takes."""
    name, added, unit, has_ghost_text = PROFILES[editor]
    params = recorded(name)
    params["capabilities"]["textDocument"] |= added
    announced = {}
    initialize = bare_client.initialize

    async def initialize_as_editor():
        announced.update((await initialize(**params))["capabilities"])

    bare_client.initialize = initialize_as_editor
    async with ready_client(bare_client, model_directory):
        assert announced["positionEncoding"] == unit
        await completes(bare_client, unit)
        if has_ghost_text:
            assert announced["inlineCompletionProvider"] == {}
            await shows_ghost_text(bare_client, unit, LanguageModel.load(model_directory))
        allowed = {"workspace/configuration"} if params["capabilities"]["workspace"].get("configuration") else set()
        assert {request["method"] for request in bare_client.server_requests} <= allowed


async def completes(client: Client, unit):
    client.open(URI, TEXT, 1)
    params = {"textDocument": {"uri": URI}, "position": at_end(TEXT, unit)}
    reply = await client.request("textDocument/completion", params)
    assert reply["items"]
    for item in reply["items"]:
        edit = item["textEdit"]
        assert edit["range"] == {"start": at_end(TEXT[:-1], unit), "end": at_end(TEXT, unit)}
        assert edit["newText"].startswith("s")


async def shows_ghost_text(client: Client, unit, model):
    client.settings["inlineCompletion"] = {"minConfidence": 0}
    client.notify("workspace/didChangeConfiguration", {"settings": {"tinylm": client.settings}})
    expected = continue_text(model, TEXT, limits=Limits(min_confidence=0.0)).text
    for version, n_typed in enumerate(range(len(expected)), 2):
        text = TEXT + expected[:n_typed]
        client.open(URI, text, version)
        params = {"textDocument": {"uri": URI}, "position": at_end(text, unit), "context": {"triggerKind": 2}}
        where = {"start": at_end(text, unit), "end": at_end(text, unit)}
        reply = await client.request("textDocument/inlineCompletion", params)
        assert reply == {"items": [{"insertText": expected[n_typed:], "range": where}]}
    assert expected
