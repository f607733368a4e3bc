"""Several continuations of one text, read together: a tree of tokens over a key-value cache that stays as it is.

A search over words asks for the logits after many short continuations of the same text. Read one by one, each costs a
pass over all weights; read together, a few rows cost little more than one. Each token of the tree has keys and values
of its own beside the cache, and a mask lets it see the text and its own ancestors only.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinylm.model.arithmetic import Scratch, gelu, last_norm, norm_scales
from tinylm.model.engine import Engine
from tinylm.model.folding import FoldedLayer
from tinylm.model.kv_cache import KVCache

__all__ = ["Branches"]

Floats = NDArray[np.float32]

ROOT = -1  # the number of the text itself


class Branches:
    """The tokens read after a text, each numbered in the order in which it was read.

    Args:
        engine: the model.
        cache: what holds the text; it is neither changed nor copied, so nobody else may change it meanwhile.
        max_rows: how many tokens one call may read.
        max_nodes: how many tokens there may be.

    Attributes:
        n_nodes: how many there are.
    """

    def __init__(self, engine: Engine, cache: KVCache, *, max_rows: int, max_nodes: int) -> None:
        config = engine.config
        self.max_nodes = max_nodes
        self._engine = engine
        self._cache = cache
        self._n_stem = cache.length
        self._depths = np.zeros(max_nodes, dtype=np.int32)
        self._mask = np.full((max_nodes, max_nodes), -np.inf, dtype=np.float32)  # row: who looks; column: at whom
        head_size = config.n_embd // config.n_head
        self._keys = np.zeros((config.n_layer, config.n_head, head_size, max_nodes), dtype=np.float32)
        self._values = np.ones((config.n_layer, config.n_head, max_nodes, head_size + 1), dtype=np.float32)
        self._scratch = Scratch(config, max_rows)
        self.n_nodes = 0

    def fits(self, n_tokens: int) -> bool:
        """Say whether a continuation of so many tokens stays inside the model's context."""
        return self._n_stem + n_tokens <= self._engine.config.block_size

    def read(self, ids: Sequence[int], parents: Sequence[int]) -> Floats:
        """Read some tokens and return the logits after each, (n, V) float32.

        Args:
            ids: (n,) the tokens, at most `max_rows`.
            parents: (n,) the number of the token before each one, -1 for the text itself; none of this call.

        Raises:
            ValueError: the tree is full, or the context.
        """
        start, end = self.n_nodes, self.n_nodes + len(ids)
        depths = [1 if parent == ROOT else int(self._depths[parent]) + 1 for parent in parents]
        if end > len(self._depths) or not self.fits(max(depths)):
            raise ValueError(f"no room for {len(ids)} tokens more, {max(depths)} behind a text of {self._n_stem}")
        self._depths[start:end] = depths
        for row, parent in enumerate(parents, start):
            if parent != ROOT:
                self._mask[row] = self._mask[parent]
            self._mask[row, row] = 0.0
        stream = self._run(np.array(ids, dtype=np.int32), self._depths[start:end] + (self._n_stem - 1))
        self.n_nodes = end
        weights = self._engine.weights
        scales = norm_scales(stream, self._engine.config.layer_norm_epsilon)
        return self._engine.head(last_norm(weights, stream, scales))

    def _run(self, ids: NDArray[np.int32], places: NDArray[np.int32]) -> Floats:
        """Return the output of the last layer, (n, D), in scratch."""
        weights, scratch, n_rows = self._engine.weights, self._scratch, len(ids)
        epsilon = self._engine.config.layer_norm_epsilon
        stream, normed, inner = scratch.stream[:n_rows], scratch.normed[:n_rows], scratch.inner[:n_rows]
        np.add(weights.token_embedding[ids], weights.position_embedding[places], out=stream)
        with np.errstate(over="ignore"):
            for index, layer in enumerate(weights.layers):
                np.multiply(stream, norm_scales(stream, epsilon), out=normed[:, :-1])
                stream += self._attend(index, layer, normed) @ layer.out
                np.multiply(stream, norm_scales(stream, epsilon), out=normed[:, :-1])
                gelu(normed @ layer.up, scratch.gate[:n_rows], inner[:, :-1])
                stream += inner @ layer.down
        return stream

    def _attend(self, index: int, layer: FoldedLayer, normed: Floats) -> Floats:
        """Keep the rows' keys and values, and return what their heads gather and a one, (n, D + 1)."""
        n_rows, n_stem, start = len(normed), self._n_stem, self.n_nodes
        end = start + n_rows
        heads = (normed @ layer.qkv).reshape(n_rows, 3, self._engine.config.n_head, -1)  # (n, 3, H, D/H)
        queries = heads[:, 0].transpose(1, 0, 2)  # (H, n, D/H)
        keys, values = self._keys[index], self._values[index]
        keys[:, :, start:end] = heads[:, 1].transpose(1, 2, 0)
        values[:, start:end, :-1] = heads[:, 2].transpose(1, 0, 2)
        to_stem = queries @ self._cache.keys[index, :, :, :n_stem]  # (H, n, S)
        to_tree = queries @ keys[:, :, :end] + self._mask[start:end, :end]  # (H, n, N)
        top = np.maximum(to_stem.max(axis=2, keepdims=True), to_tree.max(axis=2, keepdims=True))
        gathered = np.exp(to_stem - top) @ self._cache.values[index, :, :n_stem]  # (H, n, D/H + 1)
        gathered += np.exp(to_tree - top) @ values[:, :end]
        context = self._scratch.context[:n_rows]
        context[:, :-1] = (gathered[:, :, :-1] / gathered[:, :, -1:]).transpose(1, 0, 2).reshape(n_rows, -1)
        return context
