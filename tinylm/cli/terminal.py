"""Standard output as a place for text of any kind: colour where it is wanted, and nothing that acts on a terminal."""

import os
import re
import sys

from rich.console import Console

__all__ = ["new_console", "write_any_text"]

_MONOCHROME = re.compile(r"vt\d{2,3}(-|$)|.*-(m|mono)$")  # by the custom of terminfo; rich knows `dumb` alone


def new_console() -> Console:
    """Return a rich console for standard output.

    Its `color_system` is None where nothing should be coloured: no terminal, one without colours by its name, or
    NO_COLOR set to anything but nothing (https://no-color.org).
    """
    if os.environ.get("NO_COLOR") or _MONOCHROME.match(os.environ.get("TERM", "")):
        return Console(highlight=False, markup=False, emoji=False, color_system=None)
    return Console(highlight=False, markup=False, emoji=False)


def write_any_text() -> None:
    """Let standard output take any character and keep line ends as they are, whatever the locale."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # a test's stand-in may lack it
        reconfigure(encoding="utf-8", errors="replace", newline="")
