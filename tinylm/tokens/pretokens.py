"""Places where a text can be cut without changing its tokens.

GPT-2's pattern never lets a pre-token run from a non-space into a space, and none of its look-aheads crosses such a
step to the left. So a step from a non-space to a space is always a boundary: what stands before it and what stands
after it can be encoded apart. (Radford et al. 2019, encoder.py: `'s|'t|…| ?\\p{L}+| ?\\p{N}+|…|\\s+(?!\\S)|\\s+`.)
A step between a letter, a digit and another sign is one too, but for the apostrophe, which may begin `'s`; it lets
text without spaces (Chinese, minified JSON) be cut. Only these certain boundaries are found here, between characters
that every version of Unicode classes alike; the pattern itself runs in the tokenizer. `<|endoftext|>` is never cut, so
that the same pieces serve where it is one token.
"""

import re

__all__ = ["REACH", "boundary_after", "boundary_before", "cut", "is_boundary", "line_boundary_after"]

# The right side is a space in every regular expression dialect; the left side is none in any.
# U+001C to U+001F are spaces for Python but not for Unicode, so they are trusted on neither side.
_NO_SPACE = r"(?<=[^\s\x1c-\x1f\x85])"
_LETTER = "A-Za-z\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
_DIGIT = "0-9"
_SIGN = r"!-&(-/:-@\[-`{-~\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f"
_IN_MARKER = r"(?<=<\|)endoftext\|>|(?<=<\|endoftext)\|>"
_STEP = re.compile(
    rf"{_NO_SPACE}(?=[ \t\n\r])|(?!{_IN_MARKER})(?:"
    rf"(?<=[{_LETTER}])(?=[{_DIGIT}{_SIGN}])|(?<=[{_DIGIT}])(?=[{_LETTER}{_SIGN}])|(?<=[{_SIGN}])(?=[{_LETTER}{_DIGIT}]))"
)
REACH = 11  # characters on either side that decide whether there is a boundary
_STEP_TO_LINE_END = re.compile(rf"{_NO_SPACE}(?=[\n\r])")
_WINDOW_CHARS = 256


def is_boundary(before: str, after: str) -> bool:
    """Say whether there is a certain boundary between two texts that follow each other; not when one is empty.

    Of each text the `REACH` characters at the boundary count, or all up to the ends of the whole text.
    """
    left = before[-REACH:]
    return _STEP.match(left + after[:REACH], len(left)) is not None if left else False


def boundary_before(text: str, index: int) -> int:
    """Return the last certain boundary at or before `index`, or 0.

    Args:
        text: any text.
        index: code points, 0 to len(text). The boundary's right side must lie inside the text, so the end is none.
    """
    high = min(index, len(text) - 1)
    while high > 0:
        low = max(high - _WINDOW_CHARS, 0)
        found = [match.start() for match in _STEP.finditer(text, low + 1, high + REACH) if match.start() <= high]
        if found:
            return found[-1]
        high = low
    return 0


def boundary_after(text: str, index: int) -> int:
    """Return the first certain boundary at or after `index` (more than 0), or len(text)."""
    found = _STEP.search(text, max(index, 1))
    return found.start() if found else len(text)


def line_boundary_after(text: str, index: int, limit: int) -> int | None:
    """Return the first certain boundary from `index` to before `limit` that stands before a line end; None without."""
    found = _STEP_TO_LINE_END.search(text, max(index, 1), limit)
    return found.start() if found else None


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
