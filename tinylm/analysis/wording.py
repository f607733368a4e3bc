"""How numbers and tokens are written for people: in the hover, in tables, on pages. One rounding for all of them.

Takes full numbers, returns text; what is kept for programs (JSON, CSV) is never rounded. Widths are those of terminals,
where a Chinese character takes two places.
"""

import math

from rich.cells import cell_len, set_cell_size

__all__ = [
    "BAR_WIDTH",
    "NATS_PER_BIT",
    "bar",
    "counted",
    "data_size",
    "fit",
    "hex_bytes",
    "is_plain",
    "percent",
    "percent_of",
    "proportion_bar",
    "signed",
]

NATS_PER_BIT = math.log(2.0)
BAR_WIDTH = 16

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_UNDEFINED = "undefined"
_LEAST_LOGPROB = -690.0  # e to this is about 1e-300, near the end of a double
_LEAST = math.exp(_LEAST_LOGPROB)


def percent(logprob: float) -> str:
    """Return a probability from its logarithm (nats), with the digits that say something.

    Example: `12.3 %`, `0.017 %`, `99.99 %`, `3e-07 %`; `undefined` for NaN.
    """
    if math.isnan(logprob):
        return _UNDEFINED
    if logprob < _LEAST_LOGPROB:
        return "below 1e-297 %"
    hundredths = 100.0 * math.exp(logprob)
    if hundredths >= 99.95:
        return f"{hundredths:.4g} %"
    if hundredths >= 9.95:
        return f"{hundredths:.1f} %"
    return f"{hundredths:#.2g} %" if hundredths >= 1e-4 else f"{hundredths:.0e} %"


def percent_of(probability: float) -> str:
    """Return the same from the probability itself; `0 %` for one that is 0."""
    return percent(math.log(probability)) if probability else "0 %"


def signed(value: float, digits: int = 2) -> str:
    """Return a number with a real minus sign, never `−0.00`; `undefined` for NaN."""
    if math.isnan(value):
        return _UNDEFINED
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0.0 else text.replace("-", "−")


def bar(logprob: float, width: int = BAR_WIDTH) -> str:
    """Return a bar of a probability, in eighths of a character; `width` characters are a probability of 1."""
    return "" if math.isnan(logprob) else proportion_bar(max(math.exp(logprob), _LEAST), width)


def proportion_bar(fraction: float, width: int) -> str:
    """Return a bar of at most `width` characters, in eighths of one; a fraction above 0 is never invisible."""
    eighths = min(8 * width, max(round(fraction * 8 * width), 1 if fraction > 0 else 0))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def hex_bytes(data: bytes) -> str:
    """Return bytes as `F0 9F 98 80`."""
    return data.hex(" ").upper()


def is_plain(data: bytes) -> bool:
    """Say whether bytes are printable ASCII, spaces included, so that the visible text tells them exactly."""
    return all(0x20 <= byte < 0x7F for byte in data)


def counted(count: int, noun: str) -> str:
    """Return `1 token`, `1,234 tokens`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def data_size(n_bytes: int) -> str:
    """Return `850 bytes`, `1.2 MB`; below a tenth of a megabyte the bytes themselves."""
    return counted(n_bytes, "byte") if n_bytes < 100_000 else f"{n_bytes / 1e6:,.1f} MB"


def fit(text: str, width: int) -> str:
    """Return text in exactly `width` places: cut with `…`, or filled up with spaces."""
    return text + " " * (width - cell_len(text)) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
