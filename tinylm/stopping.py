"""Notice that somebody wants the work to end: a signal, or a file that appears.

The work polls; nothing is interrupted in the middle of a statement. A second signal of the keyboard leaves at once.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType

__all__ = ["StopRequest"]

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_LOOK_EVERY_S = 0.1


class StopRequest:
    """Call it to ask whether to stop. As a context it catches signals; the main thread has to enter it.

    Args:
        file: a path whose appearance asks to stop, looked at ten times a second; None for no file. One that is left
            from an earlier time is removed when the context begins, and one that was heeded when it ends.

    Attributes:
        signal_number: the signal that came, or SIGINT when the file asked; None while nobody asked.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.signal_number: int | None = None
        self._file = file
        self._next_look = 0.0
        self._previous: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> "StopRequest":
        self._remove_file()
        for number in _SIGNALS:
            if number != signal.SIGINT and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started by nohup, which asks to outlive the terminal
            self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._remove_file()

    def __call__(self) -> bool:
        """Return whether the work should stop."""
        if self.signal_number is None and self._file is not None and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK_EVERY_S
            if self._file.exists():
                self.signal_number = signal.SIGINT
        return self.signal_number is not None

    def _remove_file(self) -> None:
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal_number = number
