"""Count pre-tokens; also the program of a counting process.

Run as a program it says with an empty frame on stdout that it has started. Then it reads frames from stdin, each some
texts as `join_texts` gives them, and counts; it answers each with an empty frame, and an empty one with everything
counted (JSON). A frame is its length in 8 bytes and then its bytes. When stdin ends it leaves, so no process outlives
the one that started it, however that one died.

It is started by its path with `python -I` and told where its imports lie: a module of the folder that a person happens
to work in is never imported. How text is split is in `tokens/splitting.py`.
"""

import json
import os
import signal
import sys
from collections import Counter
from typing import BinaryIO

if __name__ == "__main__":
    sys.path.extend(sys.argv[1:])

from tinylm.tokens.splitting import count_different, split_texts

__all__ = ["PretokenCounter", "read_frame", "write_frame"]

_LENGTH_BYTES = 8


class PretokenCounter:
    """Counts pre-tokens."""

    def __init__(self) -> None:
        self._counts: Counter[bytes] = Counter()

    def add(self, joined: bytes) -> None:
        """Count some texts, as `join_texts` gives them."""
        counts = self._counts
        for different, numbers in count_different(split_texts(joined)):
            for pretoken, number in zip(different, numbers, strict=True):
                counts[pretoken] += number

    def counts(self) -> Counter[str]:
        """Return how often each pre-token occurred so far."""
        return Counter({pretoken.decode(): count for pretoken, count in self._counts.items()})


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame's bytes, or None where the stream ends."""
    header = stream.read(_LENGTH_BYTES)
    if len(header) < _LENGTH_BYTES:
        return None
    length = int.from_bytes(header, "little")
    frame = stream.read(length)
    return frame if len(frame) == length else None


def write_frame(stream: BinaryIO, frame: bytes) -> None:
    """Write one frame and flush it."""
    stream.write(len(frame).to_bytes(_LENGTH_BYTES, "little"))
    stream.write(frame)
    stream.flush()


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # On Windows Ctrl-C reaches us; the parent decides what it means.
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    counter = PretokenCounter()
    write_frame(sink, b"")
    while (frame := read_frame(source)) is not None:
        if frame:
            counter.add(frame)
            write_frame(sink, b"")
        else:
            write_frame(sink, json.dumps(counter.counts()).encode())


if __name__ == "__main__":
    try:
        _main()
    except BrokenPipeError:
        os._exit(1)  # The parent is gone; the usual way out would complain about it once more.
