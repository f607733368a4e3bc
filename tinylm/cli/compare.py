"""`tinylm compare`: two models on one corpus, in bits per byte, and where they differ most.

The comparison is `tinylm.comparison.models`; every number goes through the serving engine and its one window rule, each
model with its own context. Needs no torch.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from tinylm.analysis.wording import counted, fit, signed
from tinylm.cli import corpus_options as corpus
from tinylm.cli.scoring_progress import shown_progress
from tinylm.cli.terminal import write_any_text
from tinylm.comparison.models import CONFIDENCE, N_RESAMPLES, ModelComparison, Place, narrowness
from tinylm.data.sources import Source, open_sources
from tinylm.errors import BadData, Interrupted, UsageError
from tinylm.model.language_model import LanguageModel, starter_model_directory
from tinylm.stopping import StopRequest
from tinylm.tokens.byte_level import visible_from_bytes
from tinylm.training.provenance import caution, learned_from

__all__ = ["compare"]

_METHOD = "paired bootstrap over documents"
_BEFORE_WIDTH, _PIECE_WIDTH = 40, 16


def compare(
    first: Annotated[Path, typer.Argument(help="A model directory.", metavar="MODEL_A")],
    data: corpus.Data,
    second: Annotated[
        Path | None,
        typer.Argument(help="Another one; the starter model when absent.", metavar="MODEL_B", show_default=False),
    ] = None,
    places: Annotated[int, typer.Option("--places", help="How many places to list where they differ most.")] = 10,
    clean: corpus.Clean = False,
    errors: corpus.Errors = "strict",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, numbers in full.")] = False,
) -> None:
    """Compare two models on a text: bits per byte, how sure their difference is, and where it is largest."""
    if not 0 <= places <= 1000:
        raise UsageError(f"--places is {places}, expected 0 to 1000")
    source = open_sources(data, errors=errors, clean=clean)
    models = (LanguageModel.load(first), LanguageModel.load(second or starter_model_directory()))
    found, known = _compared(models, source, places)
    lines = [f"{name}: {caution(each)}" for name, names in zip("AB", known, strict=True) for each in names]
    notes = [*source.notes(), *lines]
    if not found.n_documents:
        raise BadData(f"{source.name}: no document is left to compare on; name another with --data")
    write_any_text()
    if as_json:
        typer.echo(json.dumps(_as_json(models, source, found, notes), ensure_ascii=False, indent=2))
    else:
        for line in _lines(models, source, found, notes):
            typer.echo(line)


def _compared(
    models: tuple[LanguageModel, LanguageModel], source: Source, n_places: int
) -> tuple[ModelComparison, list[list[str]]]:
    """Return the comparison, and for each model the names of what it has learned from."""
    found = ModelComparison(*models, n_places)
    with StopRequest() as stop, shown_progress("comparing", source.n_bytes()) as show:

        def check() -> None:
            if stop():
                so_far = f"; {_so_far(found)}" if found.n_documents else ""
                raise Interrupted(
                    f"stopped after {counted(found.n_documents, 'document')}{so_far}", stop.signal_number or 2
                )

        known = learned_from([model.path for model in models], source, check)
        for text in source.documents():
            found.add(text, check)
            if found.n_documents:
                show(found.n_bytes, _so_far(found))
    return found, known


def _so_far(found: ModelComparison) -> str:
    first, second = found.bits_per_byte
    return f"{first:.4f} and {second:.4f} bits per byte"


def _lines(
    models: tuple[LanguageModel, LanguageModel], source: Source, found: ModelComparison, notes: list[str]
) -> list[str]:
    lines = [f"corpus       {source.name}: {counted(found.n_documents, 'document')}, {counted(found.n_bytes, 'byte')}"]
    lines += [f"             {note}" for note in notes]
    for name, model, bits_per_byte in zip("AB", models, found.bits_per_byte, strict=True):
        facts = f"{model.engine.n_params / 1e6:.1f} M parameters, {model.tokenizer.vocab_size:,} entries, id {model.id}"
        lines.append(f"{name}            {bits_per_byte:.4f} bits per byte: {model.path} ({facts})")
    lines += [f"B minus A    {_difference(found)}", f"             {_better(found)}"]
    if found.places():
        lines += ["", f"most different{'A':>13}{'B':>8}{'B - A':>9}  bits"]
        lines += map(_place_line, found.places())
    return lines


def _difference(found: ModelComparison) -> str:
    first, second = found.bits_per_byte
    interval = found.interval()
    if interval is None:
        return f"{_with_sign(second - first, 4)}; one document tells nothing about others, so there is no interval"
    ends = " to ".join(_with_sign(end, 4) for end in interval)
    return (
        f"{_with_sign(second - first, 4)}, {CONFIDENCE:.0%} interval {ends} ({_METHOD}){narrowness(found.n_documents)}"
    )


def _better(found: ModelComparison) -> str:
    first, second = found.n_better
    return f"A needs fewer bits in {first:,} of {counted(found.n_documents, 'document')}, B in {second:,}"


def _place_line(place: Place) -> str:
    """Show a piece with its bits and the end of what stands before it."""
    before = place.before.decode("utf-8", "ignore").replace("\n", "↵")
    before = "".join(char if char.isprintable() else " " for char in before)[-_BEFORE_WIDTH:]
    where = f"after “{before}”" if place.start_byte else "at its beginning"
    figures = f"{place.bits[0]:>9.2f}{place.bits[1]:>8.2f}{_with_sign(place.difference, 2):>9}"
    piece = fit(visible_from_bytes(place.data), _PIECE_WIDTH)
    return f"  {piece}{figures}  document {place.document + 1:,}, {where}"


def _with_sign(value: float, digits: int) -> str:
    return ("+" if float(f"{value:.{digits}f}") > 0 else "") + signed(value, digits)


def _as_json(
    models: tuple[LanguageModel, LanguageModel], source: Source, found: ModelComparison, notes: list[str]
) -> dict[str, object]:
    interval = found.interval()
    return {
        "schema": 1,
        "data": source.name,
        "documents": found.n_documents,
        "bytes": found.n_bytes,
        "models": [
            {
                "path": str(model.path),
                "id": model.id,
                "tokenizerId": model.tokenizer.id,
                "surprisalBits": bits,
                "bitsPerByte": bits / found.n_bytes,
                "betterDocuments": n_better,
            }
            for model, bits, n_better in zip(models, found.bits, found.n_better, strict=True)
        ],
        "difference": {
            "bitsPerByte": found.bits_per_byte[1] - found.bits_per_byte[0],
            "interval": interval,
            "confidence": CONFIDENCE,
            "method": f"{_METHOD}, {N_RESAMPLES:,} resamples, percentiles",
        },
        "places": [
            {
                "document": place.document,
                "startByte": place.start_byte,
                "endByte": place.end_byte,
                "bytes": place.data.hex(),
                "text": visible_from_bytes(place.data),
                "surprisalBits": place.bits,
                "differenceBits": place.difference,
            }
            for place in found.places()
        ],
        "notes": notes,
    }
