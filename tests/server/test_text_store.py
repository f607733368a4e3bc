"""Our document store against a naive reference: an array of code units, spliced and split anew for every edit."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tinylm_server.line_index import (
    char_of_column,
    column_of_char,
    content_of,
    join_halves,
    split_at,
    split_lines,
    width,
)
from tinylm_server.text_store import BLOCK_CHARS, Text

ENCODINGS = ["utf-8", "utf-16", "utf-32"]
CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}

ALPHABET = [
    *"abc 09.",
    "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0", "\t",
    "é", "e\u0301", "字", "😀", "👩\u200d🚀", "🇩🇪", "\u202e", "א", "\ufeff",
]  # fmt: skip
HALVES = ["\ud83d", "\ude00"]


class Naive:
    """The text as a list of code units. Every operation looks at everything."""

    def __init__(self, text: str, encoding: str) -> None:
        self.codec, self.size = CODECS[encoding]
        self.units = self.cut(join_halves(text))

    def cut(self, text: str) -> list[bytes]:
        data = text.encode(self.codec, "surrogatepass")
        return [data[i : i + self.size] for i in range(0, len(data), self.size)]

    @property
    def text(self) -> str:
        return b"".join(self.units).decode(self.codec, "surrogatepass")

    def offset(self, line: int, column: int) -> int:
        ends = list(re.finditer("\r\n|\r|\n", self.text))
        starts = [0, *(match.end() for match in ends)]
        stops = [*(match.start() for match in ends), len(self.text)]
        if line >= len(starts):
            return len(self.units)
        low, high = (len(self.cut(self.text[:at])) for at in (starts[line], stops[line]))
        at = min(low + column, high)
        if self.codec == "utf-8":
            while at < len(self.units) and self.units[at][0] & 0xC0 == 0x80:
                at -= 1
        return at

    def replace(self, start: tuple[int, int], end: tuple[int, int], new: str) -> None:
        low, high = sorted((self.offset(*start), self.offset(*end)))
        self.units[low:high] = self.cut(new)
        self.units = self.cut(join_halves(self.text))


texts = st.lists(st.sampled_from(ALPHABET), max_size=40).map("".join)
texts_with_halves = st.lists(st.sampled_from(ALPHABET + HALVES), max_size=40).map("".join)
positions = st.tuples(st.integers(0, 12), st.one_of(st.integers(0, 12), st.just(2**31 - 1)))
edits = st.lists(st.tuples(positions, positions, st.one_of(texts, st.sampled_from(ALPHABET))), max_size=12)


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=400)
@given(start=texts_with_halves, script=edits)
@example(start="a\r", script=[((1, 0), (1, 0), "\n")])
@example(start="a\r\nb", script=[((0, 1), (1, 0), "")])
@example(start="", script=[((0, 0), (0, 0), "\ud83d"), ((0, 1), (0, 1), "\ude00")])
@example(start="x😀y", script=[((0, 2), (0, 3), "")])
def test_edits_equal_the_naive_reference(encoding, start, script):
    store, naive = Text.of(start), Naive(start, encoding)
    for first, second, new in script:
        store = store.replace(first, second, new, encoding)
        naive.replace(first, second, new)
        assert str(store) == naive.text
        assert [store.line(i) for i in range(store.n_lines)] == split_lines(naive.text)


@settings(max_examples=60)
@given(
    script=st.lists(
        st.tuples(st.integers(0, 700), st.integers(0, 30), st.integers(0, 90), st.integers(0, 30), texts), max_size=30
    )
)
def test_edits_over_many_blocks_equal_the_naive_reference(script):
    start = "".join(f"line {idx} of a longer text, with some words\n" for idx in range(600))
    store, naive = Text.of(start), start
    assert len(store.blocks) > 4
    for line, column, n_lines, end_column, new in script:
        store = store.replace((line, column), (line + n_lines, end_column), new, "utf-32")
        low, high = sorted((_offset(naive, line, column), _offset(naive, line + n_lines, end_column)))
        naive = naive[:low] + new + naive[high:]
    assert str(store) == naive
    assert [line for block in store.blocks for line in block.lines] == split_lines(naive)
    assert all(block.lines for block in store.blocks)
    assert store.n_bytes == len(naive.encode())
    assert max(block.n_chars for block in store.blocks) <= 2 * BLOCK_CHARS + 2000


def _offset(text: str, line: int, column: int) -> int:
    lines = split_lines(text)
    if line >= len(lines):
        return len(text)
    return sum(map(len, lines[:line])) + min(column, len(content_of(lines[line])))


@given(text=texts_with_halves)
def test_lines_join_to_the_text_and_break_where_lsp_says(text):
    lines = split_lines(text)
    assert "".join(lines) == text
    assert lines == [*re.findall(r"[^\r\n]*(?:\r\n|\r|\n)", text), re.split("\r\n|\r|\n", text)[-1]]


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(line=texts_with_halves.map(lambda text: join_halves(split_lines(text)[0])))
def test_columns_and_characters_are_inverse(encoding, line):
    content = content_of(line)
    for char in range(len(content) + 1):
        column = column_of_char(line, char, encoding)
        assert char_of_column(line, column, encoding) == char
        assert "".join(split_at(line, column, encoding)) == line
    assert char_of_column(line, 10**9, encoding) == len(content)
    assert column_of_char(line, len(line), encoding) == width(content, encoding)


def test_column_inside_a_pair_belongs_to_its_character():
    assert char_of_column("a😀b", 2, "utf-16") == 1
    assert split_at("a😀b", 2, "utf-16") == ("a\ud83d", "\ude00b")
    assert char_of_column("aéb", 2, "utf-8") == 1


def test_snapshot_stays_what_it_was():
    before = Text.of("one\ntwo\n")
    after = before.replace((0, 0), (1, 0), "", "utf-16")
    assert (str(before), str(after)) == ("one\ntwo\n", "two\n")


def test_text_before_a_point_is_cut_from_the_left():
    text = Text.of("one\ntwo\nthree")
    assert text.before(2, 2, 100) == "one\ntwo\nth"
    assert text.before(2, 2, 5) == "wo\nth"


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_editing_ten_megabytes_costs_little(encoding):
    """One hundred edits at the end of 10 MB; the bound is 20 times what was measured on a quiet machine."""
    text = Text.of(("Once upon a time there was a small fox, 字😀 and so on.\n" * 160_000)[:10_000_000])
    start = time.perf_counter()
    for _ in range(100):
        text = text.replace((150_000, 3), (150_000, 5), "é", encoding)
    assert (time.perf_counter() - start) / 100 < 0.02
