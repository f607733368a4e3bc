"""The three units that LSP counts columns in, and the lines of a text.

Pure functions on strings. A line ends at LF, CRLF or CR and nowhere else: form feed, U+2028 and their like are
characters (LSP 3.17, "Text Documents"; VS Code agrees).
"""

import io
from typing import Literal

__all__ = ["Encoding", "content_of", "floor_units", "join_halves", "split_lines", "split_units", "width"]

Encoding = Literal["utf-8", "utf-16", "utf-32"]


def split_lines(text: str) -> list[str]:
    """Return the lines of a text with their ends; the last one has no end and may be empty.

    Example: "a\\r\\nb\\n" gives ["a\\r\\n", "b\\n", ""].
    """
    # newline="" makes StringIO break at LF, CRLF and CR and translate nothing: exactly LSP's rule, in C.
    lines = io.StringIO(text, newline="").readlines()
    if not lines or lines[-1].endswith(("\n", "\r")):
        lines.append("")
    return lines


def join_halves(text: str) -> str:
    """Return the text with neighbouring surrogate halves joined into their character; lone halves stay."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


def content_of(line: str) -> str:
    """Return a line without its end."""
    if line.endswith("\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(("\n", "\r")) else line


def width(text: str, encoding: Encoding) -> int:
    """Return how many units of the encoding a text takes; a lone surrogate half takes 1 of UTF-16, 3 of UTF-8."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text.encode("utf-8", "surrogatepass"))


def floor_units(text: str, units: int, encoding: Encoding) -> int:
    """Return the index of the character that lies `units` into a text, at most its length."""
    if encoding == "utf-32" or text.isascii():
        return min(units, len(text))
    before, after = split_units(text, units, encoding)
    # Between the halves of a pair, the pair's character.
    halved = before[-1:] >= "\ud800" and before[-1:] <= "\udbff" and "\udc00" <= after[:1] <= "\udfff"
    return len(before) - halved


def split_units(text: str, units: int, encoding: Encoding) -> tuple[str, str]:
    """Split a text `units` after its start.

    Between the two halves of a character in UTF-16 it is split into lone halves, as the editor's own array of units
    would be; inside a character in UTF-8 before that character.
    """
    if encoding == "utf-32" or text.isascii():
        return text[:units], text[units:]
    if encoding == "utf-16":
        data = text.encode("utf-16-le", "surrogatepass")
        before, after = (data[: 2 * units], data[2 * units :])
        return before.decode("utf-16-le", "surrogatepass"), after.decode("utf-16-le", "surrogatepass")
    data = text.encode("utf-8", "surrogatepass")
    cut = min(units, len(data))
    while cut < len(data) and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return data[:cut].decode("utf-8", "surrogatepass"), data[cut:].decode("utf-8", "surrogatepass")
