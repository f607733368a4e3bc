"""Rewrite GPT-2's weights so that a step takes fewer operations and gives the same probabilities.

Identities, all exact on paper:

* A layer norm scales by a weight and adds a bias just before a matrix: both go into that matrix and its bias. Not so
  the last norm: the head has V columns, so a bias there would cost more than the D numbers before it.
* A layer norm also subtracts the mean. Every reader of the residual stream does so, hence what writes into the stream
  (embeddings, the two projections of a block) can have its mean taken out beforehand. What is left of the norm is
  `x / sqrt(x·x / D + epsilon)`.
* The attention's 1/sqrt(D / H) goes into the queries' columns.
* A bias is one more row of its matrix, and its input one more column of ones.
* gelu_new(x) is x / (1 + exp(-x (a + b x²))). With y = -cbrt(b) x this is a multiple of y / (1 + exp(y (a' + y²))),
  two multiplications less; the factors go into the matrices before and after.

The products are computed in float64 and stored in float32. (Ba et al. 2016; the mean argument is that of RMSNorm,
Zhang and Sennrich 2019.)
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tinylm.model.config import ModelConfig
from tinylm.model.weights import LayerTensors, ModelTensors

__all__ = ["GELU_SHIFT", "FoldedLayer", "FoldedWeights", "fold"]

Floats = NDArray[np.float32]

# gelu_new of Hendrycks and Gimpel 2016, tanh written with exp: a = sqrt(8 / pi), b = 0.044715 a.
_GELU_A = np.sqrt(8.0 / np.pi)
_GELU_FACTOR = -np.cbrt(0.044715 * _GELU_A)  # y = factor * x
GELU_SHIFT = np.array(-_GELU_A / _GELU_FACTOR, dtype=np.float32)  # the a' above

# 32 rows times 2,048 columns of the head stay in L2: 72 GFLOP/s on one core of an AMD EPYC, 53 for 8,192 columns.
_PANEL_COLUMNS = 2048


@dataclass(frozen=True)
class FoldedLayer:
    """One block; matrices are (inputs + 1, outputs), the last row the bias, contiguous: a vector times them is fast."""

    qkv: Floats  # (D + 1, 3D)
    out: Floats  # (D + 1, D)
    up: Floats  # (D + 1, n_inner)
    down: Floats  # (n_inner + 1, D)


@dataclass(frozen=True)
class FoldedWeights:
    """A whole model, ready to run. The matrices of a layer are `layers[l]`, or entry l of the four arrays."""

    token_embedding: Floats  # (V, D)
    position_embedding: Floats  # (block_size, D)
    qkv: Floats  # (n_layer, D + 1, 3D)
    out: Floats  # (n_layer, D + 1, D)
    up: Floats  # (n_layer, D + 1, n_inner)
    down: Floats  # (n_layer, n_inner + 1, D)
    norm_gain: Floats  # (D,)
    norm_shift: Floats  # (D,)
    head: list[tuple[int, Floats]]  # the columns of (D, V) in panels, each with its first token id

    @cached_property
    def layers(self) -> list[FoldedLayer]:
        """Views of the matrices, one entry for each layer."""
        return [FoldedLayer(*matrices) for matrices in zip(self.qkv, self.out, self.up, self.down, strict=True)]


class _Arena:
    """One piece of memory for all matrices.

    From 4 MB on NumPy asks the system for huge pages, which a model of many smaller arrays never gets. Measured at the
    starter's shape: a step of decoding takes 0.87 of the time.
    """

    def __init__(self, config: ModelConfig) -> None:
        d, inner = config.n_embd, config.n_inner
        layer = (d + 1) * (4 * d + inner) + (inner + 1) * d
        n_arrays = 4 + -(-config.vocab_size // _PANEL_COLUMNS)
        self._free = np.empty(config.n_layer * layer + config.vocab_size * d + 16 * (n_arrays + 1), dtype=np.float32)
        self._free = self._free[-(self._free.ctypes.data // 4) % 16 :]

    def take(self, *shape: int) -> Floats:
        """Return an array of the arena, contiguous, at a multiple of 64 bytes, its contents undefined."""
        size = math.prod(shape)
        taken = self._free[:size].reshape(shape)
        self._free = self._free[-(-size // 16) * 16 :]
        return taken

    def keep(self, array: Floats) -> Floats:
        """Return a copy of the array in the arena."""
        kept = self.take(*array.shape)
        kept[:] = array
        return kept


def fold(tensors: ModelTensors, config: ModelConfig) -> FoldedWeights:
    """Return the weights in the form that the engine runs."""
    arena = _Arena(config)
    d, inner, n = config.n_embd, config.n_inner, config.n_layer
    weights = FoldedWeights(
        token_embedding=_without_mean(tensors.token_embedding).astype(np.float32),
        position_embedding=_without_mean(tensors.position_embedding).astype(np.float32),
        qkv=arena.take(n, d + 1, 3 * d),
        out=arena.take(n, d + 1, d),
        up=arena.take(n, d + 1, inner),
        down=arena.take(n, inner + 1, d),
        norm_gain=tensors.ln_f_weight,
        norm_shift=tensors.ln_f_bias,
        head=[
            (first, arena.keep(tensors.token_embedding[first : first + _PANEL_COLUMNS].T))
            for first in range(0, config.vocab_size, _PANEL_COLUMNS)
        ],
    )
    for layer, folded in zip(tensors.layers, weights.layers, strict=True):
        _fold_layer(layer, config, folded)
    return weights


def _fold_layer(layer: LayerTensors, config: ModelConfig, folded: FoldedLayer) -> None:
    """Write the matrices of a layer."""
    qkv = _fold_norm(layer.ln_1_weight, layer.ln_1_bias, layer.qkv_weight, layer.qkv_bias)
    qkv[:, : config.n_embd] *= (config.n_embd // config.n_head) ** -0.5
    folded.qkv[:] = qkv
    folded.out[:] = _without_mean(np.vstack([layer.out_weight, layer.out_bias]))
    folded.up[:] = _fold_norm(layer.ln_2_weight, layer.ln_2_bias, layer.up_weight, layer.up_bias) * _GELU_FACTOR
    down = layer.down_weight.astype(np.float64) / _GELU_FACTOR
    folded.down[:] = _without_mean(np.vstack([down, layer.down_bias]))


def _fold_norm(gain: Floats, shift: Floats, weight: Floats, bias: Floats) -> NDArray[np.float64]:
    """Return the matrix after a layer norm with the norm's gain and shift in it, the bias as its last row."""
    wide = weight.astype(np.float64)
    return np.vstack([wide * gain[:, None], bias + shift.astype(np.float64) @ wide])


def _without_mean(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    wide = rows.astype(np.float64)
    centred: NDArray[np.float64] = wide - wide.mean(axis=-1, keepdims=True)
    return centred
