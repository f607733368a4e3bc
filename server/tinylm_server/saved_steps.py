"""`tinylm/scoreSavedStep`: a text under the weights of one step that a training run kept; and a model made of a step.

One step a request: a client that walks through a run shows each as it comes, and leaves off by asking no more. At most
one model is in memory beside the one in use. Tokens are those of the run's own tokenizer, in the document's context.
"""

import asyncio
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tinylm.model.config import load_config
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.snapshots import SavedStep, model_directory_of, saved_steps
from tinylm_server import params as check
from tinylm_server.frames import Frame
from tinylm_server.scoring import scores_of_neighbours
from tinylm_server.tokens import collect_cells, encode_beside
from tinylm_server.wire_cells import wire

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["model_of_step", "score_saved_step"]


async def score_saved_step(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/scoreSavedStep`."""
    fields = check.mapping(params)
    uri, version = check.uri_of(fields), check.integer(fields, "version", low=-(2**31))
    wanted = check.range_of(fields.get("range"), "range")
    run, step = Path(check.absolute_path(fields, "run")), check.integer(fields, "step")
    saved, block_size = await asyncio.to_thread(_saved, run, step)
    document = ls.documents.get_version(uri, version)
    tokenizer = await _tokenizer_of(ls, run)
    await encode_beside(ls, document, tokenizer, wanted)
    runs, note = collect_cells(document, tokenizer, [wanted], ls.settings.max_cells)
    if not runs:
        raise check.refusal("there is no text to look at here; select some, or put the cursor into a paragraph")

    async def ask(op: str, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Frame:
        place = {"run": str(run), "step": step, "weights": str(saved.weights), "shape": str(saved.shape)}
        return await ls.host.ask("savedStep", {**values, **place}, arrays)

    async with ls.host.turns.turn(uri, "savedStep"):
        scores = await scores_of_neighbours(ls, document, tokenizer, runs, ask, block_size)
    ls.documents.get_version(uri, version)
    ids = np.concatenate([each.placed.chunk.ids[each.tokens()] for each in runs])
    bits = -scores["logprob"].astype(np.float64) / math.log(2)
    n_bytes = int(tokenizer.byte_lengths[ids].sum())
    return {
        "schema": 1,
        "version": document.version,
        "run": str(run),
        "step": step,
        "vocabSize": tokenizer.vocab_size,
        "cells": wire(runs),
        "ids": ids.tolist(),
        "surprisalBits": np.round(bits, 5).tolist(),
        "summary": {"surprisalBits": float(bits.sum()), "nBytes": n_bytes, "nTokens": len(ids)},
        "note": note,
    }


async def model_of_step(ls: "Server", argument: Any = None) -> dict[str, str]:
    """Return a model directory with the weights of a step, which is made where the run has only a checkpoint."""
    fields = check.mapping(argument, "argument")
    run, step = Path(check.absolute_path(fields, "run")), check.integer(fields, "step")
    return {"path": str(await asyncio.to_thread(model_directory_of, run, step))}


def _saved(run: Path, step: int) -> tuple[SavedStep, int]:
    """Return where the weights of a step are, and the context of their model."""
    found = {each.step: each for each in saved_steps(run)}
    if step not in found:
        raise check.refusal(f"{run}: the weights of step {step:,} are not kept (any more); choose another step")
    return found[step], load_config(found[step].shape).block_size


async def _tokenizer_of(ls: "Server", run: Path) -> Tokenizer:
    """Return the run's tokenizer: the one in use where they are equal, so that what it encoded is not encoded again."""
    theirs = await asyncio.to_thread(Tokenizer.load, run / "tokenizer")
    own = await ls.host.known_tokenizer()
    return own if own.id == theirs.id else theirs
