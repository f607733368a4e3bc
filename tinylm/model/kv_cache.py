"""Keys and values of the tokens that were read, so that each is computed once."""

import numpy as np

from tinylm.model.config import ModelConfig

__all__ = ["KVCache"]


class KVCache:
    """Keys and values of the tokens read so far, room for a whole context, taken once.

    Shapes: `keys` (n_layer, n_head, D / n_head, block_size), so that a query times them is one product of rows;
    `values` (n_layer, n_head, block_size, D / n_head + 1), where the last column is ones: weights times values then
    give the sum of the weights too. `length` tokens of them are valid.
    """

    def __init__(self, config: ModelConfig) -> None:
        head_size = config.n_embd // config.n_head
        self.keys = np.zeros((config.n_layer, config.n_head, head_size, config.block_size), dtype=np.float32)
        self.values = np.zeros((config.n_layer, config.n_head, config.block_size, head_size + 1), dtype=np.float32)
        self.values[..., -1] = 1.0
        self.length = 0

    def truncate(self, length: int) -> None:
        """Forget every token from `length` on."""
        if not 0 <= length <= self.length:
            raise ValueError(f"cannot truncate a cache of {self.length} tokens to {length}")
        self.length = length
