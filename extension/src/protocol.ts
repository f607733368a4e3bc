/**
 * The messages of docs/protocol.md as TypeScript types: what goes over the wire and nothing else.
 * tests/golden/*.json holds one example of each; extension/test/golden.test.ts holds these types to them.
 */
import { NotificationType, RequestType } from "vscode-languageserver-protocol";
import type { Position, Range, TextDocumentIdentifier } from "vscode-languageserver-protocol";

export const SCHEMA = 1;

export interface TokensParams {
  readonly textDocument: TextDocumentIdentifier;
  readonly version: number;
  readonly ranges: readonly Range[];
  readonly scores: boolean;
}

/** Per token, parallel to `TokensResult.ids`; null where a value is undefined. */
export interface TokenScores {
  readonly surprisalBits: readonly (number | null)[];
  readonly rank: readonly (number | null)[];
  readonly entropyBits: readonly (number | null)[];
  /** Log probability (nats) of the model's first choice. */
  readonly maxLogprob: readonly (number | null)[];
  readonly contextTokens: readonly (number | null)[];
}

export interface TokensSummary {
  readonly surprisalBits: number;
  readonly nBytes: number;
  readonly nTokens: number;
}

export interface TokensResult {
  readonly schema: number;
  readonly version: number;
  readonly tokenizerId: string;
  readonly modelId: string | null;
  readonly nTokens: number | null;
  readonly nBytes: number;
  /** How far counting has come; null when it cannot be counted. */
  readonly nCountedBytes: number | null;
  /** Stride 6 a cell; tokens.ts decodes it. */
  readonly cells: readonly number[];
  readonly ids: readonly number[];
  readonly scores: TokenScores | null;
  readonly summary: TokensSummary | null;
  readonly note: string | null;
}

export type ServerState = "starting" | "ready" | "degraded" | "failed";

export interface ModelInfo {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly nParams: number;
  readonly vocabSize: number;
  readonly blockSize: number;
}

export interface TokenizerInfo {
  readonly id: string;
  readonly vocabSize: number;
}

export interface Status {
  readonly schema: number;
  readonly state: ServerState;
  readonly message: string;
  readonly workerRestarts: number;
  readonly model: ModelInfo | null;
  readonly tokenizer: TokenizerInfo | null;
  readonly training: JobProgress | null;
}

export type JobKind = "tokenizer" | "model";
export type JobState = "starting" | "running" | "stopping" | "finished" | "interrupted" | "failed";

export interface JobProgress {
  readonly jobId: string;
  readonly kind: JobKind;
  readonly run: string;
  readonly state: JobState;
  readonly phase: string;
  readonly fraction: number | null;
  readonly step: number | null;
  readonly totalSteps: number | null;
  /** Nats per token. */
  readonly loss: number | null;
  readonly validationLoss: number | null;
  readonly bitsPerByte: number | null;
  readonly tokensPerSecond: number | null;
  readonly secondsLeft: number | null;
  readonly sample: string | null;
  readonly message: string;
  readonly model: string | null;
}

export interface TrainingEventsParams {
  readonly run: string;
  /** The one of the last result; null asks for everything. */
  readonly cursor: string | null;
  readonly maxPoints: number;
}

type Values = readonly (number | null)[];

/** Parallel arrays; null where a value is undefined. */
export interface TrainingSteps {
  readonly step: readonly number[];
  /** Nats per token. */
  readonly loss: Values;
  readonly learningRate: Values;
  readonly gradNorm: Values;
  readonly tokensPerSecond: Values;
  /** Seconds since 1970. */
  readonly time: Values;
}

export interface TrainingEvaluation {
  readonly step: number;
  readonly validationLoss: number | null;
  readonly bitsPerByte: number | null;
  readonly sample: string;
}

export interface TrainingEventsResult {
  readonly schema: number;
  readonly run: string;
  readonly cursor: string;
  /** Forget what came before: there was no cursor, or the run went back to a checkpoint. */
  readonly startsOver: boolean;
  readonly state: JobState;
  readonly message: string;
  readonly jobId: string | null;
  readonly model: string | null;
  readonly totalSteps: number | null;
  readonly nParameters: number | null;
  readonly secondsLeft: number | null;
  readonly steps: TrainingSteps;
  readonly evaluations: readonly TrainingEvaluation[];
  /** Those whose weights were kept until now: all of them each time. */
  readonly savedSteps: readonly number[];
  /** Damaged lines of this part that were passed over. */
  readonly nUnreadable: number;
}

export interface TokenizerEventsParams {
  readonly run: string;
  /** The one of the last result; null asks for the newest merges of all. */
  readonly cursor: string | null;
  readonly maxMerges: number;
}

export interface Merge {
  /** Its merge rank, from 1. */
  readonly rank: number;
  /** As the vocabulary writes it, like `right`. */
  readonly left: string;
  readonly right: string;
  /** How often they stood side by side. */
  readonly count: number;
}

export interface TokenizerEventsResult {
  readonly schema: number;
  readonly run: string;
  readonly cursor: string;
  readonly startsOver: boolean;
  /** Null where the part since the cursor does not say; so are `message` and `totalMerges`. */
  readonly phase: string | null;
  readonly message: string | null;
  readonly totalMerges: number | null;
  readonly merges: readonly Merge[];
}

/** In the order in which they work; `stop` and `maxTokens` end the text. */
export interface Sampling {
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** 0 is all. */
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly typicalP: number;
  readonly stop: readonly string[];
  readonly maxTokens: number;
}

