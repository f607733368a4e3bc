"""`tinylm analyze`: every token of a text with its probability, rank and alternatives.

It reads the text, loads the model and writes what the formats in `tinylm.analysis` yield, as it is computed.
"""

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinylm.cli.texts import read_text
from tinylm.errors import UsageError

if TYPE_CHECKING:
    from tinylm.analysis.heat import HeatMode
    from tinylm.analysis.rows import Analyzed

__all__ = ["OutputFormat", "analyze"]

_MAX_BYTES = 64 * 2**20  # an hour of scoring; more is a mistake


class OutputFormat(StrEnum):
    """What `--format` accepts."""

    ansi = "ansi"
    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"
    html = "html"


class Heat(StrEnum):
    """What `--heat` accepts, named as the editor's `tinylm.heatMap`: `tinylm.analysis.heat.HeatMode`, or none."""

    off = "off"
    surprisal = "surprisal"
    rank = "rank"
    entropy = "entropy"
    surplus = "surplus"
    ratio = "ratio"


def analyze(
    file: Annotated[str, typer.Argument(help="A text file, or - for standard input.", metavar="FILE|-")],
    model: Annotated[
        Path | None, typer.Option(help="A model directory; the starter model when absent.", show_default=False)
    ] = None,
    format: Annotated[
        OutputFormat,
        typer.Option(
            help="Coloured text, a table, a Markdown document, a page that needs no script and no network, or JSON and "
            "CSV with numbers in full."
        ),
    ] = OutputFormat.ansi,
    heat: Annotated[
        Heat,
        typer.Option(
            help="What colours or, without colour, marks show, as tinylm.heatMap in the editor: surplus is surprisal "
            "minus entropy, ratio p / p_max, off the boundaries alone. The page can be switched between all of them."
        ),
    ] = Heat.surprisal,
    top_k: Annotated[
        int | None,
        typer.Option(
            help="Alternatives for each token. When absent, 3 in tables, 5 on the page, 10 in JSON.", show_default=False
        ),
    ] = None,
    special_tokens: Annotated[
        bool, typer.Option("--special-tokens", help="Read <|endoftext|> in the text as the end of a document.")
    ] = False,
) -> None:
    """Show every token of a text with its probability, rank and alternatives."""
    if top_k is not None and not 0 <= top_k <= 1000:
        raise UsageError(f"--top-k is {top_k}, expected 0 to 1000")
    text = read_text(file, _MAX_BYTES)
    from tinylm.analysis.formats import ALTERNATIVES, ExportFormat, pieces_of
    from tinylm.analysis.heat import HeatMode
    from tinylm.analysis.rows import analyze_text
    from tinylm.cli.terminal import write_any_text
    from tinylm.model.language_model import LanguageModel, starter_model_directory

    write_any_text()
    language_model = LanguageModel.load(starter_model_directory() if model is None else model, special=special_tokens)
    if top_k is None:
        top_k = 0 if format is OutputFormat.ansi else ALTERNATIVES[ExportFormat(format)]
    source = "standard input" if file == "-" else file
    analyzed = analyze_text(language_model, text, top_k, source=source)
    mode = None if heat is Heat.off else HeatMode(heat)
    if format is OutputFormat.ansi:
        _show(analyzed, mode)
    elif format is OutputFormat.html:
        from tinylm.analysis.page import html_pieces

        _write(html_pieces(analyzed, mode))
    else:
        _write(pieces_of(analyzed, ExportFormat(format)))


def _show(analyzed: "Analyzed", mode: "HeatMode | None") -> None:
    """Print the coloured text; without colour, marks stand before the cells."""
    from tinylm.analysis.coloured import coloured_lines, plain_lines
    from tinylm.cli.terminal import new_console

    console = new_console()
    if console.color_system is None:
        _write(line + "\n" for line in plain_lines(analyzed, mode))
        return
    for line in coloured_lines(analyzed, mode, colours=console.color_system):
        console.print(line, soft_wrap=True)


def _write(pieces: Iterable[str]) -> None:
    for piece in pieces:
        sys.stdout.write(piece)
    sys.stdout.flush()
