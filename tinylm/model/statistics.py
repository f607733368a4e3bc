"""From logits to what is shown: log probability, rank, entropy, alternatives.

Log-softmax in float32 over the whole vocabulary; nothing is rounded and nothing renormalised over a part. Natural
logarithms inside, bits where the name says so. These functions know nothing of windows or text.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Alternatives", "Statistics", "log_softmax", "measure", "top_tokens"]

Floats = NDArray[np.float32]
Ids = NDArray[np.int32]

_BITS_PER_NAT = np.float32(1.0 / np.log(2.0))


@dataclass(frozen=True)
class Statistics:
    """What a distribution says about the token that came. Every array is (T,).

    `logprob`: nats. `rank`: 1 is the model's first choice. `entropy_bits`: of the whole distribution, before the token
    is seen. `max_logprob`: nats, of the first choice.
    """

    logprob: Floats
    rank: Ids
    entropy_bits: Floats
    max_logprob: Floats


@dataclass(frozen=True)
class Alternatives:
    """The most likely tokens, best first, equal ones by id. `ids` (T, k) int32; `logprob` (T, k) float32, nats."""

    ids: Ids
    logprob: Floats


def log_softmax(logits: Floats) -> Floats:
    """Return log probabilities, nats, over the last axis; same shape, float32."""
    shifted: Floats = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def measure(logits: Floats, targets: Ids) -> Statistics:
    """Return what each row of logits says about its target.

    Args:
        logits: (T, V) float32.
        targets: (T,) the tokens that came.
    """
    rows = np.arange(len(targets))
    chosen = logits[rows, targets][:, None]  # (T, 1)
    logprob = log_softmax(logits)
    entropy = -np.einsum("tv,tv->t", np.exp(logprob), logprob)  # nats; float32 logits leave no -inf behind
    rank = 1 + np.count_nonzero(logits > chosen, axis=1)
    for row, target in enumerate(targets):  # among equals the lower id comes first
        rank[row] += np.count_nonzero(logits[row, :target] == chosen[row])
    return Statistics(
        logprob=logprob[rows, targets],
        rank=rank.astype(np.int32),
        entropy_bits=np.maximum(entropy * _BITS_PER_NAT, np.float32(0.0)),
        max_logprob=logprob.max(axis=1),
    )


def top_tokens(logits: Floats, k: int) -> Alternatives:
    """Return the `k` most likely tokens of each row of logits, (T, V); all of them if there are no more than `k`."""
    k = min(k, logits.shape[1])
    logprob = log_softmax(logits)
    ids = np.empty((len(logits), k), dtype=np.int32)
    for row, values in enumerate(logits):
        least = np.partition(values, -k)[-k] if k else np.float32(np.inf)
        candidates = np.flatnonzero(values >= least)
        ids[row] = candidates[np.argsort(-values[candidates], kind="stable")[:k]]  # stable: lower ids first
    return Alternatives(ids, np.take_along_axis(logprob, ids, axis=1))
