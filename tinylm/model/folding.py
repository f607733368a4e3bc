"""Rewrite GPT-2's weights so that a step takes fewer operations and gives the same probabilities.

Three identities, all exact on paper:

* A layer norm scales by a weight and adds a bias just before a matrix: both go into that matrix and its bias.
* A layer norm also subtracts the mean. Every reader of the residual stream does so, hence what writes into the stream
  (embeddings, the two projections of a block) can have its mean taken out beforehand. What is left of the norm is
  `x / sqrt(x·x / D + epsilon)`.
* The attention's 1/sqrt(D / H) goes into the queries' columns.

The products are computed in float64 and stored in float32. (Ba et al. 2016; the mean argument is that of RMSNorm,
Zhang and Sennrich 2019.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinylm.model.config import ModelConfig
from tinylm.model.weights import LayerTensors, ModelTensors

__all__ = ["FoldedLayer", "FoldedWeights", "fold"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FoldedLayer:
    """One block; matrices are (inputs, outputs), contiguous, the layout in which a vector times them is fastest."""

    qkv_weight: Floats  # (D, 3D)
    qkv_bias: Floats
    out_weight: Floats  # (D, D)
    out_bias: Floats
    up_weight: Floats  # (D, n_inner)
    up_bias: Floats
    down_weight: Floats  # (n_inner, D)
    down_bias: Floats


@dataclass(frozen=True)
class FoldedWeights:
    """A whole model, ready to run."""

    token_embedding: Floats  # (V, D)
    position_embedding: Floats  # (block_size, D)
    layers: list[FoldedLayer]
    head_weight: Floats  # (D, V)
    head_bias: Floats  # (V,)


def fold(tensors: ModelTensors, config: ModelConfig) -> FoldedWeights:
    """Return the weights in the form that the engine runs."""
    embedding = tensors.token_embedding.astype(np.float64)
    head_weight = embedding.T * tensors.ln_f_weight[:, None].astype(np.float64)
    return FoldedWeights(
        token_embedding=_float32(_without_mean(embedding)),
        position_embedding=_float32(_without_mean(tensors.position_embedding)),
        layers=[_fold_layer(layer, config) for layer in tensors.layers],
        head_weight=_float32(head_weight),
        head_bias=_float32(embedding @ tensors.ln_f_bias.astype(np.float64)),
    )


def _fold_layer(layer: LayerTensors, config: ModelConfig) -> FoldedLayer:
    qkv_weight, qkv_bias = _fold_norm(layer.ln_1_weight, layer.ln_1_bias, layer.qkv_weight, layer.qkv_bias)
    scale = (config.n_embd // config.n_head) ** -0.5
    qkv_weight[:, : config.n_embd] *= scale
    qkv_bias[: config.n_embd] *= scale
    up_weight, up_bias = _fold_norm(layer.ln_2_weight, layer.ln_2_bias, layer.up_weight, layer.up_bias)
    return FoldedLayer(
        qkv_weight=_float32(qkv_weight),
        qkv_bias=_float32(qkv_bias),
        out_weight=_float32(_without_mean(layer.out_weight)),
        out_bias=_float32(_without_mean(layer.out_bias)),
        up_weight=_float32(up_weight),
        up_bias=_float32(up_bias),
        down_weight=_float32(_without_mean(layer.down_weight)),
        down_bias=_float32(_without_mean(layer.down_bias)),
    )


def _fold_norm(
    gain: Floats, shift: Floats, weight: Floats, bias: Floats
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    wide = weight.astype(np.float64)
    return wide * gain[:, None], bias + shift.astype(np.float64) @ wide


def _without_mean(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    wide = rows.astype(np.float64)
    centred: NDArray[np.float64] = wide - wide.mean(axis=-1, keepdims=True)
    return centred


def _float32(array: NDArray[np.float64]) -> Floats:
    return np.ascontiguousarray(array, dtype=np.float32)
