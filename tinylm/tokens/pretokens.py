"""Places where a text can be cut without changing its tokens.

GPT-2's pattern never lets a pre-token run from a non-space into a space, and none of its look-aheads crosses such a
step to the left. So a step from a non-space to a space is always a boundary: what stands before it and what stands
after it can be encoded apart. (Radford et al. 2019, encoder.py: `'s|'t|…| ?\\p{L}+| ?\\p{N}+|…|\\s+(?!\\S)|\\s+`.)
Only these certain boundaries are found here; the pattern itself runs in the tokenizer.
"""

import re

__all__ = ["boundary_after", "boundary_before", "cut"]

# The right side is a space in every regular expression dialect; the left side is none in any.
# U+001C to U+001F are spaces for Python but not for Unicode, so they are trusted on neither side.
_STEP = re.compile(r"(?<=[^\s\x1c-\x1f\x85])(?=[ \t\n\r])")


def boundary_before(text: str, index: int) -> int:
    """Return the last certain boundary at or before `index`, or 0.

    Args:
        text: any text.
        index: code points, 0 to len(text). The boundary's right side must lie inside the text, so the end is none.
    """
    at = min(index, len(text) - 1)
    while at > 0:
        if text[at] in " \t\n\r" and not text[at - 1].isspace():
            return at
        at -= 1
    return 0


def boundary_after(text: str, index: int) -> int:
    """Return the first certain boundary at or after `index` (more than 0), or len(text)."""
    found = _STEP.search(text, max(index, 1))
    return found.start() if found else len(text)


def cut(text: str, target: int) -> list[str]:
    """Return the text in pieces of about `target` characters that can be encoded apart.

    A stretch without boundaries stays one piece, whatever its length. The pieces join to the text.
    """
    pieces = []
    start = 0
    while len(text) - start > target:
        end = boundary_after(text, start + target)
        pieces.append(text[start:end])
        start = end
    if start < len(text):
        pieces.append(text[start:])
    return pieces
