"""Tell how a tokenizer's training is going: as lines of events for programs, and as text for people.

Events are JSON objects, one a line, in an append-only file; the server and the editor read them. `merge` events are a
sample, not every merge. How a terminal draws progress is in `tinylm/cli`.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tinylm.errors import DiskProblem
from tinylm.files import disk_errors
from tinylm.tokenizer_training.counting import CountingProgress
from tinylm.tokenizer_training.training import MergingProgress
from tinylm.tokens.byte_level import raw_from_bytes

__all__ = ["EventLog", "Snapshot", "snapshot_from"]

VERSION = 1
_MERGE_EVERY_S = 0.2


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


class EventLog:
    """Appends events to a file, or to nothing when there is none. Close it, or use it as a context."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        self._next_merge = 0.0
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", newline="\n")
        except OSError as error:
            raise DiskProblem(f"{path}: cannot be written ({error.strerror}); choose another --events file") from None

    def __enter__(self) -> "EventLog":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def start(self, out: Path, n_merges: int, config: Mapping[str, object]) -> None:
        """Write that the work begins, by which process and with which settings."""
        self._write("start", time=time.time(), kind="tokenizer", run=str(out), pid=os.getpid(),
                    totalSteps=n_merges, config=dict(config))  # fmt: skip

    def progress(self, moment: Snapshot) -> None:
        """Write how far a phase is."""
        self._write("progress", phase=moment.phase, fraction=moment.fraction, secondsLeft=moment.seconds_left,
                    message=moment.message)  # fmt: skip

    def merge(self, merge: MergingProgress) -> None:
        """Write a merge, unless one was written a moment ago."""
        now = time.monotonic()
        if now < self._next_merge:
            return
        self._next_merge = now + _MERGE_EVERY_S
        self._write("merge", n=merge.vocab_size - 257, total=merge.vocab_size_wanted - 257,
                    left=raw_from_bytes(merge.left), right=raw_from_bytes(merge.right))  # fmt: skip

    def end(self, reason: str, message: str, tokenizer: Path | None) -> None:
        """Write that the work is over: `finished`, `interrupted` or `failed`."""
        self._write("end", reason=reason, message=message, model=None,
                    tokenizer=None if tokenizer is None else str(tokenizer))  # fmt: skip

    def _write(self, kind: str, /, **fields: object) -> None:
        if self._file is not None:
            with disk_errors(Path(self._file.name), "writing events"):
                self._file.write(json.dumps({"v": VERSION, "type": kind, **fields}, ensure_ascii=False) + "\n")
                self._file.flush()
