"""`tinylm learned`: a text under the weights of every step that a training run kept, one after the other.

The colours are those of `tinylm analyze` and mean the same at every step, so that the text can be seen being learned.
It only reads, one model at a time.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tinylm.analysis.cells import cells_of
from tinylm.analysis.coloured import BOUNDARY, coloured_text, key, mark_of
from tinylm.analysis.heat import HeatMode, bucket_of
from tinylm.analysis.listing import printable
from tinylm.analysis.rows import Analyzed, analyze_text
from tinylm.cli.terminal import new_console, write_any_text
from tinylm.cli.texts import read_text
from tinylm.errors import UsageError
from tinylm.model.language_model import LanguageModel
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.follow import diary_of
from tinylm.training.snapshots import SavedStep, load_saved, saved_steps

__all__ = ["learned"]

_MOST_CHARS = 20_000  # a few pages: it is shown once for each step


def learned(
    run: Annotated[Path, typer.Argument(help="Directory of the run, running or over.")],
    text: Annotated[str | None, typer.Option(help="The text to look at; without it, that of --file.")] = None,
    file: Annotated[
        str | None, typer.Option(help="A file that holds it, or - for standard input; without it, --text.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, numbers in full.")] = False,
) -> None:
    """Show a text as a training run learned it: its surprisal at every step that was kept."""
    content = _content(text, file)
    diary_of(run)  # refuses what is no run
    steps = saved_steps(run)
    if not steps:
        raise UsageError(f"{run} has kept no weights; name a run of tinylm train that has begun its first step")
    write_any_text()
    tokenizer = Tokenizer.load(run / "tokenizer")
    found = ((saved, _analyzed(saved, tokenizer, content)) for saved in steps)
    if as_json:
        sys.stdout.write(json.dumps(_as_json(run, tokenizer, found), ensure_ascii=False) + "\n")
        return
    console = new_console()
    if console.color_system is None:
        _print_marks(tokenizer.vocab_size, found)
    else:
        _print_colours(console, found)
    console.print(key(HeatMode.surprisal, tokenizer.vocab_size, console.color_system), soft_wrap=True)
    typer.echo(_advice(run, steps))


def _analyzed(saved: SavedStep, tokenizer: Tokenizer, text: str) -> Analyzed:
    return analyze_text(LanguageModel(saved.weights, tokenizer, load_saved(saved)), text, 0)


def _print_colours(console: Console, found: Iterator[tuple[SavedStep, Analyzed]]) -> None:
    assert console.color_system is not None
    for saved, analyzed in found:
        lines = list(coloured_text(analyzed, colours=console.color_system))
        console.print(_headline(saved, analyzed), style="bold")
        for line in lines:
            console.print(line, soft_wrap=True)
        console.print()


def _print_marks(vocab_size: int, found: Iterator[tuple[SavedStep, Analyzed]]) -> None:
    """Print the text once, then for each step a row with the mark of each of its cells."""
    is_first = True
    for saved, analyzed in found:
        cells = list(cells_of(analyzed))
        if is_first:
            sys.stdout.write(BOUNDARY.join(printable(cell.text).replace("\n", "") for cell in cells) + "\n\n")
        is_first = False
        marks = "".join(mark_of(bucket_of(cell, HeatMode.surprisal, vocab_size)) for cell in cells)
        sys.stdout.write(f"{_headline(saved, analyzed)}: {marks}\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


def _headline(saved: SavedStep, analyzed: Analyzed) -> str:
    return f"step {saved.step:,}, {analyzed.summary.bits_per_byte:.3f} bits per byte"


def _advice(run: Path, steps: list[SavedStep]) -> str:
    n_snapshots = sum(saved.weights == saved.shape for saved in steps)
    kept = f"{len(steps)} steps kept in {run}"
    return kept if n_snapshots > 1 else f"{kept}; tinylm train --snapshots 16 keeps more of a new run's way"


def _as_json(run: Path, tokenizer: Tokenizer, found: Iterator[tuple[SavedStep, Analyzed]]) -> dict[str, object]:
    tokens: list[dict[str, object]] = []
    steps: list[dict[str, object]] = []
    for saved, analyzed in found:
        rows = list(analyzed.rows)
        tokens = [
            {"id": row.token_id, "text": row.visible, "startChar": row.start_char, "endChar": row.end_char}
            for row in rows
        ]
        bits = [row.surprisal_bits for row in rows]
        summary = analyzed.summary
        steps.append(
            {
                "step": saved.step,
                "path": str(saved.weights),
                "bitsPerByte": summary.bits_per_byte,
                "surprisalBits": bits,
            }
        )
    return {"schema": 1, "run": str(run), "tokenizerId": tokenizer.id, "tokens": tokens, "steps": steps}


def _content(text: str | None, file: str | None) -> str:
    if (text is None) == (file is None):
        raise UsageError("name one text: --text TEXT, --file FILE or --file - for standard input")
    if file is not None:
        text = read_text(file, 4 * _MOST_CHARS)
    assert text is not None
    if not text.strip() or len(text) > _MOST_CHARS:
        raise UsageError(f"the text has {len(text):,} characters, expected 1 to {_MOST_CHARS:,}; name another part")
    return text
