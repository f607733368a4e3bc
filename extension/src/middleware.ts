/**
 * What of the server's answers reaches the editor: only for documents that TinyLM looks at, and no semantic tokens or inlay
 * hints, which are for editors that have no decorations.
 */
import type { Hover, Position, TextDocument } from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import type { GhostText } from "./ghost";
import { replaceLink } from "./swap";

/** Ghost text has languages of its own, which the server looks at. */
export function middlewareFor(covers: (document: TextDocument) => boolean, ghost: GhostText): Middleware {
  return {
    provideHover: async (document, position, token, next) => (covers(document) ? withLink(await next(document, position, token), position) : null),
    provideCompletionItem: (document, position, context, token, next) => (covers(document) ? next(document, position, context, token) : []),
    provideInlineCompletionItems: (document, position, context, token, next) => ghost.provide(document, position, token, () => next(document, position, context, token)),
    provideCodeActions: (document, range, context, token, next) => (covers(document) ? next(document, range, context, token) : []),
    provideDocumentSemanticTokens: () => null,
    provideDocumentSemanticTokensEdits: () => null,
    provideDocumentRangeSemanticTokens: () => null,
    provideInlayHints: () => [],
  };
}

/** The server's Markdown holds text of documents and is trusted with nothing; the link is ours. */
function withLink(hover: Hover | null | undefined, position: Position): Hover | null | undefined {
  hover?.contents.push(replaceLink(position));
  return hover;
}
