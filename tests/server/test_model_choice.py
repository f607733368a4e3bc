"""Which model the server uses: settings, commands, models that are broken, and what tells of it."""

import shutil

import pytest
from lsp_client import Client, LspError

URI = "untitled:story"


async def test_a_missing_model_is_a_status_with_advice_and_another_can_be_chosen(bare_client: Client, model_directory):
    bare_client.settings = {"model": {"path": "/nowhere/at/all"}}
    await bare_client.initialize()
    failed = await bare_client.notification("tinylm/status", lambda status: status["state"] == "failed")
    assert "/nowhere/at/all" in failed["message"] and "choose another model" in failed["message"]
    bare_client.open(URI, "text")
    with pytest.raises(LspError, match=r"-32803: .*nowhere"):
        await bare_client.request("textDocument/hover", at(0, 0))
    bare_client.settings["model"]["path"] = str(model_directory)
    bare_client.notify("workspace/didChangeConfiguration", {"settings": None})
    await bare_client.ready()
    assert "probability" in (await bare_client.request("textDocument/hover", at(0, 0)))["contents"]["value"]
    assert await bare_client.close() == 0


async def test_a_damaged_model_leaves_the_tokens_and_can_be_repaired(bare_client: Client, model_directory, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(model_directory, damaged)
    weights = (damaged / "model.safetensors").read_bytes()
    (damaged / "model.safetensors").write_bytes(weights[:1000])
    bare_client.settings = {"model": {"path": str(damaged)}}
    await bare_client.initialize()
    state = await bare_client.notification(
        "tinylm/status", lambda status: status["state"] == "degraded" and "model.safetensors" in status["message"]
    )
    assert state["tokenizer"] is not None and state["model"] is None
    bare_client.open(URI, "Once upon")
    hover = await bare_client.request("textDocument/hover", at(0, 0))
    assert "token id" in hover["contents"]["value"] and "No probabilities" in hover["contents"]["value"]
    (damaged / "model.safetensors").write_bytes(weights)
    await bare_client.request("workspace/executeCommand", {"command": "tinylm.server.restartWorker", "arguments": []})
    assert (await bare_client.ready())["model"]["name"] == "damaged"
    assert await bare_client.close() == 0


async def test_without_a_setting_the_starter_model_is_used(bare_client: Client):
    await bare_client.initialize()
    status = await bare_client.ready()
    assert status["model"]["name"] == "starter" and status["model"]["vocabSize"] == 8192
    bare_client.open(URI, "Once upon a time there was a little girl named Lily. She")
    hover = await bare_client.request("textDocument/hover", at(0, 8))
    assert hover["contents"]["value"].startswith("**`·upon`** ·")
    assert await bare_client.close() == 0


def at(line, column):
    return {"textDocument": {"uri": URI}, "position": {"line": line, "character": column}}
