"""The tokens of a document, kept up to date chunk by chunk.

A chunk is what one block of the text adds, cut at a place where GPT-2's pattern always ends a pre-token
(`tinylm.tokens.pretokens`), so that chunks can be encoded apart and their ids join to those of the whole text. A
chunk is remembered in the notes of the block that ends it: an edit encodes again only what it touched.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tinylm.tokens.pretokens import boundary_after, boundary_before
from tinylm.tokens.spans import group_cells, locate
from tinylm.tokens.tokenizer import Tokenizer
from tinylm_server.line_index import Encoding, content_of, split_lines
from tinylm_server.text_store import Block, Text

__all__ = [
    "Chunk",
    "PlacedChunk",
    "cell_of_char",
    "chunk_at",
    "chunks_between",
    "count_tokens",
    "ids_after",
    "ids_before",
]

Ints = NDArray[np.int64]

# A chunk is about text_store.BLOCK_CHARS long unless its lines are; from here on it is encoded in pieces.
HUGE_CHARS = 32_768
PIECE_CHARS = 2048


@dataclass(frozen=True)
class Chunk:
    """A piece of text with its tokens and cells; lines count from the chunk's first line.

    Shapes: ids (T,) int32; the cell arrays (C,) int64. Columns of line 0 count from the chunk's first character.
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


@dataclass(frozen=True)
class PlacedChunk:
    """A chunk, its blocks, and where it begins: line, character index in that line, and the same as a column."""

    chunk: Chunk
    first_block: int
    last_block: int
    line: int
    char: int
    column: int


@dataclass(frozen=True)
class _Cut:
    """Where a block's own chunk ends: offset in the block's text, and as (line in the block, character index)."""

    offset: int
    line: int
    char: int


def chunks_between(
    text: Text, tokenizer: Tokenizer, encoding: Encoding, first_line: int, last_line: int
) -> Iterator[PlacedChunk]:
    """Yield, in order, every chunk that holds a character of the lines `first_line` to `last_line` (inclusive)."""
    start = _group_start(text, text.block_of(first_line))
    last_block = text.block_of(last_line)
    while start < len(text.blocks):
        end = _group_end(text, start)
        placed = _placed(text, tokenizer, encoding, start, end)
        if placed.line + len(split_lines(placed.chunk.text)) > first_line:
            yield placed
        if end > last_block:
            return
        start = end + 1


def chunk_at(
    text: Text, tokenizer: Tokenizer, encoding: Encoding, line: int, char: int
) -> tuple[PlacedChunk, int] | None:
    """Return the chunk that holds the character at (line, character index), and its index in the chunk's text."""
    for placed in chunks_between(text, tokenizer, encoding, line, line):
        lines = split_lines(placed.chunk.text)
        local = line - placed.line
        if not 0 <= local < len(lines):
            continue
        offset = sum(map(len, lines[:local])) + (char - placed.char if local == 0 else char)
        if (local > 0 or char >= placed.char) and offset < len(placed.chunk.text):
            return placed, offset
    return None


def ids_before(
    text: Text, tokenizer: Tokenizer, encoding: Encoding, placed: PlacedChunk, n_tokens: int
) -> tuple[NDArray[np.int32], bool]:
    """Return the ids of whole chunks before one, at least `n_tokens` of them or all, and whether that is all."""
    parts: list[NDArray[np.int32]] = []
    start = placed.first_block
    while start > 0 and sum(map(len, parts)) < n_tokens:
        end, start = start - 1, _group_start(text, start - 1)
        parts.append(_chunk(text, tokenizer, encoding, start, end).ids)
    return np.concatenate([np.empty(0, np.int32), *reversed(parts)]), start == 0


def ids_after(
    text: Text, tokenizer: Tokenizer, encoding: Encoding, placed: PlacedChunk, n_tokens: int
) -> NDArray[np.int32]:
    """Return the ids of whole chunks after one, at least `n_tokens` of them or all."""
    parts: list[NDArray[np.int32]] = []
    end = placed.last_block
    while end < len(text.blocks) - 1 and sum(map(len, parts)) < n_tokens:
        start, end = end + 1, _group_end(text, end + 1)
        parts.append(_chunk(text, tokenizer, encoding, start, end).ids)
    return np.concatenate([np.empty(0, np.int32), *parts])


def count_tokens(text: Text, tokenizer: Tokenizer, encoding: Encoding, max_new_chars: int) -> int | None:
    """Return the number of tokens of the whole text; None after having encoded `max_new_chars` without an end.

    Called again, it goes on where it stopped: what was encoded is remembered.
    """
    total = start = new_chars = 0
    while start < len(text.blocks):
        end = _group_end(text, start)
        chunk = _cached(text, tokenizer, encoding, start, end)
        if chunk is None:
            if new_chars > max_new_chars:
                return None
            chunk = _chunk(text, tokenizer, encoding, start, end)
            new_chars += len(chunk.text)
        total += len(chunk.ids)
        start = end + 1
    return total


