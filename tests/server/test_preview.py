"""Alternatives and previews over stdio, against the library's own scoring of two whole texts."""

import asyncio
import random
from pathlib import Path

import numpy as np
import pytest
from lsp_client import Client, LspError
from tinylm_server.line_index import width

from tests.conftest import STORY, make_stories
from tinylm.analysis.characters import ends_inside_character
from tinylm.model.language_model import LanguageModel

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "untitled:swap"
# Longer than a chunk of the server and than many windows, with everything that is awkward between the words.
TEXT = "😀 was here.\r\n" + STORY + "\r".join(make_stories(60, seed=3)) + "字 <|endoftext|> café\n\nThe end"


@pytest.fixture(scope="module")
def model(model_directory: Path):
    return LanguageModel.load(model_directory)


def position_of(text: str, char: int) -> dict[str, int]:
    """The LSP position (UTF-16) of a character that is not the LF of a CRLF."""
    lines = text[:char].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return {"line": len(lines) - 1, "character": width(lines[-1], "utf-16")}


def at(char: int, text: str = TEXT, **more):
    return {"textDocument": {"uri": URI}, "version": 1, "position": position_of(text, char), **more}


def whole(model, text: str):
    """Everything about a text, from a model that remembers nothing."""
    return LanguageModel(model.path, model.tokenizer, model.engine).analyze(text, 0)


def chars_worth_trying(text: str) -> list[int]:
    places = [0, 2, len(text) - 1, text.index("字"), text.index("café"), 4096, 8192]
    places += random.Random(1).sample(range(len(text)), 9)
    return [each for each in places if text[each - 1 : each + 1] != "\r\n"]


@pytest.mark.parametrize("char", chars_worth_trying(TEXT))
async def test_a_previews_bits_are_those_of_two_whole_scorings(shared_client: Client, model, char):
    """Place and following text, before and after, over exactly the tokens that the preview says it covers."""
    shared_client.open(URI, TEXT)
    old = whole(model, TEXT)
    cell = int(np.searchsorted(old.cells.start_char, char, side="right")) - 1
    start, end = int(old.cells.start_char[cell]), int(old.cells.end_char[cell])
    choices = await shared_client.request("tinylm/alternatives", at(char))
    new_text = next(each["newText"] for each in choices["alternatives"] if each["newText"] and not each["actual"])
    reply = await shared_client.request("tinylm/preview", at(char, newText=new_text))
    new = whole(model, TEXT[:start] + new_text + TEXT[end:])

    assert reply["range"]["start"] == position_of(TEXT, start)
    old_bits, new_bits = old.scores.surprisal_bits, new.scores.surprisal_bits
    n_after, n_covered = len(TEXT) - end, reply["following"]["nTokens"]
    assert n_covered == model.engine.config.block_size or reply["following"]["endsText"]
    first = int(np.argmax(old_bits[: len(new_bits)] != new_bits[: len(old_bits)])) if char else 0
    # The following text begins at the first boundary that both have, at the same distance from the end.
    old_left, new_left = len(TEXT) - old.spans.start_char, len(new.text) - new.spans.start_char
    common = max(set(old_left[old_left <= n_after].tolist()) & set(new_left[new_left <= n_after].tolist()) | {0})
    old_begin, new_begin = (int(np.sum(left > common)) for left in (old_left, new_left))
    stop_left = old_left[old_begin + n_covered] if old_begin + n_covered < len(old_left) else 0
    new_stop = int(np.sum(new_left > stop_left))
    expected = {
        "beforeBits": old_bits[old_begin : old_begin + n_covered].sum(),
        "afterBits": new_bits[new_begin:new_stop].sum(),
    }
    found = {key: reply["following"][key] for key in expected}
    assert found == pytest.approx(expected, abs=1e-6)
    change = reply["here"]["afterBits"] - reply["here"]["beforeBits"]
    assert change == pytest.approx(new_bits[first:new_begin].sum() - old_bits[first:old_begin].sum(), abs=1e-6)


async def test_alternatives_are_the_models_with_the_actual_token_among_them(shared_client: Client, model):
    shared_client.open(URI, TEXT)
    char = TEXT.index(" small fox") + 1
    reply = await shared_client.request("tinylm/alternatives", at(char, nAlternatives=3))
    analysis = model.analyze(TEXT, 3)
    token = int(np.searchsorted(analysis.spans.start_char, char, side="right")) - 1
    listed = reply["alternatives"]
    assert [each["tokenId"] for each in listed[:3]] == analysis.alternatives.ids[token].tolist()
    assert [each["rank"] for each in listed[:3]] == [1, 2, 3]
    assert [each["logprob"] for each in listed[:3]] == pytest.approx(analysis.alternatives.logprob[token], abs=1e-5)
    (actual,) = [each for each in listed if each["actual"]]
    assert actual["tokenId"] == int(analysis.ids[token]) and actual["rank"] == int(analysis.scores.rank[token])
    assert actual["logprob"] == pytest.approx(float(analysis.scores.logprob[token]), abs=1e-5)


