"""Which corpora a model has learned from, so that whoever measures it on one of them is told.

A model's config.json lists their fingerprints under "trained_on", with those of the models that it goes back to: the
list goes wherever the model goes, and names nothing. Nothing here imports torch.
"""

import json
from pathlib import Path

from tinylm.data.cleaning import cleaned_fingerprint
from tinylm.data.sources import CleanedSource, FileSource, SampleSource, Source, SourceList
from tinylm.training.run_directory import RunRecord

__all__ = ["learned_from", "remembered", "trained_on"]


def trained_on(record: RunRecord, origin: Path) -> list[str]:
    """Return the fingerprints of all that the model of a run has learned from.

    Args:
        origin: the copy of the model that the run goes on from; it need not exist where the weights are random.
    """
    own = {fingerprint for name, fingerprint in record.sources.items() if name.startswith("--data ")}
    return sorted(own | _listed(origin))


def learned_from(model: Path, source: Source) -> list[str]:
    """Return the names of those parts of a corpus that a model has learned from, whether it was cleaned or not."""
    listed = _listed(model)
    parts = source.sources if isinstance(source, SourceList) else (source,)
    return [part.name for part in parts if listed and listed & _fingerprints(part)]


def remembered(model: Path, source: Source) -> list[str]:
    """Return a caution for each of these parts."""
    return [
        f"{name}: the model has learned from it, but for what its run held out; this tells how well it remembers"
        for name in learned_from(model, source)
    ]


def _listed(model: Path) -> set[str]:
    file = model / "config.json"
    if not file.is_file():
        return set()
    found = json.loads(file.read_bytes()).get("trained_on", [])
    return set(map(str, found)) if isinstance(found, list) else set()


def _fingerprints(part: Source) -> set[str]:
    """Return both fingerprints of what lies on this machine; none of what would have to be fetched for it."""
    plain = part.source if isinstance(part, CleanedSource) else part
    if not isinstance(plain, FileSource | SampleSource):
        return set()
    found = plain.fingerprint()
    return {found, cleaned_fingerprint(found)}
