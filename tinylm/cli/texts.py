"""The text that a command is about, from a file or from standard input."""

import sys
from pathlib import Path

from tinylm.errors import BadData
from tinylm.reading import read_file

__all__ = ["read_text"]


def read_text(file: str, max_bytes: int) -> str:
    """Return the text of a file, or of standard input for `-`.

    Raises:
        BadData: it is missing, no regular file, larger than `max_bytes`, or not UTF-8.
        DiskProblem: it may not be read.
    """
    if file == "-":
        data = sys.stdin.buffer.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise BadData(f"standard input: more than {max_bytes:,} bytes; name a part of it")
    else:
        data = read_file(Path(file), max_bytes=max_bytes, what="a text", advice="name a text file, or - for stdin")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadData(f"{file}: not UTF-8 (byte {error.start:,}); convert it first") from None
