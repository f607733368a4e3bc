"""An analysis as the text itself, its cells coloured by surprisal: for terminals, by rich.

Neighbouring cells differ in shade, so boundaries show where the heat does not. Without colour, cells stand between
bars instead. What would act on a terminal (escapes, bidirectional controls) is shown in words.
"""

from collections.abc import Iterator

from rich.style import Style
from rich.text import Text

from tinylm.analysis.listing import summary_line
from tinylm.analysis.rows import Analyzed, TokenRow
from tinylm.tokens.byte_level import visible_char
from tinylm.tokens.spans import replace_surrogates

__all__ = ["coloured_lines", "heat_style", "legend", "plain_lines"]

# Surprisal in bits from which a colour counts, and the colour: light to dark, told apart with any kind of colour
# vision because lightness falls throughout (ColorBrewer's YlOrRd, Harrower and Brewer 2003).
_HEAT = (
    (0.0, (255, 255, 229)),
    (1.0, (255, 237, 160)),
    (2.0, (254, 217, 118)),
    (4.0, (254, 178, 76)),
    (6.0, (253, 141, 60)),
    (8.0, (240, 80, 42)),
    (10.0, (189, 0, 38)),
)
_WORSE_THAN_UNIFORM = (74, 20, 134)  # more bits than a guess among the whole vocabulary would cost
_ODD_SHADE = 0.90


def heat_style(surprisal_bits: float, uniform_bits: float, *, odd: bool, few_colours: bool = False) -> Style:
    """Return the colours of a cell.

    Args:
        surprisal_bits: the sum over the cell's tokens.
        uniform_bits: log2 of the vocabulary, times the cell's tokens.
        odd: whether every other cell, which is a shade darker.
        few_colours: whether the terminal has 16 colours, where shades fall together; odd cells are then underlined.
    """
    colour = _HEAT[0][1]
    for least, choice in _HEAT:
        if surprisal_bits >= least:
            colour = choice
    if surprisal_bits > uniform_bits:
        colour = _WORSE_THAN_UNIFORM
    shade = _ODD_SHADE if odd else 1.0
    red, green, blue = (round(part * shade) for part in colour)
    ink = "#000000" if 299 * red + 587 * green + 114 * blue > 128_000 else "#ffffff"
    return Style(color=ink, bgcolor=f"#{red:02x}{green:02x}{blue:02x}", underline=(odd and few_colours) or None)


def legend(uniform_bits: float) -> Text:
    """Return the key to the colours."""
    result = Text("surprisal in bits ")
    for index, (least, _) in enumerate(_HEAT):
        upper = f"–{_HEAT[index + 1][0]:g}" if index + 1 < len(_HEAT) else "+"
        result.append(f" {least:g}{upper} ", heat_style(least, uniform_bits, odd=False))
    result.append(f" over {uniform_bits:.1f} ", heat_style(uniform_bits + 1, uniform_bits, odd=False))
    result.append(" (worse than a guess among all tokens)")
    return result


def coloured_lines(analyzed: Analyzed, uniform_bits: float, *, few_colours: bool = False) -> Iterator[Text]:
    """Yield the lines of the text, cells coloured, then an empty line, the summary and the legend."""
    line = Text()
    for number, (content, cell) in enumerate(_cells(analyzed)):
        bits = sum(row.surprisal_bits for row in cell)
        style = heat_style(bits, uniform_bits * len(cell), odd=number % 2 == 1, few_colours=few_colours)
        for piece in _printable(content).splitlines(keepends=True):
            line.append(piece.rstrip("\n"), style)
            if piece.endswith("\n"):
                yield line
                line = Text()
    if line:
        yield line
    yield Text()
    yield Text(summary_line(analyzed.summary))
    yield legend(uniform_bits)


def plain_lines(analyzed: Analyzed) -> Iterator[str]:
    """Yield the lines of the text with a bar between cells, an empty line and the summary."""
    line, separator = "", ""
    for content, _ in _cells(analyzed):
        for piece in _printable(content).splitlines(keepends=True):
            line += separator + piece.rstrip("\n")
            separator = ""
            if piece.endswith("\n"):
                yield line
                line = ""
        separator = "|" if line else ""
    if line:
        yield line
    yield ""
    yield summary_line(analyzed.summary)


def _cells(analyzed: Analyzed) -> Iterator[tuple[str, list[TokenRow]]]:
    """Yield each cell's characters with its tokens."""
    text = replace_surrogates(analyzed.text)
    cell: list[TokenRow] = []
    for row in analyzed.rows:
        if cell and row.cell != cell[0].cell:
            yield text[cell[0].start_char : cell[-1].end_char], cell
            cell = []
        cell.append(row)
    if cell:
        yield text[cell[0].start_char : cell[-1].end_char], cell


def _printable(content: str) -> str:
    """Return characters as a terminal may get them: line ends visible and in effect, spaces as they are."""
    return "".join("↵\n" if char == "\n" else " " if char == " " else visible_char(char) for char in content)
