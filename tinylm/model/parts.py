"""Blocks of rows that are begun in their middle, where that changes no bit.

Typing changes the end of a block, and the rows before the change are known. Whether the others come out with the same
bits when those are left out is a matter of the BLAS: its kernels take a fixed number of rows at a time, and what is
left over goes through another kernel. So each place to begin at is tried once, beside the whole block, and remembered.
"""

from collections.abc import Callable

__all__ = ["PART_ROWS", "Parts"]

# What OpenBLAS takes at a time on AVX2 (Haswell and Zen): every place in steps of 12 rows has the bits of the whole
# block there, steps of 8 or 16 have not. A kernel of another size makes the trial fail, and blocks stay whole.
PART_ROWS = 12


class Parts:
    """Remembers at which rows blocks of each kind may begin."""

    def __init__(self) -> None:
        self._verdicts: dict[tuple[object, int], bool] = {}

    def n_to_skip(self, kind: object, n_known: int, agrees: Callable[[int], bool]) -> int:
        """Return how many leading rows of a block to leave out.

        Args:
            kind: what decides the shapes of the block's products beside its first row.
            n_known: leading rows that are known already.
            agrees: computes a block whole and without so many rows, and says whether the rest has the same bits.
        """
        n_rows = n_known // PART_ROWS * PART_ROWS
        if n_rows and (kind, n_rows) not in self._verdicts:
            self._verdicts[kind, n_rows] = agrees(n_rows)
        return n_rows if n_rows and self._verdicts[kind, n_rows] else 0
