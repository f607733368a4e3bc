"""Where the windows of a long text begin: chosen by content, not counted from the top.

A text longer than the model's context is scored in windows. Their beginnings are chosen so that an edit moves only
beginnings after it, and only for a bounded stretch. Nothing here runs a model. See `windows` for the rule.

Two kinds of places:

* **Firm anchors** depend on nothing but the `2 * span + HASH_TOKENS` tokens before them. Take the strongest of the
  last `span + 1` positions: a position is firm if it is the strongest itself, or if the strongest is the first of
  them. Then any `span + 1` neighbouring positions hold a firm one (the closed syncmers of Edgar 2021, looking back).
  Every chain of windows passes through every firm anchor, which is why an edit is forgotten after a while.
* Between them a chain steps to the **strongest position** in the last quarter of what the context rule allows, so
  that windows begin at paragraphs, lines or sentences where there are any.

Strength is first the kind of place (paragraph, line, sentence, word, inside a word), then a hash of the tokens before
it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HASH_TOKENS", "AnchorTable", "firm_anchors", "strengths"]

HASH_TOKENS = 16  # tokens that the hash looks at: enough to tell most places apart, few enough to stay local

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class AnchorTable:
    """What each vocabulary entry says about the place after it and before it; made once a tokenizer.

    Shapes: every array is (V,). `newlines` counts line ends in the entry's trailing white space; `blank` marks entries
    that are white space throughout; `ends_sentence` those that end like one; `starts_word` those that begin with white
    space.
    """

    newlines: NDArray[np.int8]
    blank: NDArray[np.bool_]
    ends_sentence: NDArray[np.bool_]
    starts_word: NDArray[np.bool_]

    @classmethod
    def of(cls, tokens: Sequence[bytes]) -> "AnchorTable":
        """Build the table from the bytes of each vocabulary entry, in the order of ids."""
        space = b" \t\r\n"
        tails = [token[len(token.rstrip(space)) :] for token in tokens]
        closers = b"\"')]*_" + "”’»".encode()
        return cls(
            newlines=np.array([min(max(tail.count(b"\n"), tail.count(b"\r")), 2) for tail in tails], np.int8),
            blank=np.array([bool(token) and not token.strip(space) for token in tokens], np.bool_),
            ends_sentence=np.array([token.rstrip(closers)[-1:] in (b".", b"!", b"?") for token in tokens], np.bool_),
            starts_word=np.array([token[:1] in (b" ", b"\t", b"\r", b"\n") for token in tokens], np.bool_),
        )


def strengths(ids: Ids, table: AnchorTable) -> NDArray[np.uint64]:
    """Return how well a window may begin at each token, (T,): comparable numbers, equal only for equal places.

    The strength of position t depends on tokens `t - HASH_TOKENS + 1` to t. Positions with fewer tokens before them
    see zeros there, so a slice gives the same strengths as the whole from its sixteenth token on.
    """
    kind = np.zeros(len(ids), dtype=np.uint64)
    if len(ids) == 0:
        return kind
    starts_word, blank = table.starts_word[ids], table.blank[ids]
    kind[starts_word] = 1
    kind[1:][table.ends_sentence[ids[:-1]] & starts_word[1:]] = 2
    line_ends = _line_ends_before(ids, table, blank)
    kind[(line_ends >= 1) & ~blank] = 3
    kind[(line_ends >= 2) & ~blank] = 4
    return (kind << np.uint64(61)) | (_hashes(ids) >> np.uint64(3))


def _line_ends_before(ids: Ids, table: AnchorTable, blank: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the line ends in the white space just before each token, looking back over four tokens."""
    newlines = table.newlines[ids].astype(np.int64)
    counts = np.zeros(len(ids), dtype=np.int64)
    reaches = np.ones(len(ids), dtype=bool)  # everything between this token and the one looked at is white space
    for back in range(1, 5):
        reaches[:back] = False
        counts[back:] += np.where(reaches[back:], newlines[:-back], 0)
        reaches[back:] &= blank[:-back]
    return counts


def _hashes(ids: Ids) -> NDArray[np.uint64]:
    """Return a hash of the last HASH_TOKENS tokens at each position."""
    words = _mix(ids.astype(np.uint64) + np.uint64(1))
    total = np.zeros(len(ids), dtype=np.uint64)
    for back in range(min(HASH_TOKENS, len(ids))):
        turn = np.uint64(4 * back)
        turned = words if back == 0 else (words << turn) | (words >> (np.uint64(64) - turn))
        total[back:] ^= turned[: len(ids) - back]
    return _mix(total)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit numbers (the finaliser of splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def firm_anchors(strength: NDArray[np.uint64], span: int) -> NDArray[np.bool_]:
    """Return which positions are firm, (T,) bool.

    Position t is judged by positions `t - span` to t; the first `span` positions, which have not that many before
    them, are never firm. Any `span + 1` neighbouring positions after those hold a firm one: as the view of `span + 1`
    positions slides, its strongest either enters at the end or leaves at the front.
    """
    firm = np.zeros(len(strength), dtype=bool)
    if len(strength) > span:
        best = _sliding_max(strength, span + 1)  # (T - span,)
        firm[span:] = (strength[span:] == best) | (strength[:-span] == best)
    return firm


def _sliding_max(values: NDArray[np.uint64], width: int) -> NDArray[np.uint64]:
    """Return the largest of each `width` neighbours, (T - width + 1,), in linear time (van Herk 1992)."""
    n_blocks = -(-len(values) // width)
    blocks = np.zeros((n_blocks, width), dtype=np.uint64)
    blocks.reshape(-1)[: len(values)] = values
    from_left = np.maximum.accumulate(blocks, axis=1).reshape(-1)
    from_right = np.maximum.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].reshape(-1)
    n_views = len(values) - width + 1
    best: NDArray[np.uint64] = np.maximum(from_right[:n_views], from_left[width - 1 : width - 1 + n_views])
    return best
