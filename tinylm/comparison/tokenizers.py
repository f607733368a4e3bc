"""Two tokenizers on one text, side by side: how many tokens, how long they are, and where their boundaries differ.

A byte-level BPE of fewer entries is the same list of merges, ended earlier, so a smaller vocabulary needs no training:
it is cut from a larger one (Sennrich et al. 2016, section 3.2: the number of merges is the only parameter).
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinylm.comparison.alignment import Alignment, align
from tinylm.errors import BadData, UsageError
from tinylm.reading import read_file
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.tokens.tokenizer_file import MAX_BYTES, TokenizerFile, parse_tokenizer_file

__all__ = ["TEXT_TITLE", "Comparison", "Side", "compare_tokenizers", "cut_tokenizer", "render"]

BOUNDARY = "│"
TEXT_TITLE = f"the text, with {BOUNDARY} between its tokens"
N_LONGEST = 8
N_DIFFERENCES = 12


@dataclass(frozen=True)
class Side:
    """A text as one tokenizer sees it. `ids` is (T,) int32; `n_words` counts runs without white space."""

    tokenizer: Tokenizer
    ids: NDArray[np.int32]
    n_bytes: int
    n_words: int

    @property
    def bytes_per_token(self) -> float | None:
        """Bytes of the text for each token; None for an empty text."""
        return self.n_bytes / len(self.ids) if len(self.ids) else None

    @property
    def tokens_per_word(self) -> float | None:
        """Fertility: tokens for each run without white space; None without one."""
        return len(self.ids) / self.n_words if self.n_words else None

    def longest(self) -> list[int]:
        """Return the ids of the longest different tokens of the text, the longest first."""
        used = np.unique(self.ids)
        order = np.argsort(-self.tokenizer.byte_lengths[used], kind="stable")
        longest: list[int] = used[order][:N_LONGEST].tolist()
        return longest


@dataclass(frozen=True)
class Comparison:
    """Two sides of one text; `alignment` says where both have a boundary."""

    left: Side
    right: Side
    alignment: Alignment

    def differences(self) -> list[tuple[tuple[int, ...], tuple[int, ...], int]]:
        """Return the pieces of text that are tokenised differently: tokens left, tokens right, how often.

        The most frequent first, those that come first in the text before others of the same number.
        """
        left, right = self.alignment.left.tolist(), self.alignment.right.tolist()
        counter: Counter[tuple[tuple[int, ...], tuple[int, ...]]] = Counter()
        for segment in np.flatnonzero(~self.alignment.same()).tolist():
            one = tuple(self.left.ids[left[segment] : left[segment + 1]].tolist())
            other = tuple(self.right.ids[right[segment] : right[segment + 1]].tolist())
            counter[one, other] += 1
        return [(one, other, n) for (one, other), n in counter.most_common(N_DIFFERENCES)]


def cut_tokenizer(path: Path, vocab_size: int) -> Tokenizer:
    """Return the tokenizer of a tokenizer.json (or of its directory) with the last merges left out.

    Args:
        path: the file, or the directory that holds it.
        vocab_size: how many entries are to remain, `<|endoftext|>` and the 256 bytes among them.

    Raises:
        BadData: there is no readable tokenizer.
        UsageError: it has no such prefix.
    """
    file = path / "tokenizer.json" if path.is_dir() else path
    data = read_file(file, max_bytes=MAX_BYTES, what="a tokenizer.json", advice="name another file")
    whole = parse_tokenizer_file(data, file)
    return Tokenizer(_cut(whole, vocab_size, file), f"{Tokenizer.load(file).id}@{vocab_size}")


def _cut(whole: TokenizerFile, vocab_size: int, path: Path) -> TokenizerFile:
    made = {left + right for left, right in whole.merges}
    known = {token for token in whole.tokens if token not in made}
    if not len(known) <= vocab_size <= len(whole.tokens):
        raise UsageError(
            f"{path} cannot be cut to {vocab_size:,} entries; "
            f"give {len(known):,} (bytes alone) to {len(whole.tokens):,}"
        )
    merges = []
    for left, right in whole.merges:
        if len(known) == vocab_size:
            break
        if left not in known or right not in known:
            raise BadData(f"{path}: its merges are not in the order learned, so it cannot be cut; compare it whole")
        merges.append((left, right))
        known.add(left + right)
    tokens = [token for token in whole.tokens if token in known]
    return TokenizerFile(tokens, merges, tokens.index(whole.tokens[whole.end_of_text_id]))


def compare_tokenizers(text: str, left: Tokenizer, right: Tokenizer) -> Comparison:
    """Return both tokenisations of a text, plain throughout."""
    n_words = len(text.split())
    one, other = (_side(tokenizer, text, n_words) for tokenizer in (left, right))
    return Comparison(one, other, align(left.byte_lengths[one.ids], right.byte_lengths[other.ids]))


def _side(tokenizer: Tokenizer, text: str, n_words: int) -> Side:
    ids = tokenizer.encode(text)
    return Side(tokenizer, ids, int(tokenizer.byte_lengths[ids].sum()), n_words)


def render(comparison: Comparison, names: tuple[str, str]) -> tuple[str, str]:
    """Return both sides as texts for a diff view: the numbers, what differs most often, then the text in its tokens.

    The same line of both says the same thing, so that what a diff marks is what differs.
    """
    differences = comparison.differences()
    sides = []
    for at, side in enumerate((comparison.left, comparison.right)):
        visible = side.tokenizer.visible
        rows = [
            names[at],
            "",
            f"entries          {side.tokenizer.vocab_size:,}",
            f"tokens           {len(side.ids):,}",
            f"bytes per token  {_number(side.bytes_per_token)}",
            f"tokens per word  {_number(side.tokens_per_word)}",
            f"boundaries       {len(comparison.alignment) + 1:,} in both, "
            f"{len(side.ids) - len(comparison.alignment):,} only here",
            f"longest tokens   {'  '.join(visible(token_id) for token_id in side.longest())}",
            "",
            "tokenised differently, the most frequent first" if differences else "tokenised alike",
            *(f"{n:>6,} x  {BOUNDARY.join(map(visible, found[at]))}" for *found, n in differences),
            "",
            TEXT_TITLE,
            "",
        ]
        sides.append("\n".join(rows) + _lines(side))
    return sides[0], sides[1]


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _lines(side: Side) -> str:
    """Return the text in its tokens, with a boundary sign between them and a new line after each end of a line."""
    parts: list[str] = []
    for token_id in side.ids.tolist():
        if parts and parts[-1] != "\n":
            parts.append(BOUNDARY)
        parts.append(side.tokenizer.visible(token_id))
        if b"\n" in side.tokenizer.token_bytes(token_id):
            parts.append("\n")
    return "".join(parts) + "\n"
