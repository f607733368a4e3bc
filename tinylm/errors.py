"""Every error that TinyLM raises on purpose, and the exit code that each one means.

    TinyLMError                 1
    ├── UsageError              2   an argument or a setting is wrong
    ├── BadData                 3   a corpus, a tokenizer or a model cannot be used
    ├── Locked                  4   another process holds the directory
    ├── DiskProblem             5   no space, no permission, no such place
    ├── IncompatibleCheckpoint  6   the checkpoint belongs to another run
    ├── EnvironmentProblem      7   a package or a program is missing
    │   └── OutOfMemory         7   the machine has too little memory
    ├── Interrupted             130 or 143, by the signal
    └── Cancelled               nobody waits for the result any more; never shown

`str(error)` is the one line that a person sees: what failed, where, and what to do next. Library code raises; the
command line turns an error into that line and the exit code, the server into a status or a JSON-RPC error.
"""

import signal

__all__ = [
    "BadData",
    "Cancelled",
    "DiskProblem",
    "EnvironmentProblem",
    "IncompatibleCheckpoint",
    "Interrupted",
    "Locked",
    "OutOfMemory",
    "TinyLMError",
    "UsageError",
]


class TinyLMError(Exception):
    """A failure with advice. Its text is one line for a person."""

    exit_code = 1


class UsageError(TinyLMError):
    """An argument or a setting is out of its range, or two of them contradict each other."""

    exit_code = 2


class BadData(TinyLMError):
    """A corpus, a tokenizer or a model cannot be used as it is."""

    exit_code = 3


class Locked(TinyLMError):
    """Another living process works in the same directory."""

    exit_code = 4


class DiskProblem(TinyLMError):
    """The disk is full, or the place cannot be written or read."""

    exit_code = 5


class IncompatibleCheckpoint(TinyLMError):
    """The checkpoint was made by a run with another corpus, tokenizer, configuration or version."""

    exit_code = 6


class EnvironmentProblem(TinyLMError):
    """A package or a program that this needs is missing or too old."""

    exit_code = 7


class OutOfMemory(EnvironmentProblem):
    """The machine's memory, or its GPU's, is not enough for what was asked."""


class Interrupted(TinyLMError):
    """A signal asked the work to end; what was done is kept. The exit code is 128 plus the signal's number."""

    def __init__(self, message: str, signal_number: int = signal.SIGINT) -> None:
        super().__init__(message)
        self.exit_code = 128 + int(signal_number)


class Cancelled(TinyLMError):
    """Whoever asked for the result no longer wants it. Raised by a `check` callback, caught where the work began."""
