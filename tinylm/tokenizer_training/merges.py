"""What a merge is, and the vocabulary before the first one.

Ids: 0 is `<|endoftext|>`, 1 to 256 are the bytes in the order of GPT-2's printable characters, then one for each merge.
"""

from dataclasses import dataclass

from tinylm.tokens.byte_level import BYTE_TO_CHAR

__all__ = ["FIRST_VOCABULARY", "Merge"]

# Token id -> bytes for the ids that exist before the first merge; the special token stands for no bytes.
FIRST_VOCABULARY: tuple[bytes, ...] = (
    b"",
    *(bytes([byte]) for byte in sorted(range(256), key=BYTE_TO_CHAR.__getitem__)),
)


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge: two token ids, and the pair's count when it was chosen."""

    left: int
    right: int
    count: int
