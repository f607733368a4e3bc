/** What the generation view and its page say to each other. The page only draws: it holds no state that could be lost. */
import type { Sampling } from "./protocol";
import type { SessionView } from "./sessionProtocol";

export interface GenerationState {
  readonly view: SessionView | null;
  readonly document: string | null;
  readonly running: boolean;
  /** Tokens a second, at most. */
  readonly pace: number;
  /** One line for the person, or nothing. */
  readonly note: string;
}

export type GenerationAction =
  | { readonly kind: "ready" | "step" | "back" | "run" | "pause" | "redraw" | "begin" | "save" | "load" | "leave" }
  | { readonly kind: "pick"; readonly rank: number }
  | { readonly kind: "go"; readonly number: number | null }
  | { readonly kind: "pace"; readonly pace: number }
  | { readonly kind: "set"; readonly values: Partial<Sampling> };
