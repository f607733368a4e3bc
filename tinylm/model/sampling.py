"""How the next token is drawn from the logits.

The order is fixed: temperature, then top-k, then top-p, then min-p, each on what the one before left, as in
transformers' logits processors. Temperature 0 is greedy. The raw probability (what the model said) and the sampled one
(after temperature and filters, renormalised) are kept apart, and each candidate knows the filter that cut it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import UsageError
from tinylm.model.statistics import log_softmax

__all__ = ["CUT_NAMES", "Candidates", "SamplingConfig", "draw", "filter_logits"]

Floats = NDArray[np.float32]

CUT_NAMES = (None, "greedy", "top-k", "top-p", "min-p")
_GREEDY, _TOP_K, _TOP_P, _MIN_P = range(1, 5)


@dataclass(frozen=True)
class SamplingConfig:
    """How to draw.

    Attributes:
        temperature: logits are divided by it; 0 takes the most likely token.
        top_k: keep the k most likely (and what equals the last of them); 0 keeps all.
        top_p: keep the most likely tokens that together reach this probability; 1 keeps all.
        min_p: keep tokens at least this fraction as likely as the most likely one; 0 keeps all.
        seed: makes the draws repeatable; None takes a fresh one.

    Raises:
        UsageError: a value is out of its range; the line names it and the range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    seed: int | None = None

    def __post_init__(self) -> None:
        _require("temperature", self.temperature, 0.0 <= self.temperature <= 100.0, "from 0 to 100")
        _require("top-k", self.top_k, self.top_k >= 0, "0 (all) or more")
        _require("top-p", self.top_p, 0.0 < self.top_p <= 1.0, "above 0, at most 1")
        _require("min-p", self.min_p, 0.0 <= self.min_p <= 1.0, "from 0 to 1")
        _require("seed", self.seed, self.seed is None or 0 <= self.seed < 2**64, "a whole number from 0 to 2^64 - 1")

    def new_generator(self) -> np.random.Generator:
        """Return the source of the draws: PCG64, the same sequence for the same seed on every machine."""
        return np.random.Generator(np.random.PCG64(self.seed))


def _require(name: str, value: object, holds: bool, expected: str) -> None:
    if not holds or (isinstance(value, float) and math.isnan(value)):
        raise UsageError(f"{name} is {value}, expected {expected}")


@dataclass(frozen=True)
class Candidates:
    """All tokens as the sampler sees them. Every array is (V,).

    `logprob`: raw, nats. `sampled_logprob`: after temperature and filters, nats, -inf for what was cut. `cut_by`: index
    into CUT_NAMES, 0 for what was kept.
    """

    logprob: Floats
    sampled_logprob: Floats
    cut_by: NDArray[np.int8]


def filter_logits(logits: Floats, config: SamplingConfig) -> Candidates:
    """Apply temperature and filters to the logits of one step, (V,)."""
    logprob = log_softmax(logits)
    cut_by = np.zeros(len(logits), dtype=np.int8)
    if config.temperature == 0.0:
        cut_by[:] = _GREEDY
        cut_by[int(np.argmax(logits))] = 0
        return Candidates(logprob, np.where(cut_by == 0, np.float32(0.0), np.float32(-np.inf)), cut_by)
    scaled = logprob if config.temperature == 1.0 else logprob / np.float32(config.temperature)
    if 0 < config.top_k < len(scaled):
        least = np.partition(scaled, -config.top_k)[-config.top_k]
        cut_by[scaled < least] = _TOP_K
    if config.top_p < 1.0:
        _cut_top_p(scaled, cut_by, config.top_p)
    if config.min_p > 0.0:
        kept = cut_by == 0
        cut_by[kept & (scaled < scaled[kept].max() + np.float32(math.log(config.min_p)))] = _MIN_P
    sampled = np.where(cut_by == 0, scaled, np.float32(-np.inf))
    return Candidates(logprob, log_softmax(sampled), cut_by)


def _cut_top_p(scaled: Floats, cut_by: NDArray[np.int8], top_p: float) -> None:
    kept = np.flatnonzero(cut_by == 0)
    order = kept[np.argsort(-scaled[kept], kind="stable")]
    weights = np.exp(scaled[order].astype(np.float64) - scaled[order[0]])
    before = np.cumsum(weights) - weights  # mass of everything more likely
    cut_by[order[before >= top_p * weights.sum()]] = _TOP_P


def draw(candidates: Candidates, uniform: float) -> int:
    """Return the token that a uniform number chooses.

    The candidates stand on the line from 0 to 1, most likely first, each as long as its sampled probability; the number
    falls on one of them.

    Args:
        candidates: what may be chosen.
        uniform: from 0 to 1, 1 excluded.
    """
    kept = np.flatnonzero(candidates.cut_by == 0)
    order = kept[np.argsort(-candidates.sampled_logprob[kept], kind="stable")]
    ends = np.cumsum(np.exp(candidates.sampled_logprob[order].astype(np.float64)))
    return int(order[min(int(np.searchsorted(ends, uniform * ends[-1], side="right")), len(order) - 1)])
