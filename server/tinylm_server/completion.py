"""`textDocument/completion`: the most likely words at the cursor, each with its probability, inserted as plain text."""

import re
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified

from tinylm.analysis.wording import bar, percent
from tinylm_server.context import text_before

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["completion"]

# What an editor takes for the word before the cursor. The edit covers it, so that filtering sees the whole word.
_WORD = re.compile(r"[\w']+$")
LONGEST_WORD = 200  # characters; looking for a longer one would take long in a line without spaces


async def completion(ls: "Server", params: lsp.CompletionParams) -> lsp.CompletionList | None:
    """Answer a completion. The list is marked incomplete: other letters give other words."""
    document, settings = ls.documents.get(params.text_document.uri), ls.settings
    if not settings.completion_enabled:
        return None
    await ls.host.until_ready()
    line, char = document.point(params.position)
    values = {"n": settings.completion_max_items, "tokenizer": ls.host.tokenizer.id}
    async with ls.host.turns.turn(document.uri, "completion"):
        answer = await ls.host.ask("words", {**values, **text_before(ls, document, line, char)})
    if not ls.documents.is_current(document):
        raise JsonRpcContentModified("the document changed while words were looked for")
    match = _WORD.search(document.text.before(line, char, LONGEST_WORD))
    typed = match.group() if match else ""
    edit_range = lsp.Range(document.position(line, char - len(typed)), document.position(line, char))
    items = [_item(idx, word, typed, edit_range) for idx, word in enumerate(answer.header["words"])]
    return lsp.CompletionList(is_incomplete=True, items=items)


def _item(idx: int, word: dict[str, Any], typed: str, edit_range: lsp.Range) -> lsp.CompletionItem:
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
    )
