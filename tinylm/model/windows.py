"""The window rule: which context each token's probability rests on.

The one statement of the rule; editor, command line and exports all follow it.

1. A document is `<|endoftext|>` (position 0) and then its tokens. The first token is predicted from `<|endoftext|>`,
   as in training. Where a special `<|endoftext|>` stands in the document, a new document begins.
2. Windows are runs of at most `block_size` tokens. The first begins at position 0, with `<|endoftext|>`; a later one
   begins in the text, at its own first token, which it does not predict.
3. Each token is predicted in the earliest window that reaches it. So a text that fits has one window.
4. A window begins at most `block_size / 2` after the one before, so each token sees at least
   `min(everything before it, block_size / 2)` tokens.
5. The next beginning is the first firm anchor in the `block_size / 2` tokens after the last beginning; if there is
   none, the strongest position in the last quarter of them, the later of equals (see `anchors`).

What follows: beginnings depend only on what stands before them. An edit changes no value before it, and at most
`reach(block_size)` values after the last changed token.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinylm.model.anchors import HASH_TOKENS, AnchorTable, firm_anchors, strengths

__all__ = ["RULE", "Window", "plan_windows", "reach"]

Ids = NDArray[np.int32]

RULE = (
    "each token is predicted in the earliest window of block_size tokens that reaches it; windows begin at "
    "<|endoftext|> or at content anchors at most block_size/2 apart, so context is at least "
    "min(all before, block_size/2) tokens"
)

# Firm anchors look at 4 contexts. Measured at block_size 256 on English tales and stories: a window for every 105
# tokens (93 at 2 contexts, 78 at 1), and an edit makes 3.7 new windows (4.3 and 4.6).
_SPAN_BLOCKS = 4


@dataclass(frozen=True)
class Window:
    """One forward pass. Positions count `<|endoftext|>` as 0, so token t of a document is at position t + 1.

    The window reads positions from `start` on, and of those it could predict it is asked for `first` to `stop`, `stop`
    excluded. Position p is predicted by row `p - 1 - start`.
    """

    start: int
    first: int
    stop: int


def reach(block_size: int) -> int:
    """Return how many tokens before a token can decide its value, and so how far behind an edit values can change."""
    return (1 + 2 * _SPAN_BLOCKS) * block_size + HASH_TOKENS


def plan_windows(
    ids: Ids, table: AnchorTable, block_size: int, first: int, last: int, *, starts_document: bool = True
) -> list[Window]:
    """Return the windows that predict positions `first` to `last - 1`.

    Args:
        ids: (P,) the document from `<|endoftext|>` on, or a slice of it that begins at least `reach` tokens before
            `first`. It holds no other `<|endoftext|>`, except perhaps as its last token.
        table: the tokenizer's anchor table.
        block_size: the model's context, at least 8.
        first: the first position wanted, at least 1.
        last: one after the last position wanted, at most P.
        starts_document: whether `ids[0]` is the document's `<|endoftext|>`.

    Returns:
        Windows in order; each position in exactly one of them.

    Raises:
        ValueError: the slice does not reach back far enough.
    """
    if first >= last:
        return []
    if starts_document and last <= block_size + 1:
        return [Window(0, first, last)]
    low = max(0, first - reach(block_size))
    strength = strengths(ids[low:last], table)
    firm_at = _firm_positions(strength, low, block_size, whole=starts_document and low == 0)
    before = firm_at[firm_at <= first - block_size]
    if len(before) == 0 and not starts_document:
        raise ValueError(f"the slice begins {first} tokens before the range, which takes {reach(block_size)}")
    begin = int(before[-1]) if len(before) else 0
    windows = []
    predicted = first
    while predicted < last:
        stop = begin + block_size + 1  # the first position that this window cannot predict
        if stop > predicted:
            windows.append(Window(begin, predicted, min(stop, last)))
            predicted = stop
        begin = _next_start(begin, strength, low, firm_at, block_size)
    return windows


def _firm_positions(strength: NDArray[np.uint64], low: int, block_size: int, *, whole: bool) -> NDArray[np.int64]:
    """Return the firm positions of a slice that begins at `low`, without those that only the cut makes firm."""
    span = _SPAN_BLOCKS * block_size
    firm = firm_anchors(strength, span)
    if not whole:
        firm[: span + HASH_TOKENS - 1] = False
    return np.flatnonzero(firm).astype(np.int64) + low


def _next_start(begin: int, strength: NDArray[np.uint64], low: int, firm_at: NDArray[np.int64], block_size: int) -> int:
    """Return where the window after the one that begins at `begin` begins."""
    half = block_size // 2
    index = int(np.searchsorted(firm_at, begin, side="right"))
    if index < len(firm_at) and firm_at[index] <= begin + half:
        return int(firm_at[index])
    last = begin + half
    choices = strength[last - block_size // 8 + 1 - low : last + 1 - low]
    return last - int(np.argmax(choices[::-1]))
