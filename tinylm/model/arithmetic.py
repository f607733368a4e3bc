"""What every way to run the layers in NumPy has in common: the norm, the activation, arrays to write into.

The arithmetic is that of `folding`; all arrays are float32.
"""

import numpy as np
from numpy.typing import NDArray

from tinylm.model.config import ModelConfig
from tinylm.model.folding import GELU_SHIFT, FoldedWeights

__all__ = ["Scratch", "gelu", "last_norm", "norm_scales"]

Floats = NDArray[np.float32]

_ONE = np.ones((), dtype=np.float32)  # an array of no dimension, which NumPy takes without converting it


def norm_scales(stream: Floats, epsilon: float) -> Floats:
    """Return what a layer norm multiplies each row of streams (T, D) of mean zero with, (T, 1)."""
    squares = np.einsum("td,td->t", stream, stream)
    squares /= np.float32(stream.shape[1])
    squares += np.float32(epsilon)
    np.sqrt(squares, out=squares)
    scales: Floats = np.reciprocal(squares)[:, None]
    return scales


def last_norm(weights: FoldedWeights, stream: Floats, scale: Floats | np.float32) -> Floats:
    """Return streams, (D,) or (T, D), as the head reads them; `scale` is theirs, () or (T, 1)."""
    result: Floats = stream * scale
    result *= weights.norm_gain
    result += weights.norm_shift
    return result


def gelu(up: Floats, gate: Floats, inner: Floats) -> None:
    """Write gelu_new of `up` into `inner`, in the scale of `folding`; `gate` is scratch of the same shape."""
    np.multiply(up, up, out=gate)
    gate += GELU_SHIFT
    gate *= up
    np.exp(gate, out=gate)  # infinity where x is very negative, and x / infinity is the right zero
    gate += _ONE
    np.divide(up, gate, out=inner)


class Scratch:
    """Arrays that every step writes again, so that no step takes memory. What is read by a matrix ends in a one."""

    def __init__(self, config: ModelConfig, rows: int) -> None:
        head_size = config.n_embd // config.n_head
        self.stream = np.empty((rows, config.n_embd), dtype=np.float32)
        self.delta = np.empty_like(self.stream)
        self.normed = np.ones((rows, config.n_embd + 1), dtype=np.float32)
        self.context = np.ones_like(self.normed)
        self.qkv = np.empty((rows, 3 * config.n_embd), dtype=np.float32)
        self.up = np.empty((rows, config.n_inner), dtype=np.float32)
        self.gate = np.empty_like(self.up)
        self.inner = np.ones((rows, config.n_inner + 1), dtype=np.float32)
        self.attention = np.empty((config.n_head, rows, config.block_size), dtype=np.float32)
        self.gathered = np.empty((config.n_head, rows, head_size + 1), dtype=np.float32)
        self.mask = np.triu(np.full((rows, rows), -np.inf, dtype=np.float32), 1)
