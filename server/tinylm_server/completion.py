"""`textDocument/completion`: the most likely words at the cursor, each with its probability, inserted as plain text.

What the probability of one is made of is told by `completionItem/resolve`, when somebody looks at it.
"""

import re
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams

from tinylm.analysis.wording import bar, percent
from tinylm_server.completion_text import Explained, explanation
from tinylm_server.context import text_before
from tinylm_server.worker_client import WorkerGone, WorkerRefused

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["completion", "resolve"]

# What an editor takes for the word before the cursor. The edit covers it, so that filtering sees the whole word.
_WORD = re.compile(r"[\w']+$")
LONGEST_WORD = 200  # characters; looking for a longer one would take long in a line without spaces

_STALE = "The text or the model has changed since this list was made."


async def completion(ls: "Server", params: lsp.CompletionParams) -> lsp.CompletionList | None:
    """Answer a completion; without a usable model the list is empty.

    It is always marked incomplete: after another letter other words are likely, and the same ones otherwise likely.
    """
    document, settings = ls.documents.get(params.text_document.uri), ls.settings
    if not settings.completion_enabled or ls.jobs.pauses_completions():
        return None
    line, char = document.point(params.position)
    try:
        await ls.host.until_ready()
        values = {"n": settings.completion_max_items, "tokenizer": ls.host.tokenizer.id}
        async with ls.host.turns.turn(document.uri, "completion"):
            answer = await ls.host.ask("words", {**values, **text_before(ls, document, line, char)})
    except (WorkerGone, WorkerRefused):
        return lsp.CompletionList(is_incomplete=True, items=[])
    if not ls.documents.is_current(document):
        raise JsonRpcContentModified("the document changed while words were looked for")
    typed = _typed(document, line, char)
    edit_range = lsp.Range(document.position(line, char - len(typed)), document.position(line, char))
    here = {"uri": document.uri, "version": document.version, "line": line, "char": char, "model": ls.host.model_id}
    items = [
        _item(idx, word, typed, edit_range, {**here, "unread": answer.header["unread"]})
        for idx, word in enumerate(answer.header["words"])
    ]
    return lsp.CompletionList(is_incomplete=True, items=items)


async def resolve(ls: "Server", item: lsp.CompletionItem) -> lsp.CompletionItem:
    """Return an item of ours with its documentation, for the version of the document that it was made for."""
    match item.data:
        case {
            "uri": str(uri), "version": int(version), "line": int(line), "char": int(char), "model": model,
            "unread": float() | int() as unread, "logprob": float() | int() as logprob,
            "nWays": int(n_ways), "tokenIds": [*token_ids],
        }:  # fmt: skip
            pass
        case _:
            raise JsonRpcInvalidParams("data: not that of an item of this server's completion list")
    document = ls.documents.find(uri)
    if document is None or document.version != version or model != ls.host.model_id:
        return _documented(ls, item, _STALE)
    values = {"tokenizer": ls.host.tokenizer.id, "tokenIds": token_ids, **text_before(ls, document, line, char)}
    try:
        async with ls.host.turns.turn(uri, "completionItem"):
            answer = await ls.host.ask("wordParts", values)
    except (WorkerGone, WorkerRefused) as error:
        return _documented(ls, item, str(error))
    if not ls.documents.is_current(document):
        return _documented(ls, item, _STALE)
    explained = Explained(logprob, n_ways, unread, answer.header)
    return _documented(ls, item, explanation(explained, markdown=_kind(ls) is lsp.MarkupKind.Markdown))


def _item(
    idx: int, word: dict[str, Any], typed: str, edit_range: lsp.Range, here: dict[str, object]
) -> lsp.CompletionItem:
    """Return one proposal: `word` comes after the cursor, `typed` stands before it and is part of the edit."""
    text, logprob = word["text"], word["logprob"]
    shown = percent(logprob)
    n_tokens = len(word["tokens"])
    return lsp.CompletionItem(
        # A next word is shown without what stands before it; the rest of a word with its beginning.
        label=f"·{text[1:]}" if text.startswith(" ") else typed + text,
        label_details=lsp.CompletionItemLabelDetails(description=f"{shown} {bar(logprob)}"),
        kind=lsp.CompletionItemKind.Text,
        detail=f"probability {shown} · {n_tokens} token{'s' * (n_tokens != 1)}: {' '.join(word['tokens'])}",
        sort_text=f"{idx:04}",
        filter_text=typed + text,
        insert_text_format=lsp.InsertTextFormat.PlainText,
        text_edit=lsp.TextEdit(edit_range, typed + text),
        data={**here, "logprob": logprob, "nWays": word["nWays"], "tokenIds": word["tokenIds"]},
    )


def _documented(ls: "Server", item: lsp.CompletionItem, text: str) -> lsp.CompletionItem:
    item.documentation = lsp.MarkupContent(_kind(ls), text)
    return item


def _kind(ls: "Server") -> lsp.MarkupKind:
    """Return the first kind of documentation that the client prefers; Markdown for one that says nothing."""
    text_document = ls.client_capabilities.text_document
    options = text_document.completion.completion_item if text_document and text_document.completion else None
    preferred = options.documentation_format if options else None
    return lsp.MarkupKind(preferred[0]) if preferred else lsp.MarkupKind.Markdown


def _typed(document: "Document", line: int, char: int) -> str:
    """Return the word at the cursor as far as it is there."""
    match = _WORD.search(document.text.before(line, char, LONGEST_WORD))
    return match.group() if match else ""
