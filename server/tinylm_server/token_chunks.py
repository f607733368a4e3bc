"""The tokens of a document, piece by piece.

A piece of the text (`text_store`) begins and ends where GPT-2's pattern certainly ends a pre-token, so pieces can be
encoded apart and their ids join to those of the whole text. An edit makes new pieces where it touched the text, and
only those are encoded again. Counts are remembered in the tree of pieces, whole chunks for as long as they are in use.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import TinyLMError
from tinylm.tokens.spans import group_cells, locate
from tinylm.tokens.tokenizer import Tokenizer
from tinylm_server.line_index import Encoding, content_of, split_lines
from tinylm_server.rope import Piece, noted_from_start, nth, total_over, without_note
from tinylm_server.text_store import PlacedPiece, Text

__all__ = [
    "Chunk",
    "PlacedChunk",
    "Uncuttable",
    "cell_of_char",
    "cells_before",
    "chunk_at",
    "chunks_in",
    "count_tokens",
    "encode_pieces",
    "has_counted_line",
    "ids_after",
    "ids_before",
    "long_pieces",
    "n_counted_bytes",
]

Ints = NDArray[np.int64]

# A viewport of 60 lines is two or three chunks, and scoring looks at a few more on either side; 70 kB each.
CACHED_CHUNKS = 256


# A piece this long has no place to cut for twenty times the usual length; encoding it takes 20 ms or more.
LONG_CHARS = 32_768
# BPE takes a second for a million characters without a place to cut, and nobody reads them.
MAX_CHARS = 2_000_000


class Uncuttable(TinyLMError):
    """A stretch of the text is too long to be taken apart."""


@dataclass(frozen=True)
class Chunk:
    """A piece of text with its tokens and cells; lines count from the chunk's first line.

    Shapes: ids (T,) int32; the cell arrays (C,) int64, `is_special` (C,) bool. Columns of line 0 count from the
    chunk's first character.
    """

    text: str
    ids: NDArray[np.int32]
    first_token: Ints
    n_tokens: Ints
    start_char: Ints
    end_char: Ints
    start_line: Ints
    start_column: Ints
    end_line: Ints
    end_column: Ints
    is_special: NDArray[np.bool_]


@dataclass(frozen=True)
class PlacedChunk:
    """A chunk, its number, and where it begins: offset, line, character index in that line, the same as a column."""

    chunk: Chunk
    idx: int
    start: int
    line: int
    char: int
    column: int


def chunks_in(text: Text, tokenizer: Tokenizer, encoding: Encoding, start: int, end: int) -> Iterator[PlacedChunk]:
    """Yield, in order, every chunk that holds a character from offset `start` to before `end`; at least one."""
    for placed in text.pieces(start):
        if placed.before.chars >= max(end, start + 1):
            return
        yield _placed(text, placed, tokenizer, encoding)


def chunk_at(
    text: Text, tokenizer: Tokenizer, encoding: Encoding, line: int, char: int
) -> tuple[PlacedChunk, int] | None:
    """Return the chunk that holds the character at (line, character index), and its index in the chunk's text."""
    offset = text.line_start(line) + char
    if offset >= text.n_chars:
        return None
    placed = text.piece_at(offset)
    return _placed(text, placed, tokenizer, encoding), offset - placed.before.chars


def long_pieces(text: Text, start: int, end: int) -> list[Piece]:
    """Return the long pieces between two offsets and right beside them, for callers that must not be held up."""
    found = []
    for placed in text.pieces(max(start - 1, 0)):
        if placed.before.chars > end + 1:
            break
        if placed.piece.sizes.chars > LONG_CHARS:
            found.append(placed.piece)
    return found


def encode_pieces(pieces: Sequence[Piece], tokenizer: Tokenizer, encoding: Encoding) -> None:
    """Encode pieces ahead, from any thread; the other functions then find them done. Raises Uncuttable."""
    for piece in pieces:
        _chunk(piece, tokenizer, encoding)


def ids_before(
    text: Text, tokenizer: Tokenizer, encoding: Encoding, placed: PlacedChunk, n_tokens: int
) -> tuple[NDArray[np.int32], bool]:
    """Return the ids of whole chunks before one, at least `n_tokens` of them or all, and whether that is all."""
    parts: list[NDArray[np.int32]] = []
    idx = placed.idx
    while idx > 0 and sum(map(len, parts)) < n_tokens:
        idx -= 1
        parts.append(_chunk(nth(text.tree, idx), tokenizer, encoding).ids)
    return np.concatenate([np.empty(0, np.int32), *reversed(parts)]), idx == 0


def ids_after(
    text: Text, tokenizer: Tokenizer, encoding: Encoding, placed: PlacedChunk, n_tokens: int
) -> NDArray[np.int32]:
    """Return the ids of whole chunks after one, at least `n_tokens` of them or all."""
    parts: list[NDArray[np.int32]] = []
    idx = placed.idx + 1
    while idx < text.n_pieces and sum(map(len, parts)) < n_tokens:
        parts.append(_chunk(nth(text.tree, idx), tokenizer, encoding).ids)
        idx += 1
    return np.concatenate([np.empty(0, np.int32), *parts])


