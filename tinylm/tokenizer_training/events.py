"""Tell how a tokenizer's training is going: as lines of events for programs, and as text for people.

The server and the editor read the events. How a terminal draws progress is in `tinylm/cli`.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tinylm.events import EventLog
from tinylm.tokenizer_training.counting import CountingProgress
from tinylm.tokenizer_training.training import MergingProgress
from tinylm.tokens.byte_level import raw_from_bytes

__all__ = ["Snapshot", "TrainingDiary", "snapshot_from"]

_MERGE_EVERY_S = 0.2
_MOST_MERGES = 200  # in one event, some 6 kB: readers take such a line as a whole


@dataclass(frozen=True)
class Snapshot:
    """A moment of the work: `fraction` of the phase done (None when unknown), seconds left, and a line of text."""

    phase: str
    fraction: float | None
    seconds_left: float | None
    message: str


def snapshot_from(
    progress: CountingProgress | MergingProgress, seconds: float, fraction_read: float | None
) -> Snapshot:
    """Put a progress report into words.

    Args:
        seconds: since the phase began.
        fraction_read: how much of the corpus has been read, when known; for counting only.
    """
    if isinstance(progress, CountingProgress):
        rate = progress.n_bytes / 1e6 / max(progress.seconds, 1e-9)
        return Snapshot("counting", fraction_read, _left(fraction_read, seconds), f"{rate:.1f} MB/s")
    done, total = progress.vocab_size - 257, progress.vocab_size_wanted - 257
    merge = f"{raw_from_bytes(progress.left)} + {raw_from_bytes(progress.right)}"
    fraction = done / max(total, 1)
    return Snapshot("merging", fraction, _left(fraction, seconds), f"{done} of {total}: {merge}")


def _left(fraction: float | None, seconds: float) -> float | None:
    """Return the seconds left at the rate so far; None while that would be a guess."""
    return seconds * (1 - fraction) / fraction if fraction and fraction > 0.02 else None


class TrainingDiary:
    """Writes how a tokenizer's training is going into an event log. What the events hold is in docs/events.md."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._merges: list[MergingProgress] = []
        self._next_merge = 0.0

    def start(self, out: Path, n_merges: int, config: Mapping[str, object]) -> None:
        """Write that the work begins, by which process and with which settings."""
        self._log.write(
            "start", kind="tokenizer", run=str(out), pid=os.getpid(), totalSteps=n_merges, config=dict(config)
        )

    def progress(self, moment: Snapshot) -> None:
        """Write how far a phase is, and before another phase begins the last merges."""
        if moment.phase != "merging":
            self._write_merges()
        self._log.write(
            "progress",
            phase=moment.phase,
            fraction=moment.fraction,
            secondsLeft=moment.seconds_left,
            message=moment.message,
        )

    def merge(self, merge: MergingProgress) -> None:
        """Note a merge; those noted are written a few times a second, or when there are many."""
        self._merges.append(merge)
        now = time.monotonic()
        if now >= self._next_merge or len(self._merges) >= _MOST_MERGES:
            self._next_merge = now + _MERGE_EVERY_S
            self._write_merges()

    def end(self, reason: str, message: str, tokenizer: Path | None, n_merges: int | None = None) -> None:
        """Write that the work is over: `finished`, `interrupted` or `failed`; and the last merges, if it ends early.

        Args:
            n_merges: how many there are in the end, if that is known: a small corpus holds fewer than were wanted.
        """
        self._write_merges()
        place = None if tokenizer is None else str(tokenizer)
        self._log.write("end", reason=reason, message=message, model=None, tokenizer=place, totalSteps=n_merges)

    def _write_merges(self) -> None:
        if not self._merges:
            return
        merges = [(raw_from_bytes(each.left), raw_from_bytes(each.right), each.count) for each in self._merges]
        size, wanted = self._merges[-1].vocab_size, self._merges[-1].vocab_size_wanted
        left, right, count = merges[-1]
        self._log.write("merge", n=size - 257, total=wanted - 257, left=left, right=right, count=count, merges=merges)
        self._merges = []
