"""`tinylm analyze`: every token of a text with its probability, rank and alternatives.

It reads the text, loads the model and writes what the formats in `tinylm.analysis` yield, as it is computed.
"""

import math
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tinylm.errors import BadData, UsageError

__all__ = ["OutputFormat", "analyze"]

_MAX_BYTES = 64 * 2**20  # an hour of scoring; more is a mistake


class OutputFormat(StrEnum):
    """What `--format` accepts."""

    ansi = "ansi"
    table = "table"
    json = "json"
    csv = "csv"


def analyze(
    file: Annotated[str, typer.Argument(help="A text file, or - for standard input.", metavar="FILE|-")],
    model: Annotated[
        Path | None, typer.Option(help="A model directory; the starter model when absent.", show_default=False)
    ] = None,
    format: Annotated[
        OutputFormat,
        typer.Option(help="Coloured text, a table, JSON or CSV (both with numbers in full)."),
    ] = OutputFormat.ansi,
    top_k: Annotated[
        int | None,
        typer.Option(help="Alternatives for each token: 3 in the table, 10 in JSON when absent.", show_default=False),
    ] = None,
) -> None:
    """Show every token of a text with its probability, rank and alternatives."""
    if top_k is not None and not 0 <= top_k <= 1000:
        raise UsageError(f"--top-k is {top_k}, expected 0 to 1000")
    text = _read(file)
    from tinylm.analysis.listing import table_lines
    from tinylm.analysis.records import csv_pieces, json_pieces
    from tinylm.analysis.rows import analyze_text
    from tinylm.cli.terminal import new_console, write_any_text
    from tinylm.model.language_model import LanguageModel, starter_model_directory

    write_any_text()
    language_model = LanguageModel.load(starter_model_directory() if model is None else model)
    usual = {OutputFormat.table: 3, OutputFormat.json: 10}.get(format, 0)
    analyzed = analyze_text(language_model, text, usual if top_k is None else top_k)
    if format is OutputFormat.json:
        _write(json_pieces(analyzed, "standard input" if file == "-" else file))
    elif format is OutputFormat.csv:
        _write(csv_pieces(analyzed))
    elif format is OutputFormat.table:
        _write(line + "\n" for line in table_lines(analyzed))
    else:
        from tinylm.analysis.coloured import coloured_lines, plain_lines

        console = new_console()
        if console.color_system is None:
            _write(line + "\n" for line in plain_lines(analyzed))
        else:
            uniform_bits = math.log2(language_model.tokenizer.vocab_size)
            few_colours = console.color_system == "standard"
            for line in coloured_lines(analyzed, uniform_bits, few_colours=few_colours):
                console.print(line, soft_wrap=True)


def _read(file: str) -> str:
    from tinylm.reading import read_file

    if file == "-":
        data = sys.stdin.buffer.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise BadData(f"standard input: more than {_MAX_BYTES:,} bytes; analyze a part of it")
    else:
        data = read_file(Path(file), max_bytes=_MAX_BYTES, what="a text", advice="name a text file, or - for stdin")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadData(f"{file}: not UTF-8 (byte {error.start:,}); convert it first") from None


def _write(pieces: Iterable[str]) -> None:
    for piece in pieces:
        sys.stdout.write(piece)
    sys.stdout.flush()
