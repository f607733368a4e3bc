"""`textDocument/inlineCompletion`: several tokens of ghost text, as far as the model is sure enough.

Nothing here is an error to the person who types: without a model, or with one that dies in the middle, there is no
ghost text, and the status says why.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified

from tinylm_server.ghost_text import Cursor
from tinylm_server.params import mapping, position, uri_of
from tinylm_server.suggestions import Suggestion
from tinylm_server.worker_client import WorkerGone, WorkerRefused

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["ghost_text", "inline_completion"]

AFTER_CHARS = 1000  # of the line after the cursor are looked at


async def inline_completion(ls: "Server", params: lsp.InlineCompletionParams) -> lsp.InlineCompletionList | None:
    """Answer with a continuation, with several when asked by hand; with none where it would disturb more than help."""
    document, context = ls.documents.get(params.text_document.uri), params.context
    by_hand = context is not None and context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked
    if not _is_wanted(ls, document, params.position, by_hand):
        return None
    selected = context.selected_completion_info if context is not None else None
    at = selected.range if selected is not None else lsp.Range(params.position, params.position)
    typed = selected.text if selected is not None else ""
    cursor = Cursor(document, *document.point(at.start), typed)
    try:
        found, n_steps = await _suggestions(ls, cursor, by_hand)
    except (WorkerGone, WorkerRefused):
        return None
    if not ls.documents.is_current(document):
        raise JsonRpcContentModified("the document changed while a continuation was looked for")
    ls.ghost.counts.useful_steps += n_steps
    rest = document.text.after(*document.point(at.end), AFTER_CHARS)
    texts = dict.fromkeys(text for each in found if (text := _fitting(each.text, rest)))
    return lsp.InlineCompletionList([lsp.InlineCompletionItem(insert_text=typed + text, range=at) for text in texts])


async def _suggestions(ls: "Server", cursor: Cursor, by_hand: bool) -> tuple[list[Suggestion], int]:
    """Return what is known, or what the model says, and the steps it took; a newer request ends an older one."""
    ghost, host = ls.ghost, ls.host
    n_wanted = ls.settings.inline_suggestions if by_hand else 1
    if by_hand:
        await host.until_ready()
    elif not host.is_ready:
        return [], 0
    else:
        ghost.note_request()
    ghost.counts.asked += 1
    async with host.turns.turn(cursor.document.uri, "inline", ends_older=True):
        found = ghost.find(cursor, n_wanted)
        if found is not None:
            ghost.counts.known += 1
            return found, 0
        if not by_hand:
            await ghost.rest()
        computed = await ghost.compute(cursor, n_wanted)
        ghost.counts.computed += 1
        return computed


def _is_wanted(ls: "Server", document: "Document", at: lsp.Position, by_hand: bool) -> bool:
    """Say whether ghost text may appear here. Asked for by hand, it may wherever the feature is on."""
    if not ls.settings.inline_enabled or by_hand:
        return ls.settings.inline_enabled
    if ls.jobs.pauses_completions():
        return False
    # The model does not see what stands after the cursor, so it only goes on where nothing but punctuation does.
    rest = document.text.after(*document.point(at), AFTER_CHARS)
    return _covers(ls.settings.inline_languages, document.language_id) and not any(each.isalnum() for each in rest)


def _covers(languages: tuple[str, ...], language_id: str) -> bool:
    """Say whether a list of languages, in which `*` is all and `!` takes one out, has a language."""
    return f"!{language_id}" not in languages and (language_id in languages or "*" in languages)


def _fitting(text: str, rest: str) -> str:
    """Return a suggestion without what stands after the cursor already, and within the line if anything does."""
    if not rest.strip():
        return text
    text = text.split("\n", 1)[0]
    n_there = next((n for n in range(min(len(text), len(rest)), 0, -1) if text.endswith(rest[:n])), 0)
    return text[: len(text) - n_there]


async def ghost_text(ls: "Server", params: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `tinylm/ghostText`: the tokens of what is known to follow a position. The model is not asked."""
    document = ls.documents.get(uri_of(mapping(params)))
    point = document.point(position(params.get("position"), "position"))
    cursor, rest = Cursor(document, *point), document.text.after(*point, AFTER_CHARS)
    found = ls.ghost.find(cursor, ls.settings.inline_suggestions)
    if found is None:
        found = ls.ghost.find(cursor) or []
    shown = [each.cut(len(_fitting(each.text, rest))) for each in found]
    return {
        "schema": 1,
        "version": document.version,
        "counts": ls.ghost.report(),
        "suggestions": [
            {
                "text": each.text,
                "logprob": each.logprob,
                "tokens": [{"text": text, "logprob": logprob} for text, logprob in each.tokens],
            }
            for each in shown
            if each.tokens
        ],
    }
