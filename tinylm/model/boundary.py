"""Continue a text exactly where it stops, even inside a token.

The tokens of "there was a littl" are not a beginning of the tokens of "there was a little girl". So the text is cut at
its last certain boundary (see `tokens.pretokens`); what stands before it is context, and what stands after it, the
tail, is a demand on the bytes to come. A *cover* is a run of tokens whose bytes begin with the tail, the last of which
reaches its end; the distribution of what follows the cursor is the sum over all covers, each as likely as the model
finds it (Lundberg 2023 calls the repair token healing; the sum is that of Vieira et al. 2024).

Covers are searched best first. What is left out is bounded by the probability of the paths not yet followed.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinylm.model.decoder import Decoder
from tinylm.model.engine import no_check
from tinylm.model.statistics import log_softmax
from tinylm.model.vocabulary import Vocabulary
from tinylm.tokens.pretokens import boundary_before
from tinylm.tokens.spans import utf8
from tinylm.tokens.tokenizer import Tokenizer

__all__ = ["Covers", "Cursor", "find_covers", "place_cursor"]

# A tail longer than this has no certain boundary near its end: a language without spaces, a long word. Its front is
# then taken as the tokenizer cuts it, which is what the model saw in training, but no sum over all ways.
MAX_TAIL_BYTES = 64
MIN_TAIL_BYTES = 24


@dataclass(frozen=True)
class Cursor:
    """A place to continue from: tokens that are certain, then bytes that the next tokens must begin with.

    `exact` is False if the text gave no certain boundary within MAX_TAIL_BYTES. `starts_document` says whether the
    context reaches back to the document's first token.
    """

    context_ids: list[int]
    tail: bytes
    exact: bool
    starts_document: bool


@dataclass(frozen=True)
class Covers:
    """The covers of a tail, in groups that share all tokens but the last. One entry of each list is a group.

    Attributes:
        paths: the tokens before the last one.
        n_path_bytes: bytes of the tail that the path takes.
        last_ids: (n,) the tokens that may come last.
        logprobs: (n,) the log probability, given the context, of the path and each last token together.
        missed: an upper bound of the probability of the covers not found.
    """

    paths: list[tuple[int, ...]]
    n_path_bytes: list[int]
    last_ids: list[NDArray[np.int32]]
    logprobs: list[NDArray[np.float32]]
    missed: float

    @property
    def log_total(self) -> float:
        """The log probability of the tail given the context, as far as the covers found tell; -inf without any."""
        every = np.concatenate(self.logprobs).astype(np.float64)
        if len(every) == 0:
            return -math.inf
        return float(every.max() + np.log(np.exp(every - every.max()).sum()))


def place_cursor(tokenizer: Tokenizer, text_before: str, max_tokens: int, *, starts_document: bool = True) -> Cursor:
    """Cut the text before a cursor into certain tokens and a tail.

    Args:
        tokenizer: the model's tokenizer.
        text_before: the text up to the cursor.
        max_tokens: so many tokens before the cursor are enough; text before them is not encoded.
        starts_document: whether the text is all that the document has before the cursor, or only its end.
    """
    at = boundary_before(text_before, len(text_before))
    tail = utf8(text_before[at:])
    context, whole = _encode_end(tokenizer, text_before[:at], max_tokens)
    starts_document = starts_document and whole
    if len(tail) <= MAX_TAIL_BYTES:
        return Cursor(context, tail, True, starts_document)
    inner = tokenizer.encode(text_before[at:]).tolist()
    n_bytes = 0
    while n_bytes < MIN_TAIL_BYTES:
        n_bytes += int(tokenizer.byte_lengths[inner.pop()])
    return Cursor([*context, *inner], tail[len(tail) - n_bytes :], False, starts_document)


def _encode_end(tokenizer: Tokenizer, text: str, max_tokens: int) -> tuple[list[int], bool]:
    """Return at least the last `max_tokens` tokens of a text, or all of them, and whether they are all.

    A long text is not encoded whole.
    """
    n_chars = 8 * max_tokens
    while True:
        start = boundary_before(text, len(text) - n_chars) if n_chars < len(text) else 0
        ids: list[int] = tokenizer.encode(text[start:]).tolist()
        if start == 0 or len(ids) >= max_tokens:
            return ids, start == 0
        n_chars *= 4


def find_covers(
    decoder: Decoder,
    vocabulary: Vocabulary,
    cursor: Cursor,
    check: Callable[[], None] = no_check,
    *,
    tolerance: float = 1e-3,
    max_reads: int = 16,
) -> Covers:
    """Return the covers of a cursor's tail.

    Args:
        decoder: the model.
        vocabulary: its tokens by bytes.
        cursor: where to continue.
        check: called before each step of the model; raises to stop.
        tolerance: the search ends when what it can still find is less than this part of what it found; 0 finds all.
        max_reads: it also ends after so many steps of the model, having found the most likely ways first.
    """
    paths: list[tuple[int, ...]] = []
    n_path_bytes: list[int] = []
    last_ids: list[NDArray[np.int32]] = []
    logprobs: list[NDArray[np.float32]] = []
    total = 0.0
    waiting: list[tuple[float, int, tuple[int, ...]]] = [(0.0, 0, ())]  # (-logprob, bytes of the tail used, path)
    while waiting:
        rest = math.fsum(math.exp(-cost) for cost, _, _ in waiting)
        if (total and rest <= tolerance * total) or len(paths) >= max_reads:
            return Covers(paths, n_path_bytes, last_ids, logprobs, rest)
        cost, n_used, path = heapq.heappop(waiting)
        check()
        ids = [*cursor.context_ids, *path]
        logprob = log_softmax(decoder.read(ids, check, starts_document=cursor.starts_document))  # (V,)
        remaining = cursor.tail[n_used:]
        last = vocabulary.starting_with(remaining)
        paths.append(path)
        n_path_bytes.append(n_used)
        last_ids.append(last)
        logprobs.append(logprob[last] - np.float32(cost))
        total += float(np.exp(logprobs[-1].astype(np.float64)).sum())
        for token_id in vocabulary.beginnings_of(remaining):
            n_now = n_used + len(vocabulary.token(token_id))
            heapq.heappush(waiting, (cost - float(logprob[token_id]), n_now, (*path, token_id)))
    return Covers(paths, n_path_bytes, last_ids, logprobs, 0.0)
