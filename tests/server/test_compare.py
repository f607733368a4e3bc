"""Comparisons over stdio, against the library on the same text."""

import shutil
from pathlib import Path

import pytest
from lsp_client import Client, LspError

from tests.conftest import STORY, build_random_model
from tinylm.comparison.tokenizers import compare_tokenizers, cut_tokenizer
from tinylm.model.language_model import LanguageModel
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
        assert reply["sides"][0]["text"].replace("│", "").endswith("\nOnce\n")


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


def everything(text: str = TEXT):
    return [{"start": {"line": 0, "character": 0}, "end": {"line": text.count("\n") + 1, "character": 0}}]


async def test_models_are_compared_token_by_token(
    shared_client: Client, model_directory: Path, tokenizer_directory: Path, tmp_path: Path
):
    """Equal to two independent scorings, with another shape and block size; asked twice, the same."""
    other = build_random_model(tokenizer_directory, tmp_path, block_size=48, n_embd=20, n_layer=1, seed=5)
    shared_client.open(URI, TEXT)
    params = about(ranges=everything(), path=str(other))
    reply = await shared_client.request("tinylm/compareModels", params)
    one, two = (LanguageModel.load(path).analyze(TEXT, 0) for path in (model_directory, other))
    assert reply["ids"] == one.ids.tolist() and reply["note"] is None
    assert [model["path"] for model in reply["models"]] == [str(model_directory), str(other)]
    for found, want in zip(reply["surprisalBits"], (one, two), strict=True):
        assert found == pytest.approx(want.scores.surprisal_bits, abs=2e-5)
    totals = [each.scores.surprisal_bits.sum() for each in (one, two)]
    assert reply["summary"]["surprisalBits"] == pytest.approx(totals, abs=1e-6)
    assert reply["summary"]["nBytes"] == len(TEXT.encode())
    assert await shared_client.request("tinylm/compareModels", params) == reply
    part = [{"start": {"line": 1, "character": 5}, "end": {"line": 1, "character": 60}}]
    assert (await shared_client.request("tinylm/compareModels", params | {"ranges": part}))["note"] is None


async def test_a_model_with_another_tokenizer_or_none_is_refused_in_one_line(
    shared_client: Client, model_directory: Path, tmp_path: Path
):
    shared_client.open(URI, TEXT)
    shutil.copytree(model_directory, tmp_path / "model")
    tokenizer = tmp_path / "model" / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text() + "\n")
    (tmp_path / "empty").mkdir()
    for path, message in [
        (tmp_path / "model", "-32803: .*has another tokenizer .*400 entries.*choose a model with the same one"),
        (tmp_path / "empty", "-32803: .*tokenizer.json"),
        ("relative", "-32602"),
    ]:
        with pytest.raises(LspError, match=message):
            await shared_client.request("tinylm/compareModels", about(ranges=everything(), path=str(path)))


async def test_a_change_or_a_cancel_ends_a_comparison(shared_client: Client, model_directory: Path):
    text = TEXT * 100  # long enough that no answer overtakes the cancel
    shared_client.open(URI, text)
    params = about(ranges=everything(text), path=str(model_directory))
    _, changed = shared_client.send_request("tinylm/compareModels", params)
    shared_client.change(URI, 2, {"text": "x" + text})
    with pytest.raises(LspError, match="-32801"):
        await changed
    request_id, cancelled = shared_client.send_request("tinylm/compareModels", params | {"version": 2})
    shared_client.notify("$/cancelRequest", {"id": request_id})
    with pytest.raises(LspError, match="-32800"):
        await cancelled
    reply = await shared_client.request("tinylm/compareModels", params | {"version": 2})
    assert reply["surprisalBits"][0] == reply["surprisalBits"][1]  # the same model twice
