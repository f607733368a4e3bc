"""An analysis as a table of plain lines, one a token: for terminals, pipes and screen readers.

Rounded for reading; JSON and CSV have the numbers in full.
"""

import math
from collections.abc import Iterator

from rich.cells import cell_len

from tinylm.analysis.rows import Analyzed, Summary, TokenRow

__all__ = ["format_probability", "summary_line", "table_lines"]

_TEXT_WIDTH = 18


def table_lines(analyzed: Analyzed) -> Iterator[str]:
    """Yield a heading, a line for each token, and the summary."""
    yield (
        f"{'#':>6}  {'token':<{_TEXT_WIDTH}}  {'id':>6}  {'p':>8}  {'log p':>8}  {'bits':>6}  {'rank':>6}  "
        f"{'entropy':>7}  {'context':>7}  instead"
    )
    for row in analyzed.rows:
        yield _line(row)
    yield ""
    yield summary_line(analyzed.summary)


def _line(row: TokenRow) -> str:
    instead = "  ".join(f"{text} {format_probability(math.exp(logprob))}" for _, text, logprob in row.alternatives)
    return (
        f"{row.index:>6}  {_pad(row.visible)}  {row.token_id:>6}  {format_probability(row.probability):>8}  "
        f"{row.logprob:>8.3f}  {row.surprisal_bits:>6.2f}  {row.rank:>6}  {row.entropy_bits:>7.2f}  "
        f"{row.context_tokens:>7}  {instead}"
    ).rstrip()


def _pad(text: str) -> str:
    """Return text in its column; wide characters take two places."""
    while cell_len(text) > _TEXT_WIDTH:
        text = text[:-2] + "…"
    return text + " " * (_TEXT_WIDTH - cell_len(text))


def format_probability(probability: float) -> str:
    """Return a probability for reading: percent with the digits that say something, `1e-09` where that ends."""
    if probability < 1e-7:
        return f"{probability:.0e}"
    percent = 100.0 * probability
    if percent < 0.1:
        digits = 1 - math.floor(math.log10(percent))
        return f"{percent:.{digits}f}%"
    return f"{percent:.1f}%" if percent < 99.95 else f"{percent:.4g}%"


def summary_line(summary: Summary) -> str:
    """Return the totals of a text in one line."""
    if not summary.n_tokens:
        return "0 tokens"
    assert summary.bytes_per_token is not None
    parts = [
        f"{summary.n_tokens:,} tokens",
        f"{summary.n_bytes:,} bytes",
        f"{summary.bytes_per_token:.2f} bytes a token",
        f"{summary.surprisal_bits:,.1f} bits",
        f"{summary.bits_per_byte:.3f} bits a byte",
        f"perplexity {summary.perplexity:,.2f}",
    ]
    return ", ".join(parts)
