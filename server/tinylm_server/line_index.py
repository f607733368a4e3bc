"""Columns of one line, in the three units that LSP knows, and the lines of a text.

Pure functions on strings. A line ends at LF, CRLF or CR and nowhere else: form feed, U+2028 and their like are
characters (LSP 3.17, "Text Documents"; VS Code agrees). A column beyond the end of a line means its end.
"""

import io
from typing import Literal

__all__ = [
    "Encoding",
    "char_of_column",
    "column_of_char",
    "content_of",
    "join_halves",
    "split_at",
    "split_lines",
    "width",
]

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


def column_of_char(line: str, char: int, encoding: Encoding) -> int:
    """Return the column of a character index in a line; an index inside or after the line's end gives the end."""
    return width(content_of(line)[:char], encoding)


def char_of_column(line: str, column: int, encoding: Encoding) -> int:
    """Return the index of the character that a column lies in, at most the index of the line's end."""
    content = content_of(line)
    column = max(column, 0)
    if encoding == "utf-32" or content.isascii():
        return min(column, len(content))
    before, after = split_at(line, column, encoding)
    # A column between the halves of a pair belongs to the pair's character.
    halved = before[-1:] >= "\ud800" and before[-1:] <= "\udbff" and "\udc00" <= after[:1] <= "\udfff"
    return len(before) - halved


def split_at(line: str, column: int, encoding: Encoding) -> tuple[str, str]:
    """Split a line (its end included) at a column.

    A UTF-16 column between the two halves of a character splits it into lone halves, as the editor's own array of
    units would; a UTF-8 column inside a character moves to its start.
    """
    content = content_of(line)
    column = max(column, 0)
    if encoding == "utf-32" or content.isascii():
        cut = min(column, len(content))
        return content[:cut], line[cut:]
    end = line[len(content) :]
    if encoding == "utf-16":
        units = content.encode("utf-16-le", "surrogatepass")
        before, after = (
            part.decode("utf-16-le", "surrogatepass") for part in (units[: 2 * column], units[2 * column :])
        )
        return before, after + end
    data = content.encode("utf-8", "surrogatepass")
    cut = min(column, len(data))
    while cut < len(data) and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return data[:cut].decode("utf-8", "surrogatepass"), data[cut:].decode("utf-8", "surrogatepass") + end
