"""From events to what a person is shown: the `JobProgress` of docs/protocol.md. Pure: no files, no processes."""

import math
import signal
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["JobProgress", "apply_event", "finish"]

# Exit codes of the command line (tinylm.errors) that mean: asked to stop, everything saved.
STOPPED = (130, 143)
# A stage that is still importing has no handler for these: the signal itself ends it.
STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))
KILLED = 9  # how Linux ends a process where memory runs out
# The part of a job's bar that a tokenizer takes when a model is trained after it.
TOKENIZER_SHARE = 0.15
ACTIVE = ("starting", "running", "stopping")


@dataclass
class JobProgress:
    """A job's state. The fields are the wire's, in snake case; None is unknown."""

    job_id: str
    kind: str
    run: str
    state: str = "starting"
    phase: str = "starting"
    fraction: float | None = None
    step: int | None = None
    total_steps: int | None = None
    loss: float | None = None
    validation_loss: float | None = None
    bits_per_byte: float | None = None
    tokens_per_second: float | None = None
    seconds_left: float | None = None
    sample: str | None = None
    message: str = "loading the trainer"
    model: str | None = None
    # The last stage has said that it is done; its process may take seconds more to leave. Not on the wire.
    is_done: bool = False

    @property
    def is_active(self) -> bool:
        """Whether the job still runs."""
        return self.state in ACTIVE

    def to_json(self) -> dict[str, Any]:
        """Return the wire's object."""
        return {_camel(each.name): getattr(self, each.name) for each in fields(self) if each.name != "is_done"}


def apply_event(progress: JobProgress, event: dict[str, Any], stage: int, n_stages: int) -> None:
    """Take one event of stage `stage` (from 0) into the progress. Unknown events are ignored."""
    low = 0.0 if stage == 0 else TOKENIZER_SHARE
    high = TOKENIZER_SHARE if stage < n_stages - 1 else 1.0
    if progress.state == "starting":
        progress.state = "running"
    match event.get("type"):
        case "start":
            progress.phase, progress.message = "preparing", "preparing"
            progress.total_steps = event.get("totalSteps") if event.get("kind") == "model" else None
        case "progress":
            progress.phase = str(event.get("phase", ""))
            done = _phase_fraction(progress.phase, event.get("fraction"))
            progress.fraction = None if done is None else low + (high - low) * done
            progress.seconds_left = event.get("secondsLeft")
            progress.message = f"{progress.phase}: {event.get('message', '')}"
        case "step":
            _apply_step(progress, event, low, high)
        case "evaluation":
            progress.validation_loss, progress.bits_per_byte = event.get("validationLoss"), event.get("bitsPerByte")
            progress.sample = event.get("sample")
        case "end" if stage < n_stages - 1:
            progress.phase, progress.message = "loading", f"tokenizer: {event.get('message', '')}; loading the trainer"
        case "end":
            progress.message = str(event.get("message") or event.get("reason", ""))
            progress.is_done = event.get("reason") == "finished"


def _phase_fraction(phase: str, fraction: Any) -> float | None:
    """Return how much of a stage is done; a tokenizer counts, then merges, and writes in no time."""
    if phase == "writing":
        return 1.0
    if phase == "merging":
        return 0.5 + 0.5 * float(fraction or 0)
    if fraction is None:
        return None
    return 0.5 * float(fraction) if phase == "counting" else 0.0


def _apply_step(progress: JobProgress, event: dict[str, Any], low: float, high: float) -> None:
    step, total = event.get("step"), event.get("totalSteps")
    progress.phase, progress.step, progress.total_steps = "training", step, total
    progress.loss = _finite(event.get("loss"))
    progress.tokens_per_second, progress.seconds_left = event.get("tokensPerSecond"), event.get("secondsLeft")
    if isinstance(step, int) and isinstance(total, int) and total > 0:
        progress.fraction = low + (high - low) * step / total
    parts = [f"step {step} of {total}"]
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.2f}")
    if progress.seconds_left is not None:
        parts.append(f"{_duration(progress.seconds_left)} left")
    progress.message = ", ".join(parts)


def finish(progress: JobProgress, code: int | None, last_words: str, model: str | None) -> None:
    """Take the end of a job into the progress.

    Args:
        code: the exit code; None when the process vanished without one.
        last_words: the reason in the log, if any.
        model: the finished model's directory, if there is one.
    """
    progress.seconds_left, progress.phase = None, "ended"
    if code == 0:
        progress.state, progress.fraction, progress.model = "finished", 1.0, model
        return
    progress.model = model
    if code is not None and -code in STOP_SIGNALS:
        progress.state, progress.message = "interrupted", "stopped before there was anything to save"
        return
    if code in STOPPED:
        progress.state = "interrupted"
        progress.message = last_words or "stopped; everything was saved"
        return
    progress.state = "failed"
    if code is None or code < 0:
        how = "vanished" if code is None else f"was killed by signal {-code}"
        why = ", probably out of memory (a new run with a smaller batch needs less)" if code in (None, -KILLED) else ""
        progress.message = f"the training process {how}{why}; resume goes on at the last checkpoint"
    else:
        progress.message = last_words or f"the training ended with exit code {code}; its log says more"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
