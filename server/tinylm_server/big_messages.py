"""JSON of megabytes without a pause of the whole process: what a large file's `didOpen` and a large paste need.

`json.loads` of 10 MB holds the interpreter lock for 20 to 140 ms (measured), in whatever thread it runs. Here the long
strings are decoded in slices, between which other threads get their turn. The result is that of `json.loads`.
"""

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # public in CPython since 2.6, absent from the stubs
from typing import Any
from uuid import uuid4

from tinylm_server.line_index import join_halves

__all__ = ["BIG_BYTES", "loads_in_slices"]

# Smaller messages take less than 5 ms.
BIG_BYTES = 512 * 1024
SLICE_BYTES = 128 * 1024
_LONGEST_ESCAPE = len(r"\u0000")

# A quote inside a string has a backslash before it, so this finds keys only.
_TEXT_KEY = re.compile(rb'"text"\s*:\s*"')


def loads_in_slices(body: bytes) -> Any:
    """Return the value of a JSON text in UTF-8. Raises ValueError, RecursionError as `json.loads` does."""
    placeholder = uuid4().hex
    strings: dict[str, str] = {}
    parts: list[bytes] = []
    done = 0
    while (match := _TEXT_KEY.search(body, done)) is not None:
        text, end = _string_at(body, match.end())
        name = f"{placeholder}{len(strings)}"
        strings[name] = text
        parts += [body[done : match.end()], name.encode(), b'"']
        done = end
    skeleton = json.loads(b"".join([*parts, body[done:]]))
    return _filled(skeleton, strings)


def _string_at(body: bytes, start: int) -> tuple[str, int]:
    """Return the string whose first character is at `start`, and where its closing quote ends."""
    parts: list[str] = []
    while start < len(body):
        part, used, is_closed = _slice_at(body, start)
        parts.append(part)
        start += used
        if is_closed:
            return join_halves("".join(parts)), start  # a pair may have been cut in two
    raise ValueError("a string without an end")


def _slice_at(body: bytes, start: int) -> tuple[str, int, bool]:
    """Return some characters of the string, how many bytes they took, and whether the closing quote was among those."""
    end = start + SLICE_BYTES
    while end < len(body) and body[end] & 0xC0 == 0x80:  # inside a character
        end += 1
    for stop in range(end, end + _LONGEST_ESCAPE):
        data = body[start:stop]
        source = data.decode("utf-8", "surrogatepass")
        try:
            # A quote put at the end closes what the slice leaves open; in the middle of an escape it cannot.
            text, n_read = scanstring(source + '"', 0, True)
        except json.JSONDecodeError:
            continue
        if n_read > len(source):
            return text, len(data), False
        return text, len(source[:n_read].encode("utf-8", "surrogatepass")), True
    raise ValueError("a string that is no JSON")


def _filled(value: Any, strings: dict[str, str]) -> Any:
    if isinstance(value, str):
        return strings.get(value, value)
    if isinstance(value, list):
        return [_filled(each, strings) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, strings) for key, each in value.items()}
    return value
