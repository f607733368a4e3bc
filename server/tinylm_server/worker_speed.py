"""Bring machine code for decoding into the worker while nobody waits for it.

Numba and its code take 0.6 s to load, and seconds to compile the first time. So nothing begins before the worker has
had nothing to do for a while; compiling happens in another process; and what has to happen here comes in two pieces,
between which the worker looks for work. Without Numba, and wherever anything fails, NumPy goes on decoding.
"""

import importlib
import importlib.util
import logging
import subprocess
from collections.abc import Callable
from pathlib import Path

from tinylm.errors import EnvironmentProblem, TinyLMError
from tinylm.model.language_model import LanguageModel

__all__ = ["Speedup"]

logger = logging.getLogger(__name__)

IDLE_S = 1.0  # without work for so long, the worker may be taken up for a third of a second


class Speedup:
    """What is still to be done, piece by piece."""

    def __init__(self) -> None:
        self._wanted = importlib.util.find_spec("numba") is not None
        self._next: Callable[[LanguageModel], bool] = self._start_compiler
        self._compiler: subprocess.Popen[bytes] | None = None
        self._done_for: LanguageModel | None = None

    def idle_s(self, model: LanguageModel | None) -> float | None:
        """Return after how long without work `advance` may be called; None when there is nothing to do."""
        return IDLE_S if self._wanted and model is not None and model is not self._done_for else None

    def advance(self, model: LanguageModel) -> None:
        """Do the next piece of the work for a model."""
        try:
            if self._next(model):
                self._done_for = model
        except (TinyLMError, ImportError, OSError) as error:
            logger.warning("decoding stays with NumPy: %s", error)
            self._wanted = False

    def _start_compiler(self, model: LanguageModel) -> bool:
        from tinylm_server.worker_client import python_command  # which the worker's start need not wait for

        self._compiler = subprocess.Popen(
            python_command("tinylm_server.compile_step", str(Path(model.path).resolve())),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._next = self._await_compiler
        return False

    def _await_compiler(self, model: LanguageModel) -> bool:
        assert self._compiler is not None
        if self._compiler.poll() is None:
            return False
        _, told = self._compiler.communicate()
        if self._compiler.returncode:
            lines = told.decode("utf-8", errors="replace").split("\n")
            raise EnvironmentProblem(next((line for line in reversed(lines) if line.strip()), "the compiler died"))
        self._next = self._import
        return False

    def _import(self, model: LanguageModel) -> bool:
        importlib.import_module("numba")
        self._next = self._use
        return False

    def _use(self, model: LanguageModel) -> bool:
        model.engine.compile_step()
        return True
