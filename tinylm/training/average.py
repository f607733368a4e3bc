"""Average the weights of several checkpoints of one run into one model.

The mean of points along a run lies lower in the valley than any of them, most of all where the run has begun to learn
its corpus by heart (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization").
`python -m tinylm.training.average RUN 2000 2200 2251 --out DIR` writes a plain Hugging Face directory.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tinylm.errors import BadData
from tinylm.files import new_directory

__all__ = ["average_checkpoints", "averaged"]


def averaged(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each tensor, in float32. All states have the same names and shapes; there is at least one."""
    return {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}


def average_checkpoints(run: Path, steps: Sequence[int], out: Path) -> None:
    """Write the mean of a run's checkpoints as a model directory, in the number format of the run's own export.

    Args:
        run: the directory of the run; its `model/` gives configuration and tokenizer.
        steps: the steps whose checkpoints count, each with the same weight.
        out: a directory that does not exist yet.

    Raises:
        BadData: a step has no checkpoint; those there are are named.
    """
    found = {int(path.name.removeprefix("step-")): path for path in (run / "checkpoints").glob("step-*")}
    if missing := [step for step in steps if step not in found]:
        raise BadData(f"{run}: no checkpoint of step {missing[0]}, there are {sorted(found)}")
    mean = averaged([load_file(found[step] / "model.safetensors") for step in steps])
    exported = load_file(run / "model" / "model.safetensors")
    with new_directory(out) as building:
        for path in (run / "model").glob("*.json"):
            if path.name != "manifest.json":
                shutil.copyfile(path, building / path.name)
        tensors = {name: mean[name].to(tensor.dtype) for name, tensor in exported.items()}
        save_file(tensors, building / "model.safetensors", metadata={"format": "pt"})


def main() -> None:
    """Read the words after `python -m tinylm.training.average`."""
    parser = argparse.ArgumentParser(prog="python -m tinylm.training.average", description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("steps", type=int, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    average_checkpoints(arguments.run, arguments.steps, arguments.out)


if __name__ == "__main__":
    main()
