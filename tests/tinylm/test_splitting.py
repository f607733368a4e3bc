"""Splitting with NumPy finds what GPT-2's pattern and the `tokenizers` library find, for every text."""

import unicodedata
from collections import Counter

import regex
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from tinylm.tokens.splitting import count_different, different_pretokens, join_texts, split_texts

GPT2_PATTERN = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")

TEXTS = st.one_of(
    st.text(alphabet="ab'ls 1!. \n\t\r\x0b\x0c\x1c\x1f\x85\xa0\u2028\u3000é\0", max_size=60),
    st.text(alphabet="'strevmdl x", max_size=60),
    st.text(alphabet="日本 é'sa\0", max_size=60),
    st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=40),
)


def split(texts: list[str]) -> list[list[str]]:
    found = split_texts(join_texts(texts))
    data = found.joined.replace(b"\xfe", b"\0")
    pieces = (data[start : start + n].decode() for start, n in zip(found.starts, found.lengths, strict=True))
    return [[next(pieces) for _ in range(n)] for n in found.per_text]


@given(st.lists(TEXTS, max_size=4))
@example(
    ["'s", "'", "", "a'", "", "''s's'store we'll", " 's  't", "x" * 99 + " " + "日" * 30, "\0", "\0\0", "  ", "a "]
)
def test_many_texts_are_split_as_the_pattern_splits_each(texts: list[str]) -> None:
    """No pre-token reaches from one text into the next, and an empty one has none."""
    expected = [GPT2_PATTERN.findall(text) for text in texts]
    assert split(texts) == expected
    pieces = [piece for found in expected for piece in found]
    pretokens = split_texts(join_texts(texts))
    different, index = different_pretokens(pretokens)
    assert [different[number].decode() for number in index] == pieces
    assert len(set(different)) == len(different) == len(set(pieces))
    counts: Counter[str] = Counter()
    for some, numbers in count_different(pretokens):
        assert not counts.keys() & {piece.decode() for piece in some}
        counts.update({piece.decode(): number for piece, number in zip(some, numbers, strict=True)})
    assert counts == Counter(pieces)


def test_every_character_is_split_as_hugging_face_splits_it() -> None:
    """Characters that every Unicode version in use knows, between letters, digits, signs and spaces."""
    reference = pre_tokenizers.ByteLevel(add_prefix_space=False)
    codes = [*range(0x3000), *range(0x3000, 0x11000, 7), *range(0x1F000, 0x1FB00, 5)]
    characters = [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
    texts = [f"a{c}1{c}!{c}  {c}" for c in characters if unicodedata.category(c) != "Cn"]
    for text, found in zip(texts, split(texts), strict=True):
        assert found == [text[start:end] for _, (start, end) in reference.pre_tokenize_str(text)], hex(ord(text[1]))
