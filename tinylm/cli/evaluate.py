"""`tinylm evaluate`: how well a model predicts a corpus, in nats per token, perplexity and bits per byte.

Everything goes through the serving engine and the one window rule (`tinylm.model.windows`), so the numbers are those
the editor shows, summed: each document on its own, its first token predicted from `<|endoftext|>`, every token scored
once. The `<|endoftext|>` that ends a document is neither scored nor counted. Bits per byte is the measure that
compares models with different tokenizers; why, is said in nanochat's `loss_eval.py`. Needs no torch.
"""

import json
import math
import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tinylm.analysis.wording import counted
from tinylm.cli import corpus_options as corpus
from tinylm.cli.scoring_progress import shown_progress
from tinylm.comparison.models import CONFIDENCE, N_RESAMPLES, bootstrap_interval, narrowness
from tinylm.data.sources import Source, open_sources
from tinylm.errors import BadData, Interrupted
from tinylm.model.language_model import LanguageModel, starter_model_directory
from tinylm.stopping import StopRequest
from tinylm.training.provenance import caution, learned_from

__all__ = ["Measurement", "evaluate", "measure_documents"]

_PIECE_TOKENS = 1024  # scored at a time: about 0.2 s, so that the bar moves inside a long document


@dataclass(frozen=True)
class Measurement:
    """What was measured so far: the sum of `-logprob` in nats, and over what."""

    n_documents: int = 0
    n_tokens: int = 0
    n_bytes: int = 0
    nats: float = 0.0

    @property
    def nats_per_token(self) -> float:
        """The mean surprisal of a token, in nats."""
        return self.nats / self.n_tokens

    @property
    def perplexity(self) -> float:
        """e to the nats per token; infinite beyond what a float holds."""
        return math.exp(self.nats_per_token) if self.nats_per_token < 700 else math.inf

    @property
    def bits_per_byte(self) -> float:
        """All nats in bits, over the UTF-8 bytes of the tokens scored."""
        return self.nats / math.log(2) / self.n_bytes


@dataclass(frozen=True)
class _Result:
    """What was measured. `nats` and `sizes`, in bytes, are running sums, of each document that has a token."""

    total: Measurement
    nats: "array[float]"
    sizes: "array[float]"
    seconds: float
    notes: list[str]

    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the bits per byte, as far as it depends on the documents; None for fewer than two."""
        if len(self.nats) < 2:
            return None
        bits = np.diff(np.array(self.nats), prepend=0.0) / math.log(2)
        return bootstrap_interval(bits, np.diff(np.array(self.sizes), prepend=0.0))


def evaluate(
    data: corpus.Data,
    model: Annotated[
        Path | None, typer.Option("--model", help="A model directory; the starter model when absent.")
    ] = None,
    clean: corpus.Clean = False,
    errors: corpus.Errors = "strict",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure nats per token, perplexity and bits per byte over a text."""
    source = open_sources(data, errors=errors, clean=clean)
    language_model = LanguageModel.load(model or starter_model_directory())
    with StopRequest() as stop, shown_progress("evaluating", source.n_bytes()) as show:
        found = _measure(language_model, source, stop, lambda found: show(found.n_bytes, _so_far(found)))
    if not found.total.n_tokens:
        raise BadData(f"{source.name}: no document is left to measure; name another with --data")
    if as_json:
        typer.echo(json.dumps(_as_json(language_model, source, found), indent=2, ensure_ascii=False))
    else:
        _print_result(language_model, source, found)


def measure_documents(
    model: LanguageModel, documents: Iterable[str], check: Callable[[], None] = lambda: None
) -> Iterator[Measurement]:
    """Yield the running sums after every piece of about a thousand tokens; the last one is the result.

    Args:
        documents: each is scored on its own.
        check: called between blocks of rows; raises to stop.
    """
    found = Measurement()
    for text in documents:
        ids = model.tokenizer.encode(text)
        found = Measurement(found.n_documents + 1, found.n_tokens, found.n_bytes, found.nats)
        for first in range(0, len(ids), _PIECE_TOKENS):
            last = min(first + _PIECE_TOKENS, len(ids))
            scores = model.scorer.score(ids, first, last, check)
            found = Measurement(
                found.n_documents,
                found.n_tokens + last - first,
                found.n_bytes + int(model.tokenizer.byte_lengths[ids[first:last]].sum()),
                found.nats - float(scores.logprob.sum(dtype=np.float64)),
            )
            yield found


def _measure(model: LanguageModel, source: Source, stop: StopRequest, show: Callable[[Measurement], None]) -> _Result:
    found, last_document = Measurement(), 0
    nats, sizes = array("d"), array("d")
    started = time.monotonic()

    def check() -> None:
        if stop():
            so_far = f"; {found.bits_per_byte:.4f} bits per byte so far" if found.n_tokens else ""
            raise Interrupted(f"stopped in document {found.n_documents}{so_far}", stop.signal_number or 2)

    [known] = learned_from([model.path], source, check)
    for found in measure_documents(model, source.documents(), check):
        if found.n_documents != last_document:
            last_document = found.n_documents
            nats.append(0.0)
            sizes.append(0.0)
        nats[-1], sizes[-1] = found.nats, found.n_bytes
        show(found)
    notes = [*source.notes(), *map(caution, known)]
    return _Result(found, nats, sizes, time.monotonic() - started, notes)


def _so_far(found: Measurement) -> str:
    return f"{counted(found.n_documents, 'document')}, {found.bits_per_byte:.4f} bits per byte"


def _print_result(model: LanguageModel, source: Source, result: _Result) -> None:
    n_params, block_size = model.engine.n_params, model.engine.config.block_size
    found = result.total
    lines = [
        f"model            {model.path} ({n_params / 1e6:.1f} M parameters, context {block_size}, id {model.id})",
        f"corpus           {source.name}: {counted(found.n_documents, 'document')}, "
        f"{counted(found.n_tokens, 'token')}, {counted(found.n_bytes, 'byte')}, "
        f"{found.n_bytes / found.n_tokens:.3f} bytes per token",
        *(f"                 {note}" for note in result.notes),
        f"nats per token   {found.nats_per_token:.4f}",
        f"perplexity       {found.perplexity:.3f}",
        f"bits per byte    {found.bits_per_byte:.4f}{_with_interval(result)}",
        f"                 in {result.seconds:.1f} s; each token sees at least min(all before it, {block_size // 2}) "
        "tokens",
    ]
    typer.echo("\n".join(lines))


def _with_interval(result: _Result) -> str:
    interval = result.interval()
    if interval is None:
        return "; one document tells nothing about others"
    ends = " to ".join(f"{end:.4f}" for end in interval)
    return f", {CONFIDENCE:.0%} interval {ends} (bootstrap over documents){narrowness(len(result.nats))}"


def _as_json(model: LanguageModel, source: Source, result: _Result) -> dict[str, object]:
    found = result.total
    return {
        "model": str(model.path),
        "modelId": model.id,
        "tokenizerId": model.tokenizer.id,
        "data": source.name,
        "documents": found.n_documents,
        "tokens": found.n_tokens,
        "bytes": found.n_bytes,
        "bytesPerToken": found.n_bytes / found.n_tokens,
        "nats": found.nats,
        "natsPerToken": found.nats_per_token,
        "perplexity": found.perplexity if math.isfinite(found.perplexity) else None,
        "bitsPerByte": found.bits_per_byte,
        "interval": result.interval(),
        "confidence": CONFIDENCE,
        "method": f"bootstrap over documents, {N_RESAMPLES:,} resamples, percentiles",
        "seconds": round(result.seconds, 3),
        "notes": result.notes,
    }
