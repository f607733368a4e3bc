"""`tinylm/export`: the analysis of a document as a file's content; it is sent piece by piece as `tinylm/exportPiece`.

Nothing is written here: the client saves it, or shows it. Memory stays bounded because a long document is cut, which
the answer and the export itself say. `$/cancelRequest` stops the model before its next 128 tokens.
"""

from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from tinylm.analysis.formats import ExportFormat
from tinylm.tokens.pretokens import boundary_before
from tinylm_server import params as check
from tinylm_server.frames import Frame

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["MAX_CHARS", "export"]

# About 26,000 tokens of English: with the starter 30 MB of JSON, the largest format, and 20 s of one core.
MAX_CHARS = 100_000


async def export(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/export`."""
    fields = check.mapping(params)
    document = ls.documents.get_version(check.uri_of(fields), check.integer(fields, "version", low=-(2**31)))
    stream_id = check.text(fields, "streamId")
    values: dict[str, object] = {"format": _format(fields), "source": check.text(fields, "source", document.uri)}
    tokenizer = await ls.host.known_tokenizer()
    text, note = document.text.slice(0, MAX_CHARS + 1), None
    if len(text) > MAX_CHARS:
        text = text[: boundary_before(text, MAX_CHARS) or MAX_CHARS]
        note = (
            f"only the first {len(text):,} of {document.text.n_chars:,} characters; tinylm analyze takes all of a file"
        )

    def send_piece(frame: Frame) -> None:
        piece = {name: frame.header[name] for name in ("text", "nDone", "nTokens")}
        ls.protocol.notify("tinylm/exportPiece", {"streamId": stream_id, **piece})

    async with ls.host.turns.turn(document.uri, "export"):
        asked = {**values, "text": text, "note": note, "tokenizer": tokenizer.id}
        answer = await ls.host.ask("export", asked, on_step=send_piece)
    totals = {name: answer.header[name] for name in ("nTokens", "nBytes")}
    return {"schema": 1, "version": document.version, **totals, "note": note}


def _format(fields: Any) -> str:
    name = check.text(fields, "format")
    if name not in list(ExportFormat):
        raise JsonRpcInvalidParams(f"format: expected one of {', '.join(ExportFormat)}, got {name[:40]!r}")
    return name
