"""Messages on standard input and output: framing with limits, and a protocol stream that no stray print can reach.

Follows the LSP specification's base protocol, and is tolerant where clients differ: header names in any case, LF as
the end of a header line. What cannot be recovered ends the server with one line on stderr instead of leaving it deaf.
"""

import asyncio
import os
import sys
import threading
from typing import BinaryIO

__all__ = ["FramingBroken", "MessageReader", "claim_stdio", "read_message"]

MAX_HEADER_BYTES = 8 * 1024
MAX_BODY_BYTES = 128 * 1024 * 1024
# Read ahead so far; then the pipe fills and the client has to wait. Typing fills two or three places.
MAX_WAITING_MESSAGES = 256


class FramingBroken(Exception):
    """The input is no sequence of LSP messages (any more); the text says what was found."""


def claim_stdio() -> tuple[BinaryIO, BinaryIO]:
    """Return the protocol's input and output, and point file descriptor 1 at stderr and 0 at nothing.

    Afterwards a `print`, a library's banner or a child's output goes to the log, never into the protocol.
    """
    sys.stdout.flush()
    protocol_in, protocol_out = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdout = sys.stderr
    return os.fdopen(protocol_in, "rb"), os.fdopen(protocol_out, "wb")


def read_message(stream: BinaryIO) -> bytes | None:
    """Read one message body; None at the end of the input. Raises FramingBroken."""
    length: int | None = None
    header_bytes = 0
    while True:
        line = stream.readline(MAX_HEADER_BYTES + 1)
        if not line:
            return None
        header_bytes += len(line)
        if header_bytes > MAX_HEADER_BYTES or not line.endswith(b"\n"):
            raise FramingBroken(f"no end of the message header within {MAX_HEADER_BYTES} bytes")
        line = line.strip()
        if not line:
            break
        length = _length_of(line, length)
    if length is None:
        raise FramingBroken("a message header without Content-Length")
    body = stream.read(length)
    return body if len(body) == length else None


def _length_of(line: bytes, length: int | None) -> int | None:
    name, separator, value = line.partition(b":")
    if not separator or not name.strip().replace(b"-", b"").isalnum():
        raise FramingBroken(f"not a message header: {line[:60]!r}")
    if name.strip().lower() != b"content-length":
        return length
    digits = value.strip()
    if not digits.isdigit() or len(digits) > 12 or int(digits) > MAX_BODY_BYTES:
        raise FramingBroken(f"Content-Length is {digits[:20]!r}; expected at most {MAX_BODY_BYTES} bytes")
    return int(digits)


class MessageReader:
    """Reads messages on a thread of its own, so that no pool can starve it; hands them to the event loop."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._room = threading.Semaphore(MAX_WAITING_MESSAGES)
        self._queue: asyncio.Queue[bytes | FramingBroken | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        # A daemon: it blocks in read() when the server leaves, and nobody waits for it.
        threading.Thread(target=self._run, name="stdin", daemon=True).start()

    async def next(self) -> bytes | None:
        """Return the next message body, None at the end of the input. Raises FramingBroken."""
        item = await self._queue.get()
        self._room.release()
        if isinstance(item, FramingBroken):
            raise item
        return item

    def _run(self) -> None:
        item: bytes | FramingBroken | None = b""
        while isinstance(item, bytes):
            self._room.acquire()
            try:
                item = read_message(self._stream)
            except FramingBroken as error:
                item = error
            except (OSError, ValueError):
                item = None
            try:
                self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
            except RuntimeError:
                return  # the loop is closed: the server is leaving
