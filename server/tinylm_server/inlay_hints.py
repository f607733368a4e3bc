"""`textDocument/inlayHint`: a small mark where one token ends and the next begins, for editors without decorations.

None at the start of a line and before its end, where a boundary is seen anyway.
"""

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from tinylm_server.tokens import collect_cells, encode_beside
from tinylm_server.wire_cells import cells_within_lines, wire

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["MARK", "inlay_hints"]

MARK = "│"


async def inlay_hints(ls: "Server", params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    """Return the marks in a range, up to the setting tinylm.maxCells."""
    tokenizer = await ls.host.known_tokenizer()
    document = ls.documents.get(params.text_document.uri)
    await encode_beside(ls, document, tokenizer, params.range)
    runs, _ = collect_cells(document, tokenizer, [params.range], ls.settings.max_cells)
    return [
        lsp.InlayHint(lsp.Position(line, column), MARK)
        for line, column, _, _ in cells_within_lines(wire(runs))
        if column > 0
    ]
