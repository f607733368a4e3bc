"""What the training extra brings, and the one command that installs it. It imports none of it."""

import shutil
import sys
from importlib.util import find_spec

from tinylm.errors import EnvironmentProblem

__all__ = ["TORCH_PIN", "TRAINING_PACKAGES", "install_command", "missing_packages", "require_tensorboard"]

TORCH_PIN = "torch==2.13.0"  # as in constraints.txt, which the editor installs by
TRAINING_PACKAGES = ("torch", "transformers", "datasets", "accelerate")


def install_command() -> str:
    """Return the command that adds the training extra to the Python that runs this.

    It names that Python, because the first `pip` of the PATH is often another one's, and without an NVIDIA GPU a
    version of torch, because without one an install can pull gigabytes of CUDA packages.
    """
    is_pinned = missing_packages("torch") and shutil.which("nvidia-smi") is None
    return f'{sys.executable} -m pip install {TORCH_PIN + " " if is_pinned else ""}"tinylm[train]"'


def missing_packages(*names: str) -> list[str]:
    """Return those of the packages that this Python cannot find, without importing any."""
    return [name for name in names if find_spec(name) is None]


def require_tensorboard() -> None:
    """Make sure that TensorBoard is installed.

    Raises:
        EnvironmentProblem: it is not.
    """
    if missing_packages("tensorboard"):
        raise EnvironmentProblem(f"--tensorboard needs TensorBoard; run: {sys.executable} -m pip install tensorboard")
