/** What the training view's page and the extension tell each other. Types only. */
import type { TokenizerEventsResult, TrainingEventsResult } from "../src/protocol";

export interface LearnedStep {
  readonly step: number;
  readonly bitsPerByte: number | null;
}

/** A text that is watched being learned. */
export interface LearningState {
  /** Its beginning. */
  readonly quote: string;
  /** Those known so far, in order. */
  readonly steps: readonly LearnedStep[];
  /** The step whose colours the editor shows. */
  readonly shown: number | null;
  readonly nWaiting: number;
  readonly problem: string | null;
}

export type ToTrainingPage =
  | { readonly type: "events"; readonly events: TrainingEventsResult }
  | { readonly type: "merges"; readonly events: TokenizerEventsResult }
  | { readonly type: "learning"; readonly state: LearningState | null }
  | { readonly type: "problem"; readonly text: string };

export type FromTrainingPage =
  | { readonly type: "ready" }
  | { readonly type: "stop" }
  | { readonly type: "resume" }
  /** The weights of a step that was kept; null for the newest. */
  | { readonly type: "use"; readonly step: number | null }
  | { readonly type: "showStep"; readonly step: number }
  | { readonly type: "endLearning" };

/** What VS Code keeps of the page across a reload of the window. */
export interface TrainingPageState {
  readonly run: string;
  readonly logSteps: boolean;
  readonly logValues: boolean;
}
