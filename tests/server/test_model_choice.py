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
    assert "surprisal" in (await bare_client.request("textDocument/hover", at(0, 0)))["contents"]["value"]
    assert await bare_client.close() == 0


async def test_a_marker_is_special_where_the_setting_says_so(client: Client):
    """The same document before, with and after the setting; in between the hover tells of the end of a document."""
    text = "The fox ran.<|endoftext|>Once upon a time"
    client.open(URI, text)
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    params = {"textDocument": {"uri": URI}, "version": 1, "ranges": [everything], "scores": True}
    plain = await client.request("tinylm/tokens", params)
    client.settings["specialTokens"] = True
    client.notify("workspace/didChangeConfiguration", {"settings": {"tinylm": client.settings}})
    await client.notification("tinylm/status", lambda status: "-special" in str(status["tokenizer"]))
    special = await client.request("tinylm/tokens", params)
    flags = special["cells"][4::6]
    assert [token_id for token_id, flag in zip(special["ids"], flags, strict=True) if flag & 4] == [0]
    assert not any(flag & 4 for flag in plain["cells"][4::6]) and 0 not in plain["ids"]
    hover = (await client.request("textDocument/hover", at(0, 14)))["contents"]["value"]
    assert "<|endoftext|>" in hover and "surprisal" in hover
    start = (await client.request("textDocument/hover", at(0, 25)))["contents"]["value"]
    assert "predicted from" in start
    client.settings["specialTokens"] = False
    client.notifications.clear()
    client.notify("workspace/didChangeConfiguration", {"settings": {"tinylm": client.settings}})
    await client.notification("tinylm/status", lambda status: status["state"] == "ready")
    assert await client.request("tinylm/tokens", params) == plain


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


async def test_semantic_tokens_are_for_clients_that_ask(bare_client: Client, model_directory):
    """The same boundaries as tinylm/tokens, in LSP's own encoding; line ends are left out."""
    bare_client.settings = {"model": {"path": str(model_directory)}}
    reply = await bare_client.initialize(initializationOptions={"semanticTokens": True})
    provider = reply["capabilities"]["semanticTokensProvider"]
    assert provider["legend"] == {"tokenTypes": ["tinylmEven", "tinylmOdd"], "tokenModifiers": ["split"]}
    text = "the fox\n😀 ran\n"
    bare_client.open(URI, text)
    data = (await bare_client.request("textDocument/semanticTokens/full", {"textDocument": {"uri": URI}}))["data"]
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    params = {"textDocument": {"uri": URI}}
    assert (await bare_client.request("textDocument/semanticTokens/range", {**params, "range": everything}))[
        "data"
    ] == data
    pieces, line, column = [], 0, 0
    for at in range(0, len(data), 5):
        delta_line, delta_start, length, kind, modifiers = data[at : at + 5]
        line, column = (line + delta_line, delta_start) if delta_line else (line, column + delta_start)
        units = text.split("\n")[line].encode("utf-16-le")
        pieces.append((units[2 * column : 2 * (column + length)].decode("utf-16-le"), kind, modifiers))
    assert "".join(piece for piece, _, _ in pieces) == text.replace("\n", "")
    assert ("😀", 0, 1) in pieces and {kind for _, kind, _ in pieces} == {0, 1}
    assert await bare_client.close() == 0


async def test_inlay_hints_are_for_clients_that_ask(bare_client: Client, model_directory):
    """A mark at every boundary of tinylm/tokens that lies inside a line, in the range asked about only."""
    bare_client.settings = {"model": {"path": str(model_directory)}}
    reply = await bare_client.initialize(initializationOptions={"inlayHints": True})
    assert reply["capabilities"]["inlayHintProvider"] == {"resolveProvider": False}
    text = "the fox\n😀 ran\nPip sang\n"
    bare_client.open(URI, text)
    second_line = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}}
    hints = await bare_client.request("textDocument/inlayHint", {"textDocument": {"uri": URI}, "range": second_line})
    assert {hint["label"] for hint in hints} == {"│"}
    params = {"textDocument": {"uri": URI}, "version": 1, "ranges": [second_line], "scores": False}
    cells = (await bare_client.request("tinylm/tokens", params))["cells"]
    column, expected = 0, []
    for at in range(0, len(cells), 6):
        column = column + cells[at + 1] if at else cells[at + 1]
        expected.append((1, column))
    # Without the first, at the line's start, and the line end.
    assert [(hint["position"]["line"], hint["position"]["character"]) for hint in hints] == expected[1:-1]
    assert await bare_client.close() == 0
