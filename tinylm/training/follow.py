"""Reads a run's diary (`events.py`) while somebody else writes it: only what is new, and anew when it was rewound.

Nothing here holds a file open or writes, so a reader can never disturb a run. A place in the diary is a `Cursor`, which
can be kept as text, across restarts of the reader. Resuming a run rewrites the diary without the steps that happen
again; a cursor notices, because it remembers a checksum of what stood before it.
"""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tinylm.errors import UsageError
from tinylm.training.events import Event, parsed_lines

__all__ = ["START", "Cursor", "Page", "cursor_from_text", "diary_of", "last_event", "pages", "read_page"]

# Enough to hold the times of several events, which no rewritten diary has again.
_CHECKED_BYTES = 256
# Some 6,000 steps, parsed in about 20 ms: between two pages a server answers others.
PAGE_BYTES = 1 << 20
_LAST_BYTES = 1 << 16  # holds any event whole: an evaluation with its sample has some 2 kB


@dataclass(frozen=True)
class Cursor:
    """A place between two lines: the bytes before it, and the CRC-32 of the last 256 of them."""

    offset: int
    checksum: int

    def __str__(self) -> str:
        return f"{self.offset}-{self.checksum:08x}"


START = Cursor(0, 0)


@dataclass(frozen=True)
class Page:
    """Some events, in order, and the place after them.

    `starts_over`: what the cursor stood for is no longer there; the events are those from the beginning.
    `is_last`: there was no more at that moment.
    `n_unreadable`: so many damaged lines were passed over.
    """

    events: list[Event]
    cursor: Cursor
    starts_over: bool
    is_last: bool
    n_unreadable: int = 0


def diary_of(run: Path) -> Path:
    """Return where the diary of a run lies; one just begun has none yet. Raises: UsageError when no run is here."""
    diary = run / "events.jsonl"
    if not (run / "run.json").is_file() and not diary.is_file():
        raise UsageError(f"{run} holds no run; name the directory that was given to tinylm train --out")
    return diary


def cursor_from_text(text: str) -> Cursor | None:
    """Return the cursor that `str` wrote; None for any other text."""
    offset, _, checksum = text.partition("-")
    try:
        return Cursor(int(offset), int(checksum, 16)) if offset.isascii() and offset.isdigit() else None
    except ValueError:
        return None


def read_page(path: Path, cursor: Cursor = START, max_bytes: int = PAGE_BYTES) -> Page:
    """Return the next events of a diary; an unfinished last line is left for later, and so is a missing file.

    Args:
        max_bytes: how much to read. A line that is longer is read whole all the same.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            tail = _before(file, cursor.offset)
            starts_over = cursor.offset > size or zlib.crc32(tail) != cursor.checksum
            begin = 0 if starts_over else cursor.offset
            file.seek(begin)
            data = file.read(max_bytes)
            while b"\n" not in data and (more := file.read(max_bytes)):
                data += more
            whole = data[: data.rfind(b"\n") + 1]
            end = begin + len(whole)
            after = Cursor(end, zlib.crc32(_before(file, end)))
            events, n_unreadable = parsed_lines(whole)
            return Page(events, after, starts_over, begin + len(data) >= size, n_unreadable)
    except FileNotFoundError:
        return Page([], START, cursor != START, True)


def pages(path: Path) -> Iterator[Page]:
    """Yield all that a diary holds now; nothing where there is none yet."""
    page = read_page(path)
    while page.events or page.n_unreadable or not page.is_last:
        yield page
        page = read_page(path, page.cursor)


def last_event(path: Path) -> Event | None:
    """Return the last event of a diary; None where there is none yet."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_BYTES))
            data = file.read()
    except FileNotFoundError:
        return None
    events, _ = parsed_lines(data[: data.rfind(b"\n") + 1])  # the half line at the front is none
    return events[-1] if events else None


def _before(file: BinaryIO, offset: int) -> bytes:
    begin = max(0, offset - _CHECKED_BYTES)
    file.seek(begin)
    return file.read(offset - begin)
