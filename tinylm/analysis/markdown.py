"""Markdown that shows any token safely: no text of a document, a model or a path can become markup, a link or an image.

Token text stands in code spans and fenced blocks only, with fences longer than any run of backticks inside, and with
`|` escaped in tables (GitHub Flavored Markdown 0.29, sections 4.5, 4.10 and 6.3).
"""

import re
from collections.abc import Sequence

__all__ = ["code_span", "fenced", "table", "table_head", "table_row"]

MAX_CODE_CHARS = 200


def code_span(text: str, in_table: bool = False) -> str:
    """Return text as a code span. Line ends and other controls become spaces; long texts are cut in the middle."""
    text = _printable(text)
    if len(text) > MAX_CODE_CHARS:
        text = f"{text[: MAX_CODE_CHARS // 2]}…{text[-MAX_CODE_CHARS // 2 :]}"
    fence = "`" * (_longest_run(text) + 1)
    if not text.strip() or text[0] in "` " or text[-1] in "` ":
        text = f" {text} "  # one space each side is taken away again by the renderer
    if in_table:
        # Renderers count the backslashes before a pipe (marked) or look at one (markdown-it). Doubling them is safe in
        # both; the price is that a token such as `\|` shows one backslash too many.
        text = re.sub(r"(\\*)\|", lambda match: 2 * match[1] + "\\|", text)
    return f"{fence}{text}{fence}"


def fenced(lines: Sequence[str]) -> str:
    """Return lines as a block of fixed width, in which nothing is markup."""
    shown = [_printable(line) for line in lines]
    # Tagged, because an editor highlights an untagged block as the language of its document.
    fence = "`" * max(3, _longest_run("\n".join(shown)) + 1)
    return "\n".join([f"{fence}text", *shown, fence])


def table(header: Sequence[str], align: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a table. `align` has one letter a column: l or r. Cells are Markdown already."""
    return "\n".join([table_head(header, align), *(table_row(row) for row in rows)])


def table_head(header: Sequence[str], align: str) -> str:
    """Return the two lines that begin a table, for tables that are written line by line."""
    rule = {"l": ":--", "r": "--:"}
    return f"{table_row(header)}\n{table_row([rule[letter] for letter in align])}"


def table_row(cells: Sequence[str]) -> str:
    """Return one line of a table."""
    return "| " + " | ".join(cells) + " |"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
