/**
 * What the status item says, whatever state the text and the server are in: a few words, and sentences for the tooltip and
 * for screen readers. Pure. Every state has words of its own, so that "nothing is painted" never has to be guessed at.
 */
import type { Connection } from "./client";
import type { Count } from "./count";
import type { Status } from "./protocol";
import { figuresOf } from "./totals";
import type { Totals } from "./totals";
import { trainingText } from "./words";

/** What there is to tell of the active editor. */
export type Reading =
  /** There is no editor, or neither boundaries nor a heat map is on. */
  | { readonly kind: "nothing" }
  /** A file that the editor gives to no extension. */
  | { readonly kind: "withheld" }
  /** A text in a language that is not listed. */
  | { readonly kind: "left"; readonly languageId: string }
  /** The first answer has not come yet. */
  | { readonly kind: "awaited" }
  | Read;

export interface Read {
  readonly kind: "read";
  readonly count: Count;
  readonly document: Totals | null;
  readonly selection: Totals | null;
  readonly selectionCapped: boolean;
  /** The text has changed since. */
  readonly stale: boolean;
  /** A heat map is on, and there are no scores. */
  readonly unscored: boolean;
  /** What the server had to say of this text. */
  readonly note: string | null;
}

/** Something only the user can mend, such as "not set up". */
export interface Problem {
  readonly text: string;
  readonly advice: string;
}

export interface Standing {
  readonly icon: string;
  readonly text: string;
  /** What is wrong and what to do, the most important first; what is well is not among them. */
  readonly sentences: readonly string[];
  readonly warns: boolean;
}

export interface Facts {
  readonly problem: Problem | null;
  readonly connection: Connection;
  readonly status: Pick<Status, "state" | "message" | "training"> | null;
  readonly reading: Reading;
}

const SPIN = "$(sync~spin)";
const USUAL = "$(symbol-ruler)";

export function standingOf({ problem, connection, status, reading }: Facts): Standing {
  const say = (icon: string, text: string, sentences: readonly string[] = [], warns = false): Standing => ({ icon, text: `TinyLM: ${text}`, sentences, warns });
  if (problem !== null) return say("$(warning)", problem.text, [problem.advice], true);
  if (connection === "stopped") return say("$(circle-slash)", "off", ['The server is not running: "TinyLM: Restart Server" starts it.']);
  if (connection === "starting" || status === null) return say(SPIN, "starting");
  if (status.state === "failed") return say("$(error)", "no model", [status.message], true);
  const ofServer = status.state === "ready" ? [] : [status.message];
  const training = status.training === null ? "" : trainingText(status.training);
  switch (reading.kind) {
    case "nothing":
      return { icon: iconOf(status), text: `TinyLM${training}`, sentences: ofServer, warns: false };
    case "withheld":
      return say("$(circle-slash)", `not read${training}`, [WITHHELD, ...ofServer]);
    case "left":
      return { icon: USUAL, text: `TinyLM${training}`, sentences: [leftSentence(reading.languageId), ...ofServer], warns: false };
    case "awaited":
      return say(SPIN, `reading${training}`, ofServer);
    case "read": {
      const note = reading.note === null || ofServer.includes(reading.note) ? [] : [reading.note];
      const icon = reading.stale ? SPIN : iconOf(status);
      return { icon, text: `${partsOf(reading, status).join(", ")}${training}`, sentences: [...ofServer, ...note], warns: false };
    }
  }
}

const WITHHELD = "The editor gives extensions no text of this file: it is binary, or larger than 50 MB.";

function leftSentence(languageId: string): string {
  return `TinyLM leaves this text (${languageId}) alone. "TinyLM: Toggle Token Boundaries" looks at it, the setting tinylm.boundaries.languages at all of its kind.`;
}

function iconOf({ state }: Pick<Status, "state">): string {
  return state === "starting" ? SPIN : state === "degraded" ? "$(warning)" : USUAL;
}

function partsOf(read: Read, { state }: Pick<Status, "state">): string[] {
  const { document, selection, selectionCapped, unscored, note, count } = read;
  const without = state === "degraded" ? ["no probabilities"] : unscored && state === "ready" ? ["not scored"] : [];
  const totals = selection ?? document;
  if (totals === null) return [countingText(count), ...without];
  const { tokens, bytesPerToken, bitsPerByte, soFar } = figuresOf(totals);
  return [
    selection === null ? tokens : `${tokens} selected${selectionCapped ? " at least" : ""}`,
    ...(bytesPerToken === null ? [] : [`${bytesPerToken} bytes/token`]),
    ...(bitsPerByte === null ? [] : [`${bitsPerByte} bits/byte${soFar ? " so far" : ""}`]),
    ...(note?.startsWith("capped") === true ? ["not all painted"] : []),
    ...without,
  ];
}

/** Of a document whose tokens are not all counted. */
export function countingText({ nBytes, nCountedBytes }: Count): string {
  if (nCountedBytes === null) return "tokens cannot be counted";
  return `counting tokens, ${Math.floor((100 * nCountedBytes) / Math.max(1, nBytes))} %`;
}
