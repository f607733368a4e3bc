"""Encoded corpora that runs share: the same text with the same tokenizer is encoded once, whichever run needs it.

An entry is named as in a run's `data/`, after what it was made of, and holds hard links to a run's files: it takes no
room while a run has them, and a run that is deleted takes nothing from another. What no run has any more is kept up to
a size, the longest unused goes first. Nothing here is needed: where links are impossible (another disk, a read-only
home) every run encodes for itself.
"""

import os
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from tinylm.errors import DiskProblem
from tinylm.files import disk_errors, new_directory, remove_directory, sweep_leftovers
from tinylm.training.encoding import begun, is_encoded

__all__ = ["EncodedCache"]

MOST_UNUSED_BYTES = 4 << 30


class EncodedCache:
    """A folder of encoded corpora; several processes may use it at once.

    Args:
        root: the folder; None: `tinylm/encoded` among the user's caches.
        most_unused: bytes that entries may take which no run uses.
    """

    def __init__(self, root: Path | None = None, most_unused: int = MOST_UNUSED_BYTES) -> None:
        self.root = root or user_cache_path("tinylm") / "encoded"
        self._most_unused = most_unused

    def take(self, place: Path, check: Callable[[], None]) -> bool:
        """Make `place` the entry of its name and say so; False where there is none that is whole."""
        entry = self.root / place.name
        try:
            with disk_errors(entry, "reading"):
                if not is_encoded(entry, check):
                    return False
                os.utime(entry)
                _link(entry, place)
                if begun(place).is_dir():  # an interrupted call's beginning, which nobody will go on with
                    remove_directory(begun(place))
        except DiskProblem:
            return place.is_dir()
        return True

    def give(self, place: Path) -> None:
        """Keep what a run encoded for others, and forget what is too much."""
        entry = self.root / place.name
        try:
            with disk_errors(self.root, "keeping"):
                self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
                with FileLock(self.root / "lock"):
                    sweep_leftovers(self.root)
                    if not entry.exists():
                        _link(place, entry)
                    self._forget_unused()
        except DiskProblem:
            return

    def _forget_unused(self) -> None:
        entries = [entry for entry in self.root.iterdir() if entry.is_dir()]
        unused = {entry: size for entry in entries if (size := _unused_bytes(entry))}
        n_bytes = sum(unused.values())
        for entry in sorted(unused, key=lambda path: path.stat().st_mtime):
            if n_bytes <= self._most_unused:
                return
            remove_directory(entry)
            n_bytes -= unused[entry]


def _link(source: Path, target: Path) -> None:
    """Make a directory of hard links to the files of another."""
    with new_directory(target) as building:
        for file in source.iterdir():
            os.link(file, building / file.name)


def _unused_bytes(entry: Path) -> int:
    """Return the bytes that only this entry holds."""
    stats = [file.stat() for file in entry.iterdir()]
    return sum(stat.st_size for stat in stats if stat.st_nlink == 1)
