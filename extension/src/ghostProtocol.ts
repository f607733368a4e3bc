/** `tinylm/ghostText` of docs/protocol.md as TypeScript types; tests/golden/ghostText.json is the example. */
import { RequestType } from "vscode-languageserver-protocol";
import type { Position, TextDocumentIdentifier } from "vscode-languageserver-protocol";

export interface GhostTextParams {
  readonly textDocument: TextDocumentIdentifier;
  readonly position: Position;
}

export interface GhostToken {
  readonly text: string;
  /** Nats, given the text before it. */
  readonly logprob: number;
}

export interface Suggestion {
  readonly text: string;
  readonly logprob: number;
  readonly tokens: readonly GhostToken[];
}

/** What ghost text did since the server started. */
export interface GhostTextCounts {
  readonly asked: number;
  readonly known: number;
  readonly computed: number;
  readonly decodeSteps: number;
  readonly wastedSteps: number;
  readonly latencyMs: number;
  readonly rememberedCharacters: number;
}

export interface GhostTextResult {
  readonly schema: number;
  readonly version: number;
  readonly counts: GhostTextCounts;
  readonly suggestions: readonly Suggestion[];
}

export const GhostTextRequest = new RequestType<GhostTextParams, GhostTextResult, void>("tinylm/ghostText");
