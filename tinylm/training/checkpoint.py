"""Saves and finds checkpoints: weights and optimizer state as safetensors, the rest as JSON, whole or absent.

    checkpoints/step-000000200/   model.safetensors  optimizer.safetensors  manifest.json

The newest is the one with the highest step whose manifest verifies; times of modification play no part. There is no
random state to save: data order and dropout are functions of (seed, step). What is written how is in `tinylm.files`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tinylm.errors import BadData
from tinylm.files import new_directory, read_manifest, remove_directory
from tinylm.training.optim import Optimizers

__all__ = [
    "Position",
    "newest_checkpoint",
    "prune_checkpoints",
    "restore_checkpoint",
    "save_checkpoint",
    "write_errors",
]

_NAME = re.compile(r"step-(\d{9})")


@dataclass(frozen=True)
class Position:
    """Where a run stands: steps done, and the best validation loss so far (nats per token) with its step."""

    step: int
    best_validation_loss: float | None = None
    best_step: int | None = None


def save_checkpoint(
    directory: Path, model: nn.Module, optimizers: Optimizers, position: Position, facts: Mapping[str, object]
) -> Path:
    """Write a checkpoint below `directory` and return its path; one that says the same of this step is kept.

    Args:
        facts: what else the manifest shall hold, such as the run's fingerprint.

    Raises:
        DiskProblem: it could not be written; nothing is left behind and older checkpoints are untouched.
    """
    path = directory / f"step-{position.step:09d}"
    details = {**facts, **asdict(position)}
    if path.exists():
        with suppress(BadData):  # a damaged one is replaced
            if read_manifest(path) == details:
                return path
    weights, state = _on_cpu(dict(model.named_parameters())), _on_cpu(optimizers.state_tensors())
    n_bytes = sum(tensor.nbytes for tensor in (*weights.values(), *state.values()))
    with new_directory(path, details=details, replace=True, n_bytes=n_bytes) as building, write_errors():
        save_file(weights, building / "model.safetensors")
        save_file(state, building / "optimizer.safetensors")
    return path


def newest_checkpoint(directory: Path, run_fingerprint: str) -> tuple[Path, Position] | None:
    """Return the valid checkpoint with the highest step, or None when none was ever written.

    Raises:
        BadData: there are checkpoints, and every one of them is damaged or belongs to another run; all are listed.
    """
    reasons = []
    for path in sorted(_checkpoints(directory), reverse=True):
        try:
            details = read_manifest(path)
            if details.get("run") != run_fingerprint:
                raise BadData(f"{path}: it belongs to another run")
            return path, _position(details)
        except BadData as error:
            reasons.append(str(error))
    if reasons:
        raise BadData(f"{directory}: no usable checkpoint; start a new run with another --out ({'; '.join(reasons)})")
    return None


def restore_checkpoint(path: Path, model: nn.Module, optimizers: Optimizers) -> None:
    """Load weights and optimizer state, which `newest_checkpoint` has verified.

    Raises:
        BadData: tensors are missing or have other shapes than this run's model.
    """
    try:
        weights = load_file(path / "model.safetensors")
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(weights[name])
        optimizers.load_state_tensors(load_file(path / "optimizer.safetensors"))
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise BadData(f"{path}: does not fit the run's model ({error}); start a new run with another --out") from error


def prune_checkpoints(directory: Path, position: Position, keep: int) -> None:
    """Remove all checkpoints but the last `keep`, 1 or more, and the best."""
    paths = sorted(_checkpoints(directory))
    best = None if position.best_step is None else f"step-{position.best_step:09d}"
    for path in paths[:-keep]:
        if path.name != best:
            remove_directory(path)


@contextmanager
def write_errors() -> Iterator[None]:
    """Turn safetensors' own error for a refused write into the `OSError` that it stands for."""
    try:
        yield
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


def _checkpoints(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_dir() and _NAME.fullmatch(path.name)]


def _position(details: dict[str, object]) -> Position:
    step, loss, best = details.get("step"), details.get("best_validation_loss"), details.get("best_step")
    if not isinstance(step, int) or not isinstance(loss, float | None) or not isinstance(best, int | None):
        raise BadData("the manifest's position is not one of this version")
    return Position(step, loss, best)


def _on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
