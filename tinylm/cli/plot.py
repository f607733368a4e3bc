"""`tinylm plot`: the curves of training runs as a picture. The drawing is in `tinylm.training.plot`."""

from pathlib import Path
from typing import Annotated

import typer

from tinylm.errors import BadData, EnvironmentProblem, UsageError
from tinylm.extras import install_command, missing_packages
from tinylm.training.follow import read_page
from tinylm.training.history import History

__all__ = ["plot"]


def plot(
    runs: Annotated[list[Path], typer.Argument(help="Directories of runs, running or over; they are overlaid.")],
    out: Annotated[Path, typer.Option("--out", help="The picture to write; its name ends in .svg or .png.")],
    log: Annotated[bool, typer.Option("--log", help="Logarithmic axes, for steps and values.")] = False,
) -> None:
    """Draw training and validation loss, bits per byte, learning rate and gradient norm."""
    if out.suffix.lower() not in (".svg", ".png"):
        raise UsageError(f"--out {out}: its name has to end in .svg or .png")
    if missing_packages("matplotlib"):
        raise EnvironmentProblem(f"plotting needs matplotlib; run: {install_command()}")
    histories = [(run.resolve().name, _history(run)) for run in runs]
    from tinylm.training.plot import plot_runs  # takes a second: after the arguments are known to be right

    plot_runs(histories, out, logarithmic=log)
    typer.echo(f"wrote {out}")


def _history(run: Path) -> History:
    diary = run / "events.jsonl"
    if not diary.is_file():
        raise UsageError(f"{run} holds no run; name the directory that was given to tinylm train --out")
    history, page = History(), read_page(diary)
    while page.events or not page.is_last:
        for event in page.events:
            history.take(event)
        page = read_page(diary, page.cursor)
    if not history.steps:
        raise BadData(f"{diary}: no step has been made yet; try again later")
    return history
