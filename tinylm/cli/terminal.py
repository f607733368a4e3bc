"""Standard output as a place for text of any kind: colour where it is wanted, and nothing that acts on a terminal."""

import os
import re
import sys

from rich.console import Console

__all__ = ["new_console", "write_any_text"]

_MONOCHROME = re.compile(r"vt\d{2,3}(-|$)|.*-(m|mono)$")  # by the custom of terminfo; rich knows `dumb` alone


def new_console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """Return a rich console.

    Its `color_system` is None where nothing should be coloured: no terminal, one without colours by its name, or
    NO_COLOR set to anything but nothing (https://no-color.org).

    Args:
        stderr: for standard error, not output.
        soft_wrap: leave long lines to the terminal.
    """
    is_plain = bool(os.environ.get("NO_COLOR")) or (
        not os.environ.get("COLORTERM") and _MONOCHROME.match(os.environ.get("TERM", "")) is not None
    )
    return Console(
        stderr=stderr,
        soft_wrap=soft_wrap,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None if is_plain else "auto",
    )


def write_any_text() -> None:
    """Let standard output take any character and keep line ends as they are, whatever the locale."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # a test's stand-in may lack it
        reconfigure(encoding="utf-8", errors="replace", newline="")
