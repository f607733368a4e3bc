"""`textDocument/inlineCompletion`: several tokens of ghost text, as far as the model is sure enough."""

from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified

from tinylm_server.context import text_before

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["inline_completion"]

AFTER_CHARS = 1000  # of the line after the cursor are looked at


async def inline_completion(ls: "Server", params: lsp.InlineCompletionParams) -> lsp.InlineCompletionList | None:
    """Answer with at most one continuation of the line; none where it would disturb more than help."""
    document, settings = ls.documents.get(params.text_document.uri), ls.settings
    selected = params.context.selected_completion_info if params.context is not None else None
    if not _is_wanted(ls, document, params):
        return None
    await ls.host.until_ready()
    at = selected.range if selected is not None else lsp.Range(params.position, params.position)
    line, char = document.point(at.start)
    values = {
        "maxTokens": settings.inline_max_tokens,
        "minConfidence": settings.inline_min_confidence,
        "stop": ["\n", "\r"],
        "tokenizer": ls.host.tokenizer.id,
    }
    typed = selected.text if selected is not None else ""
    async with ls.host.turns.turn(document.uri, "inline"):
        answer = await ls.host.ask("continue", {**values, **text_before(ls, document, line, char, typed)})
    if not ls.documents.is_current(document):
        raise JsonRpcContentModified("the document changed while a continuation was looked for")
    text = answer.header["text"]
    items = [lsp.InlineCompletionItem(insert_text=typed + text, range=at)] if text else []
    return lsp.InlineCompletionList(items)


def _is_wanted(ls: "Server", document: "Document", params: lsp.InlineCompletionParams) -> bool:
    """Say whether ghost text may appear here. Asked for by hand, it may wherever the feature is on."""
    settings, context = ls.settings, params.context
    if not settings.inline_enabled:
        return False
    if context is not None and context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked:
        return True
    line, char = document.point(params.position)
    # The model does not see what stands after the cursor, so it only goes on where nothing but punctuation does.
    rest = document.text.after(line, char, AFTER_CHARS)
    return document.language_id in settings.inline_languages and not any(each.isalnum() for each in rest)
