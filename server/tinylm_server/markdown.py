"""Markdown that shows any token safely: no text of a document, a model or a path can become markup, a link or an image.

Token text stands in code spans only, with a fence longer than any run of backticks inside, and with `|` escaped in
tables (GitHub Flavored Markdown 0.29, sections 6.3 and 4.10).
"""

import math
import re

__all__ = ["bar", "code_span", "hex_bytes", "percent", "signed", "table"]

_EIGHTHS = " ▏▎▍▌▋▊▉█"
BAR_WIDTH = 16
MAX_CODE_CHARS = 200


def code_span(text: str, in_table: bool = False) -> str:
    """Return text as a code span. Line ends and other controls become spaces; long texts are cut in the middle."""
    text = "".join(char if char.isprintable() else " " for char in text)
    if len(text) > MAX_CODE_CHARS:
        text = f"{text[: MAX_CODE_CHARS // 2]}…{text[-MAX_CODE_CHARS // 2 :]}"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    if not text.strip() or text[0] in "` " or text[-1] in "` ":
        text = f" {text} "  # one space each side is taken away again by the renderer
    if in_table:
        # Renderers count the backslashes before a pipe (marked) or look at one (markdown-it). Doubling them is safe in
        # both; the price is that a token such as `\|` shows one backslash too many.
        text = re.sub(r"(\\*)\|", lambda match: 2 * match[1] + "\\|", text)
    return f"{fence}{text}{fence}"


def table(header: list[str], align: str, rows: list[list[str]]) -> str:
    """Return a table. `align` has one letter a column: l or r. Cells are Markdown already."""
    rule = {"l": ":--", "r": "--:"}
    lines = [header, [rule[letter] for letter in align], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(logprob: float) -> str:
    """Return a probability for people from its logarithm: `12.3 %`, `0.0041 %`, `3e-09`."""
    if math.isnan(logprob):
        return "undefined"
    probability = math.exp(logprob)
    if probability >= 0.0995:
        return f"{100 * probability:.1f} %"
    return f"{100 * probability:.2g} %" if probability >= 1e-6 else f"{probability:.0e}"


def signed(value: float, digits: int = 2) -> str:
    """Return a number with a real minus sign; `undefined` for NaN."""
    return "undefined" if math.isnan(value) else f"{value:.{digits}f}".replace("-", "−")


def bar(logprob: float) -> str:
    """Return a bar whose full width is a probability of 1, in eighths of a character."""
    if math.isnan(logprob):
        return ""
    eighths = round(math.exp(logprob) * BAR_WIDTH * 8)
    if eighths == 0:
        return _EIGHTHS[1]
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def hex_bytes(data: bytes) -> str:
    """Return bytes as `F0 9F 98 80`."""
    return data.hex(" ").upper()
