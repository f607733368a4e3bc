"""Turns SIGINT, SIGTERM and SIGHUP into a question that a loop can ask; a second Ctrl-C ends the process at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["stop_on_signals"]

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], int]]:
    """Yield a function that returns the number of the signal received so far, or 0.

    The handlers that were there before are put back. Outside the main thread, where Python allows no handlers, the
    function always returns 0.
    """
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if received and number == signal.SIGINT:
            os._exit(128 + number)  # the second Ctrl-C: the last checkpoint stands, waiting helps nobody
        received.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield lambda: received[0] if received else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
