"""Swap a piece of a text for another and see what that does to the tokens, and to the bits of the text that follows.

The swapped text is tokenised anew, so boundaries may move on both sides of the piece; bytes say what corresponds to
what. Only the tokens near the piece are computed again (`tinylm.tokens.pretokens`); they are those that the whole text
would have. Scoring is the caller's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinylm.comparison.alignment import Alignment, align, sums_between
from tinylm.tokens.pretokens import boundary_after, boundary_before
from tinylm.tokens.spans import utf8
from tinylm.tokens.tokenizer import Tokenizer

__all__ = ["Effect", "Swap", "effect_of", "swap_piece"]

Ids = NDArray[np.int32]
Bits = NDArray[np.float64]


@dataclass(frozen=True)
class Swap:
    """A text's tokens before and after a piece was swapped.

    Attributes:
        old_ids: (T,) before.
        new_ids: (U,) after.
        first: the first token that the swap can change; what stands before it is the same in both.
        following: the text after the piece, from the first place on where both have a boundary. Its indices are those
            of `old_ids` (left) and `new_ids` (right). Tokens `first` to `left[0] - 1` and `first` to `right[0] - 1`
            are the place of the swap: the piece, and what merged with it.
    """

    old_ids: Ids
    new_ids: Ids
    first: int
    following: Alignment

    def limited(self, n_tokens: int) -> "Swap":
        """Return the same with the following text ended after about `n_tokens` of its tokens, in both at one byte."""
        last = int(np.searchsorted(self.following.left, self.following.left[0] + n_tokens))
        shorter = Alignment(self.following.left[: last + 1], self.following.right[: last + 1])
        return Swap(self.old_ids, self.new_ids, self.first, shorter)


@dataclass(frozen=True)
class Effect:
    """What a swap costs or gains. All in bits of surprisal; after minus before is what the swap adds.

    Shapes: segment_before, segment_after (S,) for the segments of `Swap.following`.
    """

    place_before: float
    place_after: float
    segment_before: Bits
    segment_after: Bits

    @property
    def following_before(self) -> float:
        """Surprisal of the following text as it is."""
        return float(self.segment_before.sum())

    @property
    def following_after(self) -> float:
        """Surprisal of the following text after the swap."""
        return float(self.segment_after.sum())


def swap_piece(tokenizer: Tokenizer, text: str, ids: Ids, start: int, end: int, new: str) -> Swap:
    """Return the tokens after characters `start` to `end - 1` of a text became `new`.

    Args:
        tokenizer: the tokenizer.
        text: a whole text, or a piece of one between two certain boundaries, neither of which `start` and `end` touch.
        ids: (T,) its tokens.
        start: code points.
        end: code points, at least `start`.
        new: any text, also none.
    """
    low = boundary_before(text, start - 1) if start > 0 else 0
    high = boundary_after(text, end + 1)
    ends = np.concatenate(([0], np.cumsum(tokenizer.byte_lengths[ids], dtype=np.int64)))  # (T + 1,)
    n_before = int(np.searchsorted(ends, len(utf8(text[:low]))))
    n_until = int(np.searchsorted(ends, int(ends[-1]) - len(utf8(text[high:]))))
    middle = tokenizer.encode(text[low:start] + new + text[end:high])
    new_ids = np.concatenate([ids[:n_before], middle, ids[n_until:]])
    start_byte = len(utf8(text[:start]))
    n_after = int(ends[-1]) - len(utf8(text[:end]))
    return _compared(tokenizer, ids, new_ids, start_byte, n_after)


def _compared(tokenizer: Tokenizer, old_ids: Ids, new_ids: Ids, start_byte: int, n_after: int) -> Swap:
    """Return the swap whose old and new text are the same up to `start_byte` and in the last `n_after` bytes."""
    old_bytes, new_bytes = tokenizer.byte_lengths[old_ids], tokenizer.byte_lengths[new_ids]
    n_shared = min(len(old_ids), len(new_ids))
    differing = np.flatnonzero(old_ids[:n_shared] != new_ids[:n_shared])
    first = int(differing[0]) if len(differing) else n_shared
    first = min(first, int(np.searchsorted(np.cumsum(old_bytes), start_byte, side="right")))
    old_tail, new_tail = _tail(old_bytes, n_after), _tail(new_bytes, n_after)
    old_bytes, new_bytes = old_bytes[old_tail:].copy(), new_bytes[new_tail:].copy()
    # The tails may begin at different bytes: cut the longer one's first tokens off until they agree.
    while (excess := int(old_bytes.sum()) - int(new_bytes.sum())) != 0:
        if excess > 0:
            old_bytes, old_tail = old_bytes[1:], old_tail + 1
        else:
            new_bytes, new_tail = new_bytes[1:], new_tail + 1
    following = align(old_bytes, new_bytes)
    return Swap(old_ids, new_ids, first, Alignment(following.left + old_tail, following.right + new_tail))


def _tail(n_bytes: NDArray[np.int32], n_after: int) -> int:
    """Return the first token of those that lie whole in the last `n_after` bytes."""
    until_end = np.cumsum(n_bytes[::-1], dtype=np.int64)
    return len(n_bytes) - int(np.searchsorted(until_end, n_after, side="right"))


def effect_of(swap: Swap, old_bits: Bits, new_bits: Bits) -> Effect:
    """Return what a swap does, from the surprisals of both texts.

    Args:
        swap: the swap.
        old_bits: (following.left[-1] - first,) of the old tokens from `first` to the end of the following text.
        new_bits: (following.right[-1] - first,) of the new ones.
    """
    left, right = swap.following.left - swap.first, swap.following.right - swap.first
    return Effect(
        float(old_bits[: left[0]].sum()),
        float(new_bits[: right[0]].sum()),
        sums_between(old_bits, left),
        sums_between(new_bits, right),
    )
