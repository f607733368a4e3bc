"""What the training extra brings, and the one command that installs it. It imports none of it."""

import sys
from importlib.util import find_spec

from tinylm.errors import EnvironmentProblem

__all__ = ["TRAINING_PACKAGES", "install_command", "missing_packages", "require_tensorboard"]

TRAINING_PACKAGES = ("torch", "transformers", "datasets", "accelerate")


def install_command() -> str:
    """Return the command that adds the training extra to the Python that runs this.

    It names that Python, because the first `pip` of the PATH is often another one's.
    """
    return f'{sys.executable} -m pip install "tinylm[train]"'


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
