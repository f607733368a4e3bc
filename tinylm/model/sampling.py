"""How the next token is drawn from the logits.

The order is fixed, here and everywhere: repetition penalty, presence penalty, temperature, top-k, top-p, min-p,
typical-p, each on what the one before left, as transformers' `generate` puts its logits processors. Temperature 0 is
greedy: the most likely token after the penalties. The raw probability (what the model said) and the sampled one (after
penalties, temperature and filters, renormalised) are kept apart, and each candidate knows the filter that cut it.

Sources: top-p, Holtzman et al. 2019; typical-p, Meister et al. 2022; repetition penalty, Keskar et al. 2019; the
presence penalty is that of the OpenAI API, of which transformers has none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import UsageError
from tinylm.model.statistics import log_softmax

__all__ = ["CUT_NAMES", "ORDER", "Candidates", "SamplingConfig", "draw", "filter_logits"]

Floats = NDArray[np.float32]

ORDER = ("repetition penalty", "presence penalty", "temperature", "top-k", "top-p", "min-p", "typical-p")
CUT_NAMES = (None, "greedy", "top-k", "top-p", "min-p", "typical-p")
_SORTED_FIRST = 256  # sorting 8,192 numbers takes 0.6 ms, as long as a step of the model
_GREEDY, _TOP_K, _TOP_P, _MIN_P, _TYPICAL_P = range(1, 6)


@dataclass(frozen=True)
class SamplingConfig:
    """How to draw.

    Attributes:
        temperature: logits are divided by it; 0 takes the most likely token.
        top_k: keep the k most likely (and what equals the last of them); 0 keeps all.
        top_p: keep the most likely tokens that together reach this probability; 1 keeps all.
        min_p: keep tokens at least this fraction as likely as the most likely one; 0 keeps all.
        seed: makes the draws repeatable; None takes a fresh one.
        typical_p: keep the tokens whose surprisal is nearest to the entropy, until they reach this probability; 1 keeps
            all.
        repetition_penalty: the logit of a token that the text has is divided by it, a negative one multiplied; 1: off.
        presence_penalty: taken off the logit of a token that the text has; 0 is off.

    Raises:
        UsageError: a value is out of its range; the line names it and the range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    seed: int | None = None
    typical_p: float = 1.0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0

    def __post_init__(self) -> None:
        _require("temperature", self.temperature, 0.0 <= self.temperature <= 100.0, "from 0 to 100")
        _require("top-k", self.top_k, self.top_k >= 0, "0 (all) or more")
        _require("top-p", self.top_p, 0.0 < self.top_p <= 1.0, "above 0, at most 1")
        _require("min-p", self.min_p, 0.0 <= self.min_p <= 1.0, "from 0 to 1")
        _require("typical-p", self.typical_p, 0.0 < self.typical_p <= 1.0, "above 0, at most 1")
        _require("repetition-penalty", self.repetition_penalty, 0.1 <= self.repetition_penalty <= 10, "from 0.1 to 10")
        _require("presence-penalty", self.presence_penalty, -10 <= self.presence_penalty <= 10, "from -10 to 10")
        _require("seed", self.seed, self.seed is None or 0 <= self.seed < 2**64, "a whole number from 0 to 2^64 - 1")

    @property
    def penalises(self) -> bool:
        """Whether it matters which tokens the text already has."""
        return self.repetition_penalty != 1.0 or self.presence_penalty != 0.0

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


