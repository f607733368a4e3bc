"""The text of a document: lines, columns and edits over an immutable tree of pieces.

An edit makes a new `Text` that shares every piece it did not touch, so a snapshot costs nothing, and an edit costs the
same in a document of ten megabytes, in one line of a megabyte and in a small file. Pieces end where a pre-token
certainly ends (`tinylm.tokens.pretokens`) and so have tokens of their own; a stretch without such a place stays one
piece, however long. Knows nothing of LSP messages; positions are (line, column) in a given encoding.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tinylm.tokens.pretokens import REACH, boundary_after, is_boundary, line_boundary_after
from tinylm_server.line_index import Encoding, floor_units, join_halves, split_units, width
from tinylm_server.rope import Piece, Sizes, Tree, build, exchange, find, nth

__all__ = ["PIECE_CHARS", "PlacedPiece", "Text"]

# The aimed size of a piece, in characters. Tokenizing a touched piece of this size takes about 2 ms.
PIECE_CHARS = 2048

_MEASURES: dict[Encoding, str] = {"utf-8": "utf8", "utf-16": "utf16", "utf-32": "chars"}


@dataclass(frozen=True)
class PlacedPiece:
    """A piece and the sizes of all that stands before it; its number is `before.pieces`."""

    piece: Piece
    before: Sizes


class Text:
    """A whole text, immutable. The last line has no end; every other line has one. Offsets count code points."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        sizes = tree.sizes
        self.n_pieces, self.n_chars, self.n_bytes = sizes.pieces, sizes.chars, sizes.utf8
        self.n_lines = sizes.line_ends + 1

    @classmethod
    def of(cls, text: str) -> "Text":
        """Return the text of a string; neighbouring surrogate halves are joined."""
        return cls(build(_pieces_of(join_halves(text))))

    def __str__(self) -> str:
        return self.slice(0, self.n_chars)

    def piece_at(self, offset: int) -> PlacedPiece:
        """Return the piece that holds the character at an offset, the last one for the end of the text."""
        return PlacedPiece(*find(self.tree, "chars", offset))

    def pieces(self, offset: int = 0) -> Iterator[PlacedPiece]:
        """Yield the piece at an offset and all after it."""
        placed = self.piece_at(offset)
        yield placed
        while (idx := placed.before.pieces + 1) < self.n_pieces:
            placed = PlacedPiece(nth(self.tree, idx), placed.before.plus(placed.piece.sizes))
            yield placed

    def slice(self, start: int, end: int) -> str:
        """Return the characters from one offset to another, clamped into the text."""
        start, end = max(start, 0), min(end, self.n_chars)
        parts = []
        for placed in self.pieces(start):
            at = placed.before.chars
            if at >= end:
                break
            parts.append(placed.piece.text[max(start - at, 0) : end - at])
        return "".join(parts)

    def line(self, line: int) -> str:
        """Return a line with its end; "" for a line after the last."""
        return self.slice(self.line_start(line), self.line_start(line + 1)) if 0 <= line < self.n_lines else ""

    def line_start(self, line: int) -> int:
        """Return the offset of a line's first character; the end of the text for a line after the last."""
        return self._line_start(line, "utf-32")

    def offset(self, line: int, column: int, encoding: Encoding) -> int:
        """Return the offset of a position, clamped: columns to the line's end, lines to the text's end."""
        placed, units = self._locate(line, column, encoding)
        return placed.before.chars + floor_units(placed.piece.text, units, encoding)

    def point(self, line: int, column: int, encoding: Encoding) -> tuple[int, int]:
        """Return a position as (line, character index), clamped as in `offset`."""
        if line < 0:
            return 0, 0
        line = min(line, self.n_lines)
        offset = self.offset(line, column, encoding)
        line = min(line, self.n_lines - 1)
        return line, offset - self.line_start(line)

    def column(self, line: int, char: int, encoding: Encoding) -> int:
        """Return the column of a character index in a line; an index in or after the line's end gives the end."""
        offset = min(self.line_start(line) + char, self._line_stop(line, "utf-32"))
        placed = self.piece_at(offset)
        inside = width(placed.piece.text[: offset - placed.before.chars], encoding)
        return _units(placed.before, encoding) + inside - self._line_start(line, encoding)

    def before(self, line: int, char: int, max_chars: int) -> str:
        """Return at most `max_chars` characters that end at (line, character index)."""
        end = self.line_start(line) + char
        return self.slice(end - max_chars, end)

    def after(self, line: int, char: int, max_chars: int) -> str:
        """Return at most `max_chars` characters of the line that begin at (line, character index), its end left out."""
        start = self.line_start(line) + char
        return self.slice(start, min(start + max_chars, self._line_stop(line, "utf-32")))

    def replace(self, start: tuple[int, int], end: tuple[int, int], new: str, encoding: Encoding) -> "Text":
        """Return the text with the range from `start` to `end` replaced.

        Args:
            start, end: (line, column) in the encoding; swapped when reversed, clamped when outside.
            new: what stands there afterwards.
        """
        start, end = sorted((start, end))
        (first, first_units), (last, last_units) = self._locate(*start, encoding), self._locate(*end, encoding)
        head = split_units(first.piece.text, first_units, encoding)[0]
        tail = split_units(last.piece.text, last_units, encoding)[1]
        return self._with_pieces(first, last, head + new + tail)

    def _with_pieces(self, first_placed: PlacedPiece, last_placed: PlacedPiece, text: str) -> "Text":
        """Return the text with the pieces from the first to the last (inclusive) exchanged for a text.

        Neighbours are taken in where the boundary to them is no longer certain, or where little would be left.
        """
        first, start = first_placed.before.pieces, first_placed.before.chars
        last, end = last_placed.before.pieces, last_placed.before.chars + last_placed.piece.sizes.chars
        while last < self.n_pieces - 1:
            before, after = self.slice(start - REACH, start), self.slice(end, end + REACH)
            if len(text) >= PIECE_CHARS // 4 and is_boundary(before + text, after):
                break
            neighbour = nth(self.tree, last + 1).text
            last, end, text = last + 1, end + len(neighbour), text + neighbour
        while first > 0:
            before, after = self.slice(start - REACH, start), self.slice(end, end + REACH)
            if is_boundary(before, text + after):
                break
            neighbour = nth(self.tree, first - 1).text
            first, start, text = first - 1, start - len(neighbour), neighbour + text
        return Text(exchange(self.tree, first, last, _pieces_of(join_halves(text))))

    def _line_start(self, line: int, encoding: Encoding) -> int:
        """Return how many units stand before a line."""
        if line <= 0:
            return 0
        if line >= self.n_lines:
            return _units(self.tree.sizes, encoding)
        piece, before = find(self.tree, "line_ends", line - 1)
        char = piece.line_starts[line - 1 - before.line_ends]
        return _units(before, encoding) + width(piece.text[:char], encoding)

    def _line_stop(self, line: int, encoding: Encoding) -> int:
        """Return how many units stand before a line's end."""
        if line >= self.n_lines - 1:
            return _units(self.tree.sizes, encoding)
        piece, before = find(self.tree, "line_ends", line)
        char = piece.line_starts[line - before.line_ends]
        char -= 2 if piece.text.endswith("\r\n", 0, char) else 1
        return _units(before, encoding) + width(piece.text[:char], encoding)

    def _locate(self, line: int, column: int, encoding: Encoding) -> tuple[PlacedPiece, int]:
        """Return the piece at a position, clamped into the text, and how many units into the piece it lies."""
        if line < 0:
            line, column = 0, 0
        at = min(self._line_start(line, encoding) + max(column, 0), self._line_stop(line, encoding))
        piece, before = find(self.tree, _MEASURES[encoding], at)
        return PlacedPiece(piece, before), at - _units(before, encoding)


def _units(sizes: Sizes, encoding: Encoding) -> int:
    return int(getattr(sizes, _MEASURES[encoding]))


def _pieces_of(text: str) -> list[Piece]:
    """Cut a text into pieces of about PIECE_CHARS, before line ends where there are any; "" is one piece."""
    pieces = []
    start = 0
    while len(text) - start > 2 * PIECE_CHARS:
        aimed = start + PIECE_CHARS
        end = line_boundary_after(text, aimed, aimed + PIECE_CHARS // 2) or boundary_after(text, aimed)
        pieces.append(Piece(text[start:end]))
        start = end
    if start < len(text) or not pieces:
        pieces.append(Piece(text[start:]))
    return pieces
