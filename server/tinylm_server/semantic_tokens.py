"""`textDocument/semanticTokens`: token boundaries as alternating types, for editors that cannot paint decorations.

Line ends are left out: LSP allows tokens that span lines only to clients that say so.
"""

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from tinylm_server.tokens import collect_cells, encode_beside
from tinylm_server.wire_cells import cells_within_lines, wire

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["semantic_tokens_full", "semantic_tokens_range"]


async def semantic_tokens_full(ls: "Server", params: lsp.SemanticTokensParams) -> lsp.SemanticTokens:
    """Return the boundaries of the whole document, up to the setting tinylm.maxCells."""
    document = ls.documents.get(params.text_document.uri)
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(document.text.n_lines, 0))
    return await _tokens(ls, params.text_document.uri, whole)


async def semantic_tokens_range(ls: "Server", params: lsp.SemanticTokensRangeParams) -> lsp.SemanticTokens:
    """Return the boundaries in a range."""
    return await _tokens(ls, params.text_document.uri, params.range)


async def _tokens(ls: "Server", uri: str, wanted: lsp.Range) -> lsp.SemanticTokens:
    tokenizer = await ls.host.known_tokenizer()
    document = ls.documents.get(uri)
    await encode_beside(ls, document, tokenizer, wanted)
    runs, _ = collect_cells(document, tokenizer, [wanted], ls.settings.max_cells)
    return lsp.SemanticTokens(data=_from_cells(wire(runs)))


def _from_cells(cells: list[int]) -> list[int]:
    """Turn the array of `tinylm/tokens` into LSP's: deltaLine, deltaStart, length, type, modifiers."""
    data: list[int] = []
    last_line = last_column = 0
    for line, column, length, flags in cells_within_lines(cells):
        delta_column = column - (last_column if line == last_line else 0)
        data += [line - last_line, delta_column, length, flags & 1, flags >> 1 & 1]
        last_line, last_column = line, column
    return data
