"""Draws the curves of training runs into a file: losses, bits per byte, learning rate, gradient norm.

Matplotlib does the drawing (extra `train`), without its global state and without a display. What is drawn comes from
the runs' events alone, so a run that is going on can be drawn too.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tinylm.files import disk_errors
from tinylm.training.history import History

__all__ = ["plot_runs"]

_SMOOTHED_OVER = 20  # steps; the single ones stay visible behind
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito: told apart by all


def plot_runs(runs: Sequence[tuple[str, History]], out: Path, *, logarithmic: bool) -> None:
    """Draw the runs over each other and write the file.

    Args:
        runs: names and what happened.
        out: ends in .svg or .png, which decides the format.
        logarithmic: whether steps and values stand on logarithmic axes.

    Raises:
        DiskProblem: the file cannot be written.
    """
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    losses, bits, rates, norms = figure.subplots(2, 2, sharex=True).flat
    for idx, (name, history) in enumerate(runs):
        colour = _COLOURS[idx % len(_COLOURS)]
        evaluated = [each.step for each in history.evaluations]
        _curve(losses, history, "loss", colour, f"{name}, training")
        validation = [each.validation_loss for each in history.evaluations]
        losses.plot(evaluated, validation, "o--", color=colour, markersize=4, label=f"{name}, validation")
        bits.plot(evaluated, [each.bits_per_byte for each in history.evaluations], "o-", color=colour, label=name)
        rates.plot(*_with_gaps(history.steps, history.curves["learning_rate"]), color=colour, label=name)
        _curve(norms, history, "grad_norm", colour, name)
    titles = ("loss (nats per token)", "bits per byte (validation)", "learning rate (AdamW)", "gradient norm")
    for axes, title in zip((losses, bits, rates, norms), titles, strict=True):
        _dress(axes, title, logarithmic)
    losses.legend(fontsize="small")
    with disk_errors(out, "writing the picture"):
        figure.savefig(out, format=out.suffix[1:].lower(), dpi=150)


def _curve(axes: Axes, history: History, name: str, colour: str, label: str) -> None:
    values = history.curves[name]
    axes.plot(*_with_gaps(history.steps, values), color=colour, alpha=0.25, linewidth=0.8)
    axes.plot(*_with_gaps(history.steps, _smoothed(values)), color=colour, linewidth=1.4, label=label)


def _with_gaps(steps: Sequence[int], values: Sequence[float]) -> tuple[list[int], list[float]]:
    """Put a NaN behind each step whose next one was left out, so that no line is drawn over what did not happen."""
    found: tuple[list[int], list[float]] = ([], [])
    for step, value in zip(steps, values, strict=True):
        if found[0] and step > found[0][-1] + 1:
            found[0].append(found[0][-1] + 1)
            found[1].append(math.nan)
        found[0].append(step)
        found[1].append(value)
    return found


def _smoothed(values: Sequence[float]) -> list[float]:
    """Return the exponential moving average, its beginning not pulled towards zero; gaps stay gaps."""
    keep = 1 - 1 / _SMOOTHED_OVER
    total = weight = 0.0
    found = []
    for value in values:
        if math.isfinite(value):
            total, weight = keep * total + (1 - keep) * value, keep * weight + (1 - keep)
        found.append(total / weight if math.isfinite(value) else math.nan)
    return found


def _dress(axes: Axes, title: str, logarithmic: bool) -> None:
    axes.set_title(title, fontsize="medium", loc="left")
    axes.set_xlabel("step")
    axes.grid(alpha=0.3)
    if logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
