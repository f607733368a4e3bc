"""A tokenizer's report as a file: JSON for programs, or one HTML page without scripts or anything from outside."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tinylm.errors import UsageError
from tinylm.files import write_file
from tinylm.tokenizer_training.measures import Measures

__all__ = ["HEADS", "check_report_path", "measures_to_json", "row_of", "write_report"]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
:root { color-scheme: light dark; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 0.2rem 0.8rem; border-bottom: 1px solid #8884; }
td { white-space: nowrap; } .pair { display: flex; flex-wrap: wrap; gap: 0 3rem; } figure { margin: 0.5rem 0; }
.bar { fill: #3b82c4; } text { font-size: 11px; fill: currentColor; } code { overflow-wrap: anywhere; }
"""
HEADS = ("entries", "bytes per token", "tokens per word", "words of one token", "never used", "parts of characters")


def check_report_path(path: Path) -> None:
    """Raise UsageError unless the name says which kind of report it is."""
    if path.suffix.lower() not in (".html", ".json"):
        raise UsageError(f"--report {path}: its name has to end in .html or .json")


def measures_to_json(measures: Measures) -> dict[str, object]:
    """Return the numbers in camel case; histograms have their lengths as names."""
    words = ((name.split("_"), value) for name, value in asdict(measures).items())
    values = {first + "".join(map(str.capitalize, rest)): value for (first, *rest), value in words}
    return {**values, "bytesPerToken": measures.bytes_per_token, "tokensPerWord": measures.tokens_per_word}


def write_report(path: Path, title: str, basis: str, facts: Mapping[str, object], sizes: Sequence[Measures]) -> None:
    """Write the report.

    Args:
        basis: what was measured, in words.
        facts: what the JSON says beside the sizes.

    Raises:
        UsageError: the suffix is neither .html nor .json.
        DiskProblem: it cannot be written.
    """
    check_report_path(path)
    if path.suffix.lower() == ".json":
        values = {**facts, "measuredOn": basis, "sizes": [measures_to_json(each) for each in sizes]}
        write_file(path, (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode())
    else:
        write_file(path, _page(title, basis, sizes).encode())


def row_of(each: Measures) -> tuple[str, ...]:
    """Return the cells that compare a size with others, as text."""
    made = max(1, each.vocab_size - 257)
    return (
        _entries(each),
        f"{each.bytes_per_token:.3f}",
        f"{each.tokens_per_word:.3f}",
        f"{each.n_words_of_one_token / max(1, each.n_words):.1%}",
        f"{each.n_never_used:,} ({each.n_never_used / made:.1%})",
        f"{each.n_fragments:,}",
    )


def _entries(each: Measures) -> str:
    """Return a size in words; one that the corpus could not fill names both numbers."""
    found = f"{each.vocab_size:,}"
    return found if each.vocab_size == each.vocab_size_wanted else f"{found} of {each.vocab_size_wanted:,}"


def _page(title: str, basis: str, sizes: Sequence[Measures]) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row_of(each))}</tr>\n" for each in sizes)
    details = "".join(_details(each) for each in sizes)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>{html.escape(title)}</h1>\n<p>Measured on {html.escape(basis)}. "
        "Merges are learned one after the other, so each smaller vocabulary is the beginning of the larger ones.</p>\n"
        f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>\n{details}</body></html>\n"
    )


def _details(each: Measures) -> str:
    lists = "".join(
        f"<p>{label}: {''.join(f'<code>{html.escape(text)}</code> ' for text in texts)}</p>\n"
        for label, texts in (("Never used, for example", each.never_used), ("Parts of characters", each.fragments))
        if texts
    )
    return (
        f"<h2>{_entries(each)} entries</h2>\n"
        f'<div class="pair">{_bars("Bytes of a token, over the vocabulary", each.lengths_in_vocabulary)}'
        f"{_bars('Bytes of a token, over the text', each.lengths_in_text)}</div>\n{lists}"
    )


def _bars(label: str, histogram: Mapping[int, int]) -> str:
    """Draw a histogram as SVG; its title says the numbers to those who do not see it."""
    if not histogram:
        return ""
    most, width = max(histogram.values()), 24
    said = ", ".join(f"{length}: {count}" for length, count in histogram.items())
    bars = "".join(
        _bar(width * place, width, count / most, length) for place, (length, count) in enumerate(histogram.items())
    )
    size = f'width="{width * len(histogram)}" height="120"'
    picture = f'<svg {size} role="img"><title>{html.escape(f"{label}: {said}")}</title>{bars}</svg>'
    return f"<figure><figcaption>{label}</figcaption>{picture}</figure>\n"


def _bar(left: int, width: int, share: float, length: int) -> str:
    height = 90 * share
    bar = f'<rect class="bar" x="{left + 2}" y="{100 - height:.1f}" width="{width - 4}" height="{height:.1f}"/>'
    return f'{bar}<text x="{left + width / 2}" y="114" text-anchor="middle">{length}</text>'