def _group_start(text: Text, block: int) -> int:
    """Return the first block of the chunk that `block` belongs to: the one after a block with a cut."""
    while block > 0 and _cut_of(text.blocks[block - 1]).offset == 0:
        block -= 1
    return block


def _group_end(text: Text, start: int) -> int:
    end = start
    while end < len(text.blocks) - 1 and _cut_of(text.blocks[end]).offset == 0:
        end += 1
    return end


def _cut_of(block: Block) -> _Cut:
    cut = block.notes.get("cut")
    if not isinstance(cut, _Cut):
        offset = boundary_before(block.text, block.n_chars)
        line, char = 0, offset
        while char > len(block.lines[line]):
            char -= len(block.lines[line])
            line += 1
        cut = block.notes["cut"] = _Cut(offset, line, char)
    return cut


def _key(text: Text, tokenizer: Tokenizer, encoding: Encoding, start: int, end: int) -> tuple[object, ...]:
    carried = ""
    if start > 0:
        before = text.blocks[start - 1]
        carried = before.text[_cut_of(before).offset :]
    is_last = end == len(text.blocks) - 1
    return (tokenizer.id, encoding, carried, is_last, *text.blocks[start:end])


def _cached(text: Text, tokenizer: Tokenizer, encoding: Encoding, start: int, end: int) -> Chunk | None:
    note = text.blocks[end].notes.get("chunk")
    if isinstance(note, tuple) and note[0] == _key(text, tokenizer, encoding, start, end):
        found: Chunk = note[1]
        return found
    return None


def _chunk(text: Text, tokenizer: Tokenizer, encoding: Encoding, start: int, end: int) -> Chunk:
    chunk = _cached(text, tokenizer, encoding, start, end)
    if chunk is None:
        key = _key(text, tokenizer, encoding, start, end)
        last = text.blocks[end]
        own = last.text if end == len(text.blocks) - 1 else last.text[: _cut_of(last).offset]
        carried = str(key[2])
        chunk = _encode(carried + "".join(block.text for block in text.blocks[start:end]) + own, tokenizer, encoding)
        last.notes["chunk"] = (key, chunk)
    return chunk


def _placed(text: Text, tokenizer: Tokenizer, encoding: Encoding, start: int, end: int) -> PlacedChunk:
    chunk = _chunk(text, tokenizer, encoding, start, end)
    if start == 0:
        return PlacedChunk(chunk, 0, end, 0, 0, 0)
    before = text.blocks[start - 1]
    cut = _cut_of(before)
    column = _units(before.lines[cut.line][: cut.char], encoding)[-1]
    return PlacedChunk(chunk, start, end, text.first_lines[start - 1] + cut.line, cut.char, int(column))


def _encode(text: str, tokenizer: Tokenizer, encoding: Encoding) -> Chunk:
    ids = _ids(text, tokenizer)
    cells = group_cells(locate(text, tokenizer.byte_lengths, ids))
    lines = split_lines(text)
    sizes = np.array([len(line) for line in lines], dtype=np.int64)
    line_starts = np.concatenate(([0], np.cumsum(sizes)))[:-1]
    line_ends = line_starts + np.array([len(content_of(line)) for line in lines], dtype=np.int64)
    units = _units(text, encoding)
    start_line, start_column = _positions(cells.start_char, line_starts, line_ends, units)
    end_line, end_column = _positions(cells.end_char, line_starts, line_ends, units)
    return Chunk(
        text, ids, cells.first_token, cells.n_tokens, cells.start_char, cells.end_char,
        start_line, start_column, end_line, end_column,
    )  # fmt: skip


def _ids(text: str, tokenizer: Tokenizer) -> NDArray[np.int32]:
    """Return the tokens of a chunk. A huge one (a line without end) is remembered in pieces, so an edit stays local."""
    if len(text) <= HUGE_CHARS:
        return tokenizer.encode(text)
    pieces, start = [], 0
    while start < len(text):
        end = _piece_end(text, start)
        pieces.append(_ids_of_piece(text[start:end], tokenizer))
        start = end
    return np.concatenate(pieces)


def _piece_end(text: str, start: int) -> int:
    """Return where a piece ends: at a certain boundary that the characters around it choose, not the distance alone.

    So after an edit the next boundaries fall on the same places of the content again.
    """
    end = boundary_after(text, start + PIECE_CHARS)
    while end < len(text) - 1 and (ord(text[end - 1]) + ord(text[end + 1])) % 4:
        end = boundary_after(text, end + 1)
    return end


@lru_cache(maxsize=4096)
def _ids_of_piece(piece: str, tokenizer: Tokenizer) -> NDArray[np.int32]:
    return tokenizer.encode(piece)


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
