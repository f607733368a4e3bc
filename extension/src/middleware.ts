/**
 * What of the server's answers reaches the editor: only for documents that TinyLM looks at, and no semantic tokens or inlay
 * hints, which are for editors that have no decorations.
 */
import type { TextDocument } from "vscode";
import type { Middleware } from "vscode-languageclient/node";

export function middlewareFor(covers: (document: TextDocument) => boolean): Middleware {
  return {
    provideHover: (document, position, token, next) => (covers(document) ? next(document, position, token) : null),
    provideCompletionItem: (document, position, context, token, next) => (covers(document) ? next(document, position, context, token) : []),
    provideInlineCompletionItems: (document, position, context, token, next) => (covers(document) ? next(document, position, context, token) : []),
    provideCodeActions: (document, range, context, token, next) => (covers(document) ? next(document, range, context, token) : []),
    provideDocumentSemanticTokens: () => null,
    provideDocumentSemanticTokensEdits: () => null,
    provideDocumentRangeSemanticTokens: () => null,
    provideInlayHints: () => [],
  };
}
