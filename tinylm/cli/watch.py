"""`tinylm watch`: attaches to a training run, running or over, and shows what `tinylm train` shows. It only reads."""

import shlex
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from tinylm.cli.terminal import new_console
from tinylm.cli.train_progress import Picture, PlainLines
from tinylm.cli.train_words import end_line, evaluation_line, start_line, step_line, unreadable_line
from tinylm.training.follow import START, Cursor, Page, diary_of, read_page
from tinylm.training.history import History, holder_of

__all__ = ["watch"]

_LOOK_EVERY_S = 0.5
_ADVICE = "Leaving with Ctrl-C does not disturb it."
Event = dict[str, Any]


def watch(run: Annotated[Path, typer.Argument(help="Directory of the run, as given to tinylm train --out.")]) -> None:
    """Watch a training run, from another terminal or after its end; it is not disturbed."""
    diary_of(run)  # refuses what is no run
    console = new_console()
    if not console.is_terminal:
        _watch_plainly(run)
        return
    with Picture(console, with_story=True) as picture:
        cursor, is_over, n_unreadable = START, False, 0
        while not is_over:
            cursor, is_over, page = _next(run, cursor)
            n_unreadable = page.n_unreadable + (0 if page.starts_over else n_unreadable)
            if page.starts_over:
                picture.history = History()
            for event in page.events:
                picture.history.take(event)
            picture.history.is_abandoned = is_over and picture.history.end is None
            picture.draw_now_and_then()
            _wait(page, is_over)
    _end(run, picture.history, n_unreadable)


def _watch_plainly(run: Path) -> None:
    """Print what has been so far in few lines, then every event as it comes."""
    history, cursor, is_over, n_unreadable = History(), START, False, 0
    lines = PlainLines(lambda text: typer.echo(text, nl=False), _ADVICE)
    newest: dict[object, Event] | None = {}  # of each type, while what was before we came is read
    while not is_over:
        cursor, is_over, page = _next(run, cursor)
        n_unreadable = page.n_unreadable + (0 if page.starts_over else n_unreadable)
        if page.starts_over:
            typer.echo("the run went back to its last checkpoint")
            history = History()
        for event in page.events:
            history.take(event)
            if newest is not None:
                newest[event.get("type")] = event
            elif event.get("type") != "end":
                lines.show(event)
        history.is_abandoned = is_over and history.end is None
        if newest is not None and page.is_last:
            _print_so_far(history, newest, "" if is_over else _ADVICE)
            newest = None
        _wait(page, is_over)
    _end(run, history, n_unreadable)


def _print_so_far(history: History, newest: dict[object, Event], advice: str) -> None:
    if history.start is not None:
        typer.echo(start_line(history.start, advice))
    if history.size is not None:
        typer.echo(str(history.size.get("message", "")))
    if (evaluation := newest.get("evaluation")) is not None:
        typer.echo(evaluation_line(evaluation))
    if (step := newest.get("step")) is not None:
        typer.echo(step_line(step, goes_on=history.seconds_left is not None))


def _next(run: Path, cursor: Cursor) -> tuple[Cursor, bool, Page]:
    """Return the place after the next events, whether nobody writes more, and the events.

    The order matters: whoever is seen gone has written his last event, which is read after.
    """
    is_held = holder_of(run) is not None
    page = read_page(run / "events.jsonl", cursor)
    return page.cursor, not is_held and page.is_last, page


def _wait(page: Page, is_over: bool) -> None:
    if page.is_last and not is_over:
        time.sleep(_LOOK_EVERY_S)


def _end(run: Path, history: History, n_unreadable: int) -> None:
    if n_unreadable:
        typer.echo(unreadable_line(run / "events.jsonl", n_unreadable), err=True)
    typer.echo(_last_words(run, history))


def _last_words(run: Path, history: History) -> str:
    if history.end is not None:
        return end_line(history.end)
    step = history.steps[-1] if history.steps else 0
    resume = f"tinylm train --resume --out {shlex.quote(str(run))}"
    kept = max((path.name for path in (run / "checkpoints").glob(f"step-{'[0-9]' * 9}")), default=None)
    place = f"its last checkpoint, step {int(kept.removeprefix('step-')):,}" if kept else "the beginning"
    return f"interrupted: nobody trains here; its last step was {step:,}; {resume} goes on from {place}"
