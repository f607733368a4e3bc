"""The formats that an analysis can be written in, by name. The same functions for the command line and the editor."""

from collections.abc import Callable, Iterator
from enum import StrEnum

from tinylm.analysis.document import markdown_pieces
from tinylm.analysis.listing import table_lines
from tinylm.analysis.page import html_pieces
from tinylm.analysis.records import csv_pieces, json_pieces
from tinylm.analysis.rows import Analyzed

__all__ = ["ALTERNATIVES", "ExportFormat", "pieces_of"]


class ExportFormat(StrEnum):
    """What can be written to a file."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"
    html = "html"


# Alternatives for each token where nobody asked for a number.
ALTERNATIVES = {
    ExportFormat.table: 3, ExportFormat.json: 10, ExportFormat.csv: 0, ExportFormat.markdown: 3, ExportFormat.html: 5,
}  # fmt: skip


def pieces_of(analyzed: Analyzed, format: ExportFormat) -> Iterator[str]:
    """Yield an analysis as text, piece by piece; its rows are consumed."""
    writers: dict[ExportFormat, Callable[[Analyzed], Iterator[str]]] = {
        ExportFormat.table: _table_pieces,
        ExportFormat.json: json_pieces,
        ExportFormat.csv: csv_pieces,
        ExportFormat.markdown: markdown_pieces,
        ExportFormat.html: html_pieces,
    }
    return writers[format](analyzed)


def _table_pieces(analyzed: Analyzed) -> Iterator[str]:
    return (line + "\n" for line in table_lines(analyzed))
