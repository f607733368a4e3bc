/** The messages `tinylm/session/…` of docs/protocol.md as TypeScript types; see protocol.ts for the others. */
import { RequestType } from "vscode-languageserver-protocol";
import type { Position, TextDocumentIdentifier } from "vscode-languageserver-protocol";
import type { Sampling } from "./protocol";

export interface SessionOpenParams extends Sampling {
  readonly textDocument: TextDocumentIdentifier;
  readonly version: number;
  readonly position: Position;
  /** Null draws a fresh one. */
  readonly seed: number | null;
  /** As `save` gave it. */
  readonly tree: SavedTree | null;
}

export interface SessionParams {
  readonly sessionId: string;
}

export interface SessionPickParams extends SessionParams {
  /** 1 is the model's first choice. */
  readonly rank: number;
}

export interface SessionGoParams extends SessionParams {
  /** Of a token; null is where the session began. */
  readonly number: number | null;
}

/** What is absent stays as it is; a seed, null for a fresh one, draws anew. */
export interface SessionSetParams extends SessionParams, Partial<Sampling> {
  readonly seed?: number | null;
}

export interface SessionToken {
  readonly number: number;
  readonly tokenId: number;
  readonly raw: string;
  readonly text: string;
  /** What it adds to the document, in hexadecimal. */
  readonly bytes: string;
  readonly how: "drawn" | "greedy" | "by hand";
  /** Nats, before penalties, temperature and filters. */
  readonly logprob: number;
  /** Nats, after them; null for a token picked although a filter cut it. */
  readonly sampledLogprob: number | null;
  readonly rank: number;
  readonly entropyBits: number;
  readonly draw: number | null;
  readonly contextTokens: number;
  /** How many tokens were tried in its place. */
  readonly nTried: number;
}

export interface SessionCandidate {
  readonly rank: number;
  readonly tokenId: number;
  readonly raw: string;
  readonly text: string;
  readonly logprob: number;
  readonly sampledLogprob: number | null;
  readonly cutBy: string | null;
  /** Its stretch of the cumulative bar, from 0 to 1. */
  readonly start: number;
  readonly end: number;
}

export interface SessionPlace {
  /** The bytes before the cursor that the token has to begin with, visible; null where tokens begin. */
  readonly startsWith: string | null;
  readonly entropyBits: number;
  readonly contextTokens: number;
  readonly nCandidates: number;
  readonly nSurvivors: number;
  readonly cuts: readonly { readonly filter: string; readonly nTokens: number }[];
  readonly draw: number | null;
  readonly drawnRank: number;
  /** The likeliest, and the one that the draw falls on. */
  readonly candidates: readonly SessionCandidate[];
}

export interface SessionBranch {
  /** Of its last token. */
  readonly number: number;
  /** How many tokens it has in common with the text. */
  readonly nShared: number;
  readonly nTokens: number;
  /** What follows those. */
  readonly text: string;
  readonly logprob: number;
  readonly isCurrent: boolean;
}

export interface SessionView {
  readonly schema: number;
  readonly sessionId: string;
  readonly modelId: string | null;
  /** All that stands after the position; a character that is not complete yet is not in it. */
  readonly text: string;
  readonly firstToken: number;
  readonly nTokens: number;
  /** The newest, from `firstToken` on. */
  readonly tokens: readonly SessionToken[];
  readonly ended: string | null;
  readonly sampling: Sampling;
  readonly seed: number;
  readonly place: SessionPlace | null;
  readonly branches: readonly SessionBranch[];
}

export interface SavedTree {
  readonly kind: string;
  readonly schema: number;
  readonly modelId: string | null;
  readonly tokenizerId: string;
  readonly promptIds: readonly number[];
  readonly tail: string;
  readonly startsDocument: boolean;
  readonly sampling: Sampling & { readonly seed: number | null };
  readonly at: number | null;
  readonly nodes: readonly object[];
}

export interface SessionSaveResult {
  readonly schema: number;
  readonly tree: SavedTree;
}

export const SessionOpenRequest = new RequestType<SessionOpenParams, SessionView, void>("tinylm/session/open");
export const SessionStepRequest = new RequestType<SessionParams, SessionView, void>("tinylm/session/step");
export const SessionPickRequest = new RequestType<SessionPickParams, SessionView, void>("tinylm/session/pick");
export const SessionGoRequest = new RequestType<SessionGoParams, SessionView, void>("tinylm/session/go");
export const SessionSetRequest = new RequestType<SessionSetParams, SessionView, void>("tinylm/session/set");
export const SessionSaveRequest = new RequestType<SessionParams, SessionSaveResult, void>("tinylm/session/save");
export const SessionCloseRequest = new RequestType<SessionParams, null, void>("tinylm/session/close");
