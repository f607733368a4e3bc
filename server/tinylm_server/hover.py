"""`textDocument/hover`: everything about the token under the cursor.

The token is found by its characters, never searched for in the text. Without a model the hover still shows the token,
its id and its bytes, and says what is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from lsprotocol import types as lsp
from numpy.typing import NDArray
from pygls.exceptions import JsonRpcContentModified

from tinylm.analysis.characters import ends_inside_character, pending_bytes
from tinylm.model.windows import reach
from tinylm.tokens.byte_level import visible_char
from tinylm.tokens.tokenizer import Tokenizer
from tinylm_server.hover_text import Subject, hover_text, n_listed
from tinylm_server.scoring import Inspection, inspect
from tinylm_server.token_chunks import Chunk, PlacedChunk, cell_of_char, chunk_at, ids_before
from tinylm_server.tokens import encode_beside
from tinylm_server.worker_client import WorkerGone, WorkerRefused

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["MAX_COMPLETED", "Target", "cell_range", "cell_text", "find_target", "hover", "likely_characters"]

MAX_COMPLETED = 8  # alternatives of a token whose character is looked for, at most three steps of the model each


@dataclass(frozen=True)
class Target:
    """The cell under the cursor: its tokens are `ids`, the first of them is token `first` of the chunk."""

    placed: PlacedChunk
    cell: int
    first: int
    ids: NDArray[Any]


async def hover(ls: "Server", params: lsp.HoverParams) -> lsp.Hover | None:
    """Answer a hover; nothing after the end of the text."""
    document = ls.documents.get(params.text_document.uri)
    tokenizer = await ls.host.known_tokenizer()
    await encode_beside(ls, document, tokenizer, lsp.Range(params.position, params.position))
    target = find_target(document, tokenizer, params.position)
    if target is None:
        return None
    last = target.first + len(target.ids)
    found: Inspection | str
    characters: list[dict[int, str]] = []
    try:
        async with ls.host.turns.turn(document.uri, "hover"):
            found = await inspect(
                ls, document, tokenizer, target.placed, target.first, last, ls.settings.hover_alternatives
            )
            places = [_unfinished(tokenizer, target, found, part) for part in range(len(target.ids))]
            characters = await likely_characters(ls, document, tokenizer, target, places)
    except (WorkerGone, WorkerRefused) as error:
        found = str(error)
    if not ls.documents.is_current(document):
        raise JsonRpcContentModified("the document changed while the hover was computed")
    shown = [{token_id: visible_char(char) for token_id, char in place.items()} for place in characters]
    subject = Subject(cell_text(target), target.ids.tolist(), ls.host.block_size, shown)
    kind = _markup_kind(ls.client_capabilities)
    value = hover_text(tokenizer, subject, found, markdown=kind is lsp.MarkupKind.Markdown)
    return lsp.Hover(lsp.MarkupContent(kind, value), cell_range(target))


async def likely_characters(
    ls: "Server", document: "Document", tokenizer: Tokenizer, target: Target, places: Sequence[Mapping[str, Any]]
) -> list[dict[int, str]]:
    """Return, for each of some places in a cell, which character its tokens most likely lead to.

    Args:
        places: `nLater`, how many of the cell's tokens do not stand before it; `pending`, the bytes of a character that
            stand there (hexadecimal); `tokens`, at most MAX_COMPLETED of them.
    """
    if not any(place["tokens"] for place in places):
        return [{} for _ in places]
    placed = target.placed
    before, starts_document = ids_before(
        document.text, tokenizer, document.encoding, placed, reach(ls.host.block_size) + 1
    )
    ids = np.concatenate([before, placed.chunk.ids[: target.first + len(target.ids)]])
    values = {"places": places, "startsDocument": starts_document, "tokenizer": tokenizer.id}
    frame = await ls.host.ask("characters", values, {"ids": ids})
    return [{token_id: char for token_id, char in place if char is not None} for place in frame.header["characters"]]


def _unfinished(tokenizer: Tokenizer, target: Target, found: Inspection, part: int) -> dict[str, Any]:
    """Return the alternatives to a token of the cell that are no whole characters, and what they stand behind."""
    listed = found.alternative_ids[part, : n_listed(found, int(target.ids[part]), part)].tolist()
    pending = pending_bytes(tokenizer.decode_bytes(target.ids[:part]))
    tokens = [other for other in listed if ends_inside_character(pending + tokenizer.token_bytes(other))]
    if pending:  # what ends the character is told as well
        tokens = [other for other in listed if 0x80 <= (tokenizer.token_bytes(other) or b"\0")[0] < 0xC0]
    return {"nLater": len(target.ids) - part, "pending": pending.hex(), "tokens": tokens[:MAX_COMPLETED]}


def _markup_kind(capabilities: lsp.ClientCapabilities) -> lsp.MarkupKind:
    """Return the first kind that the client prefers; Markdown for one that says nothing."""
    document = capabilities.text_document
    preferred = document.hover.content_format if document is not None and document.hover is not None else None
    return lsp.MarkupKind.Markdown if not preferred else lsp.MarkupKind(preferred[0])


def find_target(document: "Document", tokenizer: Tokenizer, position: lsp.Position) -> Target | None:
    """Return the cell at a position; None after the end of the text."""
    line, char = document.point(position)
    found = chunk_at(document.text, tokenizer, document.encoding, line, char)
    if found is None:
        return None
    placed, offset = found
    chunk: Chunk = placed.chunk
    cell = cell_of_char(chunk, offset)
    first, n_tokens = int(chunk.first_token[cell]), int(chunk.n_tokens[cell])
    return Target(placed, cell, first, chunk.ids[first : first + n_tokens])


def cell_text(target: Target) -> str:
    """Return the characters of the cell."""
    chunk, cell = target.placed.chunk, target.cell
    return chunk.text[int(chunk.start_char[cell]) : int(chunk.end_char[cell])]


def cell_range(target: Target) -> lsp.Range:
    """Return where the cell lies in the document."""
    placed, chunk, cell = target.placed, target.placed.chunk, target.cell
    start_line, end_line = int(chunk.start_line[cell]), int(chunk.end_line[cell])
    start = lsp.Position(
        line=placed.line + start_line,
        character=int(chunk.start_column[cell]) + (placed.column if start_line == 0 else 0),
    )
    end = lsp.Position(
        line=placed.line + end_line, character=int(chunk.end_column[cell]) + (placed.column if end_line == 0 else 0)
    )
    return lsp.Range(start=start, end=end)
