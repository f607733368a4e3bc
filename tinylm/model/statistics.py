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
    shifted -= np.log(_products(np.exp(shifted), np.ones_like(shifted, shape=shifted.shape[-1:])))
    return shifted


def measure(logits: Floats, targets: Ids) -> Statistics:
    """Return what each row of logits says about its target.

    Args:
        logits: (T, V) float32.
        targets: (T,) the tokens that came.
    """
    top = logits.max(axis=1, keepdims=True)  # (T, 1), like those below
    weights = logits - top  # (T, V)
    logprob = np.take_along_axis(weights, targets[:, None], axis=1)
    np.exp(weights, out=weights)
    total = _products(weights, np.ones(logits.shape[1], dtype=np.float32))
    log_total = np.log(total)
    logprob -= log_total
    entropy = log_total + top - _products(weights, logits) / total  # nats
    return Statistics(
        logprob=logprob[:, 0],
        rank=_ranks(logits, targets),
        entropy_bits=np.maximum(entropy * _BITS_PER_NAT, np.float32(0.0))[:, 0],
        max_logprob=-log_total[:, 0],
    )


def _ranks(logits: Floats, targets: Ids) -> Ids:
    """Return each target's place among all, (T,), the best first; among equals the lower id comes first."""
    chosen = np.take_along_axis(logits, targets[:, None], axis=1)  # (T, 1)
    ranks = np.array([1 + np.count_nonzero(ahead) for ahead in logits > chosen], dtype=np.int32)
    equal = logits == chosen
    if np.count_nonzero(equal) > len(logits):  # each target equals itself
        ranks += np.array(
            [np.count_nonzero(row[:target]) for row, target in zip(equal, targets, strict=True)], np.int32
        )
    return ranks


def _products(a: Floats, b: Floats) -> Floats:
    """Return the scalar products of rows of `a` (…, V) and `b` (…, V) or (V,): (…, 1).

    Each is one call of BLAS, so that a row has the same bits alone and among others.
    """
    products: Floats = np.matmul(a[..., None, :], b[..., :, None])[..., 0]
    return products


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
