/** What the training view's page and the extension tell each other. Types only. */
import type { TrainingEventsResult } from "../src/protocol";

export type ToTrainingPage = { readonly type: "events"; readonly events: TrainingEventsResult } | { readonly type: "problem"; readonly text: string };

export type FromTrainingPage = { readonly type: "ready" } | { readonly type: "stop" } | { readonly type: "resume" } | { readonly type: "use" };

/** What VS Code keeps of the page across a reload of the window. */
export interface TrainingPageState {
  readonly run: string;
  readonly logSteps: boolean;
  readonly logValues: boolean;
}
