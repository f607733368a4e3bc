"""What a hover says about a cell, as Markdown. Pure: tokens and numbers in, text out."""

import math

from tinylm.analysis.markdown import code_span, table
from tinylm.analysis.wording import bar, hex_bytes, percent, signed
from tinylm.tokens.tokenizer import Tokenizer
from tinylm_server.scoring import Inspection

__all__ = ["hover_text"]

NATS_PER_BIT = math.log(2)


def hover_text(tokenizer: Tokenizer, text: str, ids: list[int], found: Inspection | str) -> str:
    """Return the hover of one cell.

    Args:
        text: the cell's characters.
        ids: its tokens, more than one when they share a character.
        found: what the model says about them, or the reason why it says nothing.
    """
    inspection = None if isinstance(found, str) else found
    if len(ids) == 1:
        parts = [_title(tokenizer, ids[0])]
        if inspection is not None:
            parts.append(_figures(inspection, tokenizer.vocab_size))
    else:
        parts = [f"**{code_span(text)}** is split over {len(ids)} tokens", _part_table(tokenizer, ids, inspection)]
        if inspection is not None:
            bits = float(-inspection.logprob.sum()) / NATS_PER_BIT
            parts.append(f"together: surprisal {signed(bits)} bits")
    if inspection is None:
        parts.append(f"No probabilities: {code_span(str(found))}")
    else:
        parts += [_alternative_table(tokenizer, ids[0], inspection), _rests_on(inspection)]
    return "\n\n".join(parts)


def _title(tokenizer: Tokenizer, token_id: int) -> str:
    data = tokenizer.token_bytes(token_id)
    shown, in_hex = code_span(tokenizer.visible(token_id)), code_span(hex_bytes(data))
    title = f"**{shown}** · token id {token_id} · {_counted(len(data), 'byte')} {in_hex}"
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
    return f"rests on {_counted(n_tokens, 'token')} of context · {model}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
