"""Shows a training run from its events: curves in a terminal, plain lines where there is none. It reads nothing else.

A terminal that was closed must not end the run: after the first failed write nothing more is drawn, and the run goes
on to notice the hang-up signal and saves.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from tinylm.cli.terminal import new_console
from tinylm.cli.train_words import evaluation_line, finished_lines, start_line, step_line, took
from tinylm.cli.training_screen import dashboard
from tinylm.training.follow import pages
from tinylm.training.history import History

__all__ = ["Picture", "PlainLines", "TerminalProgress", "shown_progress"]

_PLAIN_EVERY_S = 10.0
_DRAW_EVERY_S = 0.25
Event = dict[str, Any]
Show = Callable[[Event], None]


@contextmanager
def shown_progress(board: Path | None = None) -> Iterator[Show]:
    """Yield a listener for the events of this process' run, which draws until the block ends.

    Of several processes that train together, the first one shows.

    Args:
        board: a directory to write for TensorBoard in, which has to be installed; None for no directory.
    """
    with _shown_progress() as show:
        if board is None:
            yield show
            return
        from tinylm.training.tensorboard import TensorBoard

        def show_both(event: Event) -> None:
            show(event)
            shown.show(event)

        with TensorBoard(board) as shown:
            yield show_both


@contextmanager
def _shown_progress() -> Iterator[Show]:
    if os.environ.get("RANK", "0") != "0":
        yield lambda event: None
        return
    console = new_console(stderr=True)
    if not console.is_terminal:
        yield _quiet_after_failure(PlainLines(sys.stderr.write).show)
        return
    with Picture(console, with_story=False) as picture:
        yield _quiet_after_failure(TerminalProgress(picture).show)


class Picture:
    """The live picture of a run in a terminal. Use it in a `with` block; the last picture stays.

    Args:
        with_story: whether the newest sample is part of it.
    """

    def __init__(self, console: Console, *, with_story: bool) -> None:
        self.history = History()
        self._console, self._with_story = console, with_story
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._next = 0.0

    def __enter__(self) -> "Picture":
        self._live.start()
        return self

    def __exit__(self, *problem: object) -> None:
        with suppress(OSError):
            self.draw()
            self._live.stop()

    def draw_now_and_then(self) -> None:
        """Draw, unless that was done a moment ago."""
        if time.monotonic() >= self._next:
            self.draw()

    def draw(self) -> None:
        """Draw what the history holds now."""
        self._next = time.monotonic() + _DRAW_EVERY_S
        picture = dashboard(self.history, self._console.width, with_story=self._with_story)
        self._live.update(picture, refresh=True)

    def recall(self, run: Path) -> None:
        """Begin with what a run has done so far, from its diary."""
        self.history = History()
        for page in pages(run / "events.jsonl"):
            for event in page.events:
                self.history.take(event)

    def print(self, text: str) -> None:
        """Print lines that stay, above the picture."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class TerminalProgress:
    """A run of this process: what should be read again later is printed, the rest is the picture."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._began = time.monotonic()

    def show(self, event: Event) -> None:
        """Take in one event."""
        picture = self._picture
        if event["type"] == "start" and event["step"]:
            picture.recall(Path(event["run"]))  # the event stands there already
        else:
            picture.history.take(event)
        match event["type"]:
            case "start":
                self._start = event
                picture.print(start_line(event))
            case "progress" if event["phase"] == "ready":
                picture.print(event["message"])
            case "progress" if event["phase"] == "leaving out":
                picture.print(f"{event['phase']}: {event['message']}")
            case "evaluation":
                picture.print(evaluation_line(event))
            case "end" if event["reason"] == "finished":  # the other ends are raised, and shown by the command line
                picture.print(finished_lines(event, took(self._start, time.monotonic() - self._began)))
        picture.draw_now_and_then()


class PlainLines:
    """Lines for a log: steps and encoding at most every ten seconds.

    Args:
        write: takes whole lines.
        advice: ends the first line.
    """

    def __init__(self, write: Callable[[str], object], advice: str = "Ctrl-C saves and leaves.") -> None:
        self._write, self._advice = write, advice
        self._began = time.monotonic()
        self._next = 0.0

    def show(self, event: Event) -> None:
        """Print one event, if it is time for its kind."""
        match event["type"]:
            case "start":
                self._start = event
                self._line(start_line(event, self._advice))
            case "progress" if event["phase"] == "ready":
                self._line(event["message"])
                self._next = 0.0
            case "progress" if event["phase"] in ("compiling", "leaving out") or self._is_time():
                self._line(f"{event['phase']}: {event['message']}")
            case "step" if event["step"] == event["totalSteps"] or self._is_time():
                self._line(step_line(event))
            case "evaluation":
                self._line(evaluation_line(event))
            case "end" if event["reason"] == "finished":
                self._line(finished_lines(event, took(self._start, time.monotonic() - self._began)))

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _PLAIN_EVERY_S
        return True

    def _line(self, text: str) -> None:
        self._write(text + "\n")


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
