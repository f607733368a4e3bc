"""What a hover says about a cell, as Markdown or as plain text. Pure: tokens and numbers in, text out.

An editor shows about a dozen lines of some 56 columns before one has to scroll, so a block of fixed width has the
figures and the context first, then what the model would rather have said; how BPE built the token comes last.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinylm.analysis.markdown import code_span, fenced
from tinylm.analysis.wording import NATS_PER_BIT, bar, counted, fit, hex_bytes, is_plain, percent, signed
from tinylm.tokens.byte_level import visible_from_bytes
from tinylm.tokens.spans import utf8
from tinylm.tokens.tokenizer import END_OF_TEXT, Tokenizer
from tinylm_server.scoring import Inspection

__all__ = ["Subject", "hover_text", "n_listed"]

_TOKEN_WIDTH, _LIST_BAR = 18, 16
_MAX_MERGES = 40
_LEAST_LISTED = 3
# VS Code shows eight rows under the figures without scrolling; a token that comes later has two of them.
# Who asks for a longer list than the default scrolls in any case, and gets all of it.
_ROWS_SEEN, _LONGEST_CUT = 8, 10


@dataclass(frozen=True)
class Subject:
    """The cell that the hover is about.

    Attributes:
        text: its characters.
        ids: its tokens, more than one when they share a character.
        block_size: of the model, 0 without one; less than half of it is a short context.
        characters: for each of its tokens or for none: alternatives that are no whole characters, and the character
            that each most likely leads to.
    """

    text: str
    ids: list[int]
    block_size: int = 0
    characters: Sequence[Mapping[int, str]] = ()


def n_listed(found: Inspection, actual: int, part: int) -> int:
    """Return how many alternatives to a token of the cell a hover lists: several tokens share the room of one.

    Args:
        actual: the token, number `part` of the cell; its own row is to be seen, so the end of the list gives way.
    """
    n_tokens, n_alternatives = map(int, found.alternative_ids.shape)
    n_lines = min(n_alternatives, max(_LEAST_LISTED, n_alternatives // n_tokens))
    is_seen = actual in found.alternative_ids[part, : min(n_lines, _ROWS_SEEN)]
    return n_lines if is_seen or n_lines > _LONGEST_CUT else min(n_lines, _ROWS_SEEN - 2)


def hover_text(tokenizer: Tokenizer, subject: Subject, found: Inspection | str, *, markdown: bool = True) -> str:
    """Return the hover of one cell.

    Args:
        found: what the model says about its tokens, or the reason why it says nothing.
        markdown: whether the client shows Markdown; otherwise plain lines.
    """
    title = _title(tokenizer, subject, markdown)
    if isinstance(found, str):
        reason = f"No probabilities: {code_span(found) if markdown else found}"
        blocks = [title, reason]
    else:
        figures = _figures if len(subject.ids) == 1 else _parts
        lines = [*figures(tokenizer, subject, found), *_alternatives(tokenizer, subject, found)]
        blocks = [title, _block(lines, markdown)]
    below = _merges(tokenizer, subject.ids)
    if not isinstance(found, str):
        below.append(f"model {found.model_name}")
    if below:
        blocks.append(_block(below, markdown))
    return "\n\n".join(blocks)


def _block(lines: list[str], markdown: bool) -> str:
    return fenced(lines) if markdown else "\n".join(lines)


def _title(tokenizer: Tokenizer, subject: Subject, markdown: bool) -> str:
    ids = subject.ids
    shown = tokenizer.visible(ids[0]) if len(ids) == 1 else visible_from_bytes(utf8(subject.text))
    title = f"**{code_span(shown)}**" if markdown else shown
    if len(ids) > 1:
        return f"{title} is split over {len(ids)} tokens"
    data, rank = tokenizer.text_bytes(ids[0]), tokenizer.merge_rank(ids[0])
    title += f" · token id {ids[0]} · {counted(len(data), 'byte')}"
    if not is_plain(data):
        title += " " + (code_span(hex_bytes(data)) if markdown else hex_bytes(data))
    return title if rank is None else f"{title} · merge rank {rank}"


def _figures(tokenizer: Tokenizer, subject: Subject, found: Inspection) -> list[str]:
    """Return the numbers of a cell of one token, three lines."""
    logprob, entropy_bits = float(found.logprob[0]), float(found.entropy_bits[0])
    bits, ratio = _bits(logprob), percent(logprob - float(found.alternative_logprob[0, 0]))
    return [
        f"p {percent(logprob)}   log p {signed(logprob)} nats   rank {int(found.rank[0])} of {tokenizer.vocab_size}",
        f"surprisal {signed(bits)} bits − entropy {signed(entropy_bits)} bits ≈ {signed(bits - entropy_bits)} bits",
        f"p/p_max {ratio}   {_context(subject, found)}",
    ]


def _parts(tokenizer: Tokenizer, subject: Subject, found: Inspection) -> list[str]:
    """Return a line for each token of a cell of several, and one for all of them together."""
    shown = [hex_bytes(tokenizer.token_bytes(token_id)) for token_id in subject.ids]
    width = max(8, *map(len, shown))  # 8 for the last line's name
    lines = [
        f"{'bytes':<{width}}{'id':>6}{'p':>10}{'log p':>8}{'surprisal':>10}{'entropy':>8}{'rank':>6}",
        f"{'hex':<{width}}{'':>6}{'':>10}{'nats':>8}{'bits':>10}{'bits':>8}{f'/{tokenizer.vocab_size}':>6}",
    ]
    for idx, token_id in enumerate(subject.ids):
        logprob = float(found.logprob[idx])
        lines.append(
            f"{shown[idx]:<{width}}{token_id:>6}{percent(logprob):>10}{signed(logprob):>8}"
            f"{signed(_bits(logprob)):>10}{signed(float(found.entropy_bits[idx])):>8}{int(found.rank[idx]):>6}"
        )
    logprob = sum(map(float, found.logprob))
    lines.append(f"{'together':<{width + 6}}{percent(logprob):>10}{signed(logprob):>8}{signed(_bits(logprob)):>10}")
    return [*lines, _context(subject, found)]


def _context(subject: Subject, found: Inspection) -> str:
    n_tokens = int(found.context_tokens[0])
    if n_tokens == 0:
        return f"predicted from {END_OF_TEXT}"
    return f"context {counted(n_tokens, 'token')}" + (", short" if n_tokens < subject.block_size // 2 else "")


def _alternatives(tokenizer: Tokenizer, subject: Subject, found: Inspection) -> list[str]:
    """Return what the model would rather have said in the place of each token of the cell."""
    lines: list[str] = []
    for part in range(len(subject.ids)):
        if len(subject.ids) > 1:
            lines.append(_place(tokenizer, subject.ids, part))
        lines += _listed(tokenizer, subject, found, part)
    if any(subject.characters):
        lines.append("⇒ the likely character, completed greedily")
    return lines


def _place(tokenizer: Tokenizer, ids: list[int], part: int) -> str:
    shown = [hex_bytes(tokenizer.token_bytes(token_id)) for token_id in ids[: part + 1]]
    return f"instead of {shown[-1]}" + (f" after {' '.join(shown[:-1])}:" if part else ":")


def _listed(tokenizer: Tokenizer, subject: Subject, found: Inspection, part: int) -> list[str]:
    """Return the alternatives to one token, the likeliest first; the token itself is among them, and marked."""
    actual, actual_rank = subject.ids[part], int(found.rank[part])
    n_lines = n_listed(found, actual, part)
    ids = found.alternative_ids[part, :n_lines].tolist()
    logprobs = found.alternative_logprob[part, :n_lines].tolist()
    characters = subject.characters[part] if subject.characters else {}
    width = len(str(actual_rank)) if actual not in ids else len(str(len(ids)))

    def line(rank: int, token_id: int, logprob: float) -> str:
        shown = tokenizer.visible(token_id)
        if token_id in characters:
            shown += f" ⇒ {characters[token_id]}"
        mark = "▸" if token_id == actual else " "
        return (
            f"{mark}{rank:>{width}} {fit(shown, _TOKEN_WIDTH)} {percent(logprob):>9} {bar(logprob, _LIST_BAR)}".rstrip()
        )

    lines = [line(rank, *entry) for rank, entry in enumerate(zip(ids, logprobs, strict=True), 1)]
    if actual not in ids:
        lines += [f"{'':{width}}…"] if actual_rank > len(ids) + 1 else []
        lines.append(line(actual_rank, actual, float(found.logprob[part])))
    lines.append(f"{'':{width + 2}}{f'top {len(ids)} together':<{_TOKEN_WIDTH}} {percent(_log_sum(logprobs)):>9}")
    return lines


def _merges(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    """Return how BPE built the tokens: a merge a line, each followed by those of its parts, down to bytes."""
    lines: list[str] = []
    seen: set[int] = set()
    waiting = [(token_id, 0) for token_id in reversed(ids)]
    while waiting:
        token_id, depth = waiting.pop()
        parts = tokenizer.merge_parts(token_id)
        if parts is None or token_id in seen:
            continue
        if len(lines) == _MAX_MERGES:
            return ["merges:", *lines, "…"]
        seen.add(token_id)
        left, right = (tokenizer.visible(part) for part in parts)
        indent = "  " * min(depth, 8)
        lines.append(
            f"{indent}{tokenizer.visible(token_id)} = {left} + {right} (merge rank {tokenizer.merge_rank(token_id)})"
        )
        waiting += [(parts[1], depth + 1), (parts[0], depth + 1)]
    return ["merges:", *lines] if lines else []


def _bits(logprob: float) -> float:
    return -logprob / NATS_PER_BIT


def _log_sum(logprobs: list[float]) -> float:
    return math.log(math.fsum(map(math.exp, logprobs)))
