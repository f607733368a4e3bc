"""Keeps what a tokenizer's training has counted and which merges it has learned, so that it goes on where it was.

Two files lie beside the directory that the tokenizer will have and are removed when that is written. The first holds
the counts of the first pieces of the corpus and a checksum over them: whoever goes on reads those pieces again without
counting them, and a corpus that has changed is noticed. The second holds the first merges, and the number of pieces and
the checksum of the whole corpus that they were learned from; it is small, so it can be written often.
"""

import itertools
import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinylm.errors import BadData
from tinylm.files import disk_errors, write_file
from tinylm.tokenizer_training.merges import FIRST_VOCABULARY, Merge

__all__ = [
    "NOTHING",
    "NO_MERGES",
    "CorpusChanged",
    "Counted",
    "Learned",
    "forget",
    "load_counted",
    "load_learned",
    "merges_file",
    "save_counted",
    "save_learned",
    "state_file",
]

_FORMAT = 1
_UNUSABLE = (OSError, ValueError, KeyError, TypeError, AttributeError)  # missing, damaged or of other settings


@dataclass(frozen=True)
class Counted:
    """The pre-tokens of the first `n_pieces` pieces of a corpus, and the CRC-32 of those pieces one after the other."""

    n_pieces: int = 0
    checksum: int = 0
    counts: Counter[str] = field(default_factory=Counter)


NOTHING = Counted()


@dataclass(frozen=True)
class Learned:
    """The first merges of a corpus: the number of all its pieces, their CRC-32 as in `Counted`, and the merges."""

    n_pieces: int = 0
    checksum: int = 0
    merges: tuple[Merge, ...] = ()


NO_MERGES = Learned()


class CorpusChanged(BadData):
    """What was counted belongs to another text; caught where the counting is begun anew."""


def state_file(out: Path) -> Path:
    """Return where the state of a training lies whose result goes to `out`."""
    return out.with_name(f".{out.name}.counted")


def merges_file(out: Path) -> Path:
    """Return where the merges of a training lie whose result goes to `out`."""
    return out.with_name(f".{out.name}.merges")


def save_counted(path: Path, counted: Counted, settings: Mapping[str, object]) -> None:
    """Write the state, whole or not at all.

    Args:
        settings: what decides the result beside the corpus; another state is not gone on with.

    Raises:
        DiskProblem: it cannot be written.
    """
    _save(path, counted, settings, {"counts": counted.counts})


def load_counted(path: Path, settings: Mapping[str, object]) -> Counted:
    """Read a state; one that is missing, damaged or of other settings counts as nothing."""
    try:
        values = _load(path, settings)
        counts = Counter({str(piece): int(count) for piece, count in values["counts"].items()})
        return Counted(int(values["pieces"]), int(values["checksum"]), counts)
    except _UNUSABLE:
        return NOTHING


def save_learned(path: Path, learned: Learned, settings: Mapping[str, object]) -> None:
    """Write the merges, whole or not at all. Arguments and errors are those of `save_counted`."""
    merges = [(merge.left, merge.right, merge.count) for merge in learned.merges]
    _save(path, learned, settings, {"merges": merges, "mergesChecksum": _checksum(merges)})


def load_learned(path: Path, settings: Mapping[str, object]) -> Learned:
    """Read merges; where they are missing, damaged or of other settings there are none."""
    try:
        values = _load(path, settings)
        merges = values["merges"]
        if values["mergesChecksum"] != _checksum(merges) or not _is_plausible(merges):
            return NO_MERGES
        return Learned(int(values["pieces"]), int(values["checksum"]), tuple(Merge(*merge) for merge in merges))
    except _UNUSABLE:
        return NO_MERGES


def _save(path: Path, state: Counted | Learned, settings: Mapping[str, object], content: Mapping[str, object]) -> None:
    values = {"format": _FORMAT, "settings": dict(settings), "pieces": state.n_pieces, "checksum": state.checksum}
    with disk_errors(path, "keeping the state"):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, json.dumps({**values, **content}, ensure_ascii=False).encode())


def _load(path: Path, settings: Mapping[str, object]) -> dict[str, Any]:
    """Raises: one of _UNUSABLE."""
    values: dict[str, Any] = json.loads(path.read_bytes())
    if values["format"] != _FORMAT or values["settings"] != dict(settings):
        raise ValueError("the state of other settings")
    return values


def _checksum(merges: Sequence[Sequence[int]]) -> int:
    return zlib.crc32(json.dumps(merges).encode())


def _is_plausible(merges: Sequence[Sequence[int]]) -> bool:
    """Say whether each merge is of two tokens that exist by then, and has a count."""
    sizes = itertools.count(len(FIRST_VOCABULARY))
    return all(
        0 < left < size and 0 < right < size and count > 0
        for (left, right, count), size in zip(merges, sizes, strict=False)
    )


def forget(path: Path) -> None:
    """Remove a file that is no longer needed."""
    with disk_errors(path, "removing the state"):
        path.unlink(missing_ok=True)
