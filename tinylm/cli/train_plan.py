"""`tinylm train --dry-run` and `--budget`: what a run would cost, and a run that fits into a given time.

The counting and measuring is in `tinylm.training.estimate`, the decisions in `tinylm.training.budget`.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tinylm.analysis.wording import data_size
from tinylm.cli.train_words import duration
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.tokens.tokenizer_file import DEFAULT_VOCAB_SIZE
from tinylm.training import budget as table
from tinylm.training.config import TrainConfig
from tinylm.training.corpus import open_corpus_sources
from tinylm.training.estimate import Estimate, estimate_run, flops_per_step, measure_step
from tinylm.training.memorizing import warning
from tinylm.training.network import choose_machine

__all__ = ["planned", "print_estimate", "vocab_size_of"]

_SHAPE = ("n_layer", "n_head", "n_embd", "block_size")
_MANY_STEPS = 10**9


def planned(config: TrainConfig, given: dict[str, Any], budget: str, began: float, vocab_size: int) -> TrainConfig:
    """Return the configuration of a run that fits into the time; it takes some seconds of it to measure.

    Args:
        config: what was asked for, with defaults for the rest.
        given: the options that were asked for by name, which stay.
        began: `time.monotonic()` when the time began.

    Raises:
        UsageError: the time is no time, or too short.
    """
    seconds = table.seconds_from_text(budget)
    if config.init_from is not None:
        given = {**given, **{name: getattr(config, name) for name in _SHAPE}}
    sources, validation = open_corpus_sources(config)
    if not any(name in given for name in _SHAPE):
        smallest = replace(config, **table.ROWS[0].fields())
        step_s, _ = measure_step(smallest, vocab_size, choose_machine(smallest, vocab_size), lambda: None)
        row = table.row_for(flops_per_step(smallest, vocab_size) / step_s * seconds)
    else:
        row = table.ROWS[0]  # for the batch, unless that is given too
    config = replace(config, **table.first_guess(given, row))
    step_s, _ = measure_step(config, vocab_size, choose_machine(config, vocab_size), lambda: None)
    spent = time.monotonic() - began
    return table.plan_steps(
        config,
        given,
        seconds_spent=spent,
        seconds_left=seconds - spent,
        seconds_per_step=step_s,
        can_compile=choose_machine(replace(config, steps=_MANY_STEPS), vocab_size).compile,
        corpus_bytes=sum(source.n_bytes() or 0 for source in sources),
        validation_bytes=None if validation is None else validation.n_bytes() or 0,
    )


def print_estimate(
    config: TrainConfig, vocab_size: int, say: Callable[[str], None], *, as_json: bool, assumption: str
) -> None:
    """Measure and print what a run costs. Nothing is written.

    Args:
        assumption: what was assumed about the vocabulary, said behind its size.
    """
    estimate = estimate_run(config, vocab_size)
    sources, _ = open_corpus_sources(config)
    sizes = [source.n_bytes() for source in sources]
    n_bytes = sum(size for size in sizes if size) if all(sizes) else None
    memorized = _memorized(config, estimate, n_bytes)
    if as_json:
        shape = {"nLayer": config.n_layer, "nHead": config.n_head, "nEmbd": config.n_embd}
        sized = {"blockSize": config.block_size, "vocabSize": vocab_size, "corpusBytes": n_bytes}
        say(json.dumps({**estimate.to_json(), **shape, **sized, "warning": memorized}))
        return
    lines = _lines(config, estimate, f"{vocab_size:,}{assumption}", n_bytes)
    for label, text in [*lines, *([("note", memorized)] if memorized else [])]:
        say(f"{label:<10} {text}")


def vocab_size_of(tokenizer: Path | None) -> int:
    """Return the size of a tokenizer's vocabulary; 8,192 for one that is not trained yet."""
    return DEFAULT_VOCAB_SIZE if tokenizer is None else Tokenizer.load(tokenizer).vocab_size


def _memorized(config: TrainConfig, estimate: Estimate, n_bytes: int | None) -> str | None:
    """Say whether the run will learn its corpus by heart, whose tokens are guessed from its size; None if not known."""
    if n_bytes is None:
        return None
    n_read, n_tokens = estimate.steps * estimate.tokens_per_step, int(n_bytes / table.BYTES_PER_TOKEN)
    found = warning(n_read, n_tokens, estimate.n_parameters, goes_on=config.init_from is not None)
    return f"about {found}" if found else None


def _lines(config: TrainConfig, estimate: Estimate, vocabulary: str, n_bytes: int | None) -> list[tuple[str, str]]:
    machine = estimate.machine
    threads = f"{machine.threads} thread{'s' if machine.threads > 1 else ''}"
    steps = f"{estimate.probed_steps} step{'s' if estimate.probed_steps > 1 else ''}"
    compiled = "; compiled once it trains" if machine.compile else ""
    size = "of unknown size" if n_bytes is None else data_size(n_bytes)
    return [
        (
            "model",
            f"{estimate.n_parameters / 1e6:.2f} M parameters: {config.n_layer} blocks, {config.n_head} heads, "
            f"width {config.n_embd}, context {config.block_size}, vocabulary {vocabulary}",
        ),
        ("corpus", f"{', '.join(config.data)}: {size}"),
        (
            "a step",
            f"{estimate.tokens_per_step:,} tokens, {estimate.flops_per_step:.2g} operations, "
            f"{estimate.seconds_per_step:.2g} s (the fastest of {steps}; {machine.device}, {machine.dtype}, {threads})",
        ),
        ("memory", f"about {estimate.memory_bytes / 1e9:.1f} GB"),
        (
            "the run",
            f"{estimate.steps:,} steps, {estimate.flops:.2g} operations, about {duration(estimate.seconds)} "
            f"and evaluations on top{compiled}",
        ),
    ]
