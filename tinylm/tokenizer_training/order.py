"""Say which pairs are merged next: by their counts, or as merges say that are known already.

Both give several at a time, that can be merged at once. Why that changes nothing is in `learning.py`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinylm.tokenizer_training.merges import Merge
from tinylm.tokenizer_training.pairs import Pairs, halves, key_of

__all__ = ["KnownOrder", "OrderByCount"]

_N_LISTED = 512  # some ten times what is merged at once
_NOT_YET = -1


class OrderByCount:
    """The pair with the highest count first; where they are equal the lower left id, then the lower right id.

    It holds the first few in a list: every pair up to a bound, which is the last one that the list had when it was
    made. Only when they run out does it go through all of them.
    """

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs
        self._listed = np.zeros(0, np.int64)
        self._bound = (np.iinfo(np.int64).max, 0)
        self._n_seen = 0

    def next(self, most: int) -> list[int]:
        """Return the entries of the pairs that come next, `most` at most; none when no pair is left."""
        new = np.arange(self._n_seen, len(self._pairs.counts))
        self._n_seen = len(self._pairs.counts)
        listed = self._listed[self._is_within(self._listed)]
        self._listed = self._sorted(np.concatenate([listed, new[self._is_within(new)]]))
        if not len(self._listed):
            self._list_anew()
        entries = self._listed[:most]
        chosen: list[int] = entries[: _n_apart(self._pairs.keys[entries].tolist())].tolist()
        return chosen

    def _list_anew(self) -> None:
        counts = self._pairs.counts
        n_less = max(0, len(counts) - _N_LISTED)
        least = max(1, int(np.partition(counts, n_less)[n_less]))
        self._listed = self._sorted(np.flatnonzero(counts >= least))[:_N_LISTED]
        if len(self._listed):
            last = self._listed[-1]
            self._bound = (int(counts[last]), int(self._pairs.keys[last]))

    def _is_within(self, entries: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which entries come no later than the bound."""
        count, key = self._bound
        counts, keys = self._pairs.counts[entries], self._pairs.keys[entries]
        is_within: NDArray[np.bool_] = (counts > count) | ((counts == count) & (keys <= key))
        return is_within

    def _sorted(self, entries: NDArray[np.int64]) -> NDArray[np.int64]:
        return entries[np.lexsort((self._pairs.keys[entries], -self._pairs.counts[entries]))]


class KnownOrder:
    """The order of known merges, one at least, as far as the pairs are there as often as they say."""

    def __init__(self, pairs: Pairs, known: Sequence[Merge]) -> None:
        self._pairs = pairs
        self._counts = np.array([merge.count for merge in known], np.int64)
        keys = np.array([key_of(merge.left, merge.right) for merge in known], np.uint32)
        self._ranks = np.argsort(keys)
        self._keys = keys[self._ranks]
        self._entry_of_rank = np.full(len(known), _NOT_YET)
        self._n_seen = self._n_merged = 0

    def next(self, most: int) -> list[int]:
        """Return the entries of the merges that come next, `most` at most; none when no merge fits any more."""
        self._take_in()
        entries = self._entry_of_rank[self._n_merged :][: min(most, _N_LISTED)]
        counts = self._counts[self._n_merged :][: len(entries)]
        fits = (entries != _NOT_YET) & (self._pairs.counts[entries] == counts)
        fitting = entries if fits.all() else entries[: int(fits.argmin())]
        chosen: list[int] = fitting[: _n_apart(self._pairs.keys[fitting].tolist())].tolist()
        self._n_merged += len(chosen)
        return chosen

    def _take_in(self) -> None:
        """Look which of the new pairs are known ones."""
        new = self._pairs.keys[self._n_seen :]
        places = np.searchsorted(self._keys, new).clip(max=len(self._keys) - 1)
        is_known = self._keys[places] == new
        self._entry_of_rank[self._ranks[places[is_known]]] = self._n_seen + np.flatnonzero(is_known)
        self._n_seen += len(new)


def _n_apart(keys: Sequence[int]) -> int:
    """Return how many of the first pairs can be merged at once: none ends with what another one begins with."""
    lefts: set[int] = set()
    rights: set[int] = set()
    for n, key in enumerate(keys):
        left, right = halves(key)
        if n and (left == right or left in rights or right in lefts):
            return n
        if left == right:
            return 1
        lefts.add(left)
        rights.add(right)
    return len(keys)