async def test_parts_of_characters_are_completed_or_listed_with_the_reason(shared_client: Client, model):
    """What is inserted is the token's text, with the rest of a character that it begins; of the actual one its cell."""
    shared_client.open(URI, TEXT)
    cells = whole(model, TEXT).cells
    seen = set()
    for char in chars_worth_trying(TEXT):
        cell = int(np.searchsorted(cells.start_char, char, side="right")) - 1
        reply = await shared_client.request("tinylm/alternatives", at(char, nAlternatives=100))
        for each in reply["alternatives"]:
            data, inserted = model.tokenizer.token_bytes(each["tokenId"]), each["newText"]
            assert (inserted is None) == (each["reason"] is not None)
            if inserted is not None and each["actual"]:
                assert inserted == TEXT[int(cells.start_char[cell]) : int(cells.end_char[cell])]
            elif inserted is not None and ends_inside_character(data):
                assert inserted.encode().startswith(data) and each["text"].endswith(f" ⇒ {inserted[-1]}")
                seen.add("completed")
            elif inserted is not None:
                assert inserted.encode() == data
            seen.add(each["reason"])
    assert {"is a part of a character only", "completed", None} <= seen


async def test_whole_characters_are_those_of_the_hover_and_stand_for_all_of_a_split_one(shared_client: Client):
    shared_client.open(URI, TEXT)
    n_completed = 0
    for char in chars_worth_trying(TEXT):
        reply = await shared_client.request("tinylm/alternatives", at(char, nAlternatives=3))
        place = {"textDocument": {"uri": URI}, "position": position_of(TEXT, char)}
        hover = await shared_client.request("textDocument/hover", place)
        completed = [each["text"] for each in reply["alternatives"] if "⇒" in each["text"]]
        assert all(text in hover["contents"]["value"] for text in completed)
        n_completed += len(completed)
        if char == 0:
            (actual,) = [each for each in reply["alternatives"] if each["actual"]]
            assert reply["nTokens"] > 1 and (actual["text"], actual["newText"]) == ("😀", "😀")
    assert n_completed > 0


async def test_the_most_affected_tokens_are_those_of_the_hover(shared_client: Client):
    """Each has the range of its cell, the largest change comes first, and its text is the token's."""
    shared_client.open(URI, TEXT)
    char = TEXT.index("Pip looked")
    reply = await shared_client.request("tinylm/preview", at(char, newText="Nobody"))
    changes = [abs(each["afterBits"] - each["beforeBits"]) for each in reply["mostAffected"]]
    assert len(changes) == 5 and changes == sorted(changes, reverse=True) and changes[-1] > 0
    for each in reply["mostAffected"]:
        position = {"textDocument": {"uri": URI}, "position": each["range"]["start"]}
        hover = await shared_client.request("textDocument/hover", position)
        assert hover["range"] == each["range"] and each["text"] in hover["contents"]["value"]


async def test_a_stale_version_a_wrong_place_and_too_much_text_are_refused(shared_client: Client):
    shared_client.open(URI, "Pip ran.")
    for params, code in [
        (at(0, "Pip ran.", newText="x") | {"version": 7}, -32801),
        (at(8, "Pip ran.", newText="x"), -32602),
        (at(0, "Pip ran.", newText="x" * 1001), -32602),
        (at(0, "Pip ran."), -32602),
    ]:
        with pytest.raises(LspError, match=str(code)):
            await shared_client.request("tinylm/preview", params)


async def test_a_change_of_the_document_ends_a_preview(shared_client: Client):
    """The answer is an error, never numbers about another text."""
    shared_client.open(URI, TEXT)
    _, future = shared_client.send_request("tinylm/preview", at(2, newText="bird"))
    shared_client.change(URI, 2, {"text": "x" + TEXT})
    with pytest.raises(LspError, match="-32801"):
        await future


async def test_of_many_previews_the_newest_is_answered_and_a_cancelled_one_stops(shared_client: Client):
    shared_client.open(URI, TEXT)
    asked = [shared_client.send_request("tinylm/preview", at(9, newText=word)) for word in ("a", "b", "c", "d")]
    shared_client.notify("$/cancelRequest", {"id": asked[0][0]})
    replies = await asyncio.gather(*(future for _, future in asked), return_exceptions=True)
    codes = [reply.code if isinstance(reply, LspError) else "answer" for reply in replies]
    assert codes[0] in (-32800, "answer") and set(codes[1:-1]) <= {-32801, "answer"} and codes[-1] == "answer"
