"""An immutable sequence of pieces of text, as a balanced tree that knows how much of everything lies in each branch.

Reaching a piece by any measure, and exchanging some pieces, take a number of steps that grows with the logarithm of
their number; every other branch is shared with the tree before. (Blelloch, Ferizovic, Sun 2016, "Just Join for
Parallel Ordered Sets", section 4: the AVL join, here with the values in the leaves.) Knows no lines, only line ends.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias

__all__ = [
    "Branch",
    "Piece",
    "Sizes",
    "Tree",
    "build",
    "exchange",
    "find",
    "noted_from_start",
    "nth",
    "total_over",
    "without_note",
]

_LINE_END = re.compile("\r\n|\r|\n")


class Sizes(NamedTuple):
    """How much there is of everything that a place can be counted in."""

    pieces: int = 0
    chars: int = 0
    utf16: int = 0
    utf8: int = 0
    line_ends: int = 0

    def plus(self, other: "Sizes") -> "Sizes":
        """Return the sum."""
        return Sizes(
            self.pieces + other.pieces,
            self.chars + other.chars,
            self.utf16 + other.utf16,
            self.utf8 + other.utf8,
            self.line_ends + other.line_ends,
        )


class Piece:
    """A leaf: some consecutive characters, never cut between CR and LF. Immutable but for `notes`, a cache of sums."""

    height = 0

    def __init__(self, text: str) -> None:
        self.text = text
        # A lone surrogate half counts 3 bytes, as the U+FFFD that stands for it.
        utf16 = utf8 = len(text)
        if not text.isascii():
            utf16 = len(text.encode("utf-16-le", "surrogatepass")) // 2
            utf8 = len(text.encode("utf-8", "surrogatepass"))
        n_ends = text.count("\n")
        if "\r" in text:
            n_ends += text.count("\r") - text.count("\r\n")
        self.sizes = Sizes(1, len(text), utf16, utf8, n_ends)
        self.notes: dict[object, int] = {}

    @cached_property
    def line_starts(self) -> list[int]:
        """The index of the character after each line end."""
        return [match.end() for match in _LINE_END.finditer(self.text)]


class Branch:
    """Two trees, one after the other; their heights differ by at most one."""

    __slots__ = ("height", "left", "notes", "right", "sizes")

    def __init__(self, left: "Tree", right: "Tree") -> None:
        self.left, self.right = left, right
        self.height: int = 1 + max(left.height, right.height)
        self.sizes: Sizes = left.sizes.plus(right.sizes)
        self.notes: dict[object, int] = {}


Tree: TypeAlias = Piece | Branch


def build(pieces: Sequence[Piece]) -> Tree:
    """Return the tree of at least one piece."""
    if len(pieces) == 1:
        return pieces[0]
    middle = len(pieces) // 2
    return Branch(build(pieces[:middle]), build(pieces[middle:]))


def find(tree: Tree, measure: str, amount: int) -> tuple[Piece, Sizes]:
    """Return the piece in which a measure goes beyond `amount`, or the last one, and the sizes of all before it.

    Args:
        measure: a field of Sizes.
    """
    field = Sizes._fields.index(measure)
    pieces = chars = utf16 = utf8 = line_ends = 0  # plain numbers: this is the innermost loop of every position
    while isinstance(tree, Branch):
        left = tree.left.sizes
        if amount < left[field]:
            tree = tree.left
        else:
            amount -= left[field]
            tree = tree.right
            pieces, chars, line_ends = pieces + left.pieces, chars + left.chars, line_ends + left.line_ends
            utf16, utf8 = utf16 + left.utf16, utf8 + left.utf8
    return tree, Sizes(pieces, chars, utf16, utf8, line_ends)


def nth(tree: Tree, idx: int) -> Piece:
    """Return a piece by its number."""
    while isinstance(tree, Branch):
        size = tree.left.sizes.pieces
        if idx < size:
            tree = tree.left
        else:
            idx -= size
            tree = tree.right
    return tree


def exchange(tree: Tree, first: int, last: int, new: Sequence[Piece]) -> Tree:
    """Return the tree with the pieces `first` to `last` (inclusive) exchanged for at least one new piece."""
    result = build(new)
    if (head := _split(tree, first)[0]) is not None:
        result = _join(head, result)
    if (tail := _split(tree, last + 1)[1]) is not None:
        result = _join(result, tail)
    return result


def total_over(tree: Tree, first: int, last: int, key: object, value: Callable[[Piece], int | None]) -> int | None:
    """Return the sum of a value over the pieces [first, last); None as soon as one piece gives None.

    Args:
        key: what the value depends on beside the piece. Sums are remembered under it in pieces and branches, so after
            an edit only what is new is asked for.
    """
    if first >= last:
        return 0
    whole = first <= 0 and last >= tree.sizes.pieces
    if whole and (known := tree.notes.get(key)) is not None:
        return known
    if isinstance(tree, Piece):
        total = value(tree)
    else:
        n_left = tree.left.sizes.pieces
        total = total_over(tree.left, first, min(last, n_left), key, value)
        if total is not None:
            right = total_over(tree.right, max(first - n_left, 0), last - n_left, key, value)
            total = None if right is None else total + right
    if whole and total is not None:
        tree.notes[key] = total
    return total


def without_note(tree: Tree, key: object) -> Iterator[Piece]:
    """Yield, in order, the pieces for which no value is remembered under a key."""
    waiting = [tree]
    while waiting:
        tree = waiting.pop()
        if key in tree.notes:
            continue
        if isinstance(tree, Piece):
            yield tree
        else:
            waiting += [tree.right, tree.left]


def noted_from_start(tree: Tree, key: object) -> Sizes:
    """Return the sizes of all before the first piece for which no value is remembered under a key."""
    before = Sizes()
    while key not in tree.notes:
        if isinstance(tree, Piece):
            return before
        if key in tree.left.notes:
            before, tree = before.plus(tree.left.sizes), tree.right
        else:
            tree = tree.left
    return before.plus(tree.sizes)


def _join(left: Tree, right: Tree) -> Tree:
    if isinstance(left, Branch) and left.height > right.height + 1:
        return _balanced(left.left, _join(left.right, right))
    if isinstance(right, Branch) and right.height > left.height + 1:
        return _balanced(_join(left, right.left), right.right)
    return Branch(left, right)


def _balanced(left: Tree, right: Tree) -> Branch:
    """Join two trees whose heights differ by at most two."""
    if isinstance(left, Branch) and left.height > right.height + 1:
        if left.left.height >= left.right.height:
            return Branch(left.left, Branch(left.right, right))
        assert isinstance(left.right, Branch)
        return Branch(Branch(left.left, left.right.left), Branch(left.right.right, right))
    if isinstance(right, Branch) and right.height > left.height + 1:
        if right.right.height >= right.left.height:
            return Branch(Branch(left, right.left), right.right)
        assert isinstance(right.left, Branch)
        return Branch(Branch(left, right.left.left), Branch(right.left.right, right.right))
    return Branch(left, right)


def _split(tree: Tree, n_pieces: int) -> tuple[Tree | None, Tree | None]:
    """Return the first `n_pieces` pieces, and the others."""
    if n_pieces <= 0:
        return None, tree
    if n_pieces >= tree.sizes.pieces:
        return tree, None
    assert isinstance(tree, Branch)
    n_left = tree.left.sizes.pieces
    if n_pieces <= n_left:
        head, middle = _split(tree.left, n_pieces)
        return head, tree.right if middle is None else _join(middle, tree.right)
    middle, tail = _split(tree.right, n_pieces - n_left)
    return tree.left if middle is None else _join(tree.left, middle), tail
