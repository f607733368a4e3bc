"""`tinylm/compareModels`: the surprisal of every token under the model in use and under another one with its tokenizer.

Both follow the same window rule, each with its own context length.
"""

import asyncio
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams

from tinylm.errors import TinyLMError
from tinylm_server import params as check
from tinylm_server.scoring import Ask, neighbours_of, scores_of_neighbours
from tinylm_server.tokens import collect_cells
from tinylm_server.wire_cells import CellRun, wire

if TYPE_CHECKING:
    from tinylm.tokens.tokenizer import Tokenizer
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["compare"]


async def compare(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/compareModels`."""
    fields = check.mapping(params)
    uri, version = check.uri_of(fields), check.integer(fields, "version", low=-(2**31))
    path = check.text(fields, "path")
    if not Path(path).is_absolute():
        raise JsonRpcInvalidParams(f"path: expected an absolute path, got {path[:80]!r}")
    ranges = [check.range_of(item, f"ranges[{idx}]") for idx, item in enumerate(check.items(fields, "ranges"))]
    ls.documents.get_version(uri, version)
    await ls.host.until_ready()
    first, generation, tokenizer = ls.host.model, ls.host.generation, ls.host.tokenizer
    async with ls.host.turns.turn(uri, "compareModels"):
        worker, second = await ls.second_model.use(Path(path), tokenizer, ls.settings.threads)
        document = ls.documents.get_version(uri, version)
        runs, note = collect_cells(document, tokenizer, ranges, ls.settings.max_cells)
        assert first is not None
        asks = ((ls.host.ask, int(first["blockSize"])), (worker.ask, int(second["blockSize"])))
        bits = await asyncio.gather(*(_bits(ls, document, tokenizer, runs, *each) for each in asks))
    ls.documents.get_version(uri, version)
    if ls.host.generation != generation:
        raise TinyLMError("the model was exchanged meanwhile; compare again")
    ids = np.concatenate([np.empty(0, np.int32), *(run.placed.chunk.ids[run.tokens()] for run in runs)])
    return {
        "schema": 1,
        "version": document.version,
        "models": [{key: model[key] for key in ("id", "name", "path")} for model in (first, second)],
        "cells": wire(runs),
        "ids": ids.tolist(),
        "surprisalBits": [np.round(each, 5).tolist() for each in bits],
        "summary": {
            "nTokens": len(ids),
            "nBytes": int(tokenizer.byte_lengths[ids].sum()),
            "surprisalBits": [float(each.sum()) for each in bits],
        },
        "note": note,
    }


async def _bits(
    ls: "Server", document: "Document", tokenizer: "Tokenizer", runs: list[CellRun], ask: Ask, block_size: int
) -> NDArray[np.float64]:
    """Return the surprisal of all tokens of the runs under the model that `ask` reaches: (T,)."""
    parts = [np.empty(0)]
    for neighbours in neighbours_of(runs):
        if not ls.documents.is_current(document):
            raise JsonRpcContentModified("the document changed while models were compared")
        scores = await scores_of_neighbours(ls, document, tokenizer, neighbours, ask, block_size)
        parts.append(-scores["logprob"].astype(np.float64) / math.log(2))
    bits: NDArray[np.float64] = np.concatenate(parts)
    return bits
