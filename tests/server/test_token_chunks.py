"""Tokens kept chunk by chunk equal the tokens of the whole text, through any edits."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types as lsp
from tinylm_server import text_store
from tinylm_server.line_index import column_of_char, split_lines
from tinylm_server.text_store import Text
from tinylm_server.token_chunks import cell_of_char, chunk_at, chunks_between, count_tokens, ids_after, ids_before
from tinylm_server.wire_cells import STRIDE, cells_in, wire

from tinylm.tokens.spans import group_cells, locate
from tinylm.tokens.tokenizer import Tokenizer

ENCODINGS = ["utf-8", "utf-16", "utf-32"]
WORDS = [
    "the", "fox", " fox", "'s", " Pip", "12", "...", " ", "  ", "\t", "\n", "\n\n", "\r\n", "\r", "\x0c", "\x1c",
    "\x85",
    "\u2028", "é", "字", "😀", "👩\u200d🚀", "\u00a0", "\u3000", "\ud83d", "<|endoftext|>", "x" * 50,
]  # fmt: skip
texts = st.lists(st.sampled_from(WORDS), max_size=60).map("".join)
edits = st.lists(
    st.tuples(st.integers(0, 15), st.integers(0, 25), st.integers(0, 3), st.integers(0, 25), texts), max_size=6
)


@pytest.fixture(scope="module")
def tokenizer(tokenizer_directory):
    return Tokenizer.load(tokenizer_directory)


@pytest.fixture(autouse=True, scope="module")
def small_blocks():
    """Blocks of a few words, so that short texts have many."""
    patch = pytest.MonkeyPatch()
    patch.setattr(text_store, "BLOCK_CHARS", 16)
    yield
    patch.undo()


def all_chunks(text, tokenizer, encoding):
    return list(chunks_between(text, tokenizer, encoding, 0, text.n_lines - 1))


@settings(max_examples=300)
@given(start=texts, script=edits)
def test_ids_equal_those_of_the_whole_text_after_edits(tokenizer, start, script):
    text = Text.of(start)
    for line, column, n_lines, end_column, new in [*script, (0, 0, 0, 0, "")]:
        text = text.replace((line, column), (line + n_lines, end_column), new, "utf-16")
        chunks = all_chunks(text, tokenizer, "utf-16")
        assert "".join(placed.chunk.text for placed in chunks) == str(text)
        ids = np.concatenate([np.empty(0, np.int32), *(placed.chunk.ids for placed in chunks)])
        assert ids.tolist() == tokenizer.encode(str(text)).tolist()
        assert count_tokens(text, tokenizer, "utf-16", 10**9) == len(ids)


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


def test_bands_alternate_on_each_line_and_begin_even(tokenizer):
    store = Text.of("the fox\nthe fox ran\n")
    everything = lsp.Range(lsp.Position(0, 0), lsp.Position(9, 0))
    runs = [cells_in(placed, [everything]) for placed in all_chunks(store, tokenizer, "utf-16")]
    bands: dict[int, list[int]] = {}
    for start, end, flags, _ in decode(wire(runs)):
        if end[0] == start[0]:
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
    lines = split_lines(text)
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
        lines = split_lines(whole)
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
    chunks = list(chunks_between(store, tokenizer, "utf-16", min(line, store.n_lines - 1), store.n_lines - 1))
    if not chunks:
        return
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


def test_a_huge_line_is_encoded_in_pieces_and_an_edit_stays_local(tokenizer, monkeypatch):
    """200,000 characters without a line end: the same tokens, and an edit encodes a few thousand characters at most."""
    rng = random.Random(1)
    line = " ".join(rng.choices(["the", "fox", "Pip", "river,", "ran.", "字", "don't", "12"], k=40_000))
    text = Text.of(line)
    encoded: list[str] = []
    encode = Tokenizer.encode
    monkeypatch.setattr(Tokenizer, "encode", lambda self, part: encoded.append(part) or encode(self, part))
    for column in (100_000, 100_001, 7):
        text = text.replace((0, column), (0, column + 1), "xy z", "utf-32")
        encoded.clear()
        (placed,) = all_chunks(text, tokenizer, "utf-16")
        assert placed.chunk.ids.tolist() == encode(tokenizer, str(text)).tolist()
        assert column == 100_000 or sum(map(len, encoded)) < 12_000


def test_an_edit_encodes_only_what_it_touched(tokenizer, monkeypatch):
    monkeypatch.setattr(text_store, "BLOCK_CHARS", 64)
    text = Text.of("The fox ran along the river and was happy.\n" * 200)
    all_chunks(text, tokenizer, "utf-16")
    encoded = []
    encode = Tokenizer.encode
    monkeypatch.setattr(Tokenizer, "encode", lambda self, part: encoded.append(part) or encode(self, part))
    text = text.replace((100, 4), (100, 7), "bird", "utf-16")
    all_chunks(text, tokenizer, "utf-16")
    assert 1 <= len(encoded) <= 2
    assert sum(map(len, encoded)) < 400
