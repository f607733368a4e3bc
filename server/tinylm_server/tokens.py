"""`tinylm/tokens`: the tokens of parts of a document, with or without the model's scores, as compact arrays.

Tokens come from this process and are always there; scores come from the worker and may be missing, with a note.
"""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm.errors import TinyLMError
from tinylm_server import params as check
from tinylm_server.scoring import ScoredRuns, scores_of
from tinylm_server.token_chunks import (
    Uncuttable,
    cells_before,
    chunks_in,
    count_tokens,
    encode_pieces,
    has_counted_line,
    long_pieces,
    n_counted_bytes,
)
from tinylm_server.wire_cells import CellRun, cells_in, wire

if TYPE_CHECKING:
    from lsprotocol import types as lsp

    from tinylm.tokens.tokenizer import Tokenizer
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["collect_cells", "encode_beside", "tokens"]

# Encoding runs at about 2 MB/s. An answer counts so many new characters itself, which takes some 5 ms; the others are
# counted beside the loop, in slices of some 15 ms, while nobody types.
COUNT_CHARS = 8192
COUNT_SLICE_CHARS = 32_768
TYPING_PAUSE_S = 0.5
# No answer shows more text than this for each of its cells.
LONGEST_TOKEN_CHARS = 64

NOT_SCORED = ScoredRuns(None, None, None)
_NOT_COUNTED: dict[str, int | None] = {"nTokens": None, "nCountedBytes": None}


async def tokens(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/tokens`."""
    fields = check.mapping(params)
    ls.documents.get(check.uri_of(fields))
    tokenizer = await ls.host.known_tokenizer()
    document = ls.documents.get_version(check.uri_of(fields), check.integer(fields, "version", low=-(2**31)))
    ranges = [check.range_of(item, f"ranges[{idx}]") for idx, item in enumerate(check.items(fields, "ranges"))]
    with_scores = check.flag(fields, "scores")
    try:
        for item in ranges:
            await encode_beside(ls, document, tokenizer, item)
        counted = _counted(ls, document, tokenizer)
        runs, note = collect_cells(document, tokenizer, ranges, ls.settings.max_cells)
    except Uncuttable as error:
        return _result(document, _NOT_COUNTED, tokenizer, [], NOT_SCORED, str(error))
    scored = NOT_SCORED
    if with_scores and runs:
        scored = await scores_of(ls, document, tokenizer, runs)
    ls.documents.get_version(document.uri, document.version)
    return _result(document, counted, tokenizer, runs, scored, note or scored.note)


async def encode_beside(ls: "Server", document: "Document", tokenizer: "Tokenizer", wanted: "lsp.Range") -> None:
    """Encode the pieces around a range that take long beside the loop, which serves others meanwhile.

    Raises:
        JsonRpcContentModified: the document changed meanwhile, or a newer request came.
        Uncuttable: one of them is too long.
    """
    start = document.offset(wanted.start)
    end = min(document.offset(wanted.end), start + ls.settings.max_cells * LONGEST_TOKEN_CHARS)
    pieces = long_pieces(document.text, start, end)
    if not pieces and has_counted_line(document.text, tokenizer, start):
        return
    async with ls.host.turns.turn(document.uri, "encode"):
        await asyncio.to_thread(encode_pieces, pieces, tokenizer, document.encoding)
        await asyncio.to_thread(cells_before, document.text, tokenizer, document.encoding, start)
    ls.documents.get_version(document.uri, document.version)


def _counted(ls: "Server", document: "Document", tokenizer: "Tokenizer") -> dict[str, int | None]:
    """Return `nTokens` and `nCountedBytes` of the answer, and see to it that the rest is counted."""
    is_counted = document.uri in ls.counting
    try:
        n_tokens = count_tokens(document.text, tokenizer, 0 if is_counted else COUNT_CHARS)
    except Uncuttable:
        return _NOT_COUNTED
    if n_tokens is None and not is_counted:
        ls.counting.add(document.uri)
        ls.spawn(_count_in_pauses(ls, document, tokenizer))
    return {"nTokens": n_tokens, "nCountedBytes": n_counted_bytes(document.text, tokenizer)}


async def _count_in_pauses(ls: "Server", document: "Document | None", tokenizer: "Tokenizer") -> None:
    """Count the tokens of a long document, for the answers to come."""
    assert document is not None
    uri, n_tokens = document.uri, None
    with suppress(TinyLMError):
        while n_tokens is None and document is not None and ls.host.tokenizer is tokenizer:
            n_tokens = await asyncio.to_thread(count_tokens, document.text, tokenizer, COUNT_SLICE_CHARS)
            if not ls.documents.is_current(document):
                await asyncio.sleep(TYPING_PAUSE_S)
                document = ls.documents.find(uri)
    ls.counting.discard(uri)


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
            run = cells_in(placed, ranges, cells_before(*where, placed.start))
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
    document: "Document",
    counted: dict[str, int | None],
    tokenizer: "Tokenizer",
    runs: list[CellRun],
    scored: ScoredRuns,
    note: str | None,
) -> dict[str, Any]:
    ids = np.concatenate([np.empty(0, np.int32), *(run.placed.chunk.ids[run.tokens()] for run in runs)])
    n_bytes = int(tokenizer.byte_lengths[ids].sum())
    return {
        "schema": 1,
        "version": document.version,
        "tokenizerId": tokenizer.id,
        "modelId": scored.model_id,
        **counted,
        "nBytes": document.text.n_bytes,
        "cells": wire(runs, scored.short_context(runs)),
        "ids": ids.tolist(),
        "scores": None if scored.arrays is None else scored.columns(),
        "summary": None if scored.arrays is None else scored.summary(n_bytes),
        "note": note,
    }
