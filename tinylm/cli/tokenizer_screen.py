"""What a person sees while a tokenizer is trained, and the report at the end.

On a terminal a live bar with the newest merges, otherwise a plain line every two seconds and at the end of a phase;
progress goes to stderr, the report to stdout.
"""

import textwrap
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from tinylm.analysis.wording import counted, data_size
from tinylm.cli.terminal import new_console
from tinylm.tokenizer_training import TrainedTokenizer
from tinylm.tokenizer_training.events import Snapshot
from tinylm.tokenizer_training.measures import Measures
from tinylm.tokenizer_training.report import TokenizerReport, soft_text
from tinylm.tokenizer_training.report_page import HEADS, row_of
from tinylm.tokenizer_training.training import MergingProgress
from tinylm.tokens.byte_level import raw_from_bytes, visible_from_bytes

__all__ = ["ProgressScreen", "print_report", "print_sizes"]

_LINE_EVERY_S = 2.0
_N_MERGES = 10
_BAR_CELLS = 20
_HEAD_CHARS = 10  # a table of six columns then fits into eighty
_BANDS = ("black on bright_cyan", "black on bright_yellow")


class _BarAndMerges(Progress):
    """A progress bar with the newest merges under it."""

    def __init__(self, console: Console) -> None:
        self.merges: deque[MergingProgress] = deque(maxlen=_N_MERGES)
        super().__init__(
            TextColumn("{task.description:<9}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[message]}", markup=False),
            console=console,
            transient=True,
        )

    def get_renderables(self) -> Iterator[RenderableType]:
        """Yield the bar, and a line for each of the newest merges, the last one at the bottom."""
        yield self.make_tasks_table(self.tasks)
        yield from map(_merge_line, list(self.merges))


def _merge_line(merge: MergingProgress) -> Text:
    left, right = visible_from_bytes(merge.left), visible_from_bytes(merge.right)
    whole = visible_from_bytes(merge.left + merge.right)
    made, count = f"{merge.vocab_size - 257:>9,}  ", f"  {merge.count:,}"
    return Text.assemble((made, "dim"), f"{left} + {right} → ", (whole, "bold"), (count, "dim"))


class ProgressScreen:
    """Shows snapshots and merges until the context ends."""

    def __init__(self) -> None:
        self._console = new_console(stderr=True)
        self._next_line = 0.0
        self._phase = ""
        self._is_complete = False
        self._task = TaskID(0)
        self._bar: _BarAndMerges | None = None
        if self._console.is_terminal:
            self._bar = _BarAndMerges(self._console)

    def __enter__(self) -> "ProgressScreen":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def merge(self, merge: MergingProgress) -> None:
        """Show a merge among the newest; it is drawn when the screen is drawn next."""
        if self._bar is not None:
            self._bar.merges.append(merge)

    def show(self, moment: Snapshot) -> None:
        """Draw one snapshot."""
        is_new = moment.phase != self._phase
        self._phase = moment.phase
        if self._bar is None:
            self._print_line(moment, is_new)
            return
        if is_new:
            for task_id in self._bar.task_ids:
                self._bar.remove_task(task_id)
            self._task = self._bar.add_task(moment.phase, total=None, message="")
        self._bar.update(
            self._task,
            total=None if moment.fraction is None else 1.0,
            completed=moment.fraction or 0.0,
            message=moment.message,
        )

    def _print_line(self, moment: Snapshot, is_new: bool) -> None:
        now, was_complete = time.monotonic(), self._is_complete and not is_new
        self._is_complete = moment.fraction == 1.0
        if not is_new and now < self._next_line and (was_complete or not self._is_complete):
            return
        self._next_line = now + _LINE_EVERY_S
        done = "" if moment.fraction is None else f" {moment.fraction:.0%}"
        left = "" if moment.seconds_left is None else f", {moment.seconds_left:.0f} s left"
        self._console.print(
            f"{moment.phase}{done}, {moment.message}{left}", markup=False, highlight=False, soft_wrap=True
        )


