"""Tokens kept chunk by chunk equal the tokens of the whole text, through any edits."""

import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types as lsp
from naive_text import column_of_char, lines_of
from tinylm_server import text_store
from tinylm_server.text_store import Text
from tinylm_server.token_chunks import (
    cell_of_char,
    cells_before,
    chunk_at,
    chunks_in,
    count_tokens,
    ids_after,
    ids_before,
    n_counted_bytes,
)
from tinylm_server.wire_cells import STRIDE, cells_in, wire

from tinylm.data.stories import stories
from tinylm.tokens.spans import group_cells, locate
from tinylm.tokens.tokenizer import Tokenizer

SHARED_DATA = Path(os.environ.get("TINYLM_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
ENCODINGS = ["utf-8", "utf-16", "utf-32"]
WORDS = [
    "the", "fox", " fox", "'s", " Pip", "12", "...", " ", "  ", "\t", "\n", "\n\n", "\r\n", "\r", "\x0c", "\x1c",
    "\x85", "\u2028", "a1", ",", '","', "'", "'ll", "_x-9", "。", "か", "é", "字", "😀", "👩\u200d🚀", "\u00a0",
    "\u3000", "\ud83d", "<|endoftext|>", "<|", "endoftext", "|>", "x" * 50,
]  # fmt: skip
texts = st.lists(st.sampled_from(WORDS), max_size=60).map("".join)
edits = st.lists(
    st.tuples(st.integers(0, 15), st.integers(0, 25), st.integers(0, 3), st.integers(0, 25), texts), max_size=6
)


@pytest.fixture(scope="module")
def tokenizer(tokenizer_directory):
    return Tokenizer.load(tokenizer_directory)


@pytest.fixture(scope="module")
def special(tokenizer_directory):
    """The same tokenizer, to which the marker is one token."""
    return Tokenizer.load(tokenizer_directory, special=True)


@pytest.fixture(autouse=True, scope="module")
def small_pieces():
    """Pieces of a few words, so that short texts have many."""
    patch = pytest.MonkeyPatch()
    patch.setattr(text_store, "PIECE_CHARS", 16)
    yield
    patch.undo()


def all_chunks(text, tokenizer, encoding):
    return list(chunks_in(text, tokenizer, encoding, 0, text.n_chars))


@settings(max_examples=300)
@given(start=texts, script=edits)
def test_ids_equal_those_of_the_whole_text_after_edits(tokenizer, special, start, script):
    text = Text.of(start)
    for line, column, n_lines, end_column, new in [*script, (0, 0, 0, 0, "")]:
        text = text.replace((line, column), (line + n_lines, end_column), new, "utf-16")
        for each in (tokenizer, special):
            chunks = all_chunks(text, each, "utf-16")
            assert "".join(placed.chunk.text for placed in chunks) == str(text)
            ids = np.concatenate([np.empty(0, np.int32), *(placed.chunk.ids for placed in chunks)])
            assert ids.tolist() == each.encode(str(text)).tolist()
            assert count_tokens(text, each, 10**9) == len(ids)


MARKER = "<|endoftext|>"
markers = st.lists(st.sampled_from(["<|", "endoftext", "|>", "<", "|", ">", "e", " ", "\n", "a"]), max_size=40)
marker_edits = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8), markers.map("".join)), max_size=6)


@settings(max_examples=300)
@given(start=markers.map("".join), script=marker_edits)
def test_a_special_marker_is_one_token_however_it_came_about(special, start, script):
    """Typed, deleted or joined over pieces; what stands between markers has the tokens that it has alone."""
    text, everything = Text.of(start), lsp.Range(lsp.Position(0, 0), lsp.Position(10_000, 0))
    for at, n_deleted, new in [*script, (0, 0, "")]:
        text = text.replace(point(text, at), point(text, at + n_deleted), new, "utf-32")
        whole = str(text)
        runs = [cells_in(placed, [everything]) for placed in all_chunks(text, special, "utf-16")]
        ids = [token_id for run in runs for token_id in run.placed.chunk.ids.tolist()]
        expected: list[int] = []
        for idx, part in enumerate(whole.split(MARKER)):
            expected += [special.end_of_text_id] * (idx > 0) + special.encode(part).tolist()
        assert ids == expected
        flags = [flags for _, _, flags, _ in decode(wire(runs))]
        assert sum(each & 4 > 0 for each in flags) == whole.count(MARKER)
        assert b"".join(map(special.text_bytes, ids)).decode() == whole


def point(text, offset):
    """Return an offset, clamped, as (line, code points)."""
    before = str(text)[:offset]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=100)
