"""Split much text at once into GPT-2's pre-tokens, with NumPy, many times as fast as matching the pattern.

The pattern is `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+` (Radford et al.
2019, encoder.py). Every character is a letter, a number, white space or another sign, and a pre-token is a run of one
kind, but for three rules: the last white space of a run is apart from the others, a space goes with what follows it,
and an apostrophe that begins a match takes its letters with it. So the cuts follow from the neighbours of each
character, for all characters at once. The kinds come from `regex`, of whose Unicode tables a test says that they are
those of the `tokenizers` library.

The texts lie behind one another as UTF-8 with 0xFF after each. 0xFE stands for NUL, so that a pre-token padded with
zeros has one meaning; neither byte occurs in UTF-8. It imports no other module of ours: `tokenizer_training/worker.py`
uses it in processes that are to start quickly.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import regex
from numpy.typing import NDArray

__all__ = ["Pretokens", "count_different", "different_pretokens", "join_texts", "split_texts"]

_Number = TypeVar("_Number", np.uint64, np.int64)

_LETTER, _NUMBER, _SPACE, _OTHER, _END = range(1, 6)  # 0: a character that has not been seen yet
_END_BYTE, _NUL_BYTE = b"\xff", b"\xfe"
_PATTERNS = {_LETTER: r"\p{L}", _NUMBER: r"\p{N}", _SPACE: r"\s"}

_WORD_BYTES = 8
_MOST_WORDS = 4  # Longer pre-tokens than these 32 bytes are rare, and looked up one by one.
_PADDING = bytes(_WORD_BYTES * _MOST_WORDS)
_MASKS = np.array([(1 << (8 * n_bytes)) - 1 for n_bytes in range(_WORD_BYTES + 1)], np.uint64)


def _kind(character: str) -> int:
    return next((kind for kind, pattern in _PATTERNS.items() if regex.match(pattern, character)), _OTHER)


# Byte -> kind where every character is ASCII.
_KIND_OF_BYTE = bytes([*(_kind(chr(byte)) for byte in range(128)), *[_OTHER] * 127, _END])
# Code point -> kind, as far as one was met.
_kind_of_character = np.zeros(0x110000, np.uint8)


@dataclass(frozen=True)
class Pretokens:
    """The pre-tokens of some texts, in order.

    Attributes:
        joined: the texts, as `join_texts` gives them.
        starts, lengths: (P,) int64, bytes; where each pre-token begins in `joined`, and how long it is.
        per_text: (D,) int64, how many pre-tokens each text has.
    """

    joined: bytes
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    per_text: NDArray[np.int64]


def join_texts(texts: Sequence[str]) -> bytes:
    """Return the texts in one piece, each with the byte that ends it. They hold no lone surrogates."""
    return b"".join([text.encode() + _END_BYTE for text in texts]).replace(b"\0", _NUL_BYTE)


def split_texts(joined: bytes) -> Pretokens:
    """Split what `join_texts` gave. A pre-token never reaches from one text into the next."""
    if not joined:
        nothing = np.zeros(0, np.int64)
        return Pretokens(joined, nothing, nothing, nothing)
    data = np.frombuffer(joined, np.uint8)
    places: NDArray[np.int64] | None = None
    characters: NDArray[np.uint8] | NDArray[np.uint32]
    if joined.translate(None, _END_BYTE + _NUL_BYTE).isascii():
        kinds, characters = np.frombuffer(joined.translate(_KIND_OF_BYTE), np.uint8), data
    else:
        places = np.flatnonzero((data & 0xC0) != 0x80)  # where characters begin
        kinds, characters = _kinds_and_characters(joined, data[places] == _END_BYTE[0])
    begins = np.flatnonzero(_cuts(kinds, characters))
    is_end = kinds[begins] == _END
    ends = np.append(begins[1:], len(kinds))
    if places is not None:
        places = np.append(places, len(data))
        begins, ends = places[begins], places[ends]
    per_text = np.diff(np.flatnonzero(is_end), prepend=-1) - 1
    return Pretokens(joined, begins[~is_end], (ends - begins)[~is_end], per_text)


def _kinds_and_characters(joined: bytes, is_end: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Return the kind and the code point of every character, (N,) each."""
    text = joined.replace(_END_BYTE, b"\0").replace(_NUL_BYTE, b"\0").decode()
    characters = np.frombuffer(text.encode("utf-32-le"), "<u4")
    kinds = _kind_of_character[characters]
    if not kinds.all():
        for code in np.unique(characters[kinds == 0]).tolist():
            _kind_of_character[code] = _kind(chr(code))
        kinds = _kind_of_character[characters]
    kinds[is_end] = _END
    return kinds, characters


