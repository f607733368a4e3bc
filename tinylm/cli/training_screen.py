"""Draws a training run for a terminal from its `History`: curves in block characters, numbers, the newest story.

`tinylm train` and `tinylm watch` show the same picture. It reads no files and holds no state.
"""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tinylm.cli.train_words import duration, story
from tinylm.training.history import History

__all__ = ["block_chart", "dashboard"]

_BLOCKS = " ▁▂▃▄▅▆▇█"
_LOSS_ROWS = 5
_MOST_STORY_LINES = 8


def dashboard(history: History, width: int, *, with_story: bool) -> RenderableType:
    """Return the picture of a run.

    Args:
        width: columns of the terminal.
        with_story: whether the newest sample stands below the numbers.
    """
    parts: list[RenderableType] = [_headline(history)]
    if history.steps:
        parts += [_loss_chart(history, width), _small_curves(history, width)]
    if history.doing is not None:
        parts.append(Text(f"{history.doing.get('phase', '')}: {history.doing.get('message', '')}", style="dim"))
    if history.evaluations:
        newest = history.evaluations[-1]
        line = f"validation at step {newest.step:,}: {newest.validation_loss:.4f} nats per token, "
        parts.append(Text(f"{line}{newest.bits_per_byte:.4f} bits per byte"))
        if with_story:
            parts.append(Padding(_story(newest.sample), (0, 0, 0, 4)))
    return Group(*parts)


def block_chart(points: Sequence[tuple[float, float]], width: int, rows: int, x_end: float) -> list[str]:
    """Draw a curve in eighths of a row.

    Args:
        points: (x, y) in the order of x; a y that is no finite number is a gap. Several in one column are averaged;
            columns between two points that are at most 1 apart lie on the line between them.
        x_end: the x of the right edge; the left one is 0.

    Returns:
        `rows` lines of `width` characters, the top one first; every drawn column is at least an eighth high.
    """
    means = _column_means(points, width, x_end)
    drawn = [mean for mean in means if math.isfinite(mean)]
    low, high = (min(drawn), max(drawn)) if drawn else (0.0, 1.0)
    eighths = [_eighths(mean, low, high, rows) for mean in means]
    return ["".join(_BLOCKS[min(8, max(0, n - 8 * row))] for n in eighths) for row in reversed(range(rows))]


def _column_means(points: Sequence[tuple[float, float]], width: int, x_end: float) -> list[float]:
    columns = [min(width - 1, max(0, int(x / x_end * width))) for x, _ in points]
    sums, counts = [0.0] * width, [0] * width
    for column, (_, y) in zip(columns, points, strict=True):
        if math.isfinite(y):
            sums[column] += y
            counts[column] += 1
    means = [total / n if n else math.nan for total, n in zip(sums, counts, strict=True)]
    if x_end >= width:
        return means  # of steps that follow one another none is more than a column further
    pairs = itertools.pairwise(zip(columns, points, strict=True))
    for (first, (x, y)), (last, (next_x, next_y)) in pairs:
        if next_x - x <= 1:  # further apart: what lies between was left out
            for column in range(first + 1, last):
                means[column] = y + (next_y - y) * (column - first) / (last - first)
    return means


def _eighths(value: float, low: float, high: float, rows: int) -> int:
    if not math.isfinite(value):
        return 0
    share = (value - low) / (high - low) if high > low else 0.5
    return 1 + round(share * (8 * rows - 1))


def _headline(history: History) -> RenderableType:
    name = Path(str((history.start or {}).get("run", ""))).name or "run"
    total, done = history.total_steps, history.steps[-1] if history.steps else 0
    words = [f"step {done:,} of {total:,}" if total else "waiting for the run to begin"]
    if (left := history.seconds_left) is not None:
        words.append(f"{duration(left)} left")
    if (rate := history.last("tokens_per_second")) is not None:
        words.append(f"{rate:,.0f} tokens/s")
    if history.end is not None:
        words.append(str(history.end.get("reason", "")))
    elif history.is_abandoned:
        words.append("interrupted")
    grid = Table.grid(padding=(0, 2))
    grid.add_row(Text(name, style="bold"), ProgressBar(total or 1, done, width=24), Text(" · ".join(words)))
    return grid


def _loss_chart(history: History, width: int) -> RenderableType:
    values = [value for value in history.curves["loss"] if math.isfinite(value)]
    room = max(10, width - 16)
    lines = block_chart(_points(history, "loss"), room, _LOSS_ROWS, history.total_steps or history.steps[-1])
    labels = [""] * _LOSS_ROWS
    if values:
        labels[0], labels[-1] = f"{max(values):.2f}", f"{min(values):.2f}"
    labels[_LOSS_ROWS // 2] = "loss"
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=13, justify="right")
    for label, line in zip(labels, lines, strict=True):
        grid.add_row(Text(label, style="dim"), Text(line, style="cyan"))
    return grid


def _small_curves(history: History, width: int) -> RenderableType:
    room = max(10, width - 16 - 12)
    x_end = history.total_steps or history.steps[-1]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=13, justify="right")
    grid.add_column(width=10, justify="right")
    shown = (("learning rate", "learning_rate", "{:.2g}"), ("gradient norm", "grad_norm", "{:.2f}"))
    for label, name, form in (("loss now", "loss", "{:.4f}"), *shown, ("tokens/s", "tokens_per_second", "{:,.0f}")):
        last = history.last(name)
        curve = "" if name == "loss" else block_chart(_points(history, name), room, 1, x_end)[0]
        grid.add_row(Text(label, style="dim"), "-" if last is None else form.format(last), Text(curve, style="cyan"))
    return grid


def _points(history: History, name: str) -> list[tuple[float, float]]:
    return list(zip(map(float, history.steps), history.curves[name], strict=True))


def _story(sample: str) -> Text:
    lines = story(sample).splitlines()
    more = ["…"] if len(lines) > _MOST_STORY_LINES else []
    return Text("\n".join([*lines[:_MOST_STORY_LINES], *more]), style="italic")