@given(text=texts)
def test_cells_on_the_wire_are_those_of_the_whole_text(tokenizer, encoding, text):
    """The decoded array gives, for each cell of the text, its start and end as positions in the encoding."""
    store = Text.of(text)
    whole = str(store)
    everything = lsp.Range(lsp.Position(0, 0), lsp.Position(store.n_lines, 0))
    runs = [cells_in(placed, [everything]) for placed in all_chunks(store, tokenizer, encoding)]
    decoded = decode(wire(runs))
    ids = tokenizer.encode(whole)
    cells = group_cells(locate(whole, tokenizer.byte_lengths, ids))
    expected = [
        (*position(whole, start, encoding), *position(whole, end, encoding), n_tokens)
        for start, end, n_tokens in zip(cells.start_char, cells.end_char, cells.n_tokens, strict=True)
    ]
    assert [(*start, *end, n_tokens) for start, end, _, n_tokens in decoded] == expected
    assert all(flags & ~1 == (2 if n_tokens > 1 else 0) for _, _, flags, n_tokens in decoded)


@settings(max_examples=150)
@given(text=texts)
def test_bands_alternate_on_each_line_and_begin_even(tokenizer, text):
    """Also on lines of many chunks, where a band depends on what stands before the chunk."""
    store = Text.of(text)
    everything = lsp.Range(lsp.Position(0, 0), lsp.Position(store.n_lines, 0))
    where = (store, tokenizer, "utf-16")
    runs = [cells_in(placed, [everything], cells_before(*where, placed.start)) for placed in all_chunks(*where)]
    bands: dict[int, list[int]] = {}
    for start, _, flags, _ in decode(wire(runs)):
        bands.setdefault(start[0], []).append(flags & 1)
    assert all(line == [idx % 2 for idx in range(len(line))] for line in bands.values())


def decode(flat):
    """Return (start, end, flags, n_tokens) of each cell, positions as (line, column)."""
    assert len(flat) % STRIDE == 0
    cells, line, column = [], 0, 0
    for at in range(0, len(flat), STRIDE):
        delta_line, start, span, end, flags, n_tokens = flat[at : at + STRIDE]
        line, column = (line + delta_line, start) if delta_line else (line, column + start)
        cells.append(((line, column), (line + span, end) if span else (line, column + end), flags, n_tokens))
    return cells


def position(text, char, encoding):
    lines = lines_of(text)
    for number, line in enumerate(lines):
        if char < len(line) or number == len(lines) - 1:
            return number, column_of_char(line, char, encoding)
        char -= len(line)
    raise AssertionError


@settings(max_examples=150)
@given(text=texts)
def test_every_character_is_found_in_its_cell(tokenizer, text):
    store = Text.of(text)
    whole = str(store)
    cells = group_cells(locate(whole, tokenizer.byte_lengths, tokenizer.encode(whole)))
    for char in range(len(whole)):
        line, column = 0, char
        lines = lines_of(whole)
        while column >= len(lines[line]):
            column -= len(lines[line])
            line += 1
        placed, offset = chunk_at(store, tokenizer, "utf-16", line, column)
        cell = cell_of_char(placed.chunk, offset)
        expected = next(idx for idx in range(len(cells)) if cells.start_char[idx] <= char < cells.end_char[idx])
        begin = char - offset
        assert placed.chunk.start_char[cell] + begin == cells.start_char[expected]
        assert placed.chunk.end_char[cell] + begin == cells.end_char[expected]
    assert chunk_at(store, tokenizer, "utf-16", store.n_lines - 1, len(store.line(store.n_lines - 1))) is None


@settings(max_examples=100)
@given(text=texts, line=st.integers(0, 20), n_tokens=st.integers(0, 30))
def test_surroundings_of_a_chunk_are_the_neighbouring_ids(tokenizer, text, line, n_tokens):
    store = Text.of(text)
    chunks = list(chunks_in(store, tokenizer, "utf-16", store.line_start(line), store.n_chars))
    ids = tokenizer.encode(str(store)).tolist()
    before, is_all = ids_before(store, tokenizer, "utf-16", chunks[0], 10**9)
    at = len(before)
    assert is_all and ids[:at] == before.tolist()
    assert ids[at : at + len(chunks[0].chunk.ids)] == chunks[0].chunk.ids.tolist()
    some, is_all = ids_before(store, tokenizer, "utf-16", chunks[0], n_tokens)
    assert ids[at - len(some) : at] == some.tolist() and (is_all or len(some) >= n_tokens)
    after = ids_after(store, tokenizer, "utf-16", chunks[0], n_tokens)
    at += len(chunks[0].chunk.ids)
    assert ids[at : at + len(after)] == after.tolist() and (len(after) >= n_tokens or at + len(after) == len(ids))


