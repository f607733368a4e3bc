"""How many threads the model takes when a command runs it."""

import os

__all__ = ["use_one_thread"]


def use_one_thread() -> None:
    """Let NumPy's matrix products take one thread, unless the environment says otherwise.

    To be called before NumPy is imported. For models of this size a second thread gains about a tenth on a quiet
    machine, but OpenBLAS' threads spin while they wait for each other: beside a training run on two cores, scoring 256
    tokens took 10 to 15 s with two threads and 0.2 s with one.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
