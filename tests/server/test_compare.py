"""Comparisons over stdio, against the library on the same text."""

import shutil
from pathlib import Path

import pytest
from lsp_client import Client, LspError

from tests.conftest import STORY
from tinylm.comparison.tokenizers import compare_tokenizers, cut_tokenizer
from tinylm.tokens.tokenizer import Tokenizer

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "untitled:compare"
TEXT = "😀 was here.\r\n" + STORY


def about(**more):
    return {"textDocument": {"uri": URI}, "version": 1, **more}


async def test_tokenizers_are_compared_on_a_selection(shared_client: Client, tokenizer_directory: Path, tmp_path: Path):
    """Both the cut vocabulary and another file, with the numbers of the library and the body in tokens."""
    shutil.copy(tokenizer_directory / "tokenizer.json", tmp_path / "other.json")
    shared_client.open(URI, TEXT)
    selection = {"start": {"line": 0, "character": 2}, "end": {"line": 1, "character": 4}}
    piece = " was here.\r\nOnce"
    own = Tokenizer.load(tokenizer_directory)
    for extra, other, name in [
        ({"vocabSize": 300}, cut_tokenizer(tokenizer_directory, 300), "the same merges, cut to 300 entries"),
        ({"path": str(tmp_path / "other.json")}, own, f"{tmp_path / 'other.json'}: 400 entries"),
    ]:
        reply = await shared_client.request("tinylm/compareTokenizers", about(range=selection, **extra))
        expected = compare_tokenizers(piece, own, other)
        for side, want in zip(reply["sides"], (expected.left, expected.right), strict=True):
            assert (side["vocabSize"], side["nTokens"]) == (want.tokenizer.vocab_size, len(want.ids))
            assert (side["bytesPerToken"], side["tokensPerWord"]) == (want.bytes_per_token, want.tokens_per_word)
        assert reply["sides"][1]["name"] == name and reply["note"] is None
        assert reply["sides"][0]["text"].endswith("\nOnce\n")


async def test_a_long_text_is_compared_in_part_with_a_note(shared_client: Client):
    shared_client.open(URI, "the frog " * 40_000)
    reply = await shared_client.request("tinylm/compareTokenizers", about(vocabSize=300))
    assert reply["note"].startswith("the first 199,0")


async def test_a_tokenizer_that_cannot_be_read_is_refused_in_one_line(shared_client: Client, tmp_path: Path):
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "Unigram"}}')
    shared_client.open(URI, TEXT)
    for extra, message in [
        ({"path": str(tmp_path / "tokenizer.json")}, "-32803: .*tokenizer.json: .*BPE"),
        ({"vocabSize": 20}, "-32803: .*cannot be cut to 20 entries"),
        ({"path": "relative.json"}, "-32602"),
        ({"version": 2}, "-32801"),
    ]:
        with pytest.raises(LspError, match=message):
            await shared_client.request("tinylm/compareTokenizers", about(**extra))
