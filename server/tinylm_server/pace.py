"""How long ghost text waits for the next key before the model is asked: not at all while the model is fast.

A suggestion that takes longer than the pause between two keys is thrown away with the next key. So while the model
answers faster than somebody types it is asked at once; a slower one is asked when the typing rests. Knows no clock:
times go in, a delay comes out.
"""

__all__ = ["Pace"]

WEIGHT = 0.4  # of the newest value in a running mean: three or four tell
GUESS_MS = 100.0  # the latency before the first answer
LONGEST_PAUSE_MS = 1000.0  # whoever pauses longer than this does not type
RESTS = 1.5  # typing rests when a key is late by half of the usual pause


class Pace:
    """Follows how fast the model answers and how fast it is asked.

    Attributes:
        latency_ms: running mean of the time to an answer.
        pause_ms: running mean of the time between two requests.
    """

    def __init__(self) -> None:
        self.latency_ms = GUESS_MS
        self.pause_ms = LONGEST_PAUSE_MS
        self._asked_ms: float | None = None

    def asked(self, now_ms: float) -> None:
        """Count a request that came by itself."""
        pause_ms = LONGEST_PAUSE_MS if self._asked_ms is None else min(now_ms - self._asked_ms, LONGEST_PAUSE_MS)
        self.pause_ms += WEIGHT * (pause_ms - self.pause_ms)
        self._asked_ms = now_ms

    def took(self, latency_ms: float) -> None:
        """Count an answer."""
        self.latency_ms += WEIGHT * (latency_ms - self.latency_ms)

    def delay_ms(self, longest_ms: float) -> float:
        """Return how long to wait before the model is asked, `longest_ms` at most."""
        return 0.0 if self.latency_ms <= self.pause_ms else min(RESTS * self.pause_ms, longest_ms)
