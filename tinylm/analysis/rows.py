"""The rows of an analysis: every token of a text with everything the model said about it, in order, as they come.

The numbers are the scorer's; nothing is computed twice and nothing is rounded. The formats beside this module turn rows
into text.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tinylm.model.engine import no_check
from tinylm.model.language_model import LanguageModel
from tinylm.tokens.spans import Spans, group_cells, locate, utf8

# Tokens scored at a time. A part spans fewer windows than the scorer keeps, so that alternatives find the rows that
# scores computed; and between two parts the server's worker turns to what is more urgent.
_PART = 128

__all__ = ["Analyzed", "Summary", "TokenRow", "analyze_text"]


@dataclass(frozen=True)
class TokenRow:
    """One token of the text.

    Attributes:
        index: its place, from 0.
        token_id: its id.
        raw: as the vocabulary writes it, `Ġsoft`.
        visible: for people, `·soft`.
        data: its bytes.
        start_byte, end_byte: its place in the UTF-8.
        start_char, end_char: the characters it touches, code points.
        cell: the number of the cell it belongs to; tokens that share a character share the cell.
        logprob: nats.
        rank: 1 is the model's first choice.
        entropy_bits: of the distribution before the token.
        max_logprob: nats, of the first choice.
        context_tokens: tokens of the text it rests on.
        alternatives: the most likely tokens in its place: (id, visible text, logprob in nats), best first.
    """

    index: int
    token_id: int
    raw: str
    visible: str
    data: bytes
    start_byte: int
    end_byte: int
    start_char: int
    end_char: int
    cell: int
    logprob: float
    rank: int
    entropy_bits: float
    max_logprob: float
    context_tokens: int
    alternatives: tuple[tuple[int, str, float], ...]

    @property
    def probability(self) -> float:
        """From 0 to 1."""
        return math.exp(self.logprob)

    @property
    def surprisal_bits(self) -> float:
        """-log2 of the probability; 0.0, not -0.0, where it is certain."""
        return -self.logprob / math.log(2.0) + 0.0

    @property
    def surplus_bits(self) -> float:
        """Surprisal minus entropy: positive where the token surprised more than the model expected."""
        return self.surprisal_bits - self.entropy_bits

    @property
    def ratio(self) -> float:
        """p / p_max, from 0 to 1."""
        return math.exp(self.logprob - self.max_logprob)


@dataclass
class Summary:
    """Totals over the rows seen so far. Perplexity is per token; bits per byte count the bytes of the text."""

    n_tokens: int = 0
    n_bytes: int = 0
    surprisal_bits: float = 0.0

    @property
    def bytes_per_token(self) -> float | None:
        """How much text a token holds; None without tokens."""
        return self.n_bytes / self.n_tokens if self.n_tokens else None

    @property
    def bits_per_byte(self) -> float | None:
        """Comparable between tokenizers; None without bytes."""
        return self.surprisal_bits / self.n_bytes if self.n_bytes else None

    @property
    def perplexity(self) -> float | None:
        """exp of the mean nats a token; None without tokens."""
        return 2.0 ** (self.surprisal_bits / self.n_tokens) if self.n_tokens else None


@dataclass
class Analyzed:
    """A text being analyzed: iterate `rows`, after which `summary` is whole.

    `source` names the text; `note` is one line about it that a reader has to know, such as that it was cut.
    """

    model: LanguageModel
    text: str
    source: str
    note: str | None
    n_tokens: int
    n_bytes: int
    rows: Iterator[TokenRow]
    summary: Summary


def analyze_text(
    model: LanguageModel,
    text: str,
    top_k: int,
    check: Callable[[], None] = no_check,
    *,
    source: str = "a text",
    note: str | None = None,
) -> Analyzed:
    """Return the tokens of a text now and their scores as they are asked for.

    Args:
        model: the model.
        text: any text; plain unless the tokenizer `is_special`.
        top_k: alternatives for each token, 0 for none.
        check: called between blocks of rows; raises to stop.
        source: the name of the text.
        note: what a reader has to know of it.
    """
    ids = model.tokenizer.encode(text)
    spans = locate(text, model.tokenizer.byte_lengths, ids)
    summary = Summary()
    rows = _rows(model, text, ids, spans, summary, top_k, check)
    return Analyzed(model, text, source, note, len(ids), len(utf8(text)), rows, summary)


def _rows(
    model: LanguageModel,
    text: str,
    ids: np.typing.NDArray[np.int32],
    spans: Spans,
    summary: Summary,
    top_k: int,
    check: Callable[[], None],
) -> Iterator[TokenRow]:
    cells = group_cells(spans)
    cell_of = np.repeat(np.arange(len(cells)), cells.n_tokens)
    for first in range(0, len(ids), _PART):
        last = min(first + _PART, len(ids))
        scores = model.scorer.score(ids, first, last, check)
        found = model.scorer.alternatives(ids, first, last if top_k else first, top_k, check)
        for index in range(first, last):
            at, token_id = index - first, int(ids[index])
            row = TokenRow(
                index=index,
                token_id=token_id,
                raw=model.tokenizer.raw(token_id),
                visible=model.tokenizer.visible(token_id),
                data=model.tokenizer.text_bytes(token_id),
                start_byte=int(spans.start_byte[index]),
                end_byte=int(spans.end_byte[index]),
                start_char=int(spans.start_char[index]),
                end_char=int(spans.end_char[index]),
                cell=int(cell_of[index]),
                logprob=float(scores.logprob[at]),
                rank=int(scores.rank[at]),
                entropy_bits=float(scores.entropy_bits[at]),
                max_logprob=float(scores.max_logprob[at]),
                context_tokens=int(scores.context_tokens[at]),
                alternatives=tuple(
                    (other, model.tokenizer.visible(other), logprob)
                    for other, logprob in zip(
                        found.ids[at].tolist() if top_k else (),
                        found.logprob[at].tolist() if top_k else (),
                        strict=True,
                    )
                ),
            )
            summary.n_tokens += 1
            summary.n_bytes += len(row.data)
            summary.surprisal_bits += row.surprisal_bits
            yield row
