"""Compile the step of decoding for the worker: `python -m tinylm_server.compile_step MODEL_DIRECTORY`.

A process of its own, at the lowest priority, so that neither the seconds that it takes nor a compiler that fails touch
who is being served. What it leaves is Numba's cache on disk, from which the worker then takes the code in a moment. It
ends when its stdin does, so it cannot outlive the worker.
"""

import os
import sys
import threading
from pathlib import Path

from tinylm.errors import TinyLMError
from tinylm.model.engine import Engine

__all__ = ["main"]


def main() -> None:
    """Compile, or find that it is done already; the exit status says whether the step is right."""
    threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(19)
    try:
        Engine.load(Path(sys.argv[1])).compile_step()
    except TinyLMError as error:
        print(error, file=sys.stderr)  # noqa: T201  (it speaks on stderr alone)
        sys.exit(error.exit_code)


def _end_with_stdin() -> None:
    os.read(0, 1)  # not sys.stdin, whose lock a thread may not hold when the interpreter ends
    os._exit(1)


if __name__ == "__main__":
    main()
