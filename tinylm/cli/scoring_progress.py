"""How far the scoring of a corpus is: a bar in a terminal, a line every ten seconds elsewhere. On standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tinylm.cli.terminal import new_console

__all__ = ["shown_progress"]

_LINE_EVERY_S = 10.0
Show = Callable[[int, str], None]


@contextmanager
def shown_progress(doing: str, n_bytes: int | None) -> Iterator[Show]:
    """Yield a function that shows how many bytes are done, with words on what was found so far.

    Args:
        doing: what is done, such as "evaluating".
        n_bytes: in all; None where that is not known.
    """
    console = new_console(stderr=True)
    if not console.is_terminal:
        yield _line_shower(doing, n_bytes)
        return
    columns = (TextColumn(doing), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=n_bytes)
        yield lambda n_done, so_far: progress.update(task, completed=n_done, description=so_far)


def _line_shower(doing: str, n_bytes: int | None) -> Show:
    next_line = time.monotonic() + _LINE_EVERY_S

    def show(n_done: int, so_far: str) -> None:
        nonlocal next_line
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + _LINE_EVERY_S
            share = f" {min(1.0, n_done / n_bytes):.0%}" if n_bytes else ""
            sys.stderr.write(f"{doing}{share}: {so_far}\n")
            sys.stderr.flush()

    return show
