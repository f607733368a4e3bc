"""Incremental sync through the real pipe: after every batch the server's tokens spell the editor's text."""

import random

import pytest
from lsp_client import Client
from naive_text import Naive
from test_text_store import ALPHABET

from tinylm.tokens.tokenizer import Tokenizer

URI = "untitled:sync"
EVERYTHING = {"start": {"line": 0, "character": 0}, "end": {"line": 2**31 - 1, "character": 0}}


async def text_of(client: Client, tokenizer: Tokenizer, version: int) -> str:
    params = {"textDocument": {"uri": URI}, "version": version, "ranges": [EVERYTHING], "scores": False}
    reply = await client.request("tinylm/tokens", params)
    assert reply["nTokens"] == len(reply["ids"]) and reply["note"] is None
    return tokenizer.decode(reply["ids"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-32"])
async def test_random_batches_of_edits_arrive(bare_client: Client, tokenizer_directory, encoding):
    """Batches of one to six edits in the given order, all line ends, columns past the end, reversed ranges."""
    tokenizer = Tokenizer.load(tokenizer_directory)
    bare_client.positions = encoding
    bare_client.settings = {"model": {"path": str(tokenizer_directory)}}  # a tokenizer alone: no model, tokens work
    reply = await bare_client.initialize()
    assert reply["capabilities"]["positionEncoding"] == encoding
    await bare_client.notification("tinylm/status", lambda status: status["tokenizer"] is not None)
    rng = random.Random(encoding)
    start = "".join(rng.choices(ALPHABET, k=60))
    naive = Naive(start, encoding)
    bare_client.open(URI, start, 1)
    for version in range(2, 60):
        changes = []
        for _ in range(rng.randint(1, 6)):
            first, second = ((rng.randint(0, 12), rng.choice([0, 1, 2, 3, 5, 8, 2**31 - 1])) for _ in range(2))
            new = "".join(rng.choices(ALPHABET, k=rng.choice([0, 1, 1, 3, 20])))
            changes.append({"range": {"start": position(first), "end": position(second)}, "text": new})
            naive.replace(first, second, new)
        if rng.random() < 0.05:
            naive = Naive("whole\r\nnew", encoding)
            changes.append({"text": "whole\r\nnew"})
        bare_client.change(URI, version, *changes)
        expected = naive.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert await text_of(bare_client, tokenizer, version) == expected
    await bare_client.close()


async def test_a_document_can_be_closed_and_opened_again(bare_client: Client, tokenizer_directory):
    tokenizer = Tokenizer.load(tokenizer_directory)
    bare_client.settings = {"model": {"path": str(tokenizer_directory)}}
    await bare_client.initialize()
    await bare_client.notification("tinylm/status", lambda status: status["tokenizer"] is not None)
    for round_ in range(3):
        bare_client.open(URI, f"round {round_}", 0)
        assert await text_of(bare_client, tokenizer, 0) == f"round {round_}"
        bare_client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        bare_client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    bare_client.change(URI, 9, {"text": "ignored: it is not open"})
    bare_client.open(URI, "😀", 1)
    bare_client.change(URI, 2, {"range": {"start": position((0, 1)), "end": position((0, 2))}, "text": ""})
    assert await text_of(bare_client, tokenizer, 2) == "\N{REPLACEMENT CHARACTER}"
    bare_client.change(URI, 3, {"range": {"start": position((0, 1)), "end": position((0, 1))}, "text": "\ude01"})
    assert await text_of(bare_client, tokenizer, 3) == "😁"
    await bare_client.close()


def position(pair):
    return {"line": pair[0], "character": pair[1]}