def count_tokens(text: Text, tokenizer: Tokenizer, max_new_chars: int) -> int | None:
    """Return the number of tokens of the whole text; None after having encoded `max_new_chars` without an end.

    Called again, it goes on where it stopped: what was counted is remembered. Raises Uncuttable.
    """
    note, waiting = _token_note(tokenizer), []
    for piece in without_note(text.tree, note):
        if max_new_chars <= 0:
            break
        max_new_chars -= _checked(piece).sizes.chars
        waiting.append(piece)
    for piece, ids in zip(waiting, tokenizer.encode_batch([piece.text for piece in waiting]), strict=True):
        piece.notes[note] = len(ids)
    return total_over(text.tree, 0, text.n_pieces, note, lambda piece: None)


def n_counted_bytes(text: Text, tokenizer: Tokenizer) -> int:
    """Return how far `count_tokens` has come, in bytes of the text from its start."""
    return noted_from_start(text.tree, _token_note(tokenizer)).utf8


def cells_before(text: Text, tokenizer: Tokenizer, encoding: Encoding, offset: int) -> int:
    """Return how many cells begin on the line of an offset before the piece that holds it. Raises Uncuttable."""
    line_start, here = text.piece_at(_start_of_line(text, offset)), text.piece_at(offset)
    if line_start.before.pieces == here.before.pieces:
        return 0
    first = _chunk(line_start.piece, tokenizer, encoding)
    line = here.before.line_ends - line_start.before.line_ends
    between = total_over(
        text.tree,
        line_start.before.pieces + 1,
        here.before.pieces,
        _cell_note(tokenizer),
        lambda piece: len(_chunk(piece, tokenizer, encoding).first_token),
    )
    assert between is not None
    return int((first.start_line == line).sum()) + between


def has_counted_line(text: Text, tokenizer: Tokenizer, offset: int) -> bool:
    """Say whether `cells_before` knows its answer without encoding a long stretch."""
    line_start, here = text.piece_at(_start_of_line(text, offset)), text.piece_at(offset)
    if here.before.chars - line_start.before.chars <= LONG_CHARS:
        return True
    first, last = line_start.before.pieces + 1, here.before.pieces
    return total_over(text.tree, first, last, _cell_note(tokenizer), lambda piece: None) is not None


def _start_of_line(text: Text, offset: int) -> int:
    """Return where the line begins on which the piece of an offset begins."""
    return text.line_start(text.piece_at(offset).before.line_ends)


def _token_note(tokenizer: Tokenizer) -> object:
    return "tokens", tokenizer.id


def _cell_note(tokenizer: Tokenizer) -> object:
    return "cells", tokenizer.id


def _placed(text: Text, placed: PlacedPiece, tokenizer: Tokenizer, encoding: Encoding) -> PlacedChunk:
    before = placed.before
    line = before.line_ends
    char = before.chars - text.line_start(line)
    column = text.column(line, char, encoding)
    return PlacedChunk(_chunk(placed.piece, tokenizer, encoding), before.pieces, before.chars, line, char, column)


@lru_cache(maxsize=CACHED_CHUNKS)
def _chunk(piece: Piece, tokenizer: Tokenizer, encoding: Encoding) -> Chunk:
    text, ids = piece.text, _encoded(piece, tokenizer)
    cells = group_cells(locate(text, tokenizer.byte_lengths, ids))
    piece.notes[_token_note(tokenizer)], piece.notes[_cell_note(tokenizer)] = len(ids), len(cells)
    lines = split_lines(text)
    sizes = np.array([len(line) for line in lines], dtype=np.int64)
    line_starts = np.concatenate(([0], np.cumsum(sizes)))[:-1]
    line_ends = line_starts + np.array([len(content_of(line)) for line in lines], dtype=np.int64)
    units = _units(text, encoding)
    start_line, start_column = _positions(cells.start_char, line_starts, line_ends, units)
    is_special = tokenizer.is_special & (ids[cells.first_token] == tokenizer.end_of_text_id)
    end_line, end_column = _positions(cells.end_char, line_starts, line_ends, units)
    return Chunk(
        text, ids, cells.first_token, cells.n_tokens, cells.start_char, cells.end_char,
        start_line, start_column, end_line, end_column, is_special,
    )  # fmt: skip


def _encoded(piece: Piece, tokenizer: Tokenizer) -> NDArray[np.int32]:
    return tokenizer.encode(_checked(piece).text)


def _checked(piece: Piece) -> Piece:
    if piece.sizes.chars > MAX_CHARS:
        raise Uncuttable(
            f"{piece.sizes.chars:,} characters without a space or a change from letters to other signs are too many "
            f"to be taken apart (at most {MAX_CHARS:,}); break them into lines"
        )
    return piece


def _positions(chars: Ints, line_starts: Ints, line_ends: Ints, units: Ints) -> tuple[Ints, Ints]:
    """Return lines and columns of character indexes; between CR and LF the line's end is taken."""
    lines = np.searchsorted(line_starts, chars, side="right") - 1
    columns = units[np.minimum(chars, line_ends[lines])] - units[line_starts[lines]]
    return lines, columns


def _units(text: str, encoding: Encoding) -> Ints:
    """Return, for each character and the end, how many units of the encoding come before it: (len(text) + 1,)."""
    if encoding == "utf-32" or text.isascii():
        return np.arange(len(text) + 1, dtype=np.int64)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    widths = 1 + (points > 0xFFFF)
    if encoding == "utf-8":
        widths = widths + (points > 0x7F) + (points > 0x7FF)
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(widths, dtype=np.int64)))


def cell_of_char(chunk: Chunk, char: int) -> int:
    """Return the index of the cell that holds a character of the chunk's text."""
    return bisect_right(chunk.start_char.tolist(), char) - 1
