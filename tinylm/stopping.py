"""Notice that somebody wants the work to end: a signal, or a file that appears.

The work polls; nothing is interrupted in the middle of a statement, except where it has nothing to save. The answer to
the signal does not wait for the work: a thread of its own gives it, also while a long computation holds up Python's
signal handlers. A second Ctrl-C leaves at once, from wherever the work is.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType

from tinylm.errors import Interrupted

__all__ = ["StopRequest", "ended_by_signals", "leaving_at_once"]

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_LOOK_EVERY_S = 0.1
_SHOW_CURSOR = "\x1b[?25h"  # a live picture hides it


class _LeaveAtOnce(BaseException):
    """Unwinds work that has nothing to save. No `except Exception` of somebody else's swallows it."""


class StopRequest:
    """Call it to ask whether to stop. As a context it catches signals; the main thread has to enter it.

    Args:
        file: a path whose appearance asks to stop, looked at ten times a second; None for no file. One that is left
            from an earlier time is removed when the context begins, and one that was heeded when it ends.
        eager: until the work has asked for the first time there is nothing to save, and a signal ends it where it is.

    Raises:
        Interrupted: at the end of the context, when a signal ended the work early.

    Attributes:
        signal_number: the signal that came, or SIGINT when the file asked; None while nobody asked.
    """

    def __init__(self, file: Path | None = None, *, eager: bool = False) -> None:
        self.signal_number: int | None = None
        self.leaves_at_once = eager
        self._file = file
        self._next_look = 0.0
        self._previous: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> "StopRequest":
        global _current
        self._remove_file()
        self._hearing, self._telling = socket.socketpair()
        self._telling.setblocking(False)
        self._previous_wakeup = signal.set_wakeup_fd(self._telling.fileno(), warn_on_full_buffer=False)
        for number in _SIGNALS:
            if number != signal.SIGINT and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started by nohup, which asks to outlive the terminal
            self._previous[number] = signal.signal(number, self._on_signal)
        self._answering = threading.Thread(target=self._answer, name="answers signals", daemon=True)
        self._answering.start()
        _current = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _current
        _current = None
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_wakeup)
        self._telling.close()
        self._answering.join()
        self._hearing.close()
        self._remove_file()
        if isinstance(error, _LeaveAtOnce):
            raise Interrupted("stopped before there was anything to save", self.signal_number or 2) from None

    def __call__(self) -> bool:
        """Return whether the work should stop."""
        self.leaves_at_once = False
        if self.signal_number is None and self._file is not None and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK_EVERY_S
            if self._file.exists():
                self.signal_number = signal.SIGINT
        return self.signal_number is not None

    def _remove_file(self) -> None:
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signal_number = self.signal_number or number
        if self.leaves_at_once:
            raise _LeaveAtOnce

    def _answer(self) -> None:
        """Answer each signal as it comes; the kernel writes its number into the socket whatever Python is doing."""
        came = 0
        while numbers := self._hearing.recv(64):
            for number in numbers:
                came += number in self._previous
                if came == 1:
                    _say("stopping: putting everything in order; Ctrl-C again leaves at once\n")
                elif came > 1 and number == signal.SIGINT:
                    _say(_SHOW_CURSOR if sys.stderr.isatty() else "")
                    os._exit(128 + number)  # what is on the disk is whole at any instant


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let the system itself end the process in the block: importing torch can hold up every thread of Python."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # the other signals do so anyway
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_current: StopRequest | None = None


@contextmanager
def leaving_at_once(message: str) -> Iterator[None]:
    """Let a signal end the block where it is: work that is long, cannot ask, and has nothing to save.

    Raises:
        Interrupted: with the message, when a signal came, now or before.
    """
    request = _current
    if request is None:
        yield
        return
    request.leaves_at_once = True
    try:
        if request.signal_number is not None:
            raise _LeaveAtOnce
        yield
    except _LeaveAtOnce:
        raise Interrupted(message, request.signal_number or 2) from None
    finally:
        request.leaves_at_once = False


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal may be what went away
        sys.stderr.write(text)
        sys.stderr.flush()
