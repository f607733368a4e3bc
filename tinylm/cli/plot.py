"""`tinylm plot`: the curves of training runs as a picture. The drawing is in `tinylm.training.plot`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from tinylm.cli.train_words import unreadable_line
from tinylm.errors import BadData, EnvironmentProblem, UsageError
from tinylm.extras import install_command, missing_packages, require_tensorboard
from tinylm.training.events import Event
from tinylm.training.follow import diary_of, pages
from tinylm.training.history import History

__all__ = ["plot"]


def plot(
    runs: Annotated[list[Path], typer.Argument(help="Directories of runs, running or over; they are overlaid.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The picture to write, .svg or .png; without it, name --tensorboard."),
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Logarithmic axes, for steps and values.")] = False,
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            help="Write for TensorBoard instead: a directory for each run below this one; without it, name --out."
        ),
    ] = None,
) -> None:
    """Draw training and validation loss, bits per byte, learning rate and gradient norm."""
    if (out is None) == (tensorboard is None):
        raise UsageError("name either a picture with --out curves.svg or a directory with --tensorboard")
    if tensorboard is not None:
        require_tensorboard()
        for run in runs:
            _write_for_tensorboard(run, tensorboard / run.resolve().name)
        typer.echo(f"wrote {tensorboard}; see it with: tensorboard --logdir {tensorboard}")
        return
    assert out is not None
    if out.suffix.lower() not in (".svg", ".png"):
        raise UsageError(f"--out {out}: its name has to end in .svg or .png")
    if missing_packages("matplotlib"):
        raise EnvironmentProblem(f"plotting needs matplotlib; run: {install_command()}")
    histories = [(run.resolve().name, _history(run)) for run in runs]
    from tinylm.training.plot import plot_runs  # takes a second: after the arguments are known to be right

    plot_runs(histories, out, logarithmic=log)
    typer.echo(f"wrote {out}")


def _write_for_tensorboard(run: Path, directory: Path) -> None:
    from tinylm.training.tensorboard import TensorBoard

    diary = diary_of(run)
    with TensorBoard(directory) as board:
        for event in _events(diary):
            board.show(event)


def _events(diary: Path) -> Iterator[Event]:
    n_unreadable = 0
    for page in pages(diary):
        n_unreadable += page.n_unreadable
        yield from page.events
    if n_unreadable:
        typer.echo(unreadable_line(diary, n_unreadable), err=True)


def _history(run: Path) -> History:
    diary = diary_of(run)
    history = History()
    for event in _events(diary):
        history.take(event)
    if not history.steps:
        raise BadData(f"{diary}: no step has been made yet; try again later")
    return history
