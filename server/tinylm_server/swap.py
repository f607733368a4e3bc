"""`tinylm/alternatives` and `tinylm/preview`: what could stand in a token's place, and what that does to the rest.

A preview scores the text before and after the swap by the same rule as everything else, from the place of the swap on
over as many tokens as can see it: one block. Nothing is changed in the document; the client does that.
"""

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from lsprotocol import types as lsp
from numpy.typing import NDArray
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams

from tinylm.analysis.characters import ends_inside_character, pending_bytes
from tinylm.comparison.swap import Effect, Swap, effect_of, swap_piece
from tinylm.errors import TinyLMError
from tinylm.tokens.byte_level import is_harmless, visible_char, visible_from_bytes
from tinylm.tokens.spans import utf8
from tinylm.tokens.tokenizer import Tokenizer
from tinylm_server import params as check
from tinylm_server.hover import MAX_COMPLETED, Target, cell_range, cell_text, find_target, likely_characters
from tinylm_server.scoring import Inspection, Question, inspect, question_about
from tinylm_server.token_chunks import PlacedChunk, chunks_in
from tinylm_server.tokens import encode_beside

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["alternatives", "preview", "why_not_insertable"]

MAX_NEW_CHARS = 1000
N_MOST_AFFECTED = 5


def why_not_insertable(tokenizer: Tokenizer, token_id: int) -> str | None:
    """Return why a token cannot be put into a text; None when it can."""
    if token_id == tokenizer.end_of_text_id:
        return "ends the text; it has no characters"
    try:
        text = tokenizer.token_bytes(token_id).decode("utf-8")
    except UnicodeDecodeError:
        return "is a part of a character only"
    return None if is_harmless(text) else "holds characters that cannot be seen"


