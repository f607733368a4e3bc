"""The model's next-token logits for a text that grows, shrinks and jumps, with as little computation as that takes.

A decoder remembers what its key-value cache holds. Asked for the logits after any sequence of tokens, it keeps the part
that begins alike and reads the rest. It may have several caches: whoever moves away in a document and comes back finds
what was read there. The context is the one the window rule (`windows`) gives the token to come, so a token drawn here
and the same token scored later rest on the same context.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tinylm.model.anchors import AnchorTable
from tinylm.model.branches import Branches
from tinylm.model.engine import Engine, KVCache, no_check
from tinylm.model.windows import plan_windows, reach

__all__ = ["Decoder"]

Floats = NDArray[np.float32]
Ids = NDArray[np.int32]

# A text that goes back by so many tokens was left: what was read there is kept and another cache takes over. Taking
# back a rejected suggestion or some words is no leaving.
LEFT_TOKENS = 64


@dataclass
class _Kept:
    """A cache and the tokens in it."""

    cache: KVCache
    ids: list[int] = field(default_factory=list)

    def n_alike(self, window: list[int]) -> int:
        """Return how many tokens of a window it holds already."""
        n_same = min(len(self.ids), len(window))
        if self.ids[:n_same] == window[:n_same]:  # a comparison in C, nearly always equal
            return n_same
        return next(at for at in range(n_same) if self.ids[at] != window[at])


class Decoder:
    """Next-token logits for one text at a time. One decoder serves one thread.

    Args:
        engine: the model.
        table: the anchor table of its tokenizer.
        end_of_text_id: the id of `<|endoftext|>`, which begins every document.
        n_places: so many places, those read last, keep a cache; each takes 2.4 MB at the starter's shape.

    Attributes:
        ids: the tokens of the text read last.
        logits: (V,) float32, what the model says about the token after them; written anew at each call.
        n_steps: how often the model was run so far, a block of tokens at a time.
    """

    def __init__(self, engine: Engine, table: AnchorTable, end_of_text_id: int, n_places: int = 1) -> None:
        self._engine = engine
        self._table = table
        self._end_of_text_id = end_of_text_id
        self._n_places = n_places
        self._kept = [_Kept(engine.new_cache())]  # the one used last comes last
        self._window: list[int] = []  # the window of the text to come
        self.n_steps = 0
        self.ids: list[int] = []
        self.logits: Floats = np.empty(0, dtype=np.float32)

    @property
    def context_tokens(self) -> int:
        """How many tokens the logits rest on, a `<|endoftext|>` that begins the document included."""
        return len(self._window)

    def read(
        self, ids: Sequence[int] | Ids, check: Callable[[], None] = no_check, *, starts_document: bool = True
    ) -> Floats:
        """Return the logits after a text.

        Args:
            ids: (T,) all tokens of the text, without the `<|endoftext|>` that begins it. A special one among them
                begins a new document.
            check: called between blocks of rows; raises to stop, and then the next call goes on from there.
            starts_document: whether `ids[0]` is the document's first token. A slice should hold the last
                `windows.reach(block_size)` tokens; with fewer the context is half a window.

        Returns:
            (V,) float32. The array belongs to the caller.
        """
        text = [int(token_id) for token_id in ids]
        window = self._window_of(text, starts_document)
        self._read_window(window, check)
        self.ids, self._window = text, window
        return self.logits

    def push(self, token_id: int, check: Callable[[], None] = no_check) -> Floats:
        """Return the logits after one token more. Like `read`, but costs no look at the text before."""
        text = [*self.ids, token_id]
        fits = len(self._window) < self._engine.config.block_size
        if not self._window or not fits or token_id == self._end_of_text_id:
            return self.read(text, check)
        window = [*self._window, token_id]
        self._read_window(window, check)
        self.ids, self._window = text, window
        return self.logits

    def truncate(self, length: int, check: Callable[[], None] = no_check) -> Floats:
        """Return the logits after the first `length` tokens of the text: one step of the model, or none."""
        if not 0 <= length <= len(self.ids):
            raise ValueError(f"cannot truncate a text of {len(self.ids)} tokens to {length}")
        return self.read(self.ids[:length], check)

    def branch(self, *, max_rows: int, max_nodes: int) -> Branches:
        """Return what reads several continuations of the text at once; see `Branches`. Good until the next reading."""
        return Branches(self._engine, self._kept[-1].cache, max_rows=max_rows, max_nodes=max_nodes)

    def _window_of(self, text: list[int], starts_document: bool) -> list[int]:
        """Return the window that predicts the token after the text."""
        block_size = self._engine.config.block_size
        limit = reach(block_size)
        starts_document = starts_document and len(text) <= limit
        document = [self._end_of_text_id, *text] if starts_document else text[-limit:]
        if self._end_of_text_id in document:
            at = len(document) - 1 - document[::-1].index(self._end_of_text_id)
            document, starts_document = document[at:], True
        if starts_document and len(document) <= block_size:
            return document
        if not starts_document and len(document) < limit:
            return document[-block_size // 2 :]
        ids = np.array(document, dtype=np.int32)
        (window,) = plan_windows(ids, self._table, block_size, len(ids), len(ids) + 1, starts_document=starts_document)
        return document[window.start :]

    def _read_window(self, window: list[int], check: Callable[[], None]) -> None:
        """Bring a cache to hold exactly `window` and the logits after it."""
        used_last = self._kept[-1]
        kept, n_same = self._choose(window)
        if kept is used_last and n_same == len(window) == len(kept.ids) and len(self.logits):
            return
        n_same = min(n_same, len(window) - 1)  # the last token is always read: its logits are the answer
        kept.cache.truncate(n_same)
        kept.ids = kept.ids[:n_same]
        self.logits = np.empty(0, dtype=np.float32)  # none, should `check` stop us
        if n_same == len(window) - 1:
            check()
            logits = self._engine.next_logits(kept.cache, window[-1])
            kept.ids.append(window[-1])
            self.n_steps += 1
            self.logits = logits
            return
        rows = self._engine.block_rows
        for start in range(n_same, len(window), rows):
            check()
            block = np.array(window[start : start + rows], dtype=np.int32)
            hidden = self._engine.hidden(kept.cache, block)
            kept.ids.extend(window[start : start + rows])
            self.n_steps += 1
        self.logits = self._engine.head(hidden[-1:])[0]

    def _choose(self, window: list[int]) -> tuple[_Kept, int]:
        """Return the cache to read a window with, which now comes last, and how many of its tokens are there."""
        n_same, at = max((self._n_usable(kept, window), at) for at, kept in enumerate(self._kept))
        if n_same or not self._kept[at].ids:
            self._kept.append(self._kept.pop(at))
        elif len(self._kept) < self._n_places:
            self._kept.append(_Kept(self._engine.new_cache()))
        else:
            self._kept.append(self._kept.pop(0))
        return self._kept[-1], n_same

    def _n_usable(self, kept: _Kept, window: list[int]) -> int:
        """Return how many tokens of a cache a window goes on from; none if it goes so far back that it was left."""
        n_same = kept.n_alike(window)
        was_left = len(kept.ids) - n_same > max(LEFT_TOKENS, n_same)
        return 0 if was_left and self._n_places > 1 else n_same
