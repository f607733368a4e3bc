"""Which tokens each row of each step holds: a pure function of (seed, step, row), with nothing to save or replay.

A row is `block_size + 1` consecutive tokens of one source. Its source follows the weights of the phase that the step is
in; the place in the source follows a fresh permutation of blocks for each pass over it, whose borders move by a random
offset, so that a small source read twenty times is never cut twice in the same places. A given share of the rows then
moves back to the beginning of the document they fall into, where serving starts its windows, and where the end of a
document is learned together with its beginning: what a cut takes away is missed (Ding et al. 2024, "Fewer Truncations
Improve Language Modeling").

The idea of an order without state is mosaicml/streaming's; the permutation by sorting random keys is NumPy's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import UsageError

__all__ = ["Phase", "RowOrder", "derived_seed", "parse_mix", "phase_weights"]


@dataclass(frozen=True)
class Phase:
    """From `start` (a fraction of the run) on, the sources count with these weights (they sum to one)."""

    start: float
    weights: tuple[float, ...]


def parse_mix(text: str, n_sources: int) -> tuple[Phase, ...]:
    """Parse phases such as "0:90,10 0.4:75,25 0.75:50,50": where each begins, and a weight for each --data in order.

    Raises:
        UsageError: a number is missing or out of range, or the phases do not begin at 0 and rise.
    """
    phases = []
    for word in text.split():
        start, _, weights = word.partition(":")
        try:
            phase = Phase(float(start), tuple(float(weight) for weight in weights.split(",")))
        except ValueError:
            raise UsageError(f'--mix has "{word}", expected START:WEIGHT,WEIGHT such as 0.4:75,25') from None
        total = sum(phase.weights)
        if len(phase.weights) != n_sources or min(phase.weights) < 0 or not 0 < total < float("inf"):
            raise UsageError(f'--mix has "{word}", expected {n_sources} weights of 0 or more, one for each --data')
        phases.append(Phase(phase.start, tuple(weight / total for weight in phase.weights)))
    starts = [phase.start for phase in phases]
    if not starts or starts[0] != 0 or sorted(set(starts)) != starts or starts[-1] >= 1:
        raise UsageError(f"--mix begins its phases at {starts}, expected 0 first, then rising fractions below 1")
    return tuple(phases)


def phase_weights(phases: tuple[Phase, ...], step: int, total_steps: int) -> tuple[float, ...]:
    """Return the weights that hold at a step (0 is the first)."""
    fraction = step / total_steps
    return next(phase.weights for phase in reversed(phases) if fraction >= phase.start)


def derived_seed(*parts: int) -> int:
    """Mix integers into one 63-bit seed; equal parts give equal seeds on every machine."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


class RowOrder:
    """Answers which source and which first token each row of a step has.

    Args:
        starts: for each source, (D,) int64, the positions of its documents' first tokens, rising from 0.
        lengths: for each source, its number of tokens; every one at least `block_size + 1`.
        aligned: the share of rows that move back to the beginning of their document.
    """

    def __init__(
        self,
        starts: list[NDArray[np.int64]],
        lengths: list[int],
        block_size: int,
        phases: tuple[Phase, ...],
        seed: int,
        steps: int,
        rows_per_step: int,
        aligned: float = 0.5,
    ) -> None:
        assert all(length > block_size for length in lengths), f"{lengths} against {block_size + 1}"
        self._starts, self._lengths = starts, lengths
        self._block_size, self._seed, self._aligned = block_size, seed, aligned
        phases = phases or (Phase(0.0, tuple(length / sum(lengths) for length in lengths)),)
        self._source_of_row = _row_sources(phases, steps, rows_per_step, derived_seed(seed, 1))
        counts = np.stack([(self._source_of_row == source).sum(axis=1) for source in range(len(lengths))], axis=1)
        self._taken = np.concatenate([np.zeros((1, len(lengths)), np.int64), counts.cumsum(axis=0)])  # (steps+1, S)
        self._passes: dict[tuple[int, int], tuple[int, NDArray[np.int64]]] = {}

    def rows(self, step: int) -> list[tuple[int, int]]:
        """Return (source, position of the first token) for each row of a step, in order."""
        next_index = self._taken[step].tolist()
        rows = []
        for source in self._source_of_row[step].tolist():
            rows.append((source, self._position(source, next_index[source])))
            next_index[source] += 1
        return rows

    def _position(self, source: int, index: int) -> int:
        n_blocks = max(1, (self._lengths[source] - 1) // self._block_size - 1)
        epoch, place = divmod(index, n_blocks)
        offset, permutation = self._pass(source, epoch, n_blocks)
        position = offset + int(permutation[place]) * self._block_size
        return self._snapped(source, position, derived_seed(self._seed, 3, source, index))

    def _pass(self, source: int, epoch: int, n_blocks: int) -> tuple[int, NDArray[np.int64]]:
        """Return where the first block of a pass over a source begins, and the order of its blocks."""
        key = (source, epoch)
        if key not in self._passes:
            self._passes = {k: v for k, v in self._passes.items() if k[0] != source}
            # At least one block where there are two, so borders can move.
            slack = self._lengths[source] - 1 - n_blocks * self._block_size
            rng = np.random.default_rng(derived_seed(self._seed, 4, source, epoch))
            offset = derived_seed(self._seed, 2, source, epoch) % (slack + 1)
            self._passes[key] = (offset, rng.permutation(n_blocks))
        return self._passes[key]

    def _snapped(self, source: int, position: int, coin: int) -> int:
        """Move a row back to its document's beginning if its coin says so, but no further than one block."""
        starts = self._starts[source]
        begin = int(starts[np.searchsorted(starts, position, side="right") - 1])
        return begin if coin < self._aligned * 2**63 and position - begin < self._block_size else position


def _row_sources(phases: tuple[Phase, ...], steps: int, rows_per_step: int, seed: int) -> NDArray[np.uint8]:
    """Choose the source of every row of the run. Returns (steps, rows_per_step).

    Multiples of the golden ratio modulo one fall more evenly than random numbers: over any stretch of n rows a source
    gets its weight times n, give or take about one, and the sources interleave.
    """
    golden = (5**0.5 - 1) / 2
    point = (np.arange(steps * rows_per_step) * golden + (seed % 4096) / 4096) % 1.0
    point = point.reshape(steps, rows_per_step)
    sources = np.zeros((steps, rows_per_step), np.uint8)
    for step_begin, phase in ((int(np.ceil(phase.start * steps)), phase) for phase in phases):
        borders = np.cumsum(phase.weights)[:-1]
        sources[step_begin:] = np.searchsorted(borders, point[step_begin:], side="right")
    return sources
