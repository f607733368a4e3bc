"""What a run's events amount to: curves, evaluations, and how the run stands. Every display is drawn from this.

It reads no file (`follow.py` does) and draws nothing. Values that an event lacks, or that are no finite number, are
NaN in the curves: a display leaves a gap there.
"""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tinylm.training.events import Event

__all__ = ["COLUMNS", "Evaluation", "History", "holder_of"]

# name here -> name in the event "step". Loss in nats per token.
COLUMNS = {
    "loss": "loss",
    "learning_rate": "learningRate",
    "grad_norm": "gradNorm",
    "tokens_per_second": "tokensPerSecond",
    "seconds_left": "secondsLeft",
    "time": "time",
}


@dataclass(frozen=True)
class Evaluation:
    """An event "evaluation". Loss in nats per token; NaN where the event says nothing."""

    step: int
    validation_loss: float
    bits_per_byte: float
    sample: str
    time: float


@dataclass
class History:
    """A run so far. `curves` has a list for each name of `COLUMNS`, parallel to `steps`."""

    steps: list[int] = field(default_factory=list)
    curves: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    evaluations: list[Evaluation] = field(default_factory=list)
    start: Event | None = None
    size: Event | None = None  # the progress event "ready": parameters, tokens a step, tokens to learn from
    doing: Event | None = None  # the newest event, when it is one of progress
    end: Event | None = None
    is_abandoned: bool = False  # nobody works on it, and it has said no end: it was killed

    @property
    def total_steps(self) -> int | None:
        """Steps of the whole run; None before it said so."""
        value = (self.start or {}).get("totalSteps")
        return value if isinstance(value, int) else None

    @property
    def seconds_left(self) -> float | None:
        """What the newest step says of the rest; None where the run does not go on from there (yet)."""
        began_at = (self.start or {}).get("step")
        is_stepping = bool(self.steps) and self.steps[-1] > (began_at if isinstance(began_at, int) else 0)
        return self.last("seconds_left") if is_stepping and self.end is None and not self.is_abandoned else None

    def take(self, event: Event) -> None:
        """Add an event; of a kind that is not known, nothing. A step that happens again replaces the later ones."""
        kind, step = event.get("type"), event.get("step")
        self.doing = None
        if kind == "start":
            self.start, self.end, self.is_abandoned = event, None, False
            if isinstance(step, int):
                self._forget_after(step)
        elif kind == "progress":
            self.doing = event
            if event.get("phase") == "ready":
                self.size = event
        elif kind == "step" and isinstance(step, int):
            self._forget_after(step - 1)
            self.steps.append(step)
            for name, key in COLUMNS.items():
                self.curves[name].append(_number(event.get(key)))
        elif kind == "evaluation" and isinstance(step, int):
            values = (_number(event.get("validationLoss")), _number(event.get("bitsPerByte")))
            found = Evaluation(step, *values, str(event.get("sample", "")), _number(event.get("time")))
            self.evaluations = [*(each for each in self.evaluations if each.step < step), found]
        elif kind == "end":
            self.end = event

    def last(self, name: str) -> float | None:
        """Return the newest value of a curve; None when there is none."""
        values = self.curves[name]
        return values[-1] if values and math.isfinite(values[-1]) else None

    def _forget_after(self, step: int) -> None:
        while self.steps and self.steps[-1] > step:
            self.steps.pop()
            for values in self.curves.values():
                values.pop()
        while self.evaluations and self.evaluations[-1].step > step:
            self.evaluations.pop()


def holder_of(run: Path) -> int | None:
    """Return the process that trains in a run's directory; None when nobody does, as far as this machine knows."""
    try:
        holder = json.loads((run / "holder.json").read_bytes())
        pid, started = int(holder["pid"]), float(holder["started"])
        created = psutil.Process(pid).create_time()  # a later one only has the number of the one that held it
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return pid if created <= started else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
