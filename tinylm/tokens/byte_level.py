"""The byte alphabet of byte-level BPE, and how bytes are shown to people.

GPT-2 writes each of the 256 bytes as one printable character, so that a vocabulary can live in a JSON file: a space is
`Ġ`, a newline `Ċ`. The table follows `bytes_to_unicode` in GPT-2's encoder.py. Nothing here knows a vocabulary.
"""

import unicodedata
from functools import lru_cache

__all__ = [
    "BYTE_TO_CHAR",
    "CHAR_TO_BYTE",
    "bytes_from_raw",
    "is_harmless",
    "raw_from_bytes",
    "visible_char",
    "visible_from_bytes",
]


def _byte_alphabet() -> list[str]:
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


BYTE_TO_CHAR: list[str] = _byte_alphabet()
CHAR_TO_BYTE: dict[str, int] = {char: byte for byte, char in enumerate(BYTE_TO_CHAR)}

_SIGNS = {" ": "·", "\n": "↵", "\r": "␍", "\t": "→"}

# Default_Ignorable_Code_Point of Unicode 16 outside the categories below: drawn as nothing, so never drawn as they are.
_INVISIBLE = frozenset((0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0)).union(
    range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)
)
# Control, format (bidi, zero width), surrogate, private, unassigned, and every space but the plain one.
_ESCAPED_CATEGORIES = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"])


def raw_from_bytes(data: bytes) -> str:
    """Return bytes in GPT-2's alphabet: `b" soft"` is `"Ġsoft"`."""
    return "".join(BYTE_TO_CHAR[byte] for byte in data)


def bytes_from_raw(raw: str) -> bytes:
    """Return the bytes that a vocabulary entry stands for.

    Raises:
        KeyError: a character is not in the byte alphabet.
    """
    return bytes([CHAR_TO_BYTE[char] for char in raw])


@lru_cache(maxsize=4096)
def visible_char(char: str) -> str:
    """Return one character so that a person can see it: `·` for a space, `⟨U+202E⟩` for what would act or vanish."""
    sign = _SIGNS.get(char)
    if sign is not None:
        return sign
    if ord(char) in _INVISIBLE or unicodedata.category(char) in _ESCAPED_CATEGORIES:
        return f"⟨U+{ord(char):04X}⟩"
    return char


def is_harmless(text: str) -> bool:
    """Say whether a text may be put into a document unasked.

    Nothing in it is invisible, controls, turns the direction of writing or is half a character. Spaces, tabs and line
    ends are harmless.
    """
    return all(char in _SIGNS or (visible_char(char) == char and char != "\N{REPLACEMENT CHARACTER}") for char in text)


def visible_from_bytes(data: bytes) -> str:
    """Return bytes as visible text: whole characters as in `visible_char`, stray bytes in hex.

    Example: `b" caf\\xc3"` is `"·caf⟨C3⟩"`. The text is for reading; it is not meant to be turned back.
    """
    parts: list[str] = []
    start = 0
    while start < len(data):
        try:
            text, stray = data[start:].decode("utf-8"), b""
        except UnicodeDecodeError as error:
            text = data[start : start + error.start].decode("utf-8")
            end = start + error.start
            while end < len(data) and not _starts_character(data, end):
                end += 1
            stray = data[start + error.start : end]
            start = end
        else:
            start = len(data)
        parts.extend(visible_char(char) for char in text)
        if stray:
            parts.append(f"⟨{stray.hex(' ').upper()}⟩")
    return "".join(parts)


def _starts_character(data: bytes, index: int) -> bool:
    """Say whether a whole character begins at `index`."""
    for length in range(1, 5):
        try:
            data[index : index + length].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False
