"""The colours of heat maps in a terminal, by how many it can show: 24 bits, 256 or 16.

With 24 bits they are those of the editor's light theme. Rounding these to fewer colours would let neighbouring buckets
fall together, so there are entries of their own: buckets 0 to 6 go one way in lightness, the worst one stands apart,
and all of them are told apart by colour-blind eyes too (Machado, Oliveira and Fernandes 2009; a test has the figures).
The 256 are those of xterm, from 16 on, which no theme changes. The 16 are the theme's: no two buckets share a hue,
because the Linux console does not show bright backgrounds, and the order of lightness is that of xterm and of VGA.
"""

from dataclasses import dataclass

from rich.style import Style

from tinylm.analysis.heat import LIGHT

__all__ = ["PALETTES", "Palette"]

_ODD_SHADE = 0.90
_XTERM = (230, 228, 223, 217, 182, 177, 140, 113)
_SIXTEEN = (
    ("black", "bright_white"), ("black", "bright_yellow"), ("black", "bright_green"), ("black", "cyan"),
    ("bright_white", "magenta"), ("bright_white", "red"), ("bright_white", "blue"), ("bright_yellow", "black"),
)  # fmt: skip


@dataclass(frozen=True)
class Palette:
    """The styles of a terminal.

    Attributes:
        even: a style for each bucket.
        odd: the same for every other cell, so that boundaries show where the heat does not change.
        boundaries: the two that take turns where no heat is shown.
        odd_words: how odd cells differ from even ones.
    """

    even: tuple[Style, ...]
    odd: tuple[Style, ...]
    boundaries: tuple[Style, Style]
    odd_words: str


def _in_24_bits() -> Palette:
    def painted(colour: str, shade: float = 1.0) -> Style:
        red, green, blue = (round(part * shade) for part in bytes.fromhex(colour[1:]))
        return Style(color="#000000", bgcolor=f"#{red:02x}{green:02x}{blue:02x}")

    return Palette(
        tuple(painted(colour) for colour in LIGHT),
        tuple(painted(colour, _ODD_SHADE) for colour in LIGHT),
        (painted("#ddeaf9"), painted("#f8eacf")),
        "a shade darker",
    )


def _in_few(even: tuple[Style, ...], boundaries: tuple[Style, Style]) -> Palette:
    underlined = tuple(style + Style(underline=True) for style in even)
    return Palette(even, underlined, boundaries, "underlined")


def _in_256() -> Palette:
    def painted(number: int) -> Style:
        return Style(color="color(16)", bgcolor=f"color({number})")

    return _in_few(tuple(map(painted, _XTERM)), (painted(189), painted(223)))


def _in_16() -> Palette:
    painted = tuple(Style(color=ink, bgcolor=paper) for ink, paper in _SIXTEEN)
    return _in_few(painted, (Style(color="black", bgcolor="bright_cyan"), painted[1]))


# By the names that rich gives to what a terminal can show.
PALETTES = {"truecolor": _in_24_bits(), "256": _in_256(), "standard": _in_16(), "windows": _in_16()}