def filter_logits(logits: Floats, config: SamplingConfig, seen: Sequence[int] | NDArray[np.int32] = ()) -> Candidates:
    """Apply penalties, temperature and filters to the logits of one step, (V,).

    Args:
        logits: (V,) float32.
        config: how to draw.
        seen: which entries of `logits` the text already has, in any order, each once or often; see `seen_before`.
    """
    logprob = log_softmax(logits)
    penalised = logprob if not (config.penalises and len(seen)) else log_softmax(_penalised(logits, config, seen))
    if config.temperature == 0.0:
        return _greedy(logprob, int(np.argmax(penalised)))
    cut_by = np.zeros(len(logits), dtype=np.int8)
    scaled = penalised if config.temperature == 1.0 else penalised / np.float32(config.temperature)
    if 0 < config.top_k < len(scaled):
        least = np.partition(scaled, -config.top_k)[-config.top_k]
        cut_by[scaled < least] = _TOP_K
    if config.top_p < 1.0:
        _cut_top_p(scaled, cut_by, config.top_p)
    if config.min_p > 0.0:
        kept = cut_by == 0
        cut_by[kept & (scaled < scaled[kept].max() + np.float32(math.log(config.min_p)))] = _MIN_P
    if config.typical_p < 1.0:
        _cut_typical_p(scaled, cut_by, config.typical_p)
    sampled = np.where(cut_by == 0, scaled, np.float32(-np.inf))
    return Candidates(logprob, log_softmax(sampled), cut_by)


def _greedy(logprob: Floats, best: int) -> Candidates:
    """Return the candidates of which one is left."""
    cut_by = np.full(len(logprob), _GREEDY, dtype=np.int8)
    sampled = np.full(len(logprob), -np.inf, dtype=np.float32)
    cut_by[best], sampled[best] = 0, 0.0
    return Candidates(logprob, sampled, cut_by)


def _penalised(logits: Floats, config: SamplingConfig, seen: Sequence[int] | NDArray[np.int32]) -> Floats:
    """Return the logits with those of the text's own tokens changed."""
    changed = logits.copy()
    ids = np.unique(np.asarray(seen, dtype=np.int32))
    penalty = np.float32(config.repetition_penalty)
    own = changed[ids]
    changed[ids] = np.where(own < 0, own * penalty, own / penalty) - np.float32(config.presence_penalty)
    return changed


def _cut_top_p(scaled: Floats, cut_by: NDArray[np.int8], top_p: float) -> None:
    kept = np.flatnonzero(cut_by == 0)
    weights = np.exp(scaled[kept].astype(np.float64) - scaled[kept].max())
    total = weights.sum()
    # Those under the mean of what may be cut are together less than that: they are cut without being sorted.
    large = weights >= (1.0 - top_p) * total / len(kept)
    cut_by[kept[~large]] = _TOP_P
    kept, weights = kept[large], weights[large]
    order = np.argsort(-weights, kind="stable")
    before = np.cumsum(weights[order]) - weights[order]  # mass of everything more likely
    cut_by[kept[order[before >= top_p * total]]] = _TOP_P


def _cut_typical_p(scaled: Floats, cut_by: NDArray[np.int8], typical_p: float) -> None:
    kept = np.flatnonzero(cut_by == 0)
    logprob = log_softmax(scaled[kept]).astype(np.float64)
    distance = np.abs(-logprob + np.sum(np.exp(logprob) * logprob))  # of the surprisal from the entropy, nats
    order = np.argsort(distance, kind="stable")
    reached = np.cumsum(np.exp(logprob[order]))
    last = min(int(np.count_nonzero(reached < typical_p)), len(order) - 1)
    cut_by[kept[distance > distance[order[last]]]] = _TYPICAL_P


def draw(candidates: Candidates, uniform: float) -> int:
    """Return the token that a uniform number chooses.

    The candidates stand on the line from 0 to 1, most likely first, each as long as its sampled probability; the number
    falls on one of them.

    Args:
        candidates: what may be chosen.
        uniform: from 0 to 1, 1 excluded.
    """
    kept = np.flatnonzero(candidates.cut_by == 0)
    logprob = candidates.sampled_logprob[kept]
    reached = uniform * np.exp(logprob.astype(np.float64)).sum()
    n_sorted = min(_SORTED_FIRST, len(kept))
    while True:  # the likeliest are sorted, and more only if the number falls beyond them
        least = np.partition(logprob, -n_sorted)[-n_sorted]
        likely = np.flatnonzero(logprob >= least)
        order = likely[np.argsort(-logprob[likely], kind="stable")]
        ends = np.cumsum(np.exp(logprob[order].astype(np.float64)))
        place = int(np.searchsorted(ends, reached, side="right"))
        if place < len(order):
            return int(kept[order[place]])
        if len(order) == len(kept):
            return int(kept[order[-1]])
        n_sorted = len(kept)
