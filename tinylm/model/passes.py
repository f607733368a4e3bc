"""Forward passes over windows, remembered, so that a changed window is read from the change on.

Hidden states go in and out by window and row; what is made of them is told elsewhere. Rows are computed in blocks of
fixed shape and place, counted from the window's beginning and padded at its end, and a block is begun in its middle
only where that changes no bit (`parts`). So a row has the same bits whatever was computed before it and whatever comes
after it.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tinylm.model.engine import Engine, KVCache, no_check
from tinylm.model.parts import Parts

__all__ = ["Passes", "n_tokens_alike", "pass_key"]

Floats = NDArray[np.float32]
Ids = NDArray[np.int32]

_MAX_PASSES = 16  # keys and values take 2.4 MB each at the starter's shape
_KEY_TOKENS = 16  # windows that begin alike so far share a pass: typing goes on in one


@dataclass
class _Pass:
    """A window as far as it was read: `n_rows` rows of the cache belong to `ids`.

    `hidden` holds those rows that `has_hidden` names: of rows that nobody asks for only keys and values are computed.
    """

    ids: Ids
    cache: KVCache
    hidden: Floats  # (block_size, D)
    has_hidden: NDArray[np.bool_]
    n_rows: int = 0


class Passes:
    """The passes of one engine, those used last. One thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._parts = Parts()
        self._passes: OrderedDict[bytes, _Pass] = OrderedDict()

    def hidden(self, ids: Ids, start: int, stop: int, check: Callable[[], None] = no_check) -> Floats:
        """Return hidden states of a window, ready for the engine's head.

        Args:
            ids: (T,) all its tokens, at most block_size.
            start: the first row wanted.
            stop: one after the last row wanted.
            check: called between blocks of rows; raises to stop. What was computed is kept.

        Returns:
            (block_size, D) float32, of which rows `start` to `stop - 1` are valid until the next call, and with `stop`
            those up to the end of its block or the window.
        """
        rows = self._engine.block_rows
        key = pass_key(ids)
        state = self._passes.pop(key, None)
        if state is None:
            state = self._new_pass()
        self._passes[key] = state
        ids = ids[: -(-stop // rows) * rows]
        n_same = n_tokens_alike(ids, state.ids[: state.n_rows])
        without = np.flatnonzero(~state.has_hidden[start:n_same])
        n_same = start + int(without[0]) if len(without) else n_same
        if n_same < len(ids):
            self._extend(state, ids, n_same, start, check)
        return state.hidden

    def _new_pass(self) -> _Pass:
        """Return an empty pass, in the memory of the one that was used longest ago if there are enough."""
        if len(self._passes) >= _MAX_PASSES:
            _, state = self._passes.popitem(last=False)
            state.n_rows = 0
            state.cache.truncate(0)
            return state
        block_size = self._engine.config.block_size
        hidden = np.zeros((block_size, self._engine.config.n_embd), np.float32)
        has_hidden = np.zeros(block_size, np.bool_)
        return _Pass(np.zeros(block_size, np.int32), self._engine.new_cache(), hidden, has_hidden)

    def _extend(self, state: _Pass, ids: Ids, n_known: int, start: int, check: Callable[[], None]) -> None:
        """Compute rows from `n_known` on, or a little earlier, to the end of `ids`; hidden states from `start` on."""
        rows, block_size = self._engine.block_rows, self._engine.config.block_size
        for at in range(n_known // rows * rows, len(ids), rows):
            block = np.zeros(min(rows, block_size - at), dtype=np.int32)
            filled = ids[at : at + rows]
            block[: len(filled)] = filled
            state.n_rows = at  # should the check stop it, or the trial
            low = at + self._parts.n_to_skip(at, n_known - at, partial(self._agrees, state.cache, at, block))
            state.cache.truncate(low)
            self._read(state, slice(low, at + len(block)), block[low - at :], start, check)
            state.n_rows = n_known = at + len(filled)

    def _read(self, state: _Pass, places: slice, ids: Ids, start: int, check: Callable[[], None]) -> None:
        """Compute the rows of one block, or its last ones."""
        state.has_hidden[places] = places.stop > start
        if places.stop > start:
            state.hidden[places] = self._engine.hidden(state.cache, ids, check)
        else:
            self._engine.read(state.cache, ids, check)
        state.ids[places] = ids

    def _agrees(self, cache: KVCache, at: int, block: Ids, n_skipped: int) -> bool:
        """Say whether a block after `at` rows gives the same without its first rows; the cache has them afterwards."""
        cache.truncate(at)
        whole = self._engine.hidden(cache, block)[n_skipped:]
        low, high = at + n_skipped, at + len(block)
        keys, values = cache.keys[..., low:high].copy(), cache.values[:, :, low:high].copy()
        cache.truncate(low)
        part = self._engine.hidden(cache, block[n_skipped:])
        same = np.array_equal(cache.keys[..., low:high], keys) and np.array_equal(cache.values[:, :, low:high], values)
        return same and np.array_equal(part, whole)


def pass_key(ids: Ids) -> bytes:
    """Return what windows that begin alike have in common."""
    return ids[:_KEY_TOKENS].tobytes()


def n_tokens_alike(a: Ids, b: Ids) -> int:
    """Return how many tokens two sequences begin with alike."""
    n = min(len(a), len(b))
    differing = np.flatnonzero(a[:n] != b[:n])
    return int(differing[0]) if len(differing) else n
