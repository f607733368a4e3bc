"""Ghost text when there is no model, or none any more: nothing comes, nobody complains, nothing is mixed up."""

import psutil
import pytest
from lsp_client import Client, LspError

from tests.conftest import build_random_model
from tinylm.model.continuation import Limits, continue_text
from tinylm.model.language_model import LanguageModel

URI = "untitled:story"
TEXT = "A little bird s"
END = {"line": 0, "character": 15}
LIMITS = Limits(min_confidence=0.0)
SURE_OF_ALL = {"inlineCompletion": {"minConfidence": 0}}


@pytest.fixture
def model(model_directory):
    return LanguageModel.load(model_directory)


def asking(kind=2, position=None):
    return {"textDocument": {"uri": URI}, "position": position or END, "context": {"triggerKind": kind}}


async def use_unsure(client: Client):
    client.settings |= SURE_OF_ALL
    client.notify("workspace/didChangeConfiguration", {"settings": {"tinylm": client.settings}})


async def ghosts(client: Client, text=TEXT, kind=2):
    """Open a text and return the ghost texts at its end."""
    client.open(URI, text)
    reply = await client.request("textDocument/inlineCompletion", asking(kind, {"line": 0, "character": len(text)}))
    return None if reply is None else [item["insertText"] for item in reply["items"]]


async def told(client: Client):
    return await client.request("tinylm/ghostText", {"textDocument": {"uri": URI}, "position": END})


async def test_without_a_model_there_is_none_and_no_complaint(bare_client: Client, tmp_path):
    """The status says what is wrong; a key never does."""
    bare_client.settings = {"model": {"path": str(tmp_path / "none")}}
    await bare_client.initialize()
    await bare_client.notification("tinylm/status", lambda status: status["state"] == "failed")
    assert await ghosts(bare_client, TEXT) == []
    assert await ghosts(bare_client, TEXT, kind=1) is None
    assert (await told(bare_client))["suggestions"] == []


async def test_while_the_model_is_loaded_there_is_none_and_then_there_is(bare_client: Client, model_directory):
    bare_client.settings = {"model": {"path": str(model_directory)}, **SURE_OF_ALL}
    await bare_client.initialize()
    assert await ghosts(bare_client, TEXT) == []
    by_hand = await ghosts(bare_client, TEXT, kind=1)  # waits for the model
    assert by_hand
    assert await ghosts(bare_client, TEXT) == by_hand[:1]


async def test_a_worker_killed_in_the_middle_leaves_no_ghost_text_and_comes_back(client: Client):
    await use_unsure(client)
    client.open(URI, TEXT)
    worker = only_child(client)
    worker.suspend()
    _, running = client.send_request("textDocument/inlineCompletion", asking())
    await told(client)  # so it is on its way
    worker.kill()
    assert await running is None
    await client.ready()
    assert await ghosts(client, TEXT)


async def test_a_document_that_changes_meanwhile_gets_no_ghost_text(client: Client):
    await use_unsure(client)
    client.open(URI, TEXT)
    worker = only_child(client)
    worker.suspend()
    _, running = client.send_request("textDocument/inlineCompletion", asking())
    client.change(URI, 2, {"text": "Something else."})
    await told(client)
    worker.resume()
    with pytest.raises(LspError, match="-32801"):
        await running


async def test_a_model_exchanged_meanwhile_is_never_mixed_with_the_old_one(
    client: Client, model, tokenizer_directory, tmp_path
):
    """What was remembered of the old model is forgotten; the new one has the same tokenizer."""
    await use_unsure(client)
    assert await ghosts(client, TEXT) == [continue_text(model, TEXT, limits=LIMITS).text]
    other = build_random_model(tokenizer_directory, tmp_path, seed=5)
    expected = continue_text(LanguageModel.load(other), TEXT + "x", limits=LIMITS).text
    client.open(URI, TEXT + "x")
    worker = only_child(client)
    worker.suspend()
    _, running = client.send_request("textDocument/inlineCompletion", asking(position={"line": 0, "character": 16}))
    await told(client)
    command = {"command": "tinylm.server.selectModel", "arguments": [{"path": str(other)}]}
    _, selecting = client.send_request("workspace/executeCommand", command)
    await told(client)
    worker.resume()
    await selecting
    await running
    assert await ghosts(client, TEXT + "x") == [expected]
    assert await ghosts(client, TEXT) == [continue_text(LanguageModel.load(other), TEXT, limits=LIMITS).text]


def only_child(client: Client) -> psutil.Process:
    (worker,) = psutil.Process(client.process.pid).children()
    return worker
