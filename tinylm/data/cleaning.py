"""Repair text whose UTF-8 was once decoded as Windows-1252 ("mojibake"), as parts of TinyStories were.

    â€œHello,â€ said Tim. Itâ€™s late.     becomes     "Hello," said Tim. It's late.

Two things happen, both only when a person asked for cleaning:
* `repair_mojibake` turns each wrongly decoded sequence back into the character it was. A closing curly quote ends in a
  byte that Windows-1252 does not define, and the published data lost it: what is left, `â€`, is read as a closing
  quote where an opening one is waiting. A document with any other remnant is beyond repair.
* `clean_document` then writes curly quotes as the straight ones that the rest of such a corpus uses, because a small
  model should not learn two spellings of one mark.

It is no general repair of encodings: sequences that real languages write (`É»`, `ã‚`) are left alone. The idea is
that of ftfy (Robyn Speer); the rules here are fewer and were checked against the 850 stories that need them.
"""

import hashlib
import re

__all__ = ["clean_document", "cleaned_fingerprint", "repair_mojibake"]

# The characters that the bytes 0x80 to 0xBF become in Windows-1252; the five undefined ones stay control characters.
_TAIL_CHARS = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xC0))
_BYTE_FROM_CHAR = {character: 0x80 + index for index, character in enumerate(_TAIL_CHARS)} | {
    chr(byte): byte for byte in range(0xC0, 0x100)
}
_TAIL = f"[{re.escape(_TAIL_CHARS)}]"

# Lead characters whose two-character beginnings no language writes: Latin-1 letters and signs (Â, Ã), general
# punctuation, currency, letter-like signs, arrows, mathematics and dingbats (â€, â‚, â„, …), and emoji (ðŸ).
_SEQUENCE = re.compile(f"[ÂÃ]{_TAIL}|â[€‚„†ˆ™œ]{_TAIL}|ðŸ{_TAIL}{_TAIL}")
_LOST_QUOTE = re.compile("â€|[“”]")
_REMNANT = re.compile(f"[\ufffd\x80-\x9f]|[ÂÃ]{_TAIL}|â[€„]|ðŸ")
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
_MOST_LAYERS = 3


def clean_document(text: str) -> str | None:
    """Return the document repaired and with straight quotes, or None when it is beyond repair."""
    repaired = repair_mojibake(text)
    return None if repaired is None else repaired.translate(_STRAIGHT)


def repair_mojibake(text: str) -> str | None:
    """Return the text with wrongly decoded characters put right, or None when some cannot be.

    A text without such characters comes back as it is. Text that went wrong several times is unwrapped up to three
    times.

    Example: `repair_mojibake("Itâ€™s")` is `"It’s"`; `repair_mojibake("so â€ what")` is None.
    """
    if text.isascii():
        return text
    for _ in range(_MOST_LAYERS):
        unwrapped = _SEQUENCE.sub(_decode_sequence, text)
        if unwrapped == text:
            break
        text = unwrapped
    text = _close_lost_quotes(text)
    return None if _REMNANT.search(text) else text


def _decode_sequence(found: re.Match[str]) -> str:
    try:
        return bytes(_BYTE_FROM_CHAR[character] for character in found[0]).decode()
    except UnicodeDecodeError:
        return found[0]


def _close_lost_quotes(text: str) -> str:
    """Write ” for each `â€` that comes while a “ is open; leave the others, which are then seen as remnants."""
    is_open = False

    def close(found: re.Match[str]) -> str:
        nonlocal is_open
        mark = "”" if found[0] == "â€" and is_open else found[0]
        is_open = mark == "“"
        return mark

    return _LOST_QUOTE.sub(close, text)


def cleaned_fingerprint(fingerprint: str) -> str:
    """Return the fingerprint that a corpus has once it is cleaned, from the one it has before."""
    return hashlib.sha256(f"clean 1\n{fingerprint}".encode()).hexdigest()
