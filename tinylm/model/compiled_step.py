"""One step of decoding as machine code: a token in, the logits after it out, what the engine's NumPy step computes.

NumPy's step is about 24 calls a layer, each of which finds Python's own memory thrown out of the cache by the weights;
here a step is one call. Matrices are read by eight streams far apart, which the processor fetches ahead: on one core of
an AMD EPYC they come as fast as numbers can be read at all, where OpenBLAS's products take up to twice as long.

The only module that imports Numba, which the extra `fast` brings. Numba keeps the machine code in __pycache__, beside
the byte code and trusted like it. No reassociation is allowed (`fastmath` holds "contract" alone), so a step gives the
same bits each time.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tinylm.model.config import ModelConfig
from tinylm.model.folding import GELU_SHIFT, FoldedWeights
from tinylm.model.kv_cache import KVCache

__all__ = ["CompiledStep"]

Floats = NDArray[np.float32]

_Function = TypeVar("_Function", bound=Callable[..., None])


def _compiled(function: _Function) -> _Function:
    """Have Numba compile a function when it is first called, or take what it made then from the disk."""
    compiled: _Function = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})(function)
    return compiled


class CompiledStep:
    """Reads one token. Made for one engine; the first one in a process loads or compiles the machine code."""

    def __init__(self, config: ModelConfig, weights: FoldedWeights) -> None:
        self._config = config
        self._weights = weights
        d, inner = config.n_embd, config.n_inner
        self._scratch = np.empty(6 * d + 2 * inner + config.block_size + 3, dtype=np.float32)
        self._hidden = np.empty(d, dtype=np.float32)
        self._constants = np.array([config.layer_norm_epsilon, GELU_SHIFT], dtype=np.float32)

    def __call__(self, cache: KVCache, token_id: int) -> Floats:
        """Read one token more and return the logits after it, (V,) float32."""
        weights, at = self._weights, cache.length
        stream = weights.token_embedding[token_id] + weights.position_embedding[at]
        matrices = (weights.qkv, weights.out, weights.up, weights.down)
        last_norm = (weights.norm_gain, weights.norm_shift)
        _read(stream, *matrices, *last_norm, cache.keys, cache.values, at, self._constants, self._scratch, self._hidden)
        cache.length = at + 1
        logits = np.empty(self._config.vocab_size, dtype=np.float32)
        for first, panel in weights.head:
            _product(self._hidden, panel, logits[first : first + panel.shape[1]])
        return logits


@_compiled
def _read(
    stream: Floats, qkv_of: Floats, out_of: Floats, up_of: Floats, down_of: Floats, gain: Floats, shift: Floats,
    keys: Floats, values: Floats, at: int, constants: Floats, scratch: Floats, hidden: Floats,
) -> None:  # fmt: skip
    """Run all layers on a stream (D,), which is overwritten; the normalised result goes into `hidden` (D,).

    `scratch` holds what a layer needs. Vectors that a matrix with a bias reads end in a one.
    """
    d, n_inner = len(stream), up_of.shape[2]
    normed, context, delta = scratch[: d + 1], scratch[d + 1 : 2 * d + 2], scratch[2 * d + 2 : 3 * d + 2]
    qkv = scratch[3 * d + 2 : 6 * d + 2]
    up, inner = scratch[6 * d + 2 : 6 * d + 2 + n_inner], scratch[6 * d + 2 + n_inner : 6 * d + 3 + 2 * n_inner]
    attention = scratch[6 * d + 3 + 2 * n_inner :]
    normed[d] = context[d] = inner[n_inner] = np.float32(1.0)
    for layer in range(qkv_of.shape[0]):
        _norm(stream, constants[0], normed)
        _product(normed, qkv_of[layer], qkv)
        _attend(qkv, keys[layer], values[layer], at, attention, context)
        _product(context, out_of[layer], delta)
        for i in range(d):
            stream[i] += delta[i]
        _norm(stream, constants[0], normed)
        _product(normed, up_of[layer], up)
        _gelu(up, constants[1], inner)
        _product(inner, down_of[layer], delta)
        for i in range(d):
            stream[i] += delta[i]
    _norm(stream, constants[0], hidden)
    for i in range(d):
        hidden[i] = hidden[i] * gain[i] + shift[i]


@_compiled
def _product(x: Floats, matrix: Floats, y: Floats) -> None:
    """Write `x @ matrix` into `y`: (K,), (K, N), (N,)."""
    k, n = matrix.shape
    y[:] = np.float32(0.0)
    q = k // 8
    for j in range(q):
        x0, x1, x2, x3 = x[j], x[j + q], x[j + 2 * q], x[j + 3 * q]
        x4, x5, x6, x7 = x[j + 4 * q], x[j + 5 * q], x[j + 6 * q], x[j + 7 * q]
        w0, w1, w2, w3 = matrix[j], matrix[j + q], matrix[j + 2 * q], matrix[j + 3 * q]
        w4, w5, w6, w7 = matrix[j + 4 * q], matrix[j + 5 * q], matrix[j + 6 * q], matrix[j + 7 * q]
        for c in range(n):
            y[c] += ((x0 * w0[c] + x1 * w1[c]) + (x2 * w2[c] + x3 * w3[c])) + (
                (x4 * w4[c] + x5 * w5[c]) + (x6 * w6[c] + x7 * w7[c])
            )
    for j in range(8 * q, k):
        xj, wj = x[j], matrix[j]
        for c in range(n):
            y[c] += xj * wj[c]


@_compiled
def _norm(stream: Floats, epsilon: np.float32, normed: Floats) -> None:
    """Write a stream of mean zero, divided by its deviation."""
    squares = np.float32(0.0)
    for value in stream:
        squares += value * value
    scale = np.float32(1.0) / np.sqrt(squares / np.float32(len(stream)) + epsilon)
    for i in range(len(stream)):
        normed[i] = stream[i] * scale


@_compiled
def _attend(qkv: Floats, keys: Floats, values: Floats, at: int, attention: Floats, context: Floats) -> None:
    """Keep the keys and values of the token at `at`, and write what its heads gather from all so far."""
    n_head, head_size = keys.shape[0], keys.shape[1]
    d, n = n_head * head_size, at + 1
    weights = attention[:n]
    for head in range(n_head):
        first = head * head_size
        weights[:] = np.float32(0.0)
        for i in range(head_size):
            keys[head, i, at] = qkv[d + first + i]
            values[head, at, i] = qkv[2 * d + first + i]
            query, row = qkv[first + i], keys[head, i]
            for s in range(n):
                weights[s] += query * row[s]
        top = weights[0]
        for s in range(1, n):
            top = max(top, weights[s])
        for s in range(n):
            weights[s] -= top
        _exp(weights)
        gathered = context[first : first + head_size]
        gathered[:] = np.float32(0.0)
        total = np.float32(0.0)
        for s in range(n):
            weight, row = weights[s], values[head, s]
            total += weight
            for i in range(head_size):
                gathered[i] += weight * row[i]
        for i in range(head_size):
            gathered[i] /= total


@_compiled
def _gelu(up: Floats, shift: np.float32, inner: Floats) -> None:
    """Write gelu_new in the scale of `folding`."""
    n = len(up)
    gate = inner[:n]
    for i in range(n):
        gate[i] = (up[i] * up[i] + shift) * up[i]
    _exp(gate)
    for i in range(n):
        gate[i] = up[i] / (np.float32(1.0) + gate[i])


@_compiled
def _exp(x: Floats) -> None:
    """Replace each number by its exponential, to about one unit in the last place; those beyond ±87 count as ±87.

    x = m log 2 + r, and e^r is a polynomial: expf of the Cephes library (Moshier 1989), written so that a compiler sees
    eight numbers at once.
    """
    bits = x.view(np.int32)
    for i in range(len(x)):
        clipped = min(max(x[i], np.float32(-87.0)), np.float32(87.0))
        # Adding and taking off 1.5 * 2^23 rounds to a whole number.
        m = (clipped * np.float32(1.44269504) + np.float32(12582912.0)) - np.float32(12582912.0)
        r = (clipped - m * np.float32(0.693359375)) + m * np.float32(2.12194440e-4)
        p = np.float32(1.9875691500e-4)
        p = p * r + np.float32(1.3981999507e-3)
        p = p * r + np.float32(8.3334519073e-3)
        p = p * r + np.float32(4.1665795894e-2)
        p = p * r + np.float32(1.6666665459e-1)
        p = p * r + np.float32(5.0000001201e-1)
        x[i] = p * r * r + r + np.float32(1.0)
        bits[i] += np.int32(m) << np.int32(23)
