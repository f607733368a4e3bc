"""Spans and cells: bytes join to the text, spans tile it, cells partition it, whatever the text holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylm.tokens.pretokens import boundary_after, boundary_before, cut
from tinylm.tokens.spans import group_cells, locate, locate_lengths, replace_surrogates, utf8
from tinylm.tokens.tokenizer import Tokenizer

NASTY = [
    "",
    " ",
    "\n\n\n",
    "a\r\nb\rc\n",
    "\x0b\x0c\x85\u2028\u2029",
    "e\u0301 n\u0303",
    "👩‍👩‍👧 🏳️‍🌈 hi",
    "שלום עולם",
    "\u202eabc\u202c",
    "\ud800 \udc00\ud800x",
    "<|endoftext|>",
    "日本語のテキスト",
    "a" * 3000,
    "\x00\x1c x",
]
nasty_text = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.sampled_from("ab \n\r\t\x0c\u2028\u0301é日👩\u200d🌈ש\u202e\ud800\udc00<|>\x1c\x85\xa0'")),
    st.text(st.characters(exclude_categories=())),
)


@pytest.fixture(scope="module")
def tokenizer(tokenizer_directory):
    return Tokenizer.load(tokenizer_directory)


@given(text=nasty_text)
def test_bytes_of_the_tokens_join_to_the_text(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode_bytes(ids) == utf8(text)
    assert tokenizer.decode(ids) == replace_surrogates(text)
    assert len(replace_surrogates(text)) == len(text)


@given(text=nasty_text)
def test_spans_tile_the_text_and_cover_whole_characters(tokenizer, text):
    ids = tokenizer.encode(text)
    spans = locate(text, tokenizer.byte_lengths, ids)
    data = utf8(text)
    assert b"".join(data[a:b] for a, b in zip(spans.start_byte, spans.end_byte, strict=True)) == data
    # Slow reference: the character of a byte, found by encoding every prefix.
    char_of_byte = [i for i, char in enumerate(replace_surrogates(text)) for _ in char.encode()]
    for k in range(len(ids)):
        chars = char_of_byte[spans.start_byte[k] : spans.end_byte[k]]
        assert (spans.start_char[k], spans.end_char[k]) == (chars[0], chars[-1] + 1)


@given(text=nasty_text)
def test_cells_partition_tokens_and_characters(tokenizer, text):
    ids = tokenizer.encode(text)
    spans = locate(text, tokenizer.byte_lengths, ids)
    cells = group_cells(spans)
    tokens = [t for a, n in zip(cells.first_token, cells.n_tokens, strict=True) for t in range(a, a + n)]
    assert tokens == list(range(len(ids)))
    chars = [c for a, b in zip(cells.start_char, cells.end_char, strict=True) for c in range(a, b)]
    assert chars == list(range(len(text)))
    data = utf8(text)
    for a, n in zip(cells.first_token, cells.n_tokens, strict=True):
        data[spans.start_byte[a] : spans.end_byte[a + n - 1]].decode()  # a cell is whole characters
        for middle in spans.end_byte[a : a + n - 1]:  # and has no smaller whole part
            assert data[middle] & 0xC0 == 0x80


def test_spans_of_an_emoji_in_three_tokens():
    """`x😀` as x, F0 9F, 98, 80: three tokens on one character, one cell."""
    spans = locate_lengths("x😀", np.array([1, 2, 1, 1], np.int32))
    assert spans.start_char.tolist() == [0, 1, 1, 1]
    assert spans.end_char.tolist() == [1, 2, 2, 2]
    cells = group_cells(spans)
    assert cells.first_token.tolist() == [0, 1]
    assert cells.n_tokens.tolist() == [1, 3]


def test_spans_refuse_tokens_of_another_text():
    with pytest.raises(ValueError, match="hold 3 bytes but the text has 2"):
        locate_lengths("ab", np.array([3], np.int32))


@given(text=nasty_text, index=st.integers(0, 50))
def test_certain_boundaries_cut_the_text_without_changing_its_tokens(tokenizer, text, index):
    whole = tokenizer.encode(text).tolist()
    for at in (boundary_before(text, index), boundary_after(text, index)):
        assert tokenizer.encode(text[:at]).tolist() + tokenizer.encode(text[at:]).tolist() == whole
    pieces = cut(text, 7)
    assert "".join(pieces) == text
    assert [i for piece in pieces for i in tokenizer.encode(piece).tolist()] == whole
