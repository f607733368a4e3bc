"""The weights that a run keeps of its way, for looking back: snapshots over all of it, and the checkpoints there are.

    snapshots/step-000000034/   a plain model directory: float16, or float32 where one was made of a checkpoint

A run prunes its checkpoints to the newest and the best. Snapshots stay: a run makes a bounded number of them, close
together at the beginning, where most is learned; those that somebody has made of checkpoints come on top. They are
never read by a run, so they cannot change it. No torch in here: servers and the command line read what training wrote.
"""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tinylm.errors import BadData
from tinylm.files import new_directory, remove_directory
from tinylm.model.config import SNAPSHOTS, load_config
from tinylm.model.engine import Engine

__all__ = [
    "SavedStep",
    "load_saved",
    "model_directory_of",
    "remove_snapshots_after",
    "saved_steps",
    "snapshot_path",
    "snapshot_steps",
]

_NAME = re.compile(r"step-(\d{9})")
# All snapshots of a run together: 16 of the largest size, base, take 0.45 GB, and those of GPT-2 itself 4 of 0.25 GB.
_MOST_BYTES = 10**9


@dataclass(frozen=True)
class SavedStep:
    """The weights after so many steps: `weights` holds model.safetensors, `shape` the config.json that fits it."""

    step: int
    weights: Path
    shape: Path


def snapshot_steps(total_steps: int, most: int, n_parameters: int) -> list[int]:
    """Return the steps of which a run keeps a snapshot: the beginning, the end, and evenly in the cube root between.

    The logarithm would spend half of them on the steps of the warm-up, in which a text hardly changes its colours.

    Args:
        most: how many are wanted; fewer where a run is short, or where they would take more than a gigabyte.
    """
    n = min(most, _MOST_BYTES // (2 * n_parameters))
    later = {round(total_steps * (idx / max(n - 1, 1)) ** 3) for idx in range(1, max(n, 2))}
    return sorted({0, *later})[-n:] if n > 0 else []


def snapshot_path(run: Path, step: int) -> Path:
    """Return where the snapshot of a step lies."""
    return run / SNAPSHOTS / f"step-{step:09d}"


def remove_snapshots_after(run: Path, step: int) -> None:
    """Forget the snapshots of steps that are about to happen again."""
    for later, path in _numbered(run / SNAPSHOTS).items():
        if later > step:
            remove_directory(path)


def saved_steps(run: Path) -> list[SavedStep]:
    """Return the steps of a run whose weights can be read, in order; where there are two of a step, its snapshot."""
    snapshots = {step: SavedStep(step, path, path) for step, path in _numbered(run / SNAPSHOTS).items()}
    model = run / "model"  # of the same shape, and written with the first checkpoint
    checkpoints = _numbered(run / "checkpoints") if (model / "config.json").is_file() else {}
    found = {step: SavedStep(step, path, model) for step, path in checkpoints.items()} | snapshots
    return [found[step] for step in sorted(found)]


def load_saved(saved: SavedStep) -> Engine:
    """Load the weights of a step.

    Raises:
        BadData: they are damaged, or no longer there.
    """
    return Engine.load(saved.weights, load_config(saved.shape))


def model_directory_of(run: Path, step: int) -> Path:
    """Return a plain model directory with the weights of a step; one is made of a checkpoint, and stays.

    Raises:
        BadData: the run has not kept that step.
        DiskProblem: the directory could not be written.
    """
    saved = next((each for each in saved_steps(run) if each.step == step), None)
    if saved is None:
        raise BadData(f"{run}: the weights of step {step:,} are not kept (any more); choose another step")
    if saved.weights == saved.shape:
        return saved.weights
    path = snapshot_path(run, step)
    path.parent.mkdir(exist_ok=True)
    with new_directory(path) as building:
        config = {**json.loads((saved.shape / "config.json").read_bytes()), "dtype": "float32"}
        (building / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        optional = (saved.shape / "generation_config.json", run / "tokenizer" / "tokenizer_config.json")
        sources = (saved.weights / "model.safetensors", run / "tokenizer" / "tokenizer.json")
        for source in (*sources, *(path for path in optional if path.is_file())):
            shutil.copyfile(source, building / source.name)
    return path


def _numbered(directory: Path) -> dict[int, Path]:
    """Return the directories named after a step, by step; none where there is no such place."""
    if not directory.is_dir():
        return {}
    found = ((_NAME.fullmatch(path.name), path) for path in directory.iterdir())
    return {int(match[1]): path for match, path in found if match and (path / "model.safetensors").is_file()}
