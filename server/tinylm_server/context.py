"""The text before a position that a continuation rests on: as much as can matter, cut where tokens certainly end."""

from typing import TYPE_CHECKING

from tinylm.model.windows import reach
from tinylm.tokens.pretokens import boundary_after

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["text_before"]

# Characters sent for each token that may matter. English has about 4.3 characters a token with 8,192 entries.
CHARS_PER_TOKEN = 6


def text_before(ls: "Server", document: "Document", line: int, char: int, typed: str = "") -> dict[str, object]:
    """Return the end of the text before (line, character index), as the worker takes it.

    Args:
        typed: text that will stand there when it matters, such as the chosen item of a list.

    Returns:
        "text", and "startsDocument": whether it is all there is before the position.
    """
    max_chars = CHARS_PER_TOKEN * reach(max(ls.host.block_size, 8))
    text = document.text.before(line, char, max_chars + 1)
    if len(text) <= max_chars:
        return {"text": text + typed, "startsDocument": True}
    return {"text": text[boundary_after(text, 1) :] + typed, "startsDocument": False}
