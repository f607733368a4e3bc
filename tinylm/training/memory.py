"""Turns the several ways of running out of memory into one error that suggests a smaller batch."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tinylm.errors import OutOfMemory
from tinylm.training.config import TrainConfig

__all__ = ["memory_explained"]


@contextmanager
def memory_explained(config: TrainConfig) -> Iterator[None]:
    """Say what to change where the memory is not enough for what is done inside the block.

    Raises:
        OutOfMemory: with options that need less, and learn from the same number of tokens in a step where possible.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        size = f"{config.batch_size} sequences of {config.block_size} tokens at a time"
        raise OutOfMemory(f"{config.out}: out of memory with {size}; {_advice(config)}") from error


def _is_out_of_memory(error: MemoryError | RuntimeError) -> bool:
    # torch has an exception of its own on a GPU, and none but this text on a CPU.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _advice(config: TrainConfig) -> str:
    if config.batch_size == 1:
        return "start a new run with a smaller --block-size or --size"
    fewer = max(n for n in range(1, config.batch_size) if config.batch_size % n == 0)
    accumulate = config.accumulate * (config.batch_size // fewer)
    return f"start a new run with --batch-size {fewer} --accumulate {accumulate}, whose steps learn from as many tokens"