async def alternatives(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/alternatives`: the likeliest tokens in a token's place, the actual one among them."""
    fields = check.mapping(params)
    n_alternatives = check.integer(fields, "nAlternatives", 20, low=1, high=100)
    document, tokenizer, target = await _asked_about(ls, fields)
    async with ls.host.turns.turn(document.uri, "alternatives"):
        found = await inspect(ls, document, tokenizer, target.placed, target.first, target.first + 1, n_alternatives)
        completed = await _completed(ls, document, tokenizer, target, found)
    _see_that_current(ls, document, "alternatives were looked for")
    return {
        **_place_to_json(ls, document, target),
        "nTokens": len(target.ids),
        "alternatives": list(_listed(tokenizer, target, found, completed)),
    }


async def preview(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/preview`: the surprisal of the place and of what follows it, before and after a swap."""
    fields = check.mapping(params)
    new = check.text(fields, "newText")
    if len(new) > MAX_NEW_CHARS:
        raise JsonRpcInvalidParams(f"newText: {len(new):,} characters, at most {MAX_NEW_CHARS:,} can be tried")
    document, tokenizer, target = await _asked_about(ls, fields)
    stretch = _stretch_of(ls, document, tokenizer, target)
    # In a thread, because a line of megabytes without a space has to be encoded as a whole.
    place = (stretch.text, stretch.ids, stretch.start_char, stretch.end_char)
    swap = (await asyncio.to_thread(swap_piece, tokenizer, *place, new)).limited(ls.host.block_size)
    async with ls.host.turns.turn(document.uri, "preview"):
        effect = await _effect(ls, stretch, swap)
    _see_that_current(ls, document, "a swap was tried")
    return {
        **_place_to_json(ls, document, target),
        "here": {"beforeBits": effect.place_before, "afterBits": effect.place_after},
        "following": {
            "beforeBits": effect.following_before,
            "afterBits": effect.following_after,
            "nTokens": int(swap.following.left[-1] - swap.following.left[0]),
            "endsText": stretch.ends_document and int(swap.following.left[-1]) == len(stretch.ids),
        },
        "mostAffected": list(_most_affected(tokenizer, stretch, swap, effect)),
    }


def _place_to_json(ls: "Server", document: "Document", target: Target) -> dict[str, Any]:
    """Return what both answers begin with: what they are about."""
    return {
        "schema": 1,
        "version": document.version,
        "modelId": ls.host.model_id,
        "range": _range_to_json(cell_range(target)),
    }


async def _asked_about(ls: "Server", fields: Any) -> tuple["Document", Tokenizer, Target]:
    """Return the document, its tokenizer and the cell that a request names, once the model can be asked."""
    uri, version = check.uri_of(fields), check.integer(fields, "version", low=-(2**31))
    position = check.position(fields.get("position"), "position")
    ls.documents.get_version(uri, version)
    await ls.host.until_ready()
    document, tokenizer = ls.documents.get_version(uri, version), ls.host.tokenizer
    await encode_beside(ls, document, tokenizer, lsp.Range(position, position))
    target = find_target(document, tokenizer, position)
    if target is None:
        raise JsonRpcInvalidParams(f"position: {position.line}:{position.character} is the end of the text, no token")
    return document, tokenizer, target


def _see_that_current(ls: "Server", document: "Document", what: str) -> None:
    if not ls.documents.is_current(document):
        raise JsonRpcContentModified(f"the document changed while {what}")


async def _completed(
    ls: "Server", document: "Document", tokenizer: Tokenizer, target: Target, found: Inspection
) -> dict[int, str]:
    """Return, for the likeliest alternatives that end inside a character, their text with the likely rest of it."""
    ids = found.alternative_ids[0].tolist()
    partial = [token_id for token_id in ids if ends_inside_character(tokenizer.token_bytes(token_id))]
    place = {"nLater": len(target.ids), "pending": "", "tokens": partial[:MAX_COMPLETED]}
    (characters,) = await likely_characters(ls, document, tokenizer, target, [place])
    whole = {token_id: tokenizer.token_bytes(token_id) for token_id in characters}
    return {
        token_id: data[: len(data) - len(pending_bytes(data))].decode() + characters[token_id]
        for token_id, data in whole.items()
    }


def _replacement(tokenizer: Tokenizer, token_id: int, completed: str | None) -> tuple[str, str | None, str | None]:
    """Return how an alternative is shown, what it inserts, and otherwise why nothing."""
    shown = tokenizer.visible(token_id)
    if completed is not None and is_harmless(completed):
        return f"{shown} ⇒ {visible_char(completed[-1])}", completed, None
    reason = why_not_insertable(tokenizer, token_id)
    return shown, tokenizer.decode([token_id]) if reason is None else None, reason


def _listed(
    tokenizer: Tokenizer, target: Target, found: Inspection, completed: Mapping[int, str]
) -> Iterator[dict[str, Any]]:
    actual = int(target.ids[0])
    candidates = list(zip(found.alternative_ids[0].tolist(), found.alternative_logprob[0].tolist(), strict=True))
    ranks = list(range(1, len(candidates) + 1))
    if actual not in (token_id for token_id, _ in candidates):
        candidates.append((actual, float(found.logprob[0])))
        ranks.append(int(found.rank[0]))
    for rank, (token_id, logprob) in zip(ranks, candidates, strict=True):
        text, new_text, reason = _replacement(tokenizer, token_id, completed.get(token_id))
        if token_id == actual and len(target.ids) > 1:  # what stands there is all of the cell
            new_text, reason = cell_text(target), None
            text = visible_from_bytes(utf8(new_text))
        yield {
            "tokenId": token_id,
            "text": text,
            "newText": new_text,
            "reason": reason,
            "logprob": logprob,
            "rank": rank,
            "actual": token_id == actual,
        }


@dataclass(frozen=True)
class _Stretch:
    """Chunks from one before the swap to a block behind it; `ids` are theirs, `start_char` counts in `text`."""

    chunks: Sequence[PlacedChunk]
    text: str
    ids: NDArray[np.int32]
    start_char: int
    end_char: int
    question: Question
    ends_document: bool

    def with_ids(self, ids: NDArray[np.int32]) -> Question:
        """Return the question with other ids in the place of the chunks'."""
        asked = self.question
        after = asked.ids[asked.n_before + len(self.ids) :]
        joined = np.concatenate([asked.ids[: asked.n_before], ids, after])
        return Question(joined, asked.n_before, asked.starts_document, asked.tokenizer_id)

    def range_of(self, first: int, last: int) -> lsp.Range:
        """Return where the tokens `first` to `last - 1` of the chunks lie in the document."""
        return lsp.Range(self._cell_range(first).start, self._cell_range(last - 1).end)

    def _cell_range(self, token: int) -> lsp.Range:
        for placed in self.chunks:
            if token < len(placed.chunk.ids):
                cell = int(np.searchsorted(placed.chunk.first_token, token, side="right")) - 1
                return cell_range(Target(placed, cell, token, placed.chunk.ids[token : token + 1]))
            token -= len(placed.chunk.ids)
        raise AssertionError("the token lies in one of the chunks")


def _stretch_of(ls: "Server", document: "Document", tokenizer: Tokenizer, target: Target) -> _Stretch:
    placed, text = target.placed, document.text
    chunks: list[PlacedChunk] = []
    n_after = n_chars_before = 0
    ends_document = True
    # From the chunk before the target's, whose last pre-token may grow into the swap.
    for each in chunks_in(text, tokenizer, document.encoding, placed.start - 1, text.n_chars):
        if n_after > ls.host.block_size:
            ends_document = False
            break
        if each.idx < placed.idx:
            n_chars_before += len(each.chunk.text)
        elif each.idx > placed.idx:
            n_after += len(each.chunk.ids)
        chunks.append(each)
    return _Stretch(
        chunks,
        "".join(each.chunk.text for each in chunks),
        np.concatenate([each.chunk.ids for each in chunks]),
        n_chars_before + int(placed.chunk.start_char[target.cell]),
        n_chars_before + int(placed.chunk.end_char[target.cell]),
        question_about(ls, document, tokenizer, chunks),
        ends_document,
    )


async def _effect(ls: "Server", stretch: _Stretch, swap: Swap) -> Effect:
    generation = ls.host.generation
    bits = []
    for ids, last in ((swap.old_ids, swap.following.left[-1]), (swap.new_ids, swap.following.right[-1])):
        question = stretch.with_ids(ids)
        if int(last) == swap.first:  # an empty text has no surprisal, and the worker wants at least one token
            bits.append(np.empty(0))
            continue
        frame = await ls.host.ask("score", question.values(swap.first, int(last)), {"ids": question.ids})
        bits.append(-frame.arrays["logprob"].astype(np.float64) / math.log(2))
    if ls.host.generation != generation:
        raise TinyLMError("the model was exchanged meanwhile; ask again")
    return effect_of(swap, bits[0], bits[1])


def _most_affected(tokenizer: Tokenizer, stretch: _Stretch, swap: Swap, effect: Effect) -> Iterator[dict[str, Any]]:
    change = np.abs(effect.segment_after - effect.segment_before)
    for segment in np.argsort(-change, kind="stable")[:N_MOST_AFFECTED].tolist():
        if change[segment] == 0:
            return
        first, last = int(swap.following.left[segment]), int(swap.following.left[segment + 1])
        yield {
            "range": _range_to_json(stretch.range_of(first, last)),
            "text": "".join(tokenizer.visible(token_id) for token_id in swap.old_ids[first:last].tolist()),
            "beforeBits": float(effect.segment_before[segment]),
            "afterBits": float(effect.segment_after[segment]),
        }


def _range_to_json(item: lsp.Range) -> dict[str, Any]:
    start, end = item.start, item.end
    return {
        "start": {"line": start.line, "character": start.character},
        "end": {"line": end.line, "character": end.character},
    }
