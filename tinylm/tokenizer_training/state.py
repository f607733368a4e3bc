"""Keeps what a tokenizer's training has counted, so that an interrupted one goes on where it was.

The file lies beside the directory that the tokenizer will have and is removed when that is written. It holds the counts
of the first pieces of the corpus and a checksum over them: whoever goes on reads those pieces again without counting
them, and a corpus that has changed is noticed. Merging begins anew from the counts; it takes seconds.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tinylm.errors import BadData
from tinylm.files import disk_errors, write_file

__all__ = ["NOTHING", "CorpusChanged", "Counted", "forget", "load_counted", "save_counted", "state_file"]

_FORMAT = 1


@dataclass(frozen=True)
class Counted:
    """The pre-tokens of the first `n_pieces` pieces of a corpus, and the CRC-32 of those pieces one after the other."""

    n_pieces: int = 0
    checksum: int = 0
    counts: Counter[str] = field(default_factory=Counter)


NOTHING = Counted()


class CorpusChanged(BadData):
    """What was counted belongs to another text; caught where the counting is begun anew."""


def state_file(out: Path) -> Path:
    """Return where the state of a training lies whose result goes to `out`."""
    return out.with_name(f".{out.name}.counted")


def save_counted(path: Path, counted: Counted, settings: Mapping[str, object]) -> None:
    """Write the state, whole or not at all.

    Args:
        settings: what decides the result beside the corpus; another state is not gone on with.

    Raises:
        DiskProblem: it cannot be written.
    """
    values = {"format": _FORMAT, "settings": dict(settings), "pieces": counted.n_pieces, "checksum": counted.checksum}
    content = json.dumps({**values, "counts": counted.counts}, ensure_ascii=False).encode()
    with disk_errors(path, "keeping what was counted"):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, content)


def load_counted(path: Path, settings: Mapping[str, object]) -> Counted:
    """Read a state; one that is missing, damaged or of other settings counts as nothing."""
    try:
        values = json.loads(path.read_bytes())
        if values["format"] != _FORMAT or values["settings"] != dict(settings):
            return NOTHING
        counts = Counter({str(piece): int(count) for piece, count in values["counts"].items()})
        return Counted(int(values["pieces"]), int(values["checksum"]), counts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return NOTHING


def forget(path: Path) -> None:
    """Remove a state that is no longer needed."""
    with disk_errors(path, "removing what was counted"):
        path.unlink(missing_ok=True)
