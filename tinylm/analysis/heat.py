"""The heat maps: which bucket a cell falls into, its colour, and the words of the legend. Pure.

The same as in the editor (extension/src/heat.ts, the colours in package.json; a test compares them). The scale is
fixed, 0 to log2 of the vocabulary in bits, so that two texts can be compared by eye. In the map of surprisal one bucket
more is kept for what a uniform guess over the vocabulary would have done better.
"""

import math
from enum import StrEnum

from tinylm.analysis.cells import Cell

__all__ = [
    "DARK",
    "LIGHT",
    "N_BUCKETS",
    "WORST_BUCKET",
    "HeatMode",
    "bucket_of",
    "legend",
    "surprisal_bucket",
    "title_of",
]

N_BUCKETS = 8
WORST_BUCKET = N_BUCKETS - 1
_BUCKETS_IN_SCALE = 6.5
_RANKS = ((1001, 6), (101, 5), (11, 3), (2, 2))  # the least rank of each bucket; 1 is bucket 0

LIGHT = ("#fff9c9", "#feebb8", "#fedbb6", "#fbcabe", "#f1b9ce", "#d6abe1", "#b39fe8", "#7ddc5a")
DARK = ("#171f55", "#351f72", "#591b6f", "#712051", "#80272f", "#7f380f", "#744900", "#1136cc")


class HeatMode(StrEnum):
    """What a colour can show."""

    surprisal = "surprisal"
    rank = "rank"
    entropy = "entropy"
    surplus = "surplus"
    ratio = "ratio"


_TITLES = {
    HeatMode.surprisal: "Surprisal (bits)",
    HeatMode.rank: "Rank (1 = the model's first choice)",
    HeatMode.entropy: "Entropy (bits): how unsure the model was",
    HeatMode.surplus: "Surprisal minus entropy (bits): more surprising than expected",
    HeatMode.ratio: "Distance from the first choice: -log2(p / p_max) (bits)",
}


def title_of(mode: HeatMode) -> str:
    """Return what a heat map shows, with its unit."""
    return _TITLES[mode]


def bucket_of(cell: Cell, mode: HeatMode, vocab_size: int) -> int | None:
    """Return the bucket of a cell, 0 to WORST_BUCKET; None where the value is undefined."""
    if mode is HeatMode.rank:
        return next((bucket for least, bucket in _RANKS if cell.rank >= least), 0)
    bits = {
        HeatMode.surprisal: cell.surprisal_bits,
        HeatMode.entropy: cell.entropy_bits,
        HeatMode.surplus: cell.surplus_bits,
        HeatMode.ratio: cell.ratio_bits,
    }[mode]
    if math.isnan(bits):
        return None
    if mode is HeatMode.surprisal:
        return surprisal_bucket(bits, vocab_size, len(cell.rows))
    return _bucket_from_bits(bits, vocab_size)


def surprisal_bucket(bits: float, vocab_size: int, n_tokens: int = 1) -> int:
    """Return the bucket of the surprisal of some tokens, each of which may cost as much as a uniform guess."""
    return WORST_BUCKET if bits > n_tokens * _scale(vocab_size) else _bucket_from_bits(bits, vocab_size)


def legend(mode: HeatMode, vocab_size: int) -> list[tuple[int, str]]:
    """Return the buckets of a heat map and what each stands for."""
    if mode is HeatMode.rank:
        return [(0, "1"), (2, "2 to 10"), (3, "11 to 100"), (5, "101 to 1000"), (6, "above 1000")]
    scale = _scale(vocab_size)
    edges = [_bits(bucket * scale / _BUCKETS_IN_SCALE) for bucket in range(N_BUCKETS - 1)]
    entries = [(bucket, f"{edges[bucket]} to {edges[bucket + 1]} bits") for bucket in range(WORST_BUCKET - 1)]
    if mode is HeatMode.surplus:
        entries[0] = (0, f"below {edges[1]} bits")
    if mode is not HeatMode.surprisal:
        return [*entries, (WORST_BUCKET - 1, f"{edges[-1]} bits and more")]
    return [
        *entries,
        (WORST_BUCKET - 1, f"{edges[-1]} to {_bits(scale)} bits"),
        (WORST_BUCKET, f"above {_bits(scale)} bits: a uniform guess does better"),
    ]


def _bucket_from_bits(bits: float, vocab_size: int) -> int:
    return min(WORST_BUCKET - 1, max(0, math.floor(bits * _BUCKETS_IN_SCALE / _scale(vocab_size))))


def _scale(vocab_size: int) -> float:
    return math.log2(max(2, vocab_size))


def _bits(bits: float) -> str:
    return f"{bits:g}" if bits == int(bits) else f"{bits:.1f}"
