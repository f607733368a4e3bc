"""What a run says about itself while it works: its size before the first step, its speed, how far encoding is.

Everything here ends in an event (`events.py`); how it looks on a screen is the reader's affair.
"""

import time
from collections.abc import Callable

from tinylm.training.config import TrainConfig
from tinylm.training.corpus import Corpus
from tinylm.training.events import EventLog
from tinylm.training.memorizing import is_memorized, remedies
from tinylm.training.run_directory import RunDirectory

__all__ = ["StepClock", "encoding_reporter", "report_size", "stopped_line"]

_LONG_DOCUMENT = 5_000  # tokens; a single one of this length is likely to be many whose separators are missing
_RATE_STEPS = 20  # the speed shown is that of the last steps

_ENCODING_EVERY_S = 0.2


class StepClock:
    """Speed over the last steps and the time that is left."""

    def __init__(self, tokens_per_step: int, total_steps: int) -> None:
        self._tokens, self._total = tokens_per_step, total_steps
        self._times = [time.monotonic()]

    def tick(self, step: int) -> dict[str, float]:
        """Note that `step` steps are done; return the fields that a step's event has for it."""
        self._times = [*self._times[-_RATE_STEPS:], time.monotonic()]
        seconds = max(1e-6, (self._times[-1] - self._times[0]) / (len(self._times) - 1))
        return {
            "tokensPerSecond": round(self._tokens / seconds, 1),
            "secondsLeft": round(seconds * (self._total - step), 1),
        }


def encoding_reporter(log: EventLog) -> Callable[[str, int, int | None], None]:
    """Return a function for `prepare_corpus` that writes how far each source is, a few times a second."""
    began = time.monotonic()
    next_event = 0.0

    def progress(name: str, done: int, total: int | None) -> None:
        nonlocal next_event
        if time.monotonic() < next_event:
            return
        next_event = time.monotonic() + _ENCODING_EVERY_S
        speed = done / 1e6 / max(1e-6, time.monotonic() - began)
        fraction = min(1.0, done / total) if total else None
        message = f"{name}, {done / 1e6:.1f} MB, {speed:.1f} MB/s"
        log.write("progress", phase="encoding", fraction=fraction, message=message)

    return progress


def report_size(log: EventLog, config: TrainConfig, corpus: Corpus, n_parameters: int) -> None:
    """Write how large model, step and corpus are, and how often the run reads the corpus."""
    n_tokens = sum(len(stream.tokens) for stream in corpus.training)
    n_documents = sum(len(stream.starts) for stream in corpus.training)
    n_held_out = sum(len(stream.tokens) for stream in corpus.validation)
    documents = "1 document" if n_documents == 1 else f"{n_documents:,} documents"
    is_suspicious = n_documents == 1 and n_tokens > _LONG_DOCUMENT
    hint = "; lines with <|endoftext|> would separate several documents" if is_suspicious else ""
    n_read = config.steps * config.tokens_per_step
    passes = n_read / n_tokens
    often = f"{passes:,.0f}" if passes >= 10 else f"{passes:.2g}"
    if is_memorized(n_read, n_tokens, n_parameters):
        often += f" times and learned by heart ({remedies(goes_on=config.init_from is not None)})"
    else:
        often += " times"
    log.write(
        "progress",
        phase="ready",
        fraction=None,
        message=f"{_rounded(n_parameters)} parameters; {config.tokens_per_step:,} tokens a step; "
        f"{n_tokens:,} tokens in {documents} to learn from, read {often}; "
        f"{n_held_out:,} tokens held out{hint}",
        nParameters=n_parameters,
        tokensPerStep=config.tokens_per_step,
        corpusTokens=n_tokens,
        corpusDocuments=n_documents,
        heldOutTokens=n_held_out,
    )


def _rounded(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number >= 100_000 else f"{number:,}"


def stopped_line(step: int, directory: RunDirectory) -> str:
    """Say where a run stopped and what can be done with it; a model without a step has learned nothing yet."""
    usable = f"{directory.model} can be used now; " if step and directory.model.is_dir() else ""
    return f"stopped at step {step}; {usable}tinylm train --resume --out {directory.path} goes on"
