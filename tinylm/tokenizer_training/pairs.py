"""All words of a corpus in one array of token ids, with every pair of neighbours counted and found, in NumPy.

A token that is merged into its left neighbour is unlinked and its place left empty. Between two words stands id 0,
which no word holds, so nobody has to ask where a word ends; pairs with it are entry 0, whose numbers mean nothing.

Each different pair is an entry: its count, and the places where it stood when it came to be. It comes to be once, in
the words as they were given or, everywhere at the same time, when the later of its two tokens is made. So its places
only ever become fewer, and whether it still stands at one is asked when it is merged.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["SEPARATOR", "Pairs", "halves", "key_of"]

SEPARATOR = 0

Places = NDArray[np.int32]
_Number = TypeVar("_Number", np.uint32, np.int64, np.int32)

# So much is done between two looks at whether to stop: some 20 ms.
_PIECE = 1 << 17

_HALF = np.uint32(16)  # bits: a vocabulary has at most 65,536 entries
_NONE = 0  # the entry of what is no pair


def key_of(left: int, right: int) -> int:
    """Return the key of a pair of ids."""
    return left << 16 | right


def halves(key: int) -> tuple[int, int]:
    """Return the left and the right id of a pair's key."""
    return key >> 16, key & 0xFFFF


class Pairs:
    """Counts the pairs, and merges them.

    Args:
        symbols: (N,) int32, the words' token ids with `SEPARATOR` before and after each; one word at least. Is changed.
        weights: (N,) int64, how often the word of each symbol occurs.
        poll: called between pieces of work. Where it raises, this object has become useless.
    """

    def __init__(self, symbols: NDArray[np.int32], weights: NDArray[np.int64], poll: Callable[[], None]) -> None:
        n = len(symbols)
        self._symbols, self._weights, self._poll = symbols, weights, poll
        poll()  # Memory that is taken for the first time is slow: 40 ms for each array of six million.
        self._next = np.arange(1, n + 1, dtype=np.int32)
        poll()
        self._previous = np.arange(-1, n - 1, dtype=np.int32)
        poll()
        self._entry_at = np.zeros(n, np.int32)  # the pair of a token and its next one
        self._n_entries, self._n_places = 1, 0
        self._keys = np.zeros(1, np.uint32)
        self._counts = np.zeros(1, np.int64)
        self._ends = np.zeros(1, np.int64)  # an entry's places are those up to here from where the last one's end
        self._places: Places = np.zeros(0, np.int32)
        places = np.arange(n - 1, dtype=np.int32)
        self._index([places[piece] for piece in _pieces(len(places))])

    @property
    def keys(self) -> NDArray[np.uint32]:
        """Each entry's left id times 65,536 plus its right id. (E,)"""
        return self._keys[: self._n_entries]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each entry occurs; no more than zero for entry 0 and for those that were merged. (E,)"""
        return self._counts[: self._n_entries]

    def merge(self, entries: Sequence[int], results: Sequence[int]) -> None:
        """Replace pairs by new tokens, one pair after the other and each from left to right.

        Args:
            entries: none ends with the token that another one begins with. A pair of equal tokens comes alone.
            results: the new ids, which no word holds yet.
        """
        left, right = halves(int(self._keys[entries[0]]))
        touched = []
        spans = [self._places[self._ends[entry - 1] : self._ends[entry]] for entry in entries]
        lengths = [len(span) for span in spans]
        places = np.concatenate(spans)
        entry_of, result_of = np.repeat(entries, lengths), np.repeat(results, lengths)
        for piece in _pieces(len(places)):
            self._poll()
            is_there = self._entry_at[places[piece]] == entry_of[piece]
            lefts, new = places[piece][is_there], result_of[piece][is_there]
            if left == right:
                is_first = self._every_other(lefts)
                lefts, new = lefts[is_first], new[is_first]
            touched.append(self._replace(lefts, new))
        self._counts[entries] = 0
        self._index(touched)

    def _every_other(self, lefts: Places) -> NDArray[np.bool_]:
        """Say where, in rising order, a pair of equal tokens is merged: in `aaa` at the first, not at the second."""
        here = np.arange(len(lefts))
        goes_on = np.zeros(len(lefts), np.bool_)
        goes_on[1:] = self._next[lefts[:-1]] == lefts[1:]
        begin = np.maximum.accumulate(np.where(goes_on, 0, here))
        is_first: NDArray[np.bool_] = (here - begin) % 2 == 0
        return is_first

    def _replace(self, lefts: Places, results: NDArray[np.int64]) -> Places:
        """Put new tokens where pairs begin; return the places that now begin another pair than before.

        Among these are some that a later call empties; their pairs then have a half that is no token.
        """
        rights, befores = self._next[lefts], self._previous[lefts]
        weights = self._weights[lefts]
        # Where two of the pairs touch, what lies between them is a pair that goes but once: the first one takes it off.
        self._entry_at[lefts] = _NONE
        np.subtract.at(self._counts, self._entry_at[rights], weights)
        self._entry_at[rights] = _NONE
        gone = self._entry_at[befores]
        np.subtract.at(self._counts, gone, weights)
        self._entry_at[befores] = _NONE
        self._symbols[lefts] = results
        self._symbols[rights] = SEPARATOR
        afters = self._next[rights]
        self._next[lefts] = afters
        self._previous[afters] = lefts
        return np.concatenate([lefts, befores[gone != _NONE]])

    def _index(self, pieces: Sequence[Places]) -> None:
        """Make entries of the pairs that begin at these places. None of the pairs is an entry yet."""
        found = [self._sorted(places) for places in pieces]
        different, numbers = np.unique(np.concatenate([keys for keys, _, _ in found]), return_inverse=True)
        n_places = np.zeros(len(different), np.int64)
        np.add.at(n_places, numbers, np.concatenate([lengths for _, lengths, _ in found]))
        first, ends = self._n_entries, self._n_places + np.cumsum(n_places)
        self._make_room(len(different), int(n_places.sum()))
        self._keys[first : self._n_entries] = different
        self._counts[first : self._n_entries] = 0
        self._ends[first : self._n_entries] = ends
        free = ends - n_places
        for keys, lengths, at in found:
            self._poll()
            entries, numbers = numbers[: len(keys)], numbers[len(keys) :]
            shift = free[entries] - (np.cumsum(lengths) - lengths)
            self._places[np.repeat(shift, lengths) + np.arange(len(at))] = at
            free[entries] += lengths
            entry_of = np.repeat(entries + first, lengths)
            self._entry_at[at] = entry_of
            np.add.at(self._counts, entry_of, self._weights[at])

    def _sorted(self, places: Places) -> tuple[NDArray[np.uint32], NDArray[np.int64], Places]:
        """Return the different keys of the pairs at some places, how often each is there, and their places, by key."""
        self._poll()
        symbols = self._symbols.view(np.uint32)
        lefts, rights = symbols[places], symbols[self._next[places]]
        is_pair = (lefts != SEPARATOR) & (rights != SEPARATOR)
        keys = (lefts << _HALF) | rights
        # Key and place in one number: sorting numbers is several times as fast as finding their order.
        packed = np.sort((keys[is_pair].astype(np.uint64) << np.uint64(32)) | places[is_pair].astype(np.uint64))
        keys = (packed >> np.uint64(32)).astype(np.uint32)
        begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.int64)
        return keys[begins], np.diff(begins, append=len(keys)), packed.astype(np.uint32).view(np.int32)

    def _make_room(self, n_entries: int, n_places: int) -> None:
        self._n_entries += n_entries
        self._n_places += n_places
        self._keys = _with_room(self._keys, self._n_entries)
        self._counts = _with_room(self._counts, self._n_entries)
        self._ends = _with_room(self._ends, self._n_entries)
        self._places = _with_room(self._places, self._n_places)


def _pieces(n: int) -> Iterator[slice]:
    return (slice(begin, begin + _PIECE) for begin in range(0, n, _PIECE))


def _with_room(array: NDArray[_Number], n: int) -> NDArray[_Number]:
    """Return an array of at least n elements that begins with this one; it grows by half, so seldom."""
    if n <= len(array):
        return array
    larger = np.empty(max(n, len(array) * 3 // 2), array.dtype)
    larger[: len(array)] = array
    return larger
