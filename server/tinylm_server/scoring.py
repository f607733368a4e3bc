"""Probabilities of tokens of a document: what the front sends to the worker, and what it makes of the answer.

The worker gets ids, never text: the tokens asked about and enough of those before them that every window which counts
(`tinylm.model.windows`) is the one that the whole document would give.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pygls.exceptions import JsonRpcContentModified

from tinylm.model.windows import reach
from tinylm.tokens.tokenizer import Tokenizer
from tinylm_server.frames import Frame
from tinylm_server.token_chunks import PlacedChunk, ids_after, ids_before
from tinylm_server.wire_cells import CellRun
from tinylm_server.worker_client import WorkerGone, WorkerRefused

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = [
    "Ask",
    "Inspection",
    "Question",
    "ScoredRuns",
    "inspect",
    "neighbours_of",
    "question_about",
    "scores_of",
    "scores_of_neighbours",
]

Floats = NDArray[np.float32]
Ask = Callable[[str, Mapping[str, Any], Mapping[str, NDArray[Any]]], Awaitable[Frame]]


@dataclass(frozen=True)
class Inspection:
    """What the model says about a few neighbouring tokens.

    Shapes: logprob (T,) nats; rank (T,); entropy_bits (T,); context_tokens (T,); alternative_ids and
    alternative_logprob (T, k), the most probable first.
    """

    model_name: str
    logprob: Floats
    rank: NDArray[np.int32]
    entropy_bits: Floats
    context_tokens: NDArray[np.int32]
    alternative_ids: NDArray[np.int32]
    alternative_logprob: Floats


@dataclass(frozen=True)
class ScoredRuns:
    """Scores of all tokens of some runs, in order, or a note why there are none.

    `arrays` has logprob, rank, entropy_bits, max_logprob and context_tokens, each (T,).
    """

    model_id: str | None
    arrays: dict[str, NDArray[Any]] | None
    note: str | None
    block_size: int = 0

    def columns(self) -> dict[str, list[float | int | None]]:
        """Return the scores as `tinylm/tokens` sends them; what is undefined is null."""
        assert self.arrays is not None
        return {
            "surprisalBits": _listed(-self.arrays["logprob"] / math.log(2)),
            "rank": self.arrays["rank"].tolist(),
            "entropyBits": _listed(self.arrays["entropy_bits"]),
            "maxLogprob": _listed(self.arrays["max_logprob"]),
            "contextTokens": self.arrays["context_tokens"].tolist(),
        }

    def summary(self, n_bytes: int) -> dict[str, float | int]:
        """Return the totals over the tokens that have a probability."""
        assert self.arrays is not None
        logprob = self.arrays["logprob"].astype(np.float64)
        total = float(-np.nansum(logprob)) / math.log(2)
        return {"surprisalBits": round(total, 4), "nBytes": n_bytes, "nTokens": len(logprob)}

    def short_context(self, runs: Sequence[CellRun]) -> NDArray[np.int64] | None:
        """Return, for each cell, whether its first token saw less than half a block: (C,) of 0 and 1."""
        if self.arrays is None:
            return None
        sizes = np.concatenate([run.placed.chunk.n_tokens[run.cells] for run in runs])
        firsts = np.cumsum(sizes) - sizes
        short: NDArray[np.int64] = (self.arrays["context_tokens"][firsts] < self.block_size // 2).astype(np.int64)
        return short


def _listed(values: NDArray[Any]) -> list[float | int | None]:
    rounded = np.round(values.astype(np.float64), 5)
    listed: list[float | int | None] = rounded.tolist()
    return listed if np.isfinite(rounded).all() else [each if math.isfinite(each or 0) else None for each in listed]


async def inspect(
    ls: "Server",
    document: "Document",
    tokenizer: Tokenizer,
    placed: PlacedChunk,
    first: int,
    last: int,
    n_alternatives: int,
) -> Inspection:
    """Ask about the tokens [first, last) of a chunk, with alternatives. Raises WorkerGone, WorkerRefused.

    Args:
        tokenizer: the one that the chunk was made with; should another be in use by now, the worker refuses.
    """
    await ls.host.until_ready()
    question = question_about(ls, document, tokenizer, [placed])
    values = {**question.values(first, last), "k": n_alternatives}
    frame = await ls.host.ask("inspect", values, {"ids": question.ids})
    return Inspection(frame.header["name"], **frame.arrays)


async def scores_of(ls: "Server", document: "Document", tokenizer: Tokenizer, runs: Sequence[CellRun]) -> ScoredRuns:
    """Score all tokens of the runs. While the model cannot be asked there are none, and the note says why."""
    host = ls.host
    model = host.model
    if model is None or not host.is_ready:
        return ScoredRuns(None, None, host.status()["message"])
    parts: list[dict[str, NDArray[Any]]] = []
    try:
        async with host.turns.turn(document.uri, "score"):
            for neighbours in neighbours_of(runs):
                if not ls.documents.is_current(document):
                    raise JsonRpcContentModified("the document changed while it was scored")
                parts.append(await scores_of_neighbours(ls, document, tokenizer, neighbours))
                if host.model is not model:
                    return ScoredRuns(None, None, "the model was exchanged meanwhile; ask again")
    except (WorkerGone, WorkerRefused) as error:
        return ScoredRuns(None, None, str(error))
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return ScoredRuns(model["id"], arrays, None, int(model["blockSize"]))


@dataclass(frozen=True)
class Question:
    """The ids of some neighbouring chunks (`n_before` tokens stand before them) and of what surrounds them."""

    ids: NDArray[np.int32]
    n_before: int
    starts_document: bool
    tokenizer_id: str

    def values(self, first: int, last: int) -> dict[str, Any]:
        """Return the header for the tokens [first, last) of the chunks."""
        return {
            "first": self.n_before + first,
            "last": self.n_before + last,
            "startsDocument": self.starts_document,
            "tokenizer": self.tokenizer_id,
        }


def question_about(
    ls: "Server", document: "Document", tokenizer: Tokenizer, chunks: Sequence[PlacedChunk], block_size: int = 0
) -> Question:
    """Return what to ask about chunks that follow each other; for a model of another block size, name it."""
    block_size = block_size or ls.host.block_size
    where = (document.text, tokenizer, document.encoding)
    before, starts_document = ids_before(*where, chunks[0], reach(block_size) + 1)
    after = ids_after(*where, chunks[-1], block_size)[:block_size]
    ids = np.concatenate([before, *(placed.chunk.ids for placed in chunks), after])
    return Question(ids, len(before), starts_document, tokenizer.id)


def neighbours_of(runs: Sequence[CellRun]) -> list[list[CellRun]]:
    """Group runs whose chunks follow each other in the document."""
    groups: list[list[CellRun]] = []
    for run in runs:
        if groups and groups[-1][-1].placed.idx + 1 == run.placed.idx:
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


async def scores_of_neighbours(
    ls: "Server",
    document: "Document",
    tokenizer: Tokenizer,
    runs: Sequence[CellRun],
    ask: Ask | None = None,
    block_size: int = 0,
) -> dict[str, NDArray[Any]]:
    """Return the scores of runs whose chunks follow each other; of another model, with its `ask` and block size."""
    question = question_about(ls, document, tokenizer, [run.placed for run in runs], block_size)
    offsets = np.cumsum([0, *(len(run.placed.chunk.ids) for run in runs)])
    tokens = np.concatenate([offset + run.tokens() for offset, run in zip(offsets, runs, strict=False)])
    first, last = int(tokens[0]), int(tokens[-1]) + 1
    frame = await (ask or ls.host.ask)("score", question.values(first, last), {"ids": question.ids})
    return {name: array[tokens - first] for name, array in frame.arrays.items()}
