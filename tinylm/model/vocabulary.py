"""The vocabulary seen as byte strings: which tokens begin with these bytes, which are the beginning of them.

Made once a tokenizer, used at every cursor. It knows no probabilities.
"""

import math
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Vocabulary", "is_word_character"]

_CONTRACTIONS = frozenset([b"'s", b"'t", b"'re", b"'ve", b"'m", b"'ll", b"'d"])  # one pre-token each in GPT-2's pattern


class Vocabulary:
    """Looks tokens up by their bytes.

    Args:
        tokens: the bytes of each entry in the order of ids; `<|endoftext|>` has none and is never found.
    """

    def __init__(self, tokens: Sequence[bytes]) -> None:
        self._tokens = tokens
        ids = sorted((token_id for token_id, token in enumerate(tokens) if token), key=lambda i: tokens[i])
        self._sorted_ids = np.array(ids, dtype=np.int32)
        self._sorted_tokens = [tokens[token_id] for token_id in ids]
        self._longest = max(len(token) for token in tokens)
        self._id_of = {tokens[token_id]: token_id for token_id in reversed(ids)}

    def token(self, token_id: int) -> bytes:
        """Return the bytes of an entry."""
        return self._tokens[token_id]

    def starting_with(self, prefix: bytes) -> NDArray[np.int32]:
        """Return the tokens that begin with `prefix` or are it, in the order of their bytes."""
        low = bisect_left(self._sorted_tokens, prefix)
        high = len(self._sorted_tokens)
        successor = _successor(prefix)
        if successor is not None:
            high = bisect_left(self._sorted_tokens, successor)
        return self._sorted_ids[low:high]

    def beginnings_of(self, data: bytes) -> list[int]:
        """Return the tokens that are a beginning of `data`, shorter than it, the shortest first."""
        found = (self._id_of.get(data[:n]) for n in range(1, min(len(data), self._longest + 1)))
        return [token_id for token_id in found if token_id is not None]

    @cached_property
    def continues_word(self) -> NDArray[np.bool_]:
        """Which entries, standing after a letter, go on with its word, (V,): letters, digits, the endings of don't."""
        return np.array([_continues_word(token) for token in self._tokens], dtype=np.bool_)

    @cached_property
    def starts_word(self) -> NDArray[np.bool_]:
        """Which entries are one space and the beginning of a word, (V,)."""
        return np.array([token[:1] == b" " and _continues_word(token[1:]) for token in self._tokens], dtype=np.bool_)

    def log_ended(self, logprob: NDArray[np.float32]) -> float:
        """Return the log probability, nats, that a word is not gone on with by what follows; `logprob` is (V,)."""
        ended = float(np.exp(logprob[~self.continues_word].astype(np.float64)).sum())
        return math.log(max(ended, 1e-300))


def _successor(prefix: bytes) -> bytes | None:
    """Return the least byte string above all that begin with `prefix`; None if there is no such."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None


def is_word_character(char: str) -> bool:
    """Say whether a character is a letter, a mark on one or a digit."""
    return char.isalnum() or unicodedata.category(char)[0] == "M"


def _continues_word(token: bytes) -> bool:
    """Say whether a token after a letter goes on with its word; a part of a character may."""
    if token in _CONTRACTIONS:
        return True
    for n_bytes in range(1, min(len(token), 4) + 1):
        try:
            char = token[:n_bytes].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return is_word_character(char)
    return bool(token)
