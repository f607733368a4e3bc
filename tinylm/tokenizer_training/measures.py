"""Measures what a vocabulary is worth on text it was not trained on, and compares sizes of one training.

Merges are learned one after the other, so the vocabulary of a smaller size is the beginning of a larger one's, and one
training gives them all (`TrainedTokenizer.prefix`). Words are what white space separates; fertility is tokens per word,
as in Rust et al. 2021.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinylm.data.batches import batches_of
from tinylm.tokenizer_training.training import TrainedTokenizer
from tinylm.tokens.bulk import BulkEncoder
from tinylm.tokens.byte_level import visible_from_bytes
from tinylm.tokens.tokenizer import Tokenizer

__all__ = ["Measures", "measure"]

_N_BYTES = 257  # the special token and the bytes, which no merge made
_N_EXAMPLES = 12
_BATCH_CHARS = 1 << 18


@dataclass(frozen=True)
class Measures:
    """One size's numbers. Lengths are bytes of a token; histograms map a length to how many tokens have it.

    Attributes:
        lengths_in_vocabulary: over the bytes and the entries that merges made; `<|endoftext|>` has no length.
        lengths_in_text: over the tokens of the text.
        n_never_used: entries that merges made and the text does not need; `never_used` shows the first of them.
        n_fragments: entries that merges made and that are no whole characters; `fragments` shows the first of them.
    """

    vocab_size: int
    vocab_size_wanted: int
    n_bytes: int
    n_tokens: int
    n_words: int
    n_words_of_one_token: int
    lengths_in_vocabulary: dict[int, int]
    lengths_in_text: dict[int, int]
    n_never_used: int
    never_used: tuple[str, ...]
    n_fragments: int
    fragments: tuple[str, ...]

    @property
    def bytes_per_token(self) -> float:
        """Bytes of the text for each token; higher is shorter."""
        return self.n_bytes / max(1, self.n_tokens)

    @property
    def tokens_per_word(self) -> float:
        """Fertility."""
        return self.n_tokens / max(1, self.n_words)


def measure(
    trained: TrainedTokenizer, tokenizer: Tokenizer, texts: Sequence[str], check: Callable[[], None] = lambda: None
) -> Measures:
    """Encode texts with a tokenizer and count.

    Args:
        tokenizer: `trained`, as it was read back from its file.
        check: called after each part of the texts; may raise.
    """
    encoder = BulkEncoder(tokenizer)

    def encoded(some: Iterable[str], what: int) -> NDArray[np.integer[Any]]:
        parts = [np.zeros(0, np.int64)]
        for batch in batches_of(some, _BATCH_CHARS):
            check()
            parts.append(encoder.encode(batch)[what].astype(np.int64))
        return np.concatenate(parts)

    ids = encoded(texts, 0)
    used = np.bincount(ids, minlength=len(trained.vocabulary))
    words = [word for text in texts for word in text.split()]
    # A word inside a text has its space before it; at the start of a line it has none, which is rare.
    different = Counter(words)
    lengths = encoded((f" {word}" for word in different), 1).tolist()
    made = trained.vocabulary[_N_BYTES:]
    unused = [token for token, count in zip(made, used[_N_BYTES:], strict=True) if not count]
    fragments = [token for token in made if not _is_whole(token)]
    return Measures(
        vocab_size=len(trained.vocabulary),
        vocab_size_wanted=trained.vocab_size_wanted,
        n_bytes=sum(len(text.encode("utf-8", "replace")) for text in texts),
        n_tokens=len(ids),
        n_words=len(words),
        n_words_of_one_token=sum(n for n, length in zip(different.values(), lengths, strict=True) if length == 1),
        lengths_in_vocabulary=_histogram(Counter(map(len, trained.vocabulary[1:]))),
        lengths_in_text=_histogram(Counter(tokenizer.byte_lengths[ids].tolist())),
        n_never_used=len(unused),
        never_used=tuple(map(visible_from_bytes, unused[:_N_EXAMPLES])),
        n_fragments=len(fragments),
        fragments=tuple(map(visible_from_bytes, fragments[:_N_EXAMPLES])),
    )


def _histogram(counts: Counter[int]) -> dict[int, int]:
    return dict(sorted(counts.items()))


def _is_whole(token: bytes) -> bool:
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True
