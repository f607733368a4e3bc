"""Shows a training run from its events: a bar in a terminal, plain lines where there is none. It reads nothing else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["shown_progress"]

_PLAIN_EVERY_S = 10.0
Event = dict[str, Any]


@contextmanager
def shown_progress() -> Iterator[Callable[[Event], None]]:
    """Yield a listener for events, which draws until the block ends."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Plain().show
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield _Bar(progress).show


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("preparing", total=None, detail="")

    def show(self, event: Event) -> None:
        """Draw one event."""
        match event["type"]:
            case "progress":
                fraction = event["fraction"]
                self._progress.update(
                    self._task,
                    description=event["phase"],
                    total=None if fraction is None else 1.0,
                    completed=fraction or 0.0,
                    detail=escape(event["message"]),
                )
            case "step":
                self._progress.update(
                    self._task,
                    description=f"step {event['step']}/{event['totalSteps']}",
                    total=event["totalSteps"],
                    completed=event["step"],
                    detail=f"loss {event['loss']:.3f}, {event['tokensPerSecond']:,.0f} tokens/s",
                )
            case "evaluation":
                self._progress.console.print(escape(_evaluation(event)), highlight=False)
            case "end" if event["reason"] == "finished":  # the other ends are raised, and shown by the command line
                self._progress.console.print(escape(f"{event['reason']}: {event['message']}"), highlight=False)


class _Plain:
    def __init__(self) -> None:
        self._next = 0.0

    def show(self, event: Event) -> None:
        """Print one event; steps and encoding at most every ten seconds."""
        match event["type"]:
            case "start":
                self._line(f"run {event['run']}, step {event['step']} of {event['totalSteps']}")
            case "progress" if self._is_time():
                self._line(f"{event['phase']}: {event['message']}")
            case "step" if event["step"] == event["totalSteps"] or self._is_time():
                left = time.strftime("%H:%M:%S", time.gmtime(event["secondsLeft"]))
                self._line(
                    f"step {event['step']}/{event['totalSteps']}  loss {event['loss']:.4f}  "
                    f"{event['tokensPerSecond']:.0f} tokens/s  {left} left"
                )
            case "evaluation":
                self._line(_evaluation(event))
            case "end" if event["reason"] == "finished":
                self._line(f"{event['reason']}: {event['message']}")

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _PLAIN_EVERY_S
        return True

    def _line(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _evaluation(event: Event) -> str:
    return (
        f"step {event['step']}: validation loss {event['validationLoss']:.4f} nats/token, "
        f"{event['bitsPerByte']:.4f} bits/byte\n  {event['sample']}"
    )
