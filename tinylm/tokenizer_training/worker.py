"""Split text with GPT-2's pattern and count the pieces ("pre-tokens"); also the program of a counting process.

Run as a program it reads frames from stdin and counts, and writes frames to stdout: after each batch the number of
pre-tokens in it (8 bytes), and after an empty frame everything counted (JSON). A frame is its length in 8 bytes and
then its bytes. When stdin ends it leaves, so no process outlives the one that started it, however that one died.

The file imports only the standard library and `regex`, because it is started by its path with `python -I`: a module
of the folder that a person happens to work in is never imported. Pattern: `encoder.py` of openai/gpt-2.
"""

import json
import signal
import sys
from collections import Counter
from typing import BinaryIO

if __name__ == "__main__":
    sys.path.append(sys.argv[1])  # Where the parent found `regex`; `-I` leaves out a person's own packages.

import regex

__all__ = ["GPT2_PATTERN", "count_pretokens", "read_frame", "write_frame"]

GPT2_PATTERN = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")

_LENGTH_BYTES = 8


def count_pretokens(text: str, counts: Counter[str]) -> int:
    """Add the pre-tokens of a text to `counts` and return how many there were."""
    pieces = GPT2_PATTERN.findall(text)
    counts.update(pieces)
    return len(pieces)


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
    # Ctrl-C reaches every process of the terminal; the parent decides what it means and closes our stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    counts: Counter[str] = Counter()
    while (frame := read_frame(source)) is not None:
        if not frame:
            write_frame(sink, json.dumps(counts).encode())
            continue
        # Documents are counted one by one: a pre-token never spans two.
        n_pieces = sum(count_pretokens(text, counts) for text in json.loads(frame))
        write_frame(sink, n_pieces.to_bytes(8, "little"))


if __name__ == "__main__":
    _main()
