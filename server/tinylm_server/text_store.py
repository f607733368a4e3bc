"""The text of a document as an immutable sequence of small blocks of lines.

An edit makes a new `Text` that shares every block it did not touch, so that a snapshot costs nothing and an edit of a
10 MB document costs a list copy of its few thousand blocks. Blocks carry what was computed from them (`notes`), which
lives exactly as long as they do. Knows nothing of LSP messages; positions are (line, column) in a given encoding.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate

from tinylm_server.line_index import Encoding, char_of_column, join_halves, split_at, split_lines

__all__ = ["BLOCK_CHARS", "Block", "Text"]

# The aimed size of a block, in characters. Re-encoding a touched block of this size takes about 4 ms.
BLOCK_CHARS = 4096


class Block:
    """Some consecutive lines, ends included. Immutable but for `notes`, a cache that others fill."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.lines = lines
        self.n_chars = sum(map(len, lines))
        self.notes: dict[str, object] = {}

    @cached_property
    def text(self) -> str:
        """The lines joined."""
        return "".join(self.lines)

    @cached_property
    def n_bytes(self) -> int:
        """The length in UTF-8; a lone surrogate half counts 3, as U+FFFD does."""
        return len(self.text.encode("utf-8", "surrogatepass"))


class Text:
    """A whole text, immutable. The last line has no end; every other line has one."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = tuple(blocks)
        # The number of the first line of each block, and after the last one the number of lines.
        self.first_lines = [0, *accumulate(len(block.lines) for block in self.blocks)]

    @classmethod
    def of(cls, text: str) -> "Text":
        """Return the text of a string; neighbouring surrogate halves are joined."""
        return cls(_blocks_of(split_lines(join_halves(text))))

    @property
    def n_lines(self) -> int:
        """How many lines there are; at least one."""
        return self.first_lines[-1]

    @cached_property
    def n_bytes(self) -> int:
        """The length in UTF-8."""
        return sum(block.n_bytes for block in self.blocks)

    @cached_property
    def n_chars(self) -> int:
        """The length in code points."""
        return sum(block.n_chars for block in self.blocks)

    def __str__(self) -> str:
        return "".join(block.text for block in self.blocks)

    def block_of(self, line: int) -> int:
        """Return the index of the block that holds a line; the line is clamped into the text."""
        return bisect_right(self.first_lines, max(0, min(line, self.n_lines - 1))) - 1

    def line(self, line: int) -> str:
        """Return a line with its end; "" for a line after the last."""
        if not 0 <= line < self.n_lines:
            return ""
        block = self.block_of(line)
        return self.blocks[block].lines[line - self.first_lines[block]]

    def point(self, line: int, column: int, encoding: Encoding) -> tuple[int, int]:
        """Return a position as (line, character index), clamped: columns to the line's end, lines to the text's end."""
        if line < 0:
            return 0, 0
        if line >= self.n_lines:
            last = self.line(self.n_lines - 1)
            return self.n_lines - 1, len(last)
        return line, char_of_column(self.line(line), column, encoding)

    def before(self, line: int, char: int, max_chars: int) -> str:
        """Return at most `max_chars` characters that end at (line, character index)."""
        parts = [self.line(line)[:char]]
        length = len(parts[0])
        while length < max_chars and line > 0:
            line -= 1
            parts.append(self.line(line))
            length += len(parts[-1])
        text = "".join(reversed(parts))
        return text[max(0, len(text) - max_chars) :]

    def replace(self, start: tuple[int, int], end: tuple[int, int], new: str, encoding: Encoding) -> "Text":
        """Return the text with the range from `start` to `end` replaced.

        Args:
            start, end: (line, column) in the encoding; swapped when reversed, clamped when outside.
            new: what stands there afterwards.
        """
        start, end = sorted((self._clamp(start), self._clamp(end)))
        first, last = start[0], end[0]
        before = split_at(self.line(first), start[1], encoding)[0]
        after = split_at(self.line(last), end[1], encoding)[1]
        middle = before + new + after
        if first > 0 and middle.startswith("\n") and self.line(first - 1).endswith("\r"):
            first -= 1  # a CR and a LF that now meet are one end of line
            middle = self.line(first) + middle
        lines = split_lines(join_halves(middle))
        if last < self.n_lines - 1:
            lines.pop()  # the "" after the last line end: the next line stands there already
        return self._with_lines(first, last, lines)

    def _clamp(self, position: tuple[int, int]) -> tuple[int, int]:
        line, column = position
        if line < 0:
            return 0, 0
        if line >= self.n_lines:
            return self.n_lines - 1, 1 << 40
        return line, max(column, 0)

    def _with_lines(self, first: int, last: int, lines: list[str]) -> "Text":
        """Return the text with the lines `first` to `last` (inclusive) exchanged."""
        start, end = self.block_of(first), self.block_of(last)
        head = self.blocks[start].lines[: first - self.first_lines[start]]
        tail = self.blocks[end].lines[last + 1 - self.first_lines[end] :]
        touched = [*head, *lines, *tail]
        if end + 1 < len(self.blocks) and sum(map(len, touched)) < BLOCK_CHARS // 4:
            end += 1  # many small deletions must not leave many tiny blocks
            touched += self.blocks[end].lines
        new = _blocks_of(touched, limit=2 * BLOCK_CHARS)
        return Text((*self.blocks[:start], *new, *self.blocks[end + 1 :]))


def _blocks_of(lines: Sequence[str], limit: int = BLOCK_CHARS) -> list[Block]:
    """Cut lines into blocks of about BLOCK_CHARS; up to `limit` characters stay in one block."""
    if sum(map(len, lines)) <= limit:
        return [Block(tuple(lines))] if lines else []
    blocks: list[Block] = []
    start = length = 0
    for idx, line in enumerate(lines):
        length += len(line)
        if length >= BLOCK_CHARS:
            blocks.append(Block(tuple(lines[start : idx + 1])))
            start, length = idx + 1, 0
    if start < len(lines):
        blocks.append(Block(tuple(lines[start:])))
    return blocks
