"""Documents that nobody would write: huge, binary, without line ends, of halves; and models exchanged under way.

Each gives a clear state: an answer with tokens, or with a note, never a freeze and never a stale result.
"""

import asyncio
import json
import random
import shutil

import psutil
import pytest
from lsp_client import Client, LspError

from tinylm.tokens.tokenizer import Tokenizer

URI, OTHER = "untitled:hard", "untitled:other"
LINE = "Once upon a time there was a small fox, 字 and so on.\n"


def params(uri=URI, version=1, first=0, last=60, scores=False):
    wanted = {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}
    return {"textDocument": {"uri": uri}, "version": version, "ranges": [wanted], "scores": scores}


@pytest.fixture(scope="module")
def tokenizer(tokenizer_directory):
    return Tokenizer.load(tokenizer_directory)


async def test_fifty_megabytes_are_opened_edited_and_read_anywhere(client: Client, tokenizer):
    n_lines = 50_000_000 // len(LINE.encode())
    client.open(URI, LINE * n_lines)
    top = await client.request("tinylm/tokens", params())
    assert tokenizer.decode(top["ids"]) == LINE * 60
    assert (top["nBytes"], top["nTokens"]) == (n_lines * len(LINE.encode()), None)
    at = {"line": n_lines - 30, "character": 4}
    client.change(URI, 2, {"range": {"start": at, "end": at}, "text": "😀"})
    end = await client.request("tinylm/tokens", params(version=2, first=n_lines - 30, last=n_lines, scores=True))
    assert tokenizer.decode(end["ids"]) == "Once😀" + LINE[4:] + LINE * 29
    assert len(end["scores"]["rank"]) == len(end["ids"])


async def test_counting_a_long_document_tells_how_far_it_is_and_ends(client: Client, tokenizer):
    text = LINE * (1_000_000 // len(LINE.encode()))
    client.open(URI, text)
    seen = []
    while (reply := await client.request("tinylm/tokens", params() | {"ranges": []}))["nTokens"] is None:
        seen.append(reply["nCountedBytes"])
    assert seen == sorted(seen) and seen[-1] > seen[0]
    assert reply["nCountedBytes"] == reply["nBytes"] == len(text.encode())
    assert reply["nTokens"] == sum(map(len, tokenizer.encode_batch([text])))


async def test_a_binary_file_has_the_tokens_of_what_the_editor_shows(client: Client, tokenizer):
    """Random bytes as an editor decodes them, NULs and replacement characters and all."""
    text = random.Random(0).randbytes(20_000).decode("utf-8", errors="replace")
    client.open(URI, text)
    reply = await client.request("tinylm/tokens", params(last=10**6) | {"scores": True})
    assert tokenizer.decode(reply["ids"]) == text[: len(tokenizer.decode(reply["ids"]))]
    assert reply["note"] == "capped at 5000 cells; the setting tinylm.maxCells allows more"


async def test_lone_surrogates_are_shown_as_replacement_characters(client: Client, tokenizer):
    """Halves arrive apart and meet; what stays alone counts as U+FFFD, of width one."""
    client.open(URI, "a\ud83db\n\ude00c")
    assert tokenizer.decode((await client.request("tinylm/tokens", params()))["ids"]) == "a\ufffdb\n\ufffdc"
    between = {"start": {"line": 0, "character": 2}, "end": {"line": 1, "character": 0}}
    client.change(URI, 2, {"range": between, "text": ""})
    assert tokenizer.decode((await client.request("tinylm/tokens", params(version=2)))["ids"]) == "a😀c"


async def test_a_million_letters_without_a_break_hold_nobody_up(client: Client, tokenizer):
    """One pre-token of a million characters takes a second; another document is answered meanwhile."""
    text = "x" * 1_000_000
    client.open(URI, text)
    client.open(OTHER, LINE)
    _, slow = client.send_request("tinylm/tokens", params())
    assert tokenizer.decode((await client.request("tinylm/tokens", params(OTHER)))["ids"]) == LINE
    assert not slow.done()
    reply = await slow
    assert reply["note"].startswith("capped at 5000 cells")
    at = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 9}}
    hover = await client.request("textDocument/hover", at)
    assert "token id" in hover["contents"]["value"]


async def test_an_edit_while_a_long_stretch_is_encoded_makes_it_content_modified(client: Client):
    client.open(URI, "x" * 1_000_000)
    _, slow = client.send_request("tinylm/tokens", params())
    client.change(URI, 2, {"text": "short"})
    assert len((await client.request("tinylm/tokens", params(version=2)))["ids"]) > 0
    with pytest.raises(LspError, match="-32801"):
        await slow


async def test_a_stretch_that_is_too_long_is_a_note_and_the_rest_works(client: Client, tokenizer):
    """Three million letters in the middle: the note says what to do, and other lines have their tokens."""
    client.open(URI, LINE * 200 + "x" * 3_000_000 + "\n" + LINE * 200)
    reply = await client.request("tinylm/tokens", params(first=190, last=210))
    assert reply["cells"] == reply["ids"] == []
    assert reply["note"].startswith("3,000,") and " characters without a space" in reply["note"]
    assert reply["note"].endswith("break them into lines")
    assert reply["nTokens"] is reply["nCountedBytes"] is None
    top = await client.request("tinylm/tokens", params(last=60))
    assert tokenizer.decode(top["ids"]) == LINE * 60 and top["note"] is None


async def test_scores_of_an_exchanged_model_are_never_shown(client: Client, odd_model_directory, model_directory):
    """A scoring that waits while the model is exchanged brings the old model's scores under its own id, or none."""
    client.open(URI, LINE * 20)
    before = await client.request("tinylm/tokens", params(scores=True))
    (worker,) = psutil.Process(client.process.pid).children()
    client.change(URI, 2, {"text": "Another text. " + LINE * 20})
    worker.suspend()
    _, waiting = client.send_request("tinylm/tokens", params(version=2, scores=True))
    command = {"command": "tinylm.server.selectModel", "arguments": [{"path": str(odd_model_directory)}]}
    _, selecting = client.send_request("workspace/executeCommand", command)
    worker.resume()
    reply, model = await asyncio.gather(waiting, selecting)
    assert model["id"] != before["modelId"]
    assert reply["modelId"] == before["modelId"] if reply["scores"] else "exchanged" in reply["note"]
    after = await client.request("tinylm/tokens", params(version=2, scores=True))
    assert after["modelId"] == model["id"]


async def test_a_tokenizer_that_does_not_fit_its_model_is_said(bare_client: Client, model_directory, tmp_path):
    """The status names both sizes and what to do; tokens work, scores are absent with the same line."""
    odd = shutil.copytree(model_directory, tmp_path / "odd")
    content = json.loads((odd / "tokenizer.json").read_text("utf-8"))
    last = max(content["model"]["vocab"], key=content["model"]["vocab"].get)
    del content["model"]["vocab"][last], content["model"]["merges"][-1]
    (odd / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    bare_client.settings = {"model": {"path": str(odd)}}
    await bare_client.initialize()
    status = await bare_client.notification("tinylm/status", lambda each: each["state"] == "degraded")
    assert "has 400 vocabulary entries but its tokenizer 399" in status["message"]
    bare_client.open(URI, LINE)
    reply = await bare_client.request("tinylm/tokens", params(scores=True))
    assert reply["ids"] and reply["scores"] is None and reply["note"] == status["message"]
    await bare_client.close()
