"""The documentation of a word in the completion list: its tokens, their probabilities, what was likely in their place.

Takes what the worker answered, returns Markdown or plain text. Nothing of a token can become markup.
"""

from dataclasses import dataclass
from typing import Any

from tinylm.analysis.markdown import code_span, table
from tinylm.analysis.wording import percent, percent_of

__all__ = ["Explained", "explanation"]

_N_SHOWN = 3  # alternatives of each token


@dataclass(frozen=True)
class Explained:
    """What is told about a word.

    Attributes:
        logprob: nats, of all the ways to write it that were met.
        n_ways: how many those are.
        unread: the greatest probability of a way that the search did not follow.
        parts: the worker's answer to "wordParts", about the likeliest way.
    """

    logprob: float
    n_ways: int
    unread: float
    parts: dict[str, Any]


def explanation(told: Explained, *, markdown: bool) -> str:
    """Return the documentation."""
    parts = told.parts
    blocks = [f"The text goes on with exactly this word: {percent(told.logprob)}."]
    rows = [(part["token"], part["logprob"], _others(part)) for part in parts["parts"]]
    blocks.append(_markdown_rows(rows, parts["ends"]) if markdown else _plain_rows(rows, parts["ends"]))
    product = f"Together {percent(parts['logprob'])}"
    if parts["typed"] < -5e-4:  # which shows as less than 100.0 %
        product += f", given what is typed: the product divided by {percent(parts['typed'])}"
    blocks.append(f"{product}.")
    if told.n_ways > 1:
        blocks.append(f"{told.n_ways} ways to cut it into tokens were found; this is the likeliest.")
    blocks.append(
        f"A word that is not listed has at most {percent_of(told.unread)} for each way to cut it into tokens."
    )
    return "\n\n".join(blocks)


def _others(part: dict[str, Any]) -> list[tuple[str, float]]:
    """Return what was most likely in the place of a token."""
    return [(token, logprob) for token, logprob in part["alternatives"] if token != part["token"]][:_N_SHOWN]


def _markdown_rows(rows: list[tuple[str, float, list[tuple[str, float]]]], ends: float) -> str:
    lines = [
        [
            code_span(token, in_table=True),
            percent(logprob),
            ", ".join(f"{code_span(other, in_table=True)} {percent(its)}" for other, its in others),
        ]
        for token, logprob, others in rows
    ]
    lines.append(["the word ends", percent(ends), ""])
    return table(["token", "after what is before it", "likely in its place"], "lrl", lines)


def _plain_rows(rows: list[tuple[str, float, list[tuple[str, float]]]], ends: float) -> str:
    lines = [
        f"{token}  {percent(logprob)}  (in its place: {', '.join(f'{other} {percent(its)}' for other, its in others)})"
        for token, logprob, others in rows
    ]
    return "\n".join([*lines, f"the word ends  {percent(ends)}"])