def _cuts(kinds: NDArray[np.uint8], characters: NDArray[np.uint8] | NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Say of every character whether a pre-token, or the end of a text, begins there."""
    begins = np.empty(len(kinds), np.bool_)
    begins[0] = True
    np.not_equal(kinds[1:], kinds[:-1], out=begins[1:])
    begins[1:] |= kinds[1:] == _END  # texts without a character end one after the other
    is_space = kinds == _SPACE
    before_word = is_space[:-1] & ~is_space[1:] & (kinds[1:] != _END)
    begins[:-1] |= before_word
    begins[1:] &= ~(before_word & (characters[:-1] == ord(" ")))
    _cut_contractions(kinds, characters, begins)
    return begins


def _cut_contractions(
    kinds: NDArray[np.uint8], characters: NDArray[np.uint8] | NDArray[np.uint32], begins: NDArray[np.bool_]
) -> None:
    """Keep `'s`, `'t`, `'m`, `'d`, `'re`, `'ve` and `'ll` together and apart from more letters, where a match begins.

    An apostrophe begins none after another sign and after the space that goes with it.
    """
    places = np.flatnonzero(characters == ord("'"))
    places = places[begins[places]]
    first, second = characters[places + 1], characters[np.minimum(places + 2, len(characters) - 1)]
    is_short = np.isin(first, np.frombuffer(b"stmd", np.uint8))
    is_long = np.zeros(len(places), np.bool_)
    for one, two in ("re", "ve", "ll"):
        is_long |= (first == ord(one)) & (second == ord(two))
    begins[places[is_short | is_long] + 1] = False
    begins[places[is_short] + 2] = True
    begins[places[is_long] + 3] = True


def count_different(pretokens: Pretokens) -> Iterator[tuple[list[bytes], list[int]]]:
    """Yield different pre-tokens with how often each occurs, in some portions that have none in common."""
    for of_length in _by_length(pretokens):
        if len(of_length.columns) == 1:  # sorting is enough: four times as fast
            keys, counts = np.unique(of_length.columns[0], return_counts=True)
            yield _bytes_of(keys[:, None]), counts.tolist()
        else:
            rows, index = _numbered(of_length.columns)
            yield _bytes_of(rows), np.bincount(index).tolist()
    counter = Counter(_longest(pretokens)[1])
    yield [*map(_with_nul, counter)], [*counter.values()]


def different_pretokens(pretokens: Pretokens) -> tuple[list[bytes], NDArray[np.int64]]:
    """Return each different pre-token once, and for every pre-token, (P,) int64, which of these it is."""
    found: list[bytes] = []
    index = np.empty(len(pretokens.starts), np.int64)
    for of_length in _by_length(pretokens):
        rows, numbers = _numbered(of_length.columns)
        index[of_length.places] = numbers + len(found)
        found += _bytes_of(rows)
    places, longest = _longest(pretokens)
    numbers_of_longest: dict[bytes, int] = {}
    for place, pretoken in zip(places.tolist(), longest, strict=True):
        index[place] = len(found) + numbers_of_longest.setdefault(pretoken, len(numbers_of_longest))
    return [*found, *map(_with_nul, numbers_of_longest)], index


@dataclass(frozen=True)
class _OfLength:
    """The pre-tokens of so many words of eight bytes: where they stand among all, and each word of theirs, (N,)."""

    places: NDArray[np.int64]
    columns: list[NDArray[np.uint64]]


def _by_length(pretokens: Pretokens) -> Iterator[_OfLength]:
    """Yield the pre-tokens that one, two, three and four words hold, padded with zeros; no portion is empty."""
    padded = pretokens.joined + _PADDING
    words = np.ndarray((len(pretokens.joined) + len(_PADDING) - _WORD_BYTES,), "<u8", padded, strides=(1,))
    n_words = (pretokens.lengths + (_WORD_BYTES - 1)) // _WORD_BYTES
    for n in range(1, _MOST_WORDS + 1):
        places = np.flatnonzero(n_words == n)
        if not len(places):
            continue
        starts = pretokens.starts[places]
        columns = [words[starts + _WORD_BYTES * place] for place in range(n)]
        columns[-1] &= _MASKS[pretokens.lengths[places] - _WORD_BYTES * (n - 1)]
        yield _OfLength(places, columns)


def _longest(pretokens: Pretokens) -> tuple[NDArray[np.int64], list[bytes]]:
    places = np.flatnonzero(pretokens.lengths > len(_PADDING))
    starts, lengths = pretokens.starts[places].tolist(), pretokens.lengths[places].tolist()
    joined = pretokens.joined
    return places, [joined[start : start + length] for start, length in zip(starts, lengths, strict=True)]


def _numbered(columns: list[NDArray[np.uint64]]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the different rows, (R, n_columns), and the number of each row's own, (N,)."""
    values, index = _ranks(columns[0])
    rows = values[:, None]
    for column in columns[1:]:
        values, ranks = _ranks(column)
        pairs, index = _ranks(index * len(values) + ranks)
        rows = np.column_stack([rows[pairs // len(values)], values[pairs % len(values)]])
    return rows, index


def _ranks(keys: NDArray[_Number]) -> tuple[NDArray[_Number], NDArray[np.int64]]:
    """Return the different keys in order and the place of each key among them, in half the time of `np.unique`."""
    ordered = np.sort(keys)
    values = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    return values, np.searchsorted(values, keys)


def _bytes_of(rows: NDArray[np.uint64]) -> list[bytes]:
    """Return rows of words as bytes; NumPy leaves out the zeros at their ends."""
    flat = np.ascontiguousarray(rows, "<u8").view(f"S{_WORD_BYTES * rows.shape[1]}").ravel()
    return [_with_nul(pretoken) for pretoken in flat.tolist()]


def _with_nul(pretoken: bytes) -> bytes:
    return pretoken.replace(_NUL_BYTE, b"\0")
