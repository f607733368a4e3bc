"""Say what a trained tokenizer is worth: how far it compresses, its longest tokens, a story cut by it.

Compression is measured on documents that were left out of the training, when the corpus could spare some.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tinylm.tokenizer_training.measures import Measures
from tinylm.tokenizer_training.training import TrainedTokenizer
from tinylm.tokens.byte_level import raw_from_bytes, visible_from_bytes
from tinylm.tokens.tokenizer import Tokenizer

__all__ = ["HeldOut", "LongToken", "TokenizerReport", "make_report", "soft_text"]

# One document in fifty is kept aside, by its content, so that a copy elsewhere in the corpus is kept aside too.
_ONE_IN = 50
_FEWEST_HELD_OUT = 10
_MOST_HELD_OUT_BYTES = 1 << 20
_N_LONGEST = 10
_EXCERPT_CHARS = 400


class HeldOut:
    """Keeps some documents out of a stream. Where they would be too few to measure anything they go back into it.

    Attributes:
        documents: those kept out, once the stream is at its end.
        first: the first document of the stream.
    """

    def __init__(self, *, keep_any: bool = True) -> None:
        self._keep_any = keep_any
        self.documents: list[str] = []
        self.first = ""
        self._checksums: set[int] = set()
        self._n_bytes = 0

    def filter(self, documents: Iterable[str]) -> Iterator[str]:
        """Yield the documents to train on."""
        for text in documents:
            self.first = self.first or text
            if not self._keep_any:
                yield text
                continue
            checksum = zlib.crc32(text.encode("utf-8", "replace"))
            if checksum in self._checksums:
                continue
            if checksum % _ONE_IN == 0 and self._n_bytes < _MOST_HELD_OUT_BYTES:
                self._checksums.add(checksum)
                self._n_bytes += len(text.encode("utf-8", "replace"))
                self.documents.append(text)
                continue
            yield text
        if len(self.documents) < _FEWEST_HELD_OUT:
            returned, self.documents = self.documents, []
            yield from returned


@dataclass(frozen=True)
class LongToken:
    """One of the longest tokens: its id, GPT-2's spelling of it, and its visible text."""

    token_id: int
    raw: str
    text: str


@dataclass(frozen=True)
class TokenizerReport:
    """What the report holds. `excerpt` is the token bytes of a story's beginning, in order."""

    bytes_per_token: float
    n_held_out: int
    longest: tuple[LongToken, ...]
    excerpt: tuple[bytes, ...]


def make_report(
    trained: TrainedTokenizer, tokenizer: Tokenizer, measures: Measures, held_out: Sequence[str], first: str
) -> TokenizerReport:
    """Put together what the report holds.

    Args:
        measures: of `held_out`, the documents it has not seen; where there are none, of `first`.
        first: a document to show cut into tokens when `held_out` has none.
    """
    excerpt = (held_out or [first])[0][:_EXCERPT_CHARS]
    by_length = sorted(range(257, len(trained.vocabulary)), key=lambda idx: (-len(trained.vocabulary[idx]), idx))
    return TokenizerReport(
        bytes_per_token=measures.bytes_per_token,
        n_held_out=len(held_out),
        longest=tuple(
            LongToken(idx, raw_from_bytes(trained.vocabulary[idx]), visible_from_bytes(trained.vocabulary[idx]))
            for idx in by_length[:_N_LONGEST]
        ),
        excerpt=tuple(trained.vocabulary[token_id] for token_id in tokenizer.encode(excerpt)),
    )


def soft_text(token: bytes) -> str:
    """Return a token as clean text with its spaces as spaces; what cannot be seen is spelled out (`↵`, `⟨F0 9F⟩`)."""
    return " ".join(visible_from_bytes(part) for part in token.split(b" "))
