"""Where each token lies in the text: computed from byte lengths, once, for everybody.

A token is never searched for in the text. The UTF-8 lengths of the tokens, added up, give byte offsets; the lead bytes
of the text give the character of each byte. All intervals are half-open; characters are code points. Lines, columns
and UTF-16 belong to the language server.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "Spans", "group_cells", "locate", "locate_lengths", "replace_surrogates", "utf8"]

# Indexed by code unit range; `str.translate` with it is only reached by texts that do hold surrogates.
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)


@dataclass(frozen=True)
class Spans:
    """The place of each token. Bytes tile the text; a token inside a character covers the whole character.

    Shapes: every array is (T,), int64. `start_byte`, `end_byte` count bytes of the UTF-8, `start_char`, `end_char`
    code points.
    """

    start_byte: NDArray[np.int64]
    end_byte: NDArray[np.int64]
    start_char: NDArray[np.int64]
    end_char: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start_byte)


@dataclass(frozen=True)
class Cells:
    """The smallest pieces that can be painted: tokens that share a character form one cell.

    Shapes: every array is (C,), int64. Cells partition the tokens, and their characters tile the text.
    """

    first_token: NDArray[np.int64]
    n_tokens: NDArray[np.int64]
    start_char: NDArray[np.int64]
    end_char: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first_token)


def replace_surrogates(text: str) -> str:
    """Return the text with each lone surrogate as U+FFFD; code points keep their places."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.translate(_SURROGATES)
    return text


def utf8(text: str) -> bytes:
    """Return the UTF-8 of a text, where a lone surrogate counts as U+FFFD (three bytes either way)."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.translate(_SURROGATES).encode("utf-8")


def locate(text: str, byte_lengths: NDArray[np.int32], ids: NDArray[np.int32]) -> Spans:
    """Return where the tokens of a whole text lie.

    Args:
        text: the text that was encoded, whole.
        byte_lengths: (V,) the length of each vocabulary entry, as `Tokenizer.byte_lengths`.
        ids: (T,) the tokens of the text, in order.

    Raises:
        ValueError: the tokens hold another number of bytes than the text.
    """
    return locate_lengths(text, byte_lengths[ids])


def locate_lengths(text: str, n_bytes: NDArray[np.int32]) -> Spans:
    """Return where tokens of given byte lengths lie; like `locate`, without a vocabulary.

    Args:
        text: the text, whole.
        n_bytes: (T,) bytes of the text that each token takes; zero is allowed.
    """
    data = utf8(text)
    end_byte = np.cumsum(n_bytes, dtype=np.int64)  # (T,)
    start_byte = end_byte - n_bytes  # (T,)
    total = int(end_byte[-1]) if len(end_byte) else 0
    if total != len(data):
        raise ValueError(f"the tokens hold {total} bytes but the text has {len(data)}")
    if len(data) == len(text):  # ASCII: a byte is a character
        return Spans(start_byte, end_byte, start_byte.copy(), end_byte.copy())
    leads = (np.frombuffer(data, dtype=np.uint8) & 0xC0) != 0x80  # (n_bytes,)
    chars_before = np.empty(len(data) + 1, dtype=np.int64)  # characters that begin before each byte
    chars_before[0] = 0
    np.cumsum(leads, out=chars_before[1:])
    end_char = chars_before[end_byte]
    # A byte that continues a character belongs to the one that began before it.
    inside = np.append(~leads, False)[start_byte]
    start_char = chars_before[start_byte] - inside
    return Spans(start_byte, end_byte, start_char, end_char)


def group_cells(spans: Spans) -> Cells:
    """Return the cells of the tokens: a new one begins wherever a token shares no character with the one before it."""
    n_tokens = len(spans)
    if n_tokens == 0:
        empty = np.empty(0, dtype=np.int64)
        return Cells(empty, empty, empty, empty)
    begins = np.ones(n_tokens, dtype=bool)
    begins[1:] = spans.start_char[1:] >= spans.end_char[:-1]
    first = np.flatnonzero(begins)
    sizes = np.diff(np.append(first, n_tokens))
    return Cells(first, sizes, spans.start_char[first], spans.end_char[first + sizes - 1])
