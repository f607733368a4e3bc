"""Cells as the compact integer array of `tinylm/tokens` (docs/protocol.md), for the ranges asked about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from lsprotocol import types as lsp
from numpy.typing import NDArray

from tinylm_server.token_chunks import PlacedChunk

__all__ = ["STRIDE", "CellRun", "cells_in", "cells_within_lines", "wire"]

Ints = NDArray[np.int64]

STRIDE = 6
ODD_BAND, SPLIT, SPECIAL, SHORT_CONTEXT = 1, 2, 4, 8


@dataclass(frozen=True)
class CellRun:
    """Cells of one chunk that were asked for.

    Shapes: cells (C,) indexes into the chunk's cells; lines and columns (C,), of the document, in the client's units.
    """

    placed: PlacedChunk
    cells: Ints
    start_line: Ints
    start_column: Ints
    end_line: Ints
    end_column: Ints
    band: Ints

    def tokens(self) -> Ints:
        """Return the indexes of the cells' tokens in the chunk: (T,)."""
        chunk = self.placed.chunk
        first, sizes = chunk.first_token[self.cells], chunk.n_tokens[self.cells]
        if len(first) == 0:
            return np.empty(0, dtype=np.int64)
        begins = np.cumsum(sizes) - sizes
        return np.repeat(first - begins, sizes) + np.arange(int(sizes.sum()))


def cells_in(placed: PlacedChunk, ranges: Sequence[lsp.Range], n_before: int = 0) -> CellRun:
    """Return the cells of a chunk that touch any of the ranges; an empty range touches the cell it lies in.

    Args:
        n_before: how many cells begin on the line of the chunk's first character before it.
    """
    chunk = placed.chunk
    start_column = chunk.start_column + np.where(chunk.start_line == 0, placed.column, 0)
    end_column = chunk.end_column + np.where(chunk.end_line == 0, placed.column, 0)
    start_line, end_line = chunk.start_line + placed.line, chunk.end_line + placed.line
    starts, ends = _key(start_line, start_column), _key(end_line, end_column)
    wanted = np.zeros(len(starts), dtype=bool)
    for item in ranges:
        low = (item.start.line << 32) | item.start.character
        high = max((item.end.line << 32) | item.end.character, low + 1)
        # The second half is for cells without width: a CR whose LF is another token ends where it begins.
        wanted |= (starts < high) & ((ends > low) | (starts >= low))
    # A cell's band is its number among the cells that begin on its line: an edit changes the bands of its line only.
    first_on_line = np.searchsorted(start_line, start_line, side="left")
    band = (np.arange(len(starts)) - first_on_line + n_before * (chunk.start_line == 0)) & 1
    cells = np.flatnonzero(wanted)
    return CellRun(
        placed, cells, start_line[cells], start_column[cells], end_line[cells], end_column[cells], band[cells]
    )


def wire(runs: Sequence[CellRun], short_context: Ints | None = None) -> list[int]:
    """Return the flat array: deltaLine, startChar, lineSpan, endChar, flags, nTokens for each cell.

    Args:
        runs: in document order.
        short_context: (C,) over all runs, 1 where a cell had less context than usual; None when nothing was scored.
    """
    start_line, start_column = _joined(runs, "start_line"), _joined(runs, "start_column")
    end_line, end_column = _joined(runs, "end_line"), _joined(runs, "end_column")
    sizes = np.concatenate([np.empty(0, np.int64), *(run.placed.chunk.n_tokens[run.cells] for run in runs)])
    n_cells = len(start_line)
    delta_line = np.diff(start_line, prepend=0)
    same_line = (delta_line == 0) & (np.arange(n_cells) > 0)
    start = np.where(same_line, start_column - np.roll(start_column, 1), start_column)
    span = end_line - start_line
    flags = _joined(runs, "band") * ODD_BAND + (sizes > 1) * SPLIT
    flags += np.concatenate(
        [np.empty(0, np.int64), *(run.placed.chunk.is_special[run.cells] * SPECIAL for run in runs)]
    )
    if short_context is not None:
        flags = flags + short_context * SHORT_CONTEXT
    end = np.where(span == 0, end_column - start_column, end_column)
    table = np.stack([delta_line, start, span, end, flags, sizes], axis=1)  # (C, STRIDE)
    result: list[int] = table.astype(np.int64).ravel().tolist()
    return result


def cells_within_lines(flat: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield line, column, length and flags of the cells of a flat array that neither span lines nor are without width.

    For what LSP itself can say of a cell: others it allows only to clients that say so.
    """
    line = column = 0
    for at in range(0, len(flat), STRIDE):
        delta_line, start, line_span, length, flags, _ = flat[at : at + STRIDE]
        line, column = (line + delta_line, start) if delta_line else (line, column + start)
        if length and not line_span:
            yield line, column, length, flags


def _joined(runs: Sequence[CellRun], name: str) -> Ints:
    return np.concatenate([np.empty(0, np.int64), *(getattr(run, name) for run in runs)])


def _key(lines: Ints, columns: Ints) -> Ints:
    return (lines << 32) | columns
