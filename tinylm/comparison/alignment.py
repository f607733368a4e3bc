"""Where two tokenisations of the same bytes have a boundary in common, and so can be compared piece by piece.

Knows nothing of models or texts: only how many bytes each token takes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Alignment", "align", "sums_between"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """The boundaries that two tokenisations share, as token indices into each; segments lie between them.

    Shapes: left, right (S + 1,) int64, ascending. Segment s is tokens `left[s]` to `left[s + 1] - 1` of the one and
    `right[s]` to `right[s + 1] - 1` of the other: the same bytes, and no shorter piece with that property.
    """

    left: Ints
    right: Ints

    def __len__(self) -> int:
        return len(self.left) - 1

    def same(self) -> NDArray[np.bool_]:
        """Return, for each segment, whether it is a single token in both: (S,)."""
        same: NDArray[np.bool_] = (np.diff(self.left) == 1) & (np.diff(self.right) == 1)
        return same


def align(left_bytes: NDArray[np.int32], right_bytes: NDArray[np.int32]) -> Alignment:
    """Return the alignment of two tokenisations of the same bytes.

    Args:
        left_bytes: (T,) bytes that each token takes, each at least 1.
        right_bytes: (U,) the same for the other; the sums are equal.

    Raises:
        ValueError: the sums differ.

    Example:
        `align([1, 2, 1], [3, 1])` has left 0, 2, 3 and right 0, 1, 2.
    """
    left = np.concatenate(([0], np.cumsum(left_bytes, dtype=np.int64)))  # (T + 1,) the byte each token begins at
    right = np.concatenate(([0], np.cumsum(right_bytes, dtype=np.int64)))  # (U + 1,)
    if left[-1] != right[-1]:
        raise ValueError(f"one tokenisation holds {left[-1]} bytes, the other {right[-1]}")
    _, in_left, in_right = np.intersect1d(left, right, assume_unique=True, return_indices=True)
    return Alignment(in_left.astype(np.int64), in_right.astype(np.int64))


def sums_between(values: Floats, bounds: Ints) -> Floats:
    """Return the sums of values between neighbouring bounds, (S,): from each up to the next. No segment is empty.

    Args:
        values: (T,) one for each token.
        bounds: (S + 1,) token indices, ascending, such as `Alignment.left`.
    """
    if len(bounds) < 2:
        return np.empty(0)
    sums: Floats = np.add.reduceat(values[: bounds[-1]], bounds[:-1])
    return sums