export interface GenerateParams extends Sampling {
  readonly textDocument: TextDocumentIdentifier;
  readonly version: number;
  readonly position: Position;
  readonly seed: number | null;
  readonly streamId: string;
}

export interface GenerateResult {
  readonly schema: number;
  readonly reason: "finished" | "endOfText" | "stopString";
  readonly nTokens: number;
  readonly tokensPerSecond: number;
  /** Text after the last step's that was held back because a stop string might have begun in it. */
  readonly rest: string;
}

export interface GenerationAlternative {
  readonly tokenId: number;
  readonly text: string;
  readonly logprob: number;
  readonly sampledLogprob: number | null;
  /** The filter that removed this candidate before the draw. */
  readonly cutBy: string | null;
}

export interface GenerationStep {
  readonly streamId: string;
  readonly index: number;
  readonly tokenId: number;
  readonly raw: string;
  /** In hexadecimal; may be a part of a character. */
  readonly bytes: string;
  /** The text that became whole characters with this token; may be empty. */
  readonly text: string;
  /** Before penalties, temperature and filters (nats). */
  readonly logprob: number;
  readonly sampledLogprob: number | null;
  readonly rank: number;
  readonly entropyBits: number;
  readonly draw: number | null;
  readonly alternatives: readonly GenerationAlternative[];
}

export type ExportFormat = "html" | "json" | "csv" | "markdown" | "table";

export interface ExportParams {
  readonly textDocument: TextDocumentIdentifier;
  readonly version: number;
  readonly format: ExportFormat;
  /** What the export calls the text. */
  readonly source: string;
  readonly streamId: string;
}

export interface ExportResult {
  readonly schema: number;
  readonly version: number;
  readonly nTokens: number;
  readonly nBytes: number;
  readonly note: string | null;
}

/** The pieces, joined in the order in which they come, are the file. */
export interface ExportPiece {
  readonly streamId: string;
  readonly text: string;
  /** Tokens, of `nTokens`. */
  readonly nDone: number;
  readonly nTokens: number;
}

export interface TrainTokenizerArguments {
  readonly data: readonly string[];
  readonly vocabSize: number;
  readonly out: string;
}

export interface TrainModelArguments {
  readonly data: readonly string[];
  /** A model to go on from, with its size and tokenizer; "" is the starter model, null random weights. */
  readonly initFrom: string | null;
  /** Null trains one first. */
  readonly tokenizer: string | null;
  /** Of the one that is trained first; null for 8,192, or where there is a tokenizer. */
  readonly vocabSize: number | null;
  readonly out: string;
  /** Null leaves it to the budget. */
  readonly size: "tiny" | "small" | "base" | null;
  readonly steps: number | null;
  /** A time such as "10m", which decides size, batch and steps; null when the steps are given. */
  readonly budget: string | null;
}

/** What `tinylm train --dry-run` counts and measures. */
export interface TrainingEstimate {
  readonly schema: number;
  readonly nParameters: number;
  readonly tokensPerStep: number;
  readonly steps: number;
  readonly flops: number;
  readonly memoryBytes: number;
  readonly secondsPerStep: number;
  /** Of all steps, evaluations apart. */
  readonly seconds: number;
  readonly nLayer: number;
  readonly nHead: number;
  readonly nEmbd: number;
  readonly blockSize: number;
  /** As asked for; a small text may not have so many. */
  readonly vocabSize: number;
  readonly corpusBytes: number | null;
  /** That the text will be learned by heart. */
  readonly warning: string | null;
}

export interface JobStarted {
  readonly jobId: string;
  readonly run: string;
}

export interface KnownModel {
  readonly path: string;
  readonly name: string;
  readonly current: boolean;
}

export interface DoctorReport {
  readonly markdown: string;
  readonly report: unknown;
}

/** The server's commands; all internal, so none of them is in the palette. */
export const ServerCommand = {
  trainTokenizer: "tinylm.server.trainTokenizer",
  trainModel: "tinylm.server.trainModel",
  estimateTraining: "tinylm.server.estimateTraining",
  resumeTraining: "tinylm.server.resumeTraining",
  stopTraining: "tinylm.server.stopTraining",
  listJobs: "tinylm.server.listJobs",
  selectModel: "tinylm.server.selectModel",
  listModels: "tinylm.server.listModels",
  modelOfStep: "tinylm.server.modelOfStep",
  restartWorker: "tinylm.server.restartWorker",
  doctor: "tinylm.server.doctor",
} as const;

export const TokensRequest = new RequestType<TokensParams, TokensResult, void>("tinylm/tokens");
export const GenerateRequest = new RequestType<GenerateParams, GenerateResult, void>("tinylm/generate");
export const ExportRequest = new RequestType<ExportParams, ExportResult, void>("tinylm/export");
export const TrainingEventsRequest = new RequestType<TrainingEventsParams, TrainingEventsResult, void>("tinylm/trainingEvents");
export const TokenizerEventsRequest = new RequestType<TokenizerEventsParams, TokenizerEventsResult, void>("tinylm/tokenizerEvents");
export const StatusNotification = new NotificationType<Status>("tinylm/status");
export const TrainingProgressNotification = new NotificationType<JobProgress>("tinylm/trainingProgress");
export const GenerationStepNotification = new NotificationType<GenerationStep>("tinylm/generationStep");
export const ExportPieceNotification = new NotificationType<ExportPiece>("tinylm/exportPiece");
