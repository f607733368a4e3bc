"""Train a tokenizer: count, then merge. What the two do is in `counting.py` and `learning.py`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import tokenizers

from tinylm.errors import BadData, UsageError
from tinylm.tokenizer_training.counting import CountingProgress, count_corpus, default_workers
from tinylm.tokenizer_training.learning import learn_merges
from tinylm.tokenizer_training.merges import FIRST_VOCABULARY, Merge
from tinylm.tokenizer_training.saving import tokenizer_from_merges
from tinylm.tokenizer_training.state import NO_MERGES, NOTHING, Counted, Learned
from tinylm.tokens.tokenizer_file import MAX_VOCAB_SIZE

__all__ = ["MergingProgress", "TrainedTokenizer", "check_vocab_size", "train_tokenizer"]

SMALLEST_VOCABULARY = len(FIRST_VOCABULARY)


@dataclass(frozen=True)
class MergingProgress:
    """One merge that was just made: the vocabulary's size after it, the size asked for, the two parts, and how often
    they stood side by side."""

    vocab_size: int
    vocab_size_wanted: int
    left: bytes
    right: bytes
    count: int


@dataclass(frozen=True)
class TrainedTokenizer:
    """A vocabulary (id -> bytes, the special token as empty bytes), its merges, and what it was learned from."""

    vocabulary: tuple[bytes, ...]
    merges: tuple[Merge, ...]
    vocab_size_wanted: int
    n_documents: int
    n_bytes: int
    n_pretokens: int
    n_distinct_pretokens: int

    @property
    def is_smaller_than_wanted(self) -> bool:
        """Whether the corpus held too few pairs for the size asked."""
        return len(self.vocabulary) < self.vocab_size_wanted

    def prefix(self, vocab_size: int) -> "TrainedTokenizer":
        """Return what a training for a smaller vocabulary gives: the beginning of this one.

        A size that the corpus could not fill stays as large as it became.
        """
        if vocab_size >= len(self.vocabulary):
            return replace(self, vocab_size_wanted=vocab_size)
        merges = self.merges[: vocab_size - SMALLEST_VOCABULARY]
        return replace(self, vocabulary=self.vocabulary[:vocab_size], merges=merges, vocab_size_wanted=vocab_size)

    def to_tokenizer(self) -> tokenizers.Tokenizer:
        """Return the object of the `tokenizers` package that `save_tokenizer` writes."""
        return tokenizer_from_merges(self.vocabulary, self.merges)


def train_tokenizer(
    documents: Iterable[str],
    vocab_size: int,
    *,
    workers: int | None = None,
    progress: Callable[[CountingProgress | MergingProgress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
    begin: Counted = NOTHING,
    keep: Callable[[Counted], None] = lambda counted: None,
    known: Learned = NO_MERGES,
    keep_merges: Callable[[Learned], None] = lambda learned: None,
) -> TrainedTokenizer:
    """Train byte-level BPE with GPT-2's split pattern on a stream of documents.

    The result is that of `BpeTrainer(vocab_size, special_tokens=["<|endoftext|>"], initial_alphabet=...)`, id for id,
    and does not depend on `workers`.

    Args:
        vocab_size: entries wanted, with the 256 bytes and `<|endoftext|>`; from 257 to 65,536.
        workers: counting processes; one per processor when None.
        progress: told about ten times a second while counting, and of every merge.
        should_stop: polled at least every 0.1 s.
        begin, keep: see `count_corpus`. The result does not depend on how often it was interrupted.
        known: the merges that an interrupted call has learned; those of another corpus are left alone.
        keep_merges: given the merges so far every two seconds and when stopped.
    Raises: UsageError for a size out of range; BadData when there is no text; Cancelled when asked to stop;
        CorpusChanged: see `count_corpus`.
    """
    check_vocab_size(vocab_size)
    counted = count_corpus(
        documents,
        workers=workers or default_workers(),
        progress=progress,
        should_stop=should_stop,
        begin=begin,
        keep=keep,
    )
    if not counted.n_pretokens:
        raise BadData("the corpus holds no text; name another with --data")
    place = (counted.n_pieces, counted.checksum)
    vocabulary, merges = learn_merges(
        counted.counts,
        vocab_size,
        on_merge=lambda size, merge, left, right: progress(MergingProgress(size, vocab_size, left, right, merge.count)),
        should_stop=should_stop,
        known=known.merges if (known.n_pieces, known.checksum) == place else (),
        keep=lambda merges: keep_merges(Learned(*place, tuple(merges))),
    )
    return TrainedTokenizer(
        tuple(vocabulary),
        tuple(merges),
        vocab_size,
        counted.n_documents,
        counted.n_bytes,
        counted.n_pretokens,
        len(counted.counts),
    )


def check_vocab_size(vocab_size: int) -> None:
    """Raise UsageError unless a vocabulary can have this many entries."""
    if not SMALLEST_VOCABULARY <= vocab_size <= MAX_VOCAB_SIZE:
        raise UsageError(
            f"--vocab-size {vocab_size}: choose {SMALLEST_VOCABULARY} (the bytes and <|endoftext|>) to {MAX_VOCAB_SIZE}"
        )
