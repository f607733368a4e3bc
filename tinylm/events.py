"""Appends what happens in a long piece of work to a file: one JSON object a line, never changed afterwards.

Every display (terminal, editor, plot) is a reader of such a file, and none can disturb the work. What the events of a
tokenizer's and of a model's training hold is in docs/events.md.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from tinylm.files import disk_errors, flush_to_disk

__all__ = ["Event", "EventLog", "OnEvent"]

VERSION = 1
Event = dict[str, Any]
OnEvent = Callable[[Event], None]


def _untold(event: Event) -> None:
    """Tell nobody."""


class EventLog:
    """Appends events to a file, or to nothing when there is none, and hands each to a listener. Use it as a context."""

    def __init__(self, path: Path | None, on_event: OnEvent = _untold) -> None:
        self._path, self._on_event = path, on_event
        self._file: TextIO | None = None
        if path is not None:
            with disk_errors(path, "opening the event log"):
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("a", encoding="utf-8", newline="\n")

    def __enter__(self) -> "EventLog":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(OSError):  # the write that failed was told of; closing only tries it again
                self._file.close()

    def write(self, event_type: str, /, **fields: object) -> None:
        """Append one event and tell the listener."""
        event: Event = {"v": VERSION, "type": event_type, "time": round(time.time(), 3), **fields}
        if self._file is not None and self._path is not None:
            with disk_errors(self._path, "writing the event log"):
                self._file.write(json.dumps(event, ensure_ascii=False) + "\n")
                self._file.flush()
        self._on_event(event)

    def flush_to_disk(self) -> None:
        """Put what was written on the disk; a checkpoint's events then survive a power cut with it."""
        if self._file is not None and self._path is not None:
            with disk_errors(self._path, "writing the event log"):
                self._file.flush()
                flush_to_disk(self._path)
