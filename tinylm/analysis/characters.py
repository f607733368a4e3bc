"""What a token that ends inside a character most likely becomes: its bytes completed greedily by the model.

Greedy means: at each step the model's first choice among the tokens that can go on. It is the likeliest character in
most cases, not in all; whoever shows it says so.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tinylm.model.decoder import Decoder
    from tinylm.model.vocabulary import Vocabulary

__all__ = ["ends_inside_character", "likely_character", "pending_bytes"]

_CONTINUATION_BYTES = range(0x80, 0xC0)


def ends_inside_character(data: bytes) -> bool:
    """Say whether bytes that begin with a whole character end with the beginning of one."""
    return pending_bytes(data) != b""


def pending_bytes(data: bytes) -> bytes:
    """Return the bytes at the end of UTF-8 that begin a character; none where there are none, or it is no UTF-8."""
    return _pending(data)[1] or b""


def likely_character(
    decoder: "Decoder",
    vocabulary: "Vocabulary",
    context_ids: NDArray[np.int32],
    token_id: int,
    check: Callable[[], None],
    *,
    pending: bytes = b"",
    starts_document: bool = True,
) -> str | None:
    """Return the character that a token most likely belongs to, after a context; at most 3 steps of the model.

    That is the one that its last bytes begin; behind `pending` bytes it is the one that they began.

    Args:
        decoder: the model.
        vocabulary: its tokens by bytes.
        context_ids: (T,) the tokens before it.
        token_id: the token.
        check: called before each step; raises to stop.
        pending: the bytes with which the context ends inside a character; none where it ends with a whole one.
        starts_document: whether the context begins the document; see `Decoder.read`.

    Returns:
        One character; None for a token of whole characters, and for one that cannot follow.
    """
    whole, rest = _pending(pending + vocabulary.token(token_id))
    if pending and whole:
        return whole[0]
    if not rest:
        return None
    pending = rest
    ids = [*context_ids.tolist(), token_id]
    going_on = np.concatenate([vocabulary.starting_with(bytes([byte])) for byte in _CONTINUATION_BYTES])
    while True:
        check()
        logits = decoder.read(ids, check, starts_document=starts_document)
        best_first = going_on[np.argsort(-logits[going_on], kind="stable")]
        for token_id in best_first.tolist():
            text, rest = _pending(pending + vocabulary.token(token_id))
            if text:
                return text[0]
            if rest:  # still the same character, one byte further at least
                pending = rest
                ids.append(token_id)
                break
        else:
            return None


def _pending(data: bytes) -> tuple[str, bytes | None]:
    """Return the whole characters of UTF-8 and the bytes after them that begin one; None where it is no UTF-8."""
    try:
        return data.decode("utf-8"), b""
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return "", None
        return data[: error.start].decode("utf-8"), data[error.start :]
