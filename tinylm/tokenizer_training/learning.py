"""Find the merges of byte-pair encoding, exactly as `tokenizers.trainers.BpeTrainer` does, but so that it can stop.

The pair of neighbours with the highest count becomes a new token, again and again. Order of ties: the higher count
first, then the lower left id, then the lower right id. What a merge changes is in `pairs.py`.

Merges that come one after the other are made at once, as long as none of the pairs ends with the token that another
one begins with. They are still those that would come one by one. Let P = (a, b) be among them, N its new token and Q
the last of them. No two of them overlap, so P takes nothing from the others' counts. A new pair (x, N) stands only
where (x, a) stood, and (x, a) ends as P begins, so it is not among them: it comes after Q. So (x, N) occurs at most as
often as Q, and where as often it still comes after it, as N > a. A new pair (N, y) likewise occurs at most as often as
(b, y), and comes after Q because N is higher than every older id. No new pair comes before Q.

A string is never built in two ways: merges never overlap but in runs of one token, and a run is cut alike wherever it
begins, so what stands between two places that no merge has crossed has always been merged alike.
Source: `bpe/trainer.rs` and `bpe/word.rs` of huggingface/tokenizers 0.23.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from tinylm.errors import Cancelled
from tinylm.tokenizer_training.merges import FIRST_VOCABULARY, Merge
from tinylm.tokenizer_training.order import KnownOrder, OrderByCount
from tinylm.tokenizer_training.pairs import Pairs, halves
from tinylm.tokenizer_training.words import symbols_and_weights

__all__ = ["learn_merges"]

KEEP_EVERY_S = 2.0


def learn_merges(
    counts: Mapping[str, int],
    vocab_size: int,
    *,
    on_merge: Callable[[int, Merge, bytes, bytes], None],
    should_stop: Callable[[], bool],
    known: Sequence[Merge] = (),
    keep: Callable[[Sequence[Merge]], None] = lambda merges: None,
) -> tuple[list[bytes], list[Merge]]:
    """Learn merges until the vocabulary has `vocab_size` entries or no pair is left.

    Args:
        counts: how often each pre-token occurs.
        on_merge: called after each merge with the vocabulary's size, the merge and its two tokens.
        should_stop: polled between merges and inside long ones.
        known: the first merges, from an earlier call: they are made without looking for the next one each time. As
            soon as one does not fit these counts, it and the others after it are left alone.
        keep: given all merges so far every two seconds and when stopped, if they are more than those known.
    Returns: the vocabulary, id -> bytes, with the special token as empty bytes; and the merges in order.
    Raises: Cancelled when `should_stop` says so.
    """
    vocabulary, merges = list(FIRST_VOCABULARY), list[Merge]()

    def poll() -> None:
        if should_stop():
            raise Cancelled("stopped while merging")

    kept = time.monotonic()
    try:
        for some in _learned(counts, vocab_size, known, poll):
            for merge in some:
                left, right = vocabulary[merge.left], vocabulary[merge.right]
                vocabulary.append(left + right)
                merges.append(merge)
                on_merge(len(vocabulary), merge, left, right)
            if time.monotonic() - kept >= KEEP_EVERY_S and len(merges) > len(known):
                keep(merges)
                kept = time.monotonic()
    except Cancelled:
        if len(merges) > len(known):
            keep(merges)
        raise
    return vocabulary, merges


def _learned(
    counts: Mapping[str, int], vocab_size: int, known: Sequence[Merge], poll: Callable[[], None]
) -> Iterator[list[Merge]]:
    """Yield the merges, a few at once."""
    size = len(FIRST_VOCABULARY)
    pairs = Pairs(*symbols_and_weights(counts, poll), poll)
    orders: list[KnownOrder | OrderByCount] = [KnownOrder(pairs, known)] if known else []
    for order in [*orders, OrderByCount(pairs)]:
        while some := order.next(vocab_size - size):
            poll()
            keys, numbers = pairs.keys[some].tolist(), pairs.counts[some].tolist()
            pairs.merge(some, range(size, size + len(some)))
            size += len(some)
            yield [Merge(*halves(key), number) for key, number in zip(keys, numbers, strict=True)]
