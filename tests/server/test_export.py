"""`tinylm/export`: the editor saves what the command line writes, bounded, cancellable, and never in a hover's way."""

import json

import pytest
from lsp_client import Client, LspError
from tinylm_server.export import MAX_CHARS

from tinylm.analysis.formats import ALTERNATIVES, ExportFormat, pieces_of
from tinylm.analysis.rows import analyze_text
from tinylm.model.language_model import LanguageModel

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///home/ada/story.txt"
TEXT = 'Once upon a time 👩‍👧 said "日本"\r\n\nThe\tend. <b>|`x`|</b>\n'


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


def params(format, version=1, stream="e1"):
    return {"textDocument": {"uri": URI}, "version": version, "format": format, "source": "a.txt", "streamId": stream}


def pieces(client, stream="e1"):
    """Take the pieces of a stream that have arrived."""
    found = [each["params"] for each in client.notifications if each["method"] == "tinylm/exportPiece"]
    client.notifications.clear()
    assert {each["streamId"] for each in found} <= {stream}
    return found


@pytest.mark.parametrize("format", list(ExportFormat))
async def test_an_export_is_what_the_command_line_writes(shared_client: Client, model, format):
    pieces(shared_client)
    shared_client.open(URI, TEXT)
    reply = await shared_client.request("tinylm/export", params(format))
    written = "".join(each["text"] for each in pieces(shared_client))
    analyzed = analyze_text(model, TEXT, ALTERNATIVES[format], source="a.txt")
    assert written == "".join(pieces_of(analyzed, format))
    assert reply == {
        "schema": 1,
        "version": 1,
        "nTokens": analyzed.n_tokens,
        "nBytes": len(TEXT.encode()),
        "note": None,
    }


async def test_a_long_document_is_cut_where_a_token_ends_and_says_so(shared_client: Client, model):
    pieces(shared_client)
    text = "Pip saw a bird. " * (MAX_CHARS // 16 + 100)
    shared_client.open(URI, text)
    reply = await shared_client.request("tinylm/export", params("csv"))
    arrived = pieces(shared_client)
    n_tokens = reply["nTokens"]
    n_done = [each["nDone"] for each in arrived]
    assert n_done == sorted(n_done) and n_done[-1] == n_tokens and len(n_done) > 10
    rows = "".join(each["text"] for each in arrived).splitlines()[1:]
    ids = model.tokenizer.encode(text)
    assert [int(row.split(",")[1]) for row in rows] == ids[:n_tokens].tolist()
    assert reply["nBytes"] <= MAX_CHARS < len(text)
    assert reply["note"].startswith(f"only the first {reply['nBytes']:,} of {len(text):,} characters")


async def test_a_cancelled_export_ends_and_a_hover_overtakes_a_running_one(shared_client: Client):
    pieces(shared_client)
    shared_client.open(URI, "Pip saw a bird. " * 6000)
    request_id, running = shared_client.send_request("tinylm/export", params("json"))
    await shared_client.notification("tinylm/exportPiece")
    at = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 5}}
    assert (await shared_client.request("textDocument/hover", at))["contents"]["value"]
    assert not running.done()
    shared_client.notify("$/cancelRequest", {"id": request_id})
    with pytest.raises(LspError, match="-32800"):
        await running
    pieces(shared_client)
    shared_client.open(URI, TEXT)
    assert (await shared_client.request("tinylm/export", params("json", stream="e2")))["nTokens"] > 20
    assert json.loads("".join(each["text"] for each in pieces(shared_client, "e2")))["source"] == "a.txt"


@pytest.mark.parametrize("broken", [{"format": "exe"}, {"format": None}, {"streamId": 7}, {"version": "1"}])
async def test_bad_parameters_are_refused(shared_client: Client, broken):
    shared_client.open(URI, TEXT)
    with pytest.raises(LspError, match="-32602"):
        await shared_client.request("tinylm/export", {**params("json"), **broken})
    with pytest.raises(LspError, match="-32801"):
        await shared_client.request("tinylm/export", params("json", version=9))
