"""`tinylm/tokens`: the tokens of parts of a document, with or without the model's scores, as compact arrays.

Tokens come from this process and are always there; scores come from the worker and may be missing, with a note.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_server import params as check
from tinylm_server.scoring import ScoredRuns, scores_of
from tinylm_server.token_chunks import cells_before, chunks_in, count_tokens
from tinylm_server.wire_cells import CellRun, cells_in, wire

if TYPE_CHECKING:
    from lsprotocol import types as lsp

    from tinylm.tokens.tokenizer import Tokenizer
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["collect_cells", "tokens"]

# Encoding runs at about 1 MB/s, so one answer stops counting tokens after some 60 ms and goes on with the next one.
COUNT_CHARS = 65_536


async def tokens(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/tokens`."""
    fields = check.mapping(params)
    ls.documents.get(check.uri_of(fields))
    tokenizer = await ls.host.known_tokenizer()
    document = ls.documents.get_version(check.uri_of(fields), check.integer(fields, "version", low=-(2**31)))
    ranges = [check.range_of(item, f"ranges[{idx}]") for idx, item in enumerate(check.items(fields, "ranges"))]
    with_scores = check.flag(fields, "scores")
    runs, note = collect_cells(document, tokenizer, ranges, ls.settings.max_cells)
    scored = ScoredRuns(None, None, None)
    if with_scores and runs:
        scored = await scores_of(ls, document, tokenizer, runs)
        ls.documents.get_version(document.uri, document.version)
    return _result(document, tokenizer, runs, scored, note or scored.note)


def collect_cells(
    document: "Document", tokenizer: "Tokenizer", ranges: "list[lsp.Range]", max_cells: int
) -> tuple[list[CellRun], str | None]:
    """Return the cells that touch the ranges, at most `max_cells`, and a note when there were more."""
    where = (document.text, tokenizer, document.encoding)
    runs: list[CellRun] = []
    n_cells = 0
    for item in sorted(ranges, key=lambda each: (each.start.line, each.start.character)):
        for placed in chunks_in(*where, document.offset(item.start), document.offset(item.end) + 1):
            if runs and placed.idx <= runs[-1].placed.idx:
                continue  # the chunk was taken with the range before
            run = cells_in(placed, ranges, cells_before(*where, placed))
            runs.append(run)
            n_cells += len(run.cells)
            if n_cells > max_cells:
                runs[-1] = _shortened(run, n_cells - max_cells)
                return runs, f"capped at {max_cells} cells; the setting tinylm.maxCells allows more"
    return [run for run in runs if len(run.cells)], None


def _shortened(run: CellRun, n_too_many: int) -> CellRun:
    keep = slice(0, len(run.cells) - n_too_many)
    return CellRun(
        run.placed, run.cells[keep], run.start_line[keep], run.start_column[keep],
        run.end_line[keep], run.end_column[keep], run.band[keep],
    )  # fmt: skip


def _result(
    document: "Document", tokenizer: "Tokenizer", runs: list[CellRun], scored: ScoredRuns, note: str | None
) -> dict[str, Any]:
    ids = np.concatenate([np.empty(0, np.int32), *(run.placed.chunk.ids[run.tokens()] for run in runs)])
    n_bytes = int(tokenizer.byte_lengths[ids].sum())
    return {
        "schema": 1,
        "version": document.version,
        "tokenizerId": tokenizer.id,
        "modelId": scored.model_id,
        "nTokens": count_tokens(document.text, tokenizer, COUNT_CHARS),
        "nBytes": document.text.n_bytes,
        "cells": wire(runs, scored.short_context(runs)),
        "ids": ids.tolist(),
        "scores": None if scored.arrays is None else scored.columns(),
        "summary": None if scored.arrays is None else scored.summary(n_bytes),
        "note": note,
    }
