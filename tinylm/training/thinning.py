"""Thins a run's steps to a bounded number of points, in one pass, for displays of long runs.

Steps are gathered in groups of equal size; whenever there would be twice as many points as wanted, neighbours are
joined and the groups are twice as large from then on. A point stands at its group's last step, with the means of loss
and speed, the largest gradient norm (a spike must not vanish) and the newest learning rate and time.
"""

import math
from dataclasses import dataclass

from tinylm.training.events import Event

__all__ = ["Point", "Thinner"]


@dataclass
class _Mean:
    """A mean of the finite numbers among some values."""

    total: float = 0.0
    n: int = 0

    def add(self, value: object) -> None:
        if (number := _finite(value)) is not None:
            self.total, self.n = self.total + number, self.n + 1

    def join(self, other: "_Mean") -> None:
        self.total, self.n = self.total + other.total, self.n + other.n

    @property
    def value(self) -> float | None:
        return self.total / self.n if self.n else None


class Point:
    """A group of steps. None stands for what no step of it says."""

    def __init__(self) -> None:
        self.step = 0
        self.n_steps = 0
        self.learning_rate: float | None = None
        self.time: float | None = None
        self.grad_norm: float | None = None
        self._loss, self._speed = _Mean(), _Mean()

    @property
    def loss(self) -> float | None:
        """The mean loss, nats per token."""
        return self._loss.value

    @property
    def tokens_per_second(self) -> float | None:
        """The mean speed."""
        return self._speed.value

    def add(self, event: Event) -> None:
        """Take in the event of a later step."""
        self.step, self.n_steps = int(event["step"]), self.n_steps + 1
        self._loss.add(event.get("loss"))
        self._speed.add(event.get("tokensPerSecond"))
        self._newest(_finite(event.get("learningRate")), _finite(event.get("time")), _finite(event.get("gradNorm")))

    def join(self, later: "Point") -> None:
        """Take in the group that follows."""
        self.step, self.n_steps = later.step, self.n_steps + later.n_steps
        self._loss.join(later._loss)
        self._speed.join(later._speed)
        self._newest(later.learning_rate, later.time, later.grad_norm)

    def _newest(self, learning_rate: float | None, time: float | None, grad_norm: float | None) -> None:
        self.learning_rate = self.learning_rate if learning_rate is None else learning_rate
        self.time = self.time if time is None else time
        norms = [norm for norm in (self.grad_norm, grad_norm) if norm is not None]
        self.grad_norm = max(norms, default=None)


class Thinner:
    """Gathers steps into at most `most` points, and at least half as many where there are so many steps."""

    def __init__(self, most: int) -> None:
        self.points: list[Point] = []
        self.steps_per_point = 1
        self.most = most

    def add(self, event: Event) -> None:
        """Take in the event of a step; a step that happens again replaces the points from it on."""
        while self.points and self.points[-1].step >= event["step"]:
            self.points.pop()
        if not self.points or self.points[-1].n_steps >= self.steps_per_point:
            if len(self.points) == self.most:
                self._halve()
            if not self.points or self.points[-1].n_steps >= self.steps_per_point:
                self.points.append(Point())
        self.points[-1].add(event)

    def _halve(self) -> None:
        for even, odd in zip(self.points[::2], self.points[1::2], strict=False):
            even.join(odd)
        self.points = self.points[::2]
        self.steps_per_point *= 2


def _finite(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]  # is_number says so
