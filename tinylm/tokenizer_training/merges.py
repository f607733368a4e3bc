"""Find the merges of byte-pair encoding, exactly as `tokenizers.trainers.BpeTrainer` does, but so that it can stop.

Words are sequences of token ids; the pair of neighbours with the highest count becomes a new token, again and again.
Counts are updated from the words that hold the pair, and a heap finds the next pair, so a merge costs what it
changes. Order of ties: the higher count first, then the lower left id, then the lower right id.

Ids: 0 is `<|endoftext|>`, 1 to 256 are the bytes in the order of GPT-2's printable characters, then the merges.

Where one string could be built in two ways, the token keeps its first id, and the count of a pair that was merged is
not set back to zero: both as there. (Over 6,000 small corpora made to provoke it, it never came up.)
Source: `bpe/trainer.rs` and `bpe/word.rs` of huggingface/tokenizers 0.23.
"""

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tinylm.errors import Cancelled
from tinylm.tokens.byte_level import BYTE_TO_CHAR

__all__ = ["FIRST_VOCABULARY", "Merge", "learn_merges"]

_SHIFT = 32
_WORDS_BETWEEN_POLLS = 4096


# Token id -> bytes for the ids that exist before the first merge; the special token stands for no bytes.
FIRST_VOCABULARY: tuple[bytes, ...] = (
    b"",
    *(bytes([byte]) for byte in sorted(range(256), key=BYTE_TO_CHAR.__getitem__)),
)


@dataclass(frozen=True)
class Merge:
    """One merge: two token ids, the id they become, and the pair's count when it was chosen."""

    left: int
    right: int
    result: int
    count: int


def learn_merges(
    counts: Mapping[str, int],
    vocab_size: int,
    *,
    on_merge: Callable[[int, Merge], None],
    should_stop: Callable[[], bool],
) -> tuple[list[bytes], list[Merge]]:
    """Learn merges until the vocabulary has `vocab_size` entries or no pair is left.

    Args:
        counts: how often each pre-token occurs.
        on_merge: called after each merge with the vocabulary's size and the merge.
        should_stop: polled between merges and inside long ones.
    Returns: the vocabulary, id -> bytes, with the special token as empty bytes; and the merges in order.
    Raises: Cancelled when `should_stop` says so.
    """
    state = _State(counts, should_stop)
    while len(state.vocabulary) < vocab_size:
        merge = state.next_merge()
        if merge is None:
            break
        on_merge(len(state.vocabulary), merge)
    return state.vocabulary, state.merges


class _State:
    """Words, pair counts and the heap, kept in step."""

    def __init__(self, counts: Mapping[str, int], should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self._until_poll = 0
        self.vocabulary = list(FIRST_VOCABULARY)
        self.merges: list[Merge] = []
        self._id_from_bytes = {token: token_id for token_id, token in enumerate(self.vocabulary) if token}
        id_from_byte = [self._id_from_bytes[bytes([byte])] for byte in range(256)]
        self._words: list[list[int]] = []
        self._weights: list[int] = []
        self._pair_counts: dict[int, int] = {}
        self._heap: list[tuple[int, int, int, set[int]]] = []
        self._serial = 0
        where: dict[int, set[int]] = {}
        for index, (word, weight) in enumerate(counts.items()):
            self._poll(1)
            ids = [id_from_byte[byte] for byte in word.encode()]
            self._words.append(ids)
            self._weights.append(weight)
            for left, right in itertools.pairwise(ids):
                self._add((left << _SHIFT) | right, weight, index, where)
        self._push(where)

    def next_merge(self) -> Merge | None:
        """Apply the best merge and return it; None when no pair is left."""
        while self._heap:
            self._poll(8)
            negative_count, pair, serial, places = heapq.heappop(self._heap)
            count = self._pair_counts[pair]
            if count != -negative_count:
                # The count changed since this was pushed; the entry goes back to where it now belongs.
                heapq.heappush(self._heap, (-count, pair, serial, places))
                continue
            if count < 1:
                return None
            left, right = pair >> _SHIFT, pair & ((1 << _SHIFT) - 1)
            merge = Merge(left, right, self._id_of(self.vocabulary[left] + self.vocabulary[right]), count)
            self.merges.append(merge)
            self._apply(merge, places)
            return merge
        return None

    def _id_of(self, token: bytes) -> int:
        token_id = self._id_from_bytes.setdefault(token, len(self.vocabulary))
        if token_id == len(self.vocabulary):
            self.vocabulary.append(token)
        return token_id

    def _apply(self, merge: Merge, places: Iterable[int]) -> None:
        """Replace the pair in every word that holds it, left to right, and count the pairs that go and come."""
        where: dict[int, set[int]] = {}
        rest = iter(places)
        while some := list(itertools.islice(rest, _WORDS_BETWEEN_POLLS)):
            self._poll(len(some))
            self._apply_to(some, merge, where)
        self._push(where)

    def _apply_to(self, places: list[int], merge: Merge, where: dict[int, set[int]]) -> None:
        """Do it in some words; `where` gathers the new pairs with the words that hold them."""
        left, right, result = merge.left, merge.right, merge.result
        words, weights, pair_counts = self._words, self._weights, self._pair_counts
        for index in places:
            word, weight = words[index], weights[index]
            at, last = 0, len(word) - 1
            while at < last:
                if word[at] != left or word[at + 1] != right:
                    at += 1
                    continue
                word[at] = result
                del word[at + 1]
                last -= 1
                if at > 0:
                    before = word[at - 1] << _SHIFT
                    pair_counts[before | left] -= weight
                    self._add(before | result, weight, index, where)
                if at < last:
                    after = word[at + 1]
                    pair_counts[(right << _SHIFT) | after] -= weight
                    self._add((result << _SHIFT) | after, weight, index, where)
                at += 1

    def _add(self, pair: int, weight: int, index: int, where: dict[int, set[int]]) -> None:
        self._pair_counts[pair] = self._pair_counts.get(pair, 0) + weight
        places = where.get(pair)
        if places is None:
            where[pair] = {index}
        else:
            places.add(index)

    def _push(self, where: dict[int, set[int]]) -> None:
        for pair, places in where.items():
            count = self._pair_counts[pair]
            if count > 0:
                self._serial += 1
                heapq.heappush(self._heap, (-count, pair, self._serial, places))

    def _poll(self, n_words: int) -> None:
        self._until_poll -= n_words
        if self._until_poll < 0:
            self._until_poll = _WORDS_BETWEEN_POLLS
            if self._should_stop():
                raise Cancelled("stopped while merging")
