"""Lines, columns and edits the slow way: an array of code units, spliced and split anew for every question."""

import re
from itertools import pairwise

from tinylm_server.line_index import content_of, join_halves

CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
LINE_END = re.compile("\r\n|\r|\n")


def lines_of(text):
    """Return the lines with their ends; the last one has none."""
    starts = [0, *(match.end() for match in LINE_END.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]


def column_of_char(line, char, encoding):
    """Return the column of a character of a line, its end for one inside or after the line's end."""
    codec, size = CODECS[encoding]
    return len(content_of(line)[:char].encode(codec, "surrogatepass")) // size


def char_of_column(line, column, encoding):
    """Return the character that a column lies in, at most the line's end."""
    content = content_of(line)
    return max(char for char in range(len(content) + 1) if column_of_char(line, char, encoding) <= column)


def position_of_offset(text, offset):
    """Return (line, character index) of an offset."""
    before = LINE_END.sub("\n", text[:offset] + "x")
    # Between CR and LF the line has not ended yet, as far as a position can tell.
    number = before.count("\n") - (text[offset - 1 : offset + 1] == "\r\n")
    return number, offset - sum(map(len, lines_of(text)[:number]))


class Naive:
    """The text as a list of code units. Every operation looks at everything."""

    def __init__(self, text, encoding):
        self.codec, self.size = CODECS[encoding]
        self.units = self.cut(join_halves(text))

    def cut(self, text):
        data = text.encode(self.codec, "surrogatepass")
        return [data[i : i + self.size] for i in range(0, len(data), self.size)]

    @property
    def text(self):
        return b"".join(self.units).decode(self.codec, "surrogatepass")

    def offset(self, line, column):
        """Return the unit at a position, clamped."""
        ends = list(LINE_END.finditer(self.text))
        starts = [0, *(match.end() for match in ends)]
        stops = [*(match.start() for match in ends), len(self.text)]
        if line >= len(starts):
            return len(self.units)
        low, high = (len(self.cut(self.text[:at])) for at in (starts[line], stops[line]))
        at = min(low + column, high)
        if self.codec == "utf-8":
            while at < len(self.units) and self.units[at][0] & 0xC0 == 0x80:
                at -= 1
        return at

    def replace(self, start, end, new):
        low, high = sorted((self.offset(*start), self.offset(*end)))
        self.units[low:high] = self.cut(new)
        self.units = self.cut(join_halves(self.text))
