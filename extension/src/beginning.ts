/** The last question before a training: what it will cost, and from what it had better begin. Pure. */
import type { Choice } from "./asking";
import type { TrainingEstimate, TrainModelArguments } from "./protocol";
import { estimateText } from "./words";

/** To go on from the model that ships, which brings its size and its tokenizer. */
export const FROM_STARTER = { initFrom: "", tokenizer: null, vocabSize: null, size: null } as const;

export type Answer = "start" | "fromStarter" | "leave";

/** The choices; the first, which Enter takes, is the advisable one. */
export function beginnings(estimate: TrainingEstimate, wanted: TrainModelArguments): Choice<Answer>[] {
  const costs = estimateText(estimate, wanted);
  const start: Choice<Answer> = { icon: "play", label: "Start training", description: `kept in ${wanted.out}`, detail: costs, value: "start" };
  const leave: Choice<Answer> = { label: "Do not start", value: "leave" };
  if (estimate.warning === null) return [start, leave];
  const told = warningText(estimate.warning);
  if (wanted.initFrom !== null) return [{ ...start, description: costs, detail: `${told}; more text or fewer steps help` }, leave];
  const starter: Choice<Answer> = { icon: "mortar-board", label: "Start from the starter model instead", description: "it writes simple stories already", detail: told, value: "fromStarter" };
  return [starter, { ...start, label: "Start from random weights all the same" }, leave];
}

/** "About 1,200 tokens, read 270 times, will be learned by heart": what is advised is for the command line. */
function warningText(warning: string): string {
  const [told = warning] = warning.split(";");
  return told.charAt(0).toUpperCase() + told.slice(1);
}