@pytest.fixture
def encoded(monkeypatch):
    """The texts that were handed to the tokenizer since the list was cleared."""
    seen: list[str] = []
    encode_batch = Tokenizer.encode_batch
    monkeypatch.setattr(Tokenizer, "encode_batch", lambda self, parts: seen.extend(parts) or encode_batch(self, parts))
    monkeypatch.setattr(text_store, "PIECE_CHARS", 2048)
    return seen


HUGE = {
    "lines": "The small fox ran along the river, 字 and was happy.\n",
    "one line": "The small fox ran along the river, 字 and was happy. ",
    "no spaces": '{"fox":[12,7],"river":"字典"},',
}


@pytest.mark.parametrize("unit", HUGE.values(), ids=HUGE)
def test_an_edit_encodes_and_counts_only_what_it_touched(tokenizer, encoded, unit):
    """A million characters; a look at the place of the edit, and the count of all tokens, cost a few pieces."""
    text = Text.of(unit * (1_000_000 // len(unit)))
    assert count_tokens(text, tokenizer, 1000) is None
    assert count_tokens(text, tokenizer, 10**9) == count_whole(tokenizer, str(text))
    for offset in (500_000, 500_001, 7, 999_000):
        encoded.clear()
        line, char = (offset // len(unit), 3) if unit.endswith("\n") else (0, offset)
        text = text.replace((line, char), (line, char + 1), "xy z", "utf-32")
        at = text.offset(line, char, "utf-32")
        list(chunks_in(text, tokenizer, "utf-16", at, at + 100))
        assert count_tokens(text, tokenizer, 10_000) is not None
        assert 1 <= sum(map(len, encoded)) < 20_000
    assert count_tokens(text, tokenizer, 10_000) == count_whole(tokenizer, str(text))


def test_counting_tells_how_far_it_has_come(tokenizer):
    """From nothing to all bytes in slices of the wanted size; after an edit, to where it is."""
    unit = HUGE["lines"]
    text = Text.of(unit * 2000)
    seen = [n_counted_bytes(text, tokenizer)]
    while (n_tokens := count_tokens(text, tokenizer, 10_000)) is None:
        seen.append(n_counted_bytes(text, tokenizer))
        assert 10_000 <= seen[-1] - seen[-2] < 20_000
    assert seen[0] == 0 and len(seen) > 5
    assert n_tokens == count_whole(tokenizer, str(text))
    assert n_counted_bytes(text, tokenizer) == text.n_bytes
    text = text.replace((1000, 3), (1000, 3), "xy", "utf-16")
    n_bytes = len(unit.encode())
    assert 900 * n_bytes < n_counted_bytes(text, tokenizer) <= 1000 * n_bytes + 3
    assert count_tokens(text, tokenizer, 1) == count_whole(tokenizer, str(text))


def count_whole(tokenizer, text):
    return sum(map(len, tokenizer.encode_batch([text])))


def test_thousands_of_edits_leave_the_ids_of_the_whole_text(tokenizer):
    """1,500 edits to one document, each checked: letters, digits, signs, apostrophes and every kind of space."""
    rng = random.Random(7)
    text = Text.of("".join(rng.choices(WORDS, k=120)))
    for _ in range(1500):
        line, column = rng.randrange(text.n_lines + 1), rng.choice([0, 1, 3, 8, 2**31 - 1])
        n_lines = rng.choice([0, 0, 0, 1, 4]) if text.n_chars > 500 else 0
        new = "".join(rng.choices(WORDS, k=rng.choice([0, 1, 1, 2, 9])))
        text = text.replace((line, column), (line + n_lines, rng.randrange(9)), new, "utf-16")
        ids = [token_id for placed in all_chunks(text, tokenizer, "utf-16") for token_id in placed.chunk.ids.tolist()]
        assert ids == tokenizer.encode(str(text)).tolist()


def corpora():
    """Our own stories always, and the head of each text that is at hand."""
    yield "".join(stories(60, seed=3))
    for path in sorted(SHARED_DATA.glob("*.txt")):
        with path.open(encoding="utf-8", errors="replace") as file:
            yield file.read(200_000)


def test_ids_are_those_of_transformers_through_edits(tokenizer, tokenizer_directory):
    """The chunks of long real texts, before and after edits, against AutoTokenizer on the whole."""
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(tokenizer_directory)
    rng = random.Random(11)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_store, "PIECE_CHARS", 2048)
        for corpus in corpora():
            text = Text.of(corpus)
            for _ in range(3):
                ids = [each for placed in all_chunks(text, tokenizer, "utf-16") for each in placed.chunk.ids.tolist()]
                assert ids == theirs.encode(str(text), add_special_tokens=False, split_special_tokens=True)
                for _ in range(50):
                    line, column = rng.randrange(text.n_lines), rng.randrange(40)
                    new = "".join(rng.choices([word for word in WORDS if word.isprintable()], k=2))
                    text = text.replace((line, column), (line, column + rng.randrange(6)), new, "utf-16")
