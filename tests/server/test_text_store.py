"""Our document store against a naive reference, and what an edit costs, counted in calls and characters."""

import sys
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from naive_text import LINE_END, Naive, char_of_column, column_of_char, lines_of
from tinylm_server import text_store
from tinylm_server.line_index import join_halves, split_lines
from tinylm_server.rope import Branch, Piece
from tinylm_server.text_store import Text

from tinylm.tokens.pretokens import is_boundary

ENCODINGS = ["utf-8", "utf-16", "utf-32"]

ALPHABET = [
    *"abc 09.",
    "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0", "\t",
    "é", "e\u0301", "字", "😀", "👩\u200d🚀", "🇩🇪", "\u202e", "א", "\ufeff",
]  # fmt: skip
HALVES = ["\ud83d", "\ude00"]

texts = st.lists(st.sampled_from(ALPHABET), max_size=40).map("".join)
texts_with_halves = st.lists(st.sampled_from(ALPHABET + HALVES), max_size=40).map("".join)
positions = st.tuples(st.integers(0, 12), st.one_of(st.integers(0, 12), st.just(2**31 - 1)))
edits = st.lists(st.tuples(positions, positions, st.one_of(texts_with_halves, st.sampled_from(ALPHABET))), max_size=12)


@contextmanager
def pieces_of(n_chars):
    """Pieces of a few characters, so that short texts have many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_store, "PIECE_CHARS", n_chars)
        yield


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=250)
@given(start=texts_with_halves, script=edits)
@example(start="a\r", script=[((1, 0), (1, 0), "\n")])
@example(start="a\r\nb", script=[((0, 1), (1, 0), "")])
@example(start="", script=[((0, 0), (0, 0), "\ud83d"), ((0, 1), (0, 1), "\ude00")])
@example(start="x😀y", script=[((0, 2), (0, 3), "")])
def test_edits_equal_the_naive_reference(encoding, start, script):
    """Text, lines, sizes and both ways between columns and characters, over pieces of six characters."""
    with pieces_of(6):
        store, naive = Text.of(start), Naive(start, encoding)
        for first, second, new in script:
            store = store.replace(first, second, new, encoding)
            naive.replace(first, second, new)
            text = naive.text
            assert str(store) == text
            assert (store.n_chars, store.n_bytes) == (len(text), len(text.encode("utf-8", "surrogatepass")))
        check_tree(store)
        lines = lines_of(str(store))
        assert [store.line(number) for number in range(store.n_lines)] == lines
        for number, line in enumerate(lines):
            for column in (0, 1, 2, 5, 2**31 - 1):
                assert store.point(number, column, encoding) == (number, char_of_column(line, column, encoding))
            for char in range(len(line) + 1):
                assert store.column(number, char, encoding) == column_of_char(line, char, encoding)
        assert store.point(len(lines), 3, encoding) == (len(lines) - 1, len(lines[-1]))


def check_tree(store):
    """See that heights differ by one at most, sizes are right, and pieces are cut where pre-tokens certainly end."""
    pieces = []

    def height(tree):
        if isinstance(tree, Piece):
            pieces.append(tree.text)
            assert tree.sizes == Piece(tree.text).sizes
            return 0
        assert isinstance(tree, Branch)
        left, right = height(tree.left), height(tree.right)
        assert abs(left - right) <= 1
        assert tree.sizes == tree.left.sizes.plus(tree.right.sizes)
        return 1 + max(left, right)

    height(store.tree)
    assert all(is_boundary(*pair) for pair in pairwise(pieces))
    assert all(len(LINE_END.findall(text)) == Piece(text).sizes.line_ends for text in pieces)


@settings(max_examples=60)
@given(
    script=st.lists(
        st.tuples(st.integers(0, 700), st.integers(0, 30), st.integers(0, 90), st.integers(0, 30), texts), max_size=30
    )
)
def test_pieces_stay_of_a_useful_size(script):
    """Deletions leave no trail of tiny pieces, insertions no huge ones."""
    store = Text.of("".join(f"line {idx} of a longer text, with some words\n" for idx in range(600)))
    for line, column, n_lines, end_column, new in script:
        store = store.replace((line, column), (line + n_lines, end_column), new, "utf-32")
    check_tree(store)
    sizes = [placed.piece.sizes.chars for placed in store.pieces()]
    assert max(sizes) <= 2 * text_store.PIECE_CHARS
    assert len(sizes) <= 8 + 4 * store.n_chars / text_store.PIECE_CHARS


@given(text=texts_with_halves)
def test_lines_join_to_the_text_and_break_where_lsp_says(text):
    lines = split_lines(text)
    assert "".join(lines) == text
    assert lines == lines_of(text)


def test_column_inside_a_pair_belongs_to_its_character():
    assert Text.of("a😀b").point(0, 2, "utf-16") == (0, 1)
    assert str(Text.of("a😀b").replace((0, 2), (0, 4), "", "utf-16")) == "a\ud83d"
    assert Text.of("aéb").point(0, 2, "utf-8") == (0, 1)


def test_snapshot_stays_what_it_was():
    before = Text.of("one\ntwo\n")
    after = before.replace((0, 0), (1, 0), "", "utf-16")
    assert (str(before), str(after)) == ("one\ntwo\n", "two\n")


@given(text=texts_with_halves, data=st.data())
def test_slices_are_those_of_the_string(text, data):
    with pieces_of(6):
        store, whole = Text.of(text), join_halves(text)
    start, end = (data.draw(st.integers(0, len(whole) + 2)) for _ in range(2))
    assert store.slice(start, end) == whole[start:end]
    line = data.draw(st.integers(0, store.n_lines - 1))
    char = data.draw(st.integers(0, len(store.line(line))))
    upto = "".join(lines_of(whole)[:line]) + store.line(line)[:char]
    assert store.before(line, char, 3) == upto[-3:]
    assert store.after(line, char, 3) == store.line(line)[char:].rstrip("\r\n")[:3]


def work_of(action):
    """Return how many calls an action makes, of Python and C functions, and how many characters it puts in pieces."""
    calls = characters = 0

    def count(frame, event, argument):
        nonlocal calls, characters
        calls += event in ("call", "c_call")
        if event == "call" and frame.f_code is Piece.__init__.__code__:
            characters += len(frame.f_locals["text"])

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls, characters


LINE = "Once upon a time there was a small fox, 字😀 and so on.\n"
SMALL, LARGE = 100_000, 10_000_000
LOG_FACTOR = 2.5  # a tree of 4,900 pieces is 13 high, one of 49 is 6


@pytest.mark.parametrize("line", [LINE, LINE.replace("\n", " ")], ids=["lines", "one line"])
def test_work_of_an_edit_hardly_grows_with_the_document(line):
    """An edit, positions and a slice take a few more calls in 10 MB than in 100 kB, and no more characters."""
    encoding, measured = "utf-16", []
    for size in (SMALL, LARGE):
        text = Text.of(line * (size // len(line)))
        middle = (text.n_lines // 2, 3) if text.n_lines > 1 else (0, text.n_chars // 2)

        def edit_and_look(text=text, at=middle):
            after = text.replace(at, (at[0], at[1] + 2), "é", encoding)
            point = after.point(*at, encoding)
            assert after.column(*point, encoding) in (at[1], at[1] - 1, at[1] - 2, at[1] - 3)
            after.before(*point, 100)

        measured.append(work_of(edit_and_look))
    (small_calls, small_characters), (large_calls, large_characters) = measured
    assert large_calls <= LOG_FACTOR * small_calls
    assert max(small_characters, large_characters) <= 4 * text_store.PIECE_CHARS
