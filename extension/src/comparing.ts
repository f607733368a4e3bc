/**
 * The messages of docs/protocol.md that compare: what could stand in a token's place, what a swap does, two tokenizers, two
 * models, the steps of a training. Like protocol.ts, types of what goes over the wire and nothing else.
 */
import { RequestType } from "vscode-languageserver-protocol";
import type { Position, Range, TextDocumentIdentifier } from "vscode-languageserver-protocol";

export interface AlternativesParams {
  readonly textDocument: TextDocumentIdentifier;
  readonly version: number;
  readonly position: Position;
  readonly nAlternatives: number;
}

export interface Alternative {
  readonly tokenId: number;
  /** With visible white space; of a part of a character with the whole one that it most likely leads to. */
  readonly text: string;
  /** Null when it cannot be inserted; `reason` says why. */
  readonly newText: string | null;
  readonly reason: string | null;
  readonly logprob: number;
  readonly rank: number;
  /** It is the token that stands there. */
  readonly actual: boolean;
}

export interface AlternativesResult {
  readonly schema: number;
  readonly version: number;
  readonly modelId: string | null;
  readonly range: Range;
  readonly nTokens: number;
  readonly alternatives: readonly Alternative[];
}

export interface PreviewParams {
  readonly textDocument: TextDocumentIdentifier;
  readonly version: number;
  readonly position: Position;
  readonly newText: string;
}

export interface BitsChange {
  readonly beforeBits: number;
  readonly afterBits: number;
}

export interface AffectedPiece extends BitsChange {
  readonly range: Range;
  readonly text: string;
}

export interface PreviewResult {
  readonly schema: number;
  readonly version: number;
  readonly modelId: string | null;
  readonly range: Range;
  readonly here: BitsChange;
  readonly following: BitsChange & { readonly nTokens: number; readonly endsText: boolean };
  readonly mostAffected: readonly AffectedPiece[];
}

export interface CompareTokenizersParams {
  readonly textDocument: TextDocumentIdentifier;
  readonly version: number;
  readonly range: Range | null;
  /** A tokenizer.json; null for the model's own. */
  readonly path: string | null;
  /** Its merges are cut to so many entries; null for all. */
  readonly vocabSize: number | null;
}

export interface TokenizerSide {
  readonly name: string;
  readonly text: string;
  readonly vocabSize: number;
  readonly nTokens: number;
  readonly bytesPerToken: number | null;
  readonly tokensPerWord: number | null;
}

export interface CompareTokenizersResult {
  readonly schema: number;
  readonly version: number;
  /** The model's tokenizer, then the other. */
  readonly sides: readonly TokenizerSide[];
  readonly note: string | null;
}

export interface CompareModelsParams {
  readonly textDocument: TextDocumentIdentifier;
  readonly version: number;
  readonly ranges: readonly Range[];
  readonly path: string;
}

export interface ComparedModel {
  readonly id: string;
  readonly name: string;
  readonly path: string;
}

export interface CompareModelsResult {
  readonly schema: number;
  readonly version: number;
  /** The model in use, then the other. */
  readonly models: readonly ComparedModel[];
  readonly cells: readonly number[];
  readonly ids: readonly number[];
  /** For each model, parallel to `ids`. */
  readonly surprisalBits: readonly (readonly number[])[];
  readonly summary: { readonly nTokens: number; readonly nBytes: number; readonly surprisalBits: readonly number[] };
  readonly note: string | null;
}

export interface ScoreSavedStepParams {
  readonly textDocument: TextDocumentIdentifier;
  readonly version: number;
  readonly range: Range;
  readonly run: string;
  /** One of the run's `savedSteps`. */
  readonly step: number;
}

export interface ScoreSavedStepResult {
  readonly schema: number;
  readonly version: number;
  readonly run: string;
  readonly step: number;
  readonly vocabSize: number;
  readonly cells: readonly number[];
  readonly ids: readonly number[];
  /** Parallel to `ids`. */
  readonly surprisalBits: readonly number[];
  readonly summary: { readonly surprisalBits: number; readonly nBytes: number; readonly nTokens: number };
  readonly note: string | null;
}

export const AlternativesRequest = new RequestType<AlternativesParams, AlternativesResult, void>("tinylm/alternatives");
export const PreviewRequest = new RequestType<PreviewParams, PreviewResult, void>("tinylm/preview");
export const CompareTokenizersRequest = new RequestType<CompareTokenizersParams, CompareTokenizersResult, void>("tinylm/compareTokenizers");
export const ScoreSavedStepRequest = new RequestType<ScoreSavedStepParams, ScoreSavedStepResult, void>("tinylm/scoreSavedStep");
export const CompareModelsRequest = new RequestType<CompareModelsParams, CompareModelsResult, void>("tinylm/compareModels");
