"""An analysis as the text itself, its cells coloured by a heat map: for terminals, by rich.

Neighbouring cells differ in shade, so boundaries show where the heat does not. Without colour, a mark before each cell
says how high its value is. A key says what colours and marks stand for. What would act on a terminal (escapes,
bidirectional controls) is shown in words.
"""

from collections.abc import Iterator

from rich.style import Style
from rich.text import Text

from tinylm.analysis.cells import Cell, cells_of
from tinylm.analysis.heat import HeatMode, bucket_of, legend, title_of
from tinylm.analysis.listing import notes_of, printable
from tinylm.analysis.palettes import PALETTES
from tinylm.analysis.rows import Analyzed

__all__ = ["BOUNDARY", "coloured_lines", "coloured_text", "heat_style", "key", "mark_of", "plain_lines"]

BOUNDARY = "|"
_MARKS = "▁▂▃▄▅▆▇█"  # one for each bucket
_UNDEFINED_MARK = "?"
_UNDEFINED = Style(strike=True)


def heat_style(bucket: int | None, *, odd: bool, colours: str = "truecolor") -> Style:
    """Return the colours of a cell.

    Args:
        bucket: where its value falls (`tinylm.analysis.heat`); None for an undefined one, which is struck through.
        odd: whether every other cell, which is a shade darker or underlined.
        colours: what the terminal can show: `color_system` of rich's console.
    """
    if bucket is None:
        return _UNDEFINED
    palette = PALETTES[colours]
    return (palette.odd if odd else palette.even)[bucket]


def mark_of(bucket: int | None) -> str:
    """Return what stands for a bucket where there is no colour, one character; None is an undefined value."""
    return _UNDEFINED_MARK if bucket is None else _MARKS[bucket]


def key(mode: HeatMode | None, vocab_size: int, colours: str | None) -> Text:
    """Return what the colours of a heat map stand for, or its marks.

    Args:
        mode: the heat map; None for boundaries alone.
        vocab_size: entries of the model's vocabulary, which end the scale.
        colours: what the terminal can show; None for marks.
    """
    if mode is None:
        return Text("Boundaries: every other token has the other colour" if colours else f"{BOUNDARY} between tokens")
    result = Text(title_of(mode) + ":")
    for bucket, label in [*legend(mode, vocab_size), (None, "undefined")]:
        if colours is None:
            result.append(f"  {mark_of(bucket)} {label}")
        else:
            result.append(" ").append(f" {label} ", heat_style(bucket, odd=False, colours=colours))
    return result.append(f"; every other token is {PALETTES[colours].odd_words}" if colours else "")


def coloured_lines(
    analyzed: Analyzed, mode: HeatMode | None = HeatMode.surprisal, *, colours: str = "truecolor"
) -> Iterator[Text]:
    """Yield the lines of the text, cells coloured, then an empty line, the notes and the key."""
    yield from coloured_text(analyzed, mode, colours=colours)
    yield Text()
    for note in notes_of(analyzed):
        yield Text(note)
    yield key(mode, analyzed.model.tokenizer.vocab_size, colours)


def coloured_text(
    analyzed: Analyzed, mode: HeatMode | None = HeatMode.surprisal, *, colours: str = "truecolor"
) -> Iterator[Text]:
    """Yield the lines of the text, cells coloured."""
    vocab_size = analyzed.model.tokenizer.vocab_size
    line = Text()
    for cell in cells_of(analyzed):
        if mode is None:
            style = PALETTES[colours].boundaries[cell.is_odd]
        else:
            style = heat_style(bucket_of(cell, mode, vocab_size), odd=cell.is_odd, colours=colours)
        for piece in _pieces(cell):
            line.append(piece.rstrip("\n"), style)
            if piece.endswith("\n"):
                yield line
                line = Text()
    if line:
        yield line


def plain_lines(analyzed: Analyzed, mode: HeatMode | None = HeatMode.surprisal) -> Iterator[str]:
    """Yield the lines of the text with a mark before each cell, an empty line, the notes and the key.

    Where no heat is shown, bars stand between the cells.
    """
    vocab_size = analyzed.model.tokenizer.vocab_size
    line = ""
    for cell in cells_of(analyzed):
        line += (BOUNDARY if line else "") if mode is None else mark_of(bucket_of(cell, mode, vocab_size))
        for piece in _pieces(cell):
            line += piece.rstrip("\n")
            if piece.endswith("\n"):
                yield line
                line = ""
    if line:
        yield line
    yield ""
    yield from notes_of(analyzed)
    yield key(mode, vocab_size, None).plain


def _pieces(cell: Cell) -> list[str]:
    """Return a cell's characters line by line."""
    return printable(cell.text).splitlines(keepends=True)
