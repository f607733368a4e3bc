"""One distribution over the next token: the model's own, what each filter left of it, and where a draw falls.

Candidates stand in the model's order (most likely first, equal logits by id), so that rank n is row n - 1 and the
cumulative bar reads from the greedy choice outwards. The filters themselves are `tinylm.model.sampling`'s.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinylm.model.sampling import CUT_NAMES, Candidates, SamplingConfig, draw, filter_logits

__all__ = ["Outlook", "look_ahead"]


@dataclass(frozen=True)
class Outlook:
    """Every candidate for one place.

    Shapes: `order` (V,) int32, the candidates, most likely first; `ids` (V,) int32, the token of each in that order;
    `logprob` (V,) float32, nats, the model's own; `probability` (V,) float64, after penalties, temperature and filters,
    0 where cut, sums to 1; `cut_by` (V,) int8, an index into `CUT_NAMES`. A candidate is a token id, except where the
    text before ends inside a token: there it is a cover (`tinylm.model.cursor_generation`).
    """

    order: NDArray[np.int32]
    ids: NDArray[np.int32]
    logprob: NDArray[np.float32]
    probability: NDArray[np.float64]
    cut_by: NDArray[np.int8]
    candidates: Candidates

    @property
    def entropy_bits(self) -> float:
        """The entropy of the model's own distribution."""
        known = self.logprob[self.logprob > -np.inf]
        return -float(np.sum(np.exp(known) * known)) / math.log(2)

    @property
    def n_survivors(self) -> int:
        """How many candidates can still be drawn."""
        return int(np.count_nonzero(self.cut_by == 0))

    @property
    def cumulative(self) -> NDArray[np.float64]:
        """(V,) the upper end of each candidate's stretch of [0, 1)."""
        return np.cumsum(self.probability)

    def chosen_by(self, uniform: float) -> int:
        """Return the row on whose stretch the draw, in [0, 1), falls."""
        return self.place(draw(self.candidates, uniform))

    def place(self, candidate: int) -> int:
        """Return the row of a candidate; its rank is one more."""
        return int(np.flatnonzero(self.order == candidate)[0])

    def sampled_logprob(self, row: int) -> float | None:
        """Return the log probability after the filters, in nats; None when they cut the candidate."""
        return None if self.cut_by[row] else float(self.candidates.sampled_logprob[self.order[row]])

    def cut_name(self, row: int) -> str:
        """Return the name of the filter that cut the candidate, empty for survivors."""
        return CUT_NAMES[self.cut_by[row]] or ""

    def cut_counts(self) -> dict[str, int]:
        """Return how many candidates each filter cut, in the order in which the filters work."""
        counts = np.bincount(self.cut_by, minlength=len(CUT_NAMES))
        return {name: int(count) for name, count in zip(CUT_NAMES, counts, strict=True) if name and count}


def look_ahead(
    logits: NDArray[np.float32],
    sampling: SamplingConfig,
    seen: Sequence[int] | NDArray[np.int32] = (),
    ids: NDArray[np.int32] | None = None,
) -> Outlook:
    """Return the candidates for one place under the sampling settings.

    Args:
        logits: (V,) float32, of the place's next token.
        sampling: penalties, temperature and filters.
        seen: the candidates that penalties count.
        ids: (V,) the token of each candidate; candidates are token ids when absent.
    """
    candidates = filter_logits(logits, sampling, seen)
    order = np.argsort(-candidates.logprob, kind="stable").astype(np.int32)
    probability = np.exp(candidates.sampled_logprob[order].astype(np.float64))
    shown = order if ids is None else ids[order]
    return Outlook(order, shown, candidates.logprob[order], probability, candidates.cut_by[order], candidates)
