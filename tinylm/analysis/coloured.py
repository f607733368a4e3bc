"""An analysis as the text itself, its cells coloured by a heat map: for terminals, by rich.

Neighbouring cells differ in shade, so boundaries show where the heat does not. Without colour, cells stand between
bars instead. What would act on a terminal (escapes, bidirectional controls) is shown in words.
"""

from collections.abc import Iterator

from rich.style import Style
from rich.text import Text

from tinylm.analysis.cells import Cell, cells_of
from tinylm.analysis.heat import LIGHT, HeatMode, bucket_of, legend, title_of
from tinylm.analysis.listing import notes_of, printable
from tinylm.analysis.rows import Analyzed

__all__ = ["coloured_lines", "coloured_text", "heat_style", "legend_line", "plain_lines"]

_ODD_SHADE = 0.90


def heat_style(bucket: int | None, *, odd: bool, few_colours: bool = False) -> Style:
    """Return the colours of a cell: those of the editor's light theme, with dark ink.

    Args:
        bucket: where its value falls (`tinylm.analysis.heat`); None for an undefined one, which is struck through.
        odd: whether every other cell, which is a shade darker.
        few_colours: whether the terminal has 16 colours, where shades fall together; odd cells are then underlined.
    """
    if bucket is None:
        return Style(strike=True)
    shade = _ODD_SHADE if odd else 1.0
    red, green, blue = (round(part * shade) for part in bytes.fromhex(LIGHT[bucket][1:]))
    return Style(color="#000000", bgcolor=f"#{red:02x}{green:02x}{blue:02x}", underline=(odd and few_colours) or None)


def coloured_lines(
    analyzed: Analyzed, mode: HeatMode = HeatMode.surprisal, *, few_colours: bool = False
) -> Iterator[Text]:
    """Yield the lines of the text, cells coloured, then an empty line, the notes and the legend."""
    yield from coloured_text(analyzed, mode, few_colours=few_colours)
    yield Text()
    for note in notes_of(analyzed):
        yield Text(note)
    yield legend_line(mode, analyzed.model.tokenizer.vocab_size)


def coloured_text(
    analyzed: Analyzed, mode: HeatMode = HeatMode.surprisal, *, few_colours: bool = False
) -> Iterator[Text]:
    """Yield the lines of the text, cells coloured."""
    vocab_size = analyzed.model.tokenizer.vocab_size
    line = Text()
    for cell in cells_of(analyzed):
        style = heat_style(bucket_of(cell, mode, vocab_size), odd=cell.is_odd, few_colours=few_colours)
        for piece in _pieces(cell):
            line.append(piece.rstrip("\n"), style)
            if piece.endswith("\n"):
                yield line
                line = Text()
    if line:
        yield line


def plain_lines(analyzed: Analyzed) -> Iterator[str]:
    """Yield the lines of the text with a bar between cells, an empty line and the notes."""
    line, separator = "", ""
    for cell in cells_of(analyzed):
        for piece in _pieces(cell):
            line += separator + piece.rstrip("\n")
            separator = ""
            if piece.endswith("\n"):
                yield line
                line = ""
        separator = "|" if line else ""
    if line:
        yield line
    yield ""
    yield from notes_of(analyzed)


def legend_line(mode: HeatMode, vocab_size: int) -> Text:
    """Return the colours of a heat map with what each stands for."""
    result = Text(title_of(mode) + ": ")
    for bucket, label in legend(mode, vocab_size):
        result.append(f" {label} ", heat_style(bucket, odd=False))
    return result


def _pieces(cell: Cell) -> list[str]:
    """Return a cell's characters line by line."""
    return printable(cell.text).splitlines(keepends=True)
