/**
 * What of the server's answers reaches the editor: only for documents that TinyLM looks at, and no semantic tokens or inlay
 * hints, which are for editors that have no decorations.
 */
import { MarkdownString } from "vscode";
import type { Hover, Position, TextDocument } from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import type { GhostText } from "./ghost";
import { replaceLink } from "./swap";
import type { Training } from "./training";
import { markdownFromText } from "./words";

/** Ghost text has languages of its own, which the server looks at. */
export function middlewareFor(covers: (document: TextDocument) => boolean, ghost: GhostText, training: Training): Middleware {
  return {
    provideHover: async (document, position, token, next) => (covers(document) ? completed(await next(document, position, token), position, training.noteAt(document, position)) : null),
    provideCompletionItem: (document, position, context, token, next) => (covers(document) ? next(document, position, context, token) : []),
    provideInlineCompletionItems: (document, position, context, token, next) => ghost.provide(document, position, token, () => next(document, position, context, token)),
    provideCodeActions: (document, range, context, token, next) => (covers(document) ? next(document, range, context, token) : []),
    provideDocumentSemanticTokens: () => null,
    provideDocumentSemanticTokensEdits: () => null,
    provideDocumentRangeSemanticTokens: () => null,
    provideInlayHints: () => [],
  };
}

/** The server's Markdown holds text of documents and is trusted with nothing; the link is ours, and the note before it. */
function completed(hover: Hover | null | undefined, position: Position, note: string | null): Hover | null | undefined {
  if (note !== null) hover?.contents.unshift(new MarkdownString(markdownFromText(note)));
  hover?.contents.push(replaceLink(position));
  return hover;
}