def print_report(
    trained: TrainedTokenizer, report: TokenizerReport, out: Path, seconds: float, notes: Sequence[str]
) -> None:
    """Print what was made, from what, and how it cuts a story."""
    console = new_console(soft_wrap=True)
    size = len(trained.vocabulary)
    console.print(f"Tokenizer written to {out} in {seconds:.1f} s")
    console.print(f"  vocabulary      {size:,} entries: <|endoftext|>, 256 bytes, {size - 257:,} merged")
    if trained.is_smaller_than_wanted:
        console.print(
            f"                  {trained.vocab_size_wanted:,} were asked for, but this corpus holds no more pairs; "
            "more data gives more"
        )
    console.print(
        f"  corpus          {data_size(trained.n_bytes)}, {counted(trained.n_documents, 'document')}, "
        f"{counted(trained.n_pretokens, 'pre-token')}, {trained.n_distinct_pretokens:,} of them different"
    )
    for note in notes:
        console.print(f"                  {note}")
    basis = (
        f"on {counted(report.n_held_out, 'document')} kept out of the training"
        if report.n_held_out
        else "on its first document"
    )
    console.print(f"  bytes per token {report.bytes_per_token:.3f} {basis}")
    if report.longest:
        console.print(f"  longest tokens  {'  '.join(token.text for token in report.longest)}")
    console.print("\n  A story with its boundaries:\n")
    console.print(
        _banded(report.excerpt) if console.color_system is not None else Text("|".join(map(_on_lines, report.excerpt)))
    )
    console.print("\n  The same as the vocabulary spells it:\n")
    console.print(" ".join(raw_from_bytes(token) for token in report.excerpt))


def print_sizes(sizes: Sequence[Measures]) -> None:
    """Print what was measured, a row for each size. Each smaller vocabulary is the beginning of the larger ones."""
    heads = (textwrap.fill(head, _HEAD_CHARS) for head in HEADS)
    table = Table(*heads, box=None, pad_edge=False, padding=(0, 1), header_style="bold")
    for column in table.columns:
        column.justify, column.no_wrap = "right", True
    for each in sizes:
        table.add_row(*row_of(each))
    console = new_console()
    console.print("\n  On the documents that were measured:\n")
    console.print(table)
    _print_details(console, sizes[-1])


def _print_details(console: Console, largest: Measures) -> None:
    """Print how long the largest size's tokens are, and examples of what is never used and of parts of characters."""
    lengths = sorted({*largest.lengths_in_vocabulary, *largest.lengths_in_text})
    columns = (largest.lengths_in_vocabulary, largest.lengths_in_text)
    table = Table("bytes", "over the vocabulary", "", "over the text", "", box=None, pad_edge=False, padding=(0, 1))
    for length in lengths:
        cells = [cell for column in columns for cell in (f"{column.get(length, 0):,}", _bar(column, length))]
        table.add_row(str(length), *cells)
    for place in (0, 1, 3):
        table.columns[place].justify, table.columns[place].no_wrap = "right", True
    console.print(f"\n  Tokens by their length, of {largest.vocab_size:,} entries:\n")
    console.print(table)
    for label, examples in (("never used in them", largest.never_used), ("parts of characters", largest.fragments)):
        if examples:
            console.print(f"\n  {label}, for example  {'  '.join(examples)}", soft_wrap=True)


def _bar(histogram: Mapping[int, int], length: int) -> str:
    share = histogram.get(length, 0) / max(histogram.values(), default=1)
    return "█" * round(_BAR_CELLS * share) or ("▏" if share else "")


def _banded(tokens: Sequence[bytes]) -> Text:
    """Return the text with alternating backgrounds, which need no extra characters between the tokens."""
    text = Text()
    for index, token in enumerate(tokens):
        text.append(_on_lines(token), _BANDS[index % 2])
    return text


def _on_lines(token: bytes) -> str:
    """Return the clean text of a token, with a real line end after each `↵` so that paragraphs stay paragraphs."""
    return soft_text(token).replace("↵", "↵\n")
