"""The cells of an analysis: what every rendering paints or lists. Tokens that share a character are one cell.

A cell adds up what its tokens say. The renderings beside this module turn cells into text and compute nothing.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tinylm.analysis.rows import Analyzed, TokenRow
from tinylm.analysis.wording import NATS_PER_BIT
from tinylm.tokens.spans import replace_surrogates

__all__ = ["Cell", "cells_of"]


@dataclass(frozen=True)
class Cell:
    """Some characters and the tokens they are made of.

    Attributes:
        text: the characters.
        rows: the tokens, at least one.
        is_odd: whether its number among the cells that begin on its line is odd: neighbours then differ in shade.
        is_short: whether its first token saw less than half a block of context.
    """

    text: str
    rows: tuple[TokenRow, ...]
    is_odd: bool
    is_short: bool

    @property
    def is_split(self) -> bool:
        """Whether its characters are split over tokens."""
        return len(self.rows) > 1

    @property
    def logprob(self) -> float:
        """The joint log probability of its tokens, nats."""
        return math.fsum(row.logprob for row in self.rows)

    @property
    def surprisal_bits(self) -> float:
        """The surprisals of its tokens, added."""
        return -self.logprob / NATS_PER_BIT + 0.0

    @property
    def entropy_bits(self) -> float:
        """The entropies before its tokens, added."""
        return math.fsum(row.entropy_bits for row in self.rows)

    @property
    def surplus_bits(self) -> float:
        """Surprisal minus entropy."""
        return self.surprisal_bits - self.entropy_bits

    @property
    def ratio_bits(self) -> float:
        """-log2 of p / p_max, added: 0 where the text is what the model would have said."""
        return self.surprisal_bits + math.fsum(row.max_logprob for row in self.rows) / NATS_PER_BIT

    @property
    def rank(self) -> int:
        """The worst rank of its tokens."""
        return max(row.rank for row in self.rows)

    @property
    def context_tokens(self) -> int:
        """The context of its first token."""
        return self.rows[0].context_tokens


def cells_of(analyzed: Analyzed) -> Iterator[Cell]:
    """Yield the cells of an analysis in order; its rows are consumed."""
    text, half_block = replace_surrogates(analyzed.text), analyzed.model.engine.config.block_size // 2
    number, before = 0, "\n"
    for rows in _grouped(analyzed.rows):
        content = text[rows[0].start_char : rows[-1].end_char]
        number = 0 if _begins_line(before, content) else number + 1
        yield Cell(content, rows, number % 2 == 1, rows[0].context_tokens < half_block)
        before = content


def _grouped(rows: Iterator[TokenRow]) -> Iterator[tuple[TokenRow, ...]]:
    waiting: list[TokenRow] = []
    for row in rows:
        if waiting and row.cell != waiting[0].cell:
            yield tuple(waiting)
            waiting = []
        waiting.append(row)
    if waiting:
        yield tuple(waiting)


def _begins_line(before: str, content: str) -> bool:
    """Say whether a cell begins on another line than the one before it. CR LF is one line end."""
    if before.endswith("\r") and content.startswith("\n"):
        before = before[:-1]
    return "\n" in before or "\r" in before
