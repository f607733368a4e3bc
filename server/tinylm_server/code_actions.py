"""`textDocument/codeAction`: replace the token at the cursor by what the model would rather have said."""

from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified

from tinylm.analysis.wording import percent
from tinylm_server.hover import cell_range, find_target
from tinylm_server.scoring import inspect
from tinylm_server.swap import why_not_insertable
from tinylm_server.tokens import encode_beside

if TYPE_CHECKING:
    from tinylm_server.documents import Document
    from tinylm_server.server import Server

__all__ = ["code_actions"]

N_OFFERED = 5


async def code_actions(ls: "Server", params: lsp.CodeActionParams) -> list[lsp.CodeAction] | None:
    """Offer the likeliest other tokens. Only when asked for: an editor asks by itself at every move of the cursor."""
    if not _is_asked_for(params.context):
        return None
    document, tokenizer = ls.documents.get(params.text_document.uri), await ls.host.known_tokenizer()
    await encode_beside(ls, document, tokenizer, params.range)
    target = find_target(document, tokenizer, params.range.start)
    if target is None or len(target.ids) != 1:
        return None
    async with ls.host.turns.turn(document.uri, "codeAction"):
        found = await inspect(ls, document, tokenizer, target.placed, target.first, target.first + 1, N_OFFERED + 1)
    if not ls.documents.is_current(document):
        raise JsonRpcContentModified("the document changed while alternatives were looked for")
    actions = []
    for token_id, logprob in zip(found.alternative_ids[0].tolist(), found.alternative_logprob[0].tolist(), strict=True):
        if token_id == int(target.ids[0]) or why_not_insertable(tokenizer, token_id) is not None:
            continue
        title = f"Replace {tokenizer.visible(int(target.ids[0]))} by {tokenizer.visible(token_id)} ({percent(logprob)})"
        actions.append(_action(title, document, lsp.TextEdit(cell_range(target), tokenizer.decode([token_id]))))
    return actions[:N_OFFERED]


def _is_asked_for(context: lsp.CodeActionContext) -> bool:
    if context.only is not None:
        return any("refactor.rewrite".startswith(str(getattr(kind, "value", kind))) for kind in context.only)
    return context.trigger_kind != lsp.CodeActionTriggerKind.Automatic


def _action(title: str, document: "Document", edit: lsp.TextEdit) -> lsp.CodeAction:
    identifier = lsp.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
    change = lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(identifier, [edit])])
    return lsp.CodeAction(title=title, kind=lsp.CodeActionKind.RefactorRewrite, edit=change)
