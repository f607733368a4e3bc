"""Which corpora a model has learned from, so that whoever measures it on one of them is told.

A model's config.json lists their fingerprints under "trained_on", with those of the models that it goes back to: the
list goes wherever the model goes, and names nothing. It knows a corpus by its bytes and by how it was read: a part of
it, another copy with a line changed, or another column is another corpus. Nothing here imports torch.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from tinylm.data.cleaning import cleaned_fingerprint
from tinylm.data.sources import Check, CleanedSource, FileSource, SampleSource, Source, SourceList
from tinylm.training.run_directory import RunRecord

__all__ = ["caution", "learned_from", "trained_on"]


def trained_on(record: RunRecord, origin: Path | None) -> list[str]:
    """Return the fingerprints of all that the model of a run has learned from.

    Args:
        origin: the model that the run goes on from; None where its weights were random.
    """
    own = {fingerprint for name, fingerprint in record.sources.items() if name.startswith("--data ")}
    return sorted(own if origin is None else own | _listed(origin))


def learned_from(models: Sequence[Path], source: Source, check: Check = lambda: None) -> list[list[str]]:
    """Return for each model the names of those parts of a corpus that it has learned from, cleaned or not.

    Args:
        check: called after each megabyte that is read; what it raises ends the reading.
    """
    listed = [_listed(model) for model in models]
    parts = source.sources if isinstance(source, SourceList) else (source,)
    known = [(part.name, _fingerprints(part, check)) for part in parts] if any(listed) else []
    return [[name for name, fingerprints in known if fingerprints & each] for each in listed]


def caution(name: str) -> str:
    """Say what a figure means that was measured on a corpus of this name."""
    return f"{name}: the model has learned from it, but for what its run held out; this tells how well it remembers"


def _listed(model: Path) -> set[str]:
    file = model / "config.json"
    if not file.is_file():
        return set()
    found = json.loads(file.read_bytes()).get("trained_on", [])
    return set(map(str, found)) if isinstance(found, list) else set()


def _fingerprints(part: Source, check: Check) -> set[str]:
    """Return both fingerprints of what lies on this machine; none of what would have to be fetched for it."""
    plain = part.source if isinstance(part, CleanedSource) else part
    if not isinstance(plain, FileSource | SampleSource):
        return set()
    found = plain.fingerprint(check)
    return {found, cleaned_fingerprint(found)}
