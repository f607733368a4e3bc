"""Shows a training run from its events: a bar in a terminal, plain lines where there is none. It reads nothing else.

A terminal that was closed must not end the run: after the first failed write nothing more is drawn, and the run goes
on to notice the hang-up signal and saves.
"""

import shlex
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

__all__ = ["shown_progress"]

_PLAIN_EVERY_S = 10.0
Event = dict[str, Any]
Show = Callable[[Event], None]


@contextmanager
def shown_progress() -> Iterator[Show]:
    """Yield a listener for events, which draws until the block ends."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _quiet_after_failure(_Plain().show)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[detail]}"))
    progress = Progress(*columns, console=console, transient=True)
    progress.start()
    try:
        yield _quiet_after_failure(_Bar(progress).show)
    finally:
        with suppress(OSError):
            progress.stop()


def _quiet_after_failure(show: Show) -> Show:
    is_gone = False

    def shown(event: Event) -> None:
        nonlocal is_gone
        if not is_gone:
            try:
                show(event)
            except OSError:  # the terminal or the reader of the pipe is gone
                is_gone = True

    return shown


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began = time.monotonic()
        self._task = progress.add_task("preparing", total=None, detail="")

    def show(self, event: Event) -> None:
        """Draw one event."""
        match event["type"]:
            case "start":
                self._print(_start(event))
            case "progress" if event["phase"] == "ready":
                self._print(event["message"])
                self._draw("first step", None, 0, "")
            case "progress":
                fraction = event["fraction"]
                self._draw(event["phase"], None if fraction is None else 1.0, fraction or 0.0, event["message"])
            case "step":
                detail = f"loss {event['loss']:.3f} · {event['tokensPerSecond']:,.0f} tokens/s · {_left(event)}"
                self._draw(_step(event), event["totalSteps"], event["step"], detail)
            case "evaluation":
                self._print(_evaluation(event))
            case "end" if event["reason"] == "finished":  # the other ends are raised, and shown by the command line
                self._print(_finished(event, self._began))

    def _draw(self, description: str, total: float | None, completed: float, detail: str) -> None:
        self._progress.update(
            self._task, description=description, total=total, completed=completed, detail=escape(detail)
        )

    def _print(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)


class _Plain:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._next = 0.0

    def show(self, event: Event) -> None:
        """Print one event; steps and encoding at most every ten seconds."""
        match event["type"]:
            case "start":
                self._line(_start(event))
            case "progress" if event["phase"] == "ready":
                self._line(event["message"])
                self._next = 0.0
            case "progress" if self._is_time():
                self._line(f"{event['phase']}: {event['message']}")
            case "step" if event["step"] == event["totalSteps"] or self._is_time():
                speed = f"{event['tokensPerSecond']:,.0f} tokens/s"
                self._line(f"{_step(event)}: loss {event['loss']:.4f}, {speed}, {_left(event)}")
            case "evaluation":
                self._line(_evaluation(event))
            case "end" if event["reason"] == "finished":
                self._line(_finished(event, self._began))

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _PLAIN_EVERY_S
        return True

    def _line(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _start(event: Event) -> str:
    machine, step = event["config"]["machine"], event["step"]
    begins = f"goes on after step {step:,} of {event['totalSteps']:,}" if step else f"{event['totalSteps']:,} steps"
    compiled = ", compiled: the first step takes about a minute" if machine["compile"] else ""
    threads = f"{machine['threads']} thread{'s' if machine['threads'] > 1 else ''}"
    device = f"{machine['device']}, {machine['dtype']}, {threads}{compiled}"
    return f"Training in {event['run']}: {begins}, on {device}. Ctrl-C saves and leaves."


def _step(event: Event) -> str:
    return f"step {event['step']:,}/{event['totalSteps']:,}"


def _left(event: Event) -> str:
    return f"{_duration(event['secondsLeft'])} left"


def _evaluation(event: Event) -> str:
    return (
        f"step {event['step']:,}: validation loss {event['validationLoss']:.4f} nats per token, "
        f"{event['bitsPerByte']:.4f} bits per byte; it writes:\n{textwrap.indent(event['sample'].strip(), '    ')}"
    )


def _finished(event: Event, began: float) -> str:
    model = event["model"]
    return (
        f"Done: {event['message']} in {_duration(time.monotonic() - began)}. The model is in {model}\n"
        f"Watch it write: tinylm demo --model {shlex.quote(model)}"
    )


def _duration(seconds: float) -> str:
    """Return such as "45 s", "12 min" or "3 h 20 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
