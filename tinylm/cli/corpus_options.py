"""The options that say which text is read and how, shared by `evaluate`, `compare` and `train-tokenizer`."""

from typing import Annotated

import typer

__all__ = ["Clean", "Data", "Errors"]

Data = Annotated[
    list[str],
    typer.Option(
        "--data",
        help="Corpus: sample, stories, a file (FILE:COLUMN of a table), a folder, a glob or a Hub name. "
        "Repeat it to join several.",
    ),
]
Clean = Annotated[
    bool,
    typer.Option(
        "--clean", help="Repair wrongly decoded quotes (â€œ), straighten curly ones; drop documents that stay broken."
    ),
]
Errors = Annotated[str, typer.Option("--errors", help="Bytes that are not UTF-8: strict stops, replace goes on.")]
