"""Split text with GPT-2's pattern and count the pieces ("pre-tokens"); also the program of a counting process.

Run as a program it reads frames from stdin, each a batch of texts (a JSON list), and counts; it answers each with an
empty frame on stdout, and an empty one with everything counted (JSON). A frame is its length in 8 bytes and then its
bytes. When stdin ends it leaves, so no process outlives the one that started it, however that one died.

The file imports only the standard library and `regex`, because it is started by its path with `python -I`: a module
of the folder that a person happens to work in is never imported. Pattern: `encoder.py` of openai/gpt-2.
"""

import json
import os
import signal
import sys
from collections import Counter
from typing import BinaryIO

if __name__ == "__main__":
    sys.path.append(sys.argv[1])  # Where the parent found `regex`; `-I` leaves out a person's own packages.

import regex

__all__ = ["GPT2_PATTERN", "PretokenCounter", "read_frame", "write_frame"]

GPT2_PATTERN = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")

_ROUGH = regex.compile(r"(\s\s+\S*)")
_MOST_SEGMENTS = 1 << 15  # Matching as many takes about 50 ms, for which nobody waits in vain.
_LENGTH_BYTES = 8


class PretokenCounter:
    """Counts pre-tokens, an order of magnitude faster than by matching the pattern over the whole text.

    A pre-token never reaches from something that is no white space into white space. So text may be cut before any
    white space that follows something else, and what lies between two cuts ("segments", mostly a space and a word with
    its punctuation) may be counted first and matched once for each different one. `str.split` makes the segments,
    after the few places with two or more white spaces in a row have been taken out with the word that follows them.
    """

    def __init__(self) -> None:
        self._spaced: Counter[str] = Counter()  # segments without the space that stands before each
        self._others: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Count one text. A pre-token never spans two."""
        stretches = _ROUGH.split(text)
        self._others.update(stretches[1::2])
        for stretch in stretches[::2]:
            segments = stretch.split(" ")
            self._spaced.update(segments)
            self._spaced[segments[0]] -= 1  # The first has no space before it.
            self._others[segments[0]] += 1
        if len(self._spaced) + len(self._others) > _MOST_SEGMENTS:
            self._match()

    def counts(self) -> Counter[str]:
        """Return how often each pre-token occurred so far."""
        self._match()
        return self._counts

    def _match(self) -> None:
        find, counts = GPT2_PATTERN.findall, self._counts
        for before, segments in ((" ", self._spaced), ("", self._others)):
            for segment, count in segments.items():
                for piece in find(before + segment) if count else ():
                    counts[piece] += count
            segments.clear()


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
    while (frame := read_frame(source)) is not None:
        if frame:
            for text in json.loads(frame):
                counter.add(text)
            write_frame(sink, b"")
        else:
            write_frame(sink, json.dumps(counter.counts()).encode())


if __name__ == "__main__":
    try:
        _main()
    except BrokenPipeError:
        os._exit(1)  # The parent is gone; the usual way out would complain about it once more.
