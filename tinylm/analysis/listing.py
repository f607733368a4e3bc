"""An analysis as a table of plain lines, one a token: for terminals, pipes and screen readers.

Rounded for reading; JSON and CSV have the numbers in full. A character that is split over tokens has a line of its own
before those of its parts.
"""

import math
from collections.abc import Iterator

from tinylm.analysis.cells import Cell, cells_of
from tinylm.analysis.rows import Analyzed, Summary, TokenRow
from tinylm.analysis.wording import fit, percent, signed
from tinylm.tokens.byte_level import visible_char, visible_from_bytes
from tinylm.tokens.spans import utf8

__all__ = ["instead_of", "notes_of", "printable", "summary_line", "table_lines", "visible_text"]

_TEXT_WIDTH = 18


def table_lines(analyzed: Analyzed) -> Iterator[str]:
    """Yield a heading, a line for each token, and the notes."""
    yield _line(
        "#", "token", "id", "p", "log p/nats", "surprisal/bits", "rank", "entropy/bits", "context/tokens", "instead"
    )
    for cell in cells_of(analyzed):
        if cell.is_split:
            figures = (percent(cell.logprob), signed(cell.logprob, 3), signed(cell.surprisal_bits))
            yield _line("", visible_text(cell), f"={len(cell.rows)}", *figures, "", "", "", "together")
        for row in cell.rows:
            yield _line(
                str(row.index), row.visible, str(row.token_id), percent(row.logprob), signed(row.logprob, 3),
                signed(row.surprisal_bits), str(row.rank), signed(row.entropy_bits), str(row.context_tokens),
                instead_of(row),
            )  # fmt: skip
    yield ""
    yield from notes_of(analyzed)


def _line(
    index: str, text: str, token_id: str, probability: str, logprob: str, surprisal: str, rank: str, entropy: str,
    context: str, instead: str,
) -> str:  # fmt: skip
    return (
        f"{index:>6}  {fit(text, _TEXT_WIDTH)}  {token_id:>6}  {probability:>9}  {logprob:>10}  {surprisal:>14}  "
        f"{rank:>6}  {entropy:>12}  {context:>14}  {instead}"
    ).rstrip()


def instead_of(row: TokenRow) -> str:
    """Return what the model would rather have said, with probabilities."""
    return "  ".join(f"{text} {percent(logprob)}" for _, text, logprob in row.alternatives)


def visible_text(cell: Cell) -> str:
    """Return a cell's characters so that a person can see each: `·soft`, `⟨U+202E⟩`."""
    return visible_from_bytes(utf8(cell.text))


def printable(content: str) -> str:
    """Return characters as they may be printed: line ends visible and in effect, spaces as they are."""
    return "".join("↵\n" if char == "\n" else " " if char == " " else visible_char(char) for char in content)


def notes_of(analyzed: Analyzed) -> list[str]:
    """Return the totals, once the rows are consumed, and what a reader has to know of the text."""
    return [summary_line(analyzed.summary), *([] if analyzed.note is None else [analyzed.note])]


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
        f"perplexity {summary.perplexity:,.2f} a token",
    ]
    return (
        ", ".join(parts) if not math.isnan(summary.surprisal_bits) else f"{parts[0]}, {parts[1]}, surprisal undefined"
    )
