"""`textDocument/hover`: everything about the token under the cursor.

The token is found by its characters, never searched for in the text. Without a model the hover still shows the token,
its id and its bytes, and says what is missing.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from numpy.typing import NDArray
from pygls.exceptions import JsonRpcContentModified

from tinylm.tokens.tokenizer import Tokenizer
from tinylm_server.markdown import bar, code_span, hex_bytes, percent, signed, table
from tinylm_server.scoring import Inspection, inspect
from tinylm_server.token_chunks import Chunk, PlacedChunk, cell_of_char, chunk_at
from tinylm_server.worker_client import WorkerGone, WorkerRefused

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["hover"]

NATS_PER_BIT = math.log(2)


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
    target = _target(document, ls.host.tokenizer, params.position)
    if target is None:
        return None
    tokenizer, last = ls.host.tokenizer, target.first + len(target.ids)
    found: Inspection | str
    try:
        async with ls.host.turns.turn(document.uri, "hover"):
            found = await inspect(ls, document, target.placed, target.first, last, ls.settings.hover_alternatives)
    except (WorkerGone, WorkerRefused) as error:
        found = str(error)
    if not ls.documents.is_current(document):
        raise JsonRpcContentModified("the document changed while the hover was computed")
    value = "\n\n".join(_paragraphs(tokenizer, target, found))
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, value), _range(target))


def _target(document: "Document", tokenizer: Tokenizer, position: lsp.Position) -> Target | None:
    line, char = document.point(position)
    found = chunk_at(document.text, tokenizer, document.encoding, line, char)
    if found is None:
        return None
    placed, offset = found
    chunk: Chunk = placed.chunk
    cell = cell_of_char(chunk, offset)
    first, n_tokens = int(chunk.first_token[cell]), int(chunk.n_tokens[cell])
    return Target(placed, cell, first, chunk.ids[first : first + n_tokens])


def _range(target: Target) -> lsp.Range:
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


def _paragraphs(tokenizer: Tokenizer, target: Target, found: Inspection | str) -> list[str]:
    ids = [int(token_id) for token_id in target.ids]
    inspection = None if isinstance(found, str) else found
    if len(ids) == 1:
        parts = [_title(tokenizer, ids[0])]
        if inspection is not None:
            parts.append(_figures(inspection, tokenizer.vocab_size))
    else:
        chunk, cell = target.placed.chunk, target.cell
        text = chunk.text[int(chunk.start_char[cell]) : int(chunk.end_char[cell])]
        parts = [f"**{code_span(text)}** is split over {len(ids)} tokens", _part_table(tokenizer, ids, inspection)]
        if inspection is not None:
            bits = float(-inspection.logprob.sum()) / NATS_PER_BIT
            parts.append(f"together: surprisal {signed(bits)} bits")
    if inspection is None:
        parts.append(f"No probabilities: {code_span(str(found))}")
        return parts
    parts.append(_alternative_table(tokenizer, ids[0], inspection))
    parts.append(_rests_on(inspection))
    return parts


def _title(tokenizer: Tokenizer, token_id: int) -> str:
    data = tokenizer.token_bytes(token_id)
    title = f"**{code_span(tokenizer.visible(token_id))}** · token id {token_id} · {len(data)} byte{'s' * (len(data) != 1)} {code_span(hex_bytes(data))}"
    rank, merged = tokenizer.merge_rank(token_id), tokenizer.merge_parts(token_id)
    if rank is None or merged is None:
        return title
    left, right = (code_span(tokenizer.visible(part)) for part in merged)
    return f"{title}  \nmerge {rank}: {left} + {right}"


def _figures(inspection: Inspection, vocab_size: int) -> str:
    logprob, entropy = float(inspection.logprob[0]), float(inspection.entropy_bits[0])
    return (
        f"probability **{percent(logprob)}** · log probability {signed(logprob)} nats · "
        f"surprisal {signed(-logprob / NATS_PER_BIT)} bits  \n"
        f"rank **{int(inspection.rank[0])}** of {vocab_size} · entropy {signed(entropy)} bits"
    )


def _part_table(tokenizer: Tokenizer, ids: list[int], inspection: Inspection | None) -> str:
    rows = []
    for idx, token_id in enumerate(ids):
        row = [str(token_id), code_span(hex_bytes(tokenizer.token_bytes(token_id)), in_table=True)]
        if inspection is not None:
            logprob = float(inspection.logprob[idx])
            row += [percent(logprob), signed(logprob), str(int(inspection.rank[idx])), signed(-logprob / NATS_PER_BIT)]
        rows.append(row)
    header = ["token id", "bytes", "probability", "log probability", "rank", "surprisal (bits)"]
    n_columns = 2 if inspection is None else 6
    return table(header[:n_columns], "rlrrrr"[:n_columns], rows)


def _alternative_table(tokenizer: Tokenizer, actual: int, inspection: Inspection) -> str:
    """Return the table of what the model would rather have said, at the (first) token; the actual one is bold."""
    ids = [int(token_id) for token_id in inspection.alternative_ids[0]]
    entries = [(idx + 1, token_id, float(inspection.alternative_logprob[0][idx])) for idx, token_id in enumerate(ids)]
    if actual not in ids:
        entries.append((int(inspection.rank[0]), actual, float(inspection.logprob[0])))
    rows = []
    for rank, token_id, logprob in entries:
        emphasis = "**" if token_id == actual else ""
        shown = code_span(tokenizer.visible(token_id), in_table=True)
        rows.append([f"{rank}", f"{emphasis}{shown}{emphasis}", percent(logprob), bar(logprob)])
    return table(["rank", "token", "probability", ""], "rlrl", rows)


def _rests_on(inspection: Inspection) -> str:
    n_tokens = int(inspection.context_tokens[0])
    model = code_span(inspection.model_name)
    if n_tokens == 0:
        return f"predicted from {code_span('<|endoftext|>')} alone, as at the start of every document · {model}"
    return f"rests on {n_tokens} token{'s' * (n_tokens != 1)} of context · {model}"
