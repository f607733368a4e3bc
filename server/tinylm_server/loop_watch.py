"""An event loop that knows when it stalled: how long it was away from waiting for the next event.

Measured around the selector, so that an idle server is never woken to be measured. Only the loop's own work counts;
the machine's other work shows as the difference between the two times in the warning.
"""

import asyncio
import logging
import os
import selectors
import time
from dataclasses import dataclass

__all__ = ["STALL_S", "LoopWatch", "new_loop"]

logger = logging.getLogger(__name__)

# A keystroke that waits longer than this is felt (the editor's own part takes about as long again).
STALL_S = 0.05
# One line tells of all stalls in this time, so that a slow machine does not fill the log.
QUIET_S = 10.0


@dataclass
class LoopWatch:
    """What was measured since it was switched on: the start itself is no stall of anybody's typing."""

    is_on: bool = False
    n_stalls: int = 0
    longest_s: float = 0.0
    longest_work_s: float = 0.0
    _quiet_until: float = 0.0

    def note(self, elapsed_s: float, work_s: float, now_s: float) -> None:
        """Take one round of the loop: how long it took, and how much of that the thread was running."""
        if not self.is_on:
            return
        self.longest_s, self.longest_work_s = max(self.longest_s, elapsed_s), max(self.longest_work_s, work_s)
        if elapsed_s < STALL_S:
            return
        self.n_stalls += 1
        if now_s >= self._quiet_until:
            self._quiet_until = now_s + QUIET_S
            logger.warning(
                "the event loop stalled for %.0f ms (%.0f ms of work); stall %d since the start",
                elapsed_s * 1e3, work_s * 1e3, self.n_stalls,
            )  # fmt: skip


class _WatchedSelector(selectors.DefaultSelector):
    def __init__(self, watch: LoopWatch) -> None:
        super().__init__()
        self._watch = watch
        self._left: tuple[float, float] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._left is not None:
            now = time.perf_counter()
            self._watch.note(now - self._left[0], time.thread_time() - self._left[1], now)
        events = super().select(timeout)
        self._left = time.perf_counter(), time.thread_time()
        return events


def new_loop(watch: LoopWatch) -> asyncio.AbstractEventLoop:
    """Return a loop that is watched. On Windows a plain one: there the loop that can start children has no selector."""
    return asyncio.new_event_loop() if os.name == "nt" else asyncio.SelectorEventLoop(_WatchedSelector(watch))
