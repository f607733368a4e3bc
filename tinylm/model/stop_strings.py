"""End a text at the first stop string, wherever the tokens end: the bytes are looked at, not the tokens.

What a stop string could begin with is held back until the next bytes decide, so that nothing shown has to be taken
back. Only what is fed counts: a stop string that the prompt began is not one.
"""

from collections.abc import Sequence

from tinylm.errors import UsageError
from tinylm.tokens.spans import utf8

__all__ = ["MAX_STOP_STRINGS", "StopStrings"]

MAX_STOP_STRINGS = 16


class StopStrings:
    """The bytes of a text up to its first stop string.

    Args:
        stops: the stop strings; none never stops.

    Attributes:
        found: the stop string that ended the text, None so far. Of several the one that is complete first counts, and
            of those that are complete with the same byte the longest.

    Raises:
        UsageError: one of them is empty, or there are too many.

    Example:
        stops = StopStrings(["\\n\\n"]); stops.feed(b"The end.\\n")  # b"The end."
        stops.feed(b"\\nOnce")  # b"", and stops.found is "\\n\\n"
    """

    def __init__(self, stops: Sequence[str]) -> None:
        if len(stops) > MAX_STOP_STRINGS:
            raise UsageError(f"{len(stops)} stop strings, expected at most {MAX_STOP_STRINGS}")
        if "" in stops:
            raise UsageError("a stop string is empty, expected at least one character; leave it out for none")
        self.found: str | None = None
        self._stops = {utf8(stop): stop for stop in stops}
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take the bytes that come next and return those that certainly belong to the text."""
        if self.found is not None:
            return b""
        text = self._held + data
        ends = [(at + len(stop), at, stop) for stop in self._stops if (at := text.find(stop)) >= 0]
        if ends:
            _, at, stop = min(ends)
            self.found, self._held = self._stops[stop], b""
            return text[:at]
        n_held = self._begun(text)
        self._held = text[len(text) - n_held :]
        return text[: len(text) - n_held]

    def finish(self) -> bytes:
        """Return what was held back; nothing follows."""
        rest, self._held = self._held, b""
        return rest

    def _begun(self, text: bytes) -> int:
        """Return how many bytes at the end of the text may be the beginning of a stop string."""
        longest = max(map(len, self._stops), default=0)
        lengths = range(min(len(text), longest - 1), 0, -1)
        return next((n for n in lengths if any(stop.startswith(text[-n:]) for stop in self._stops)), 0)
