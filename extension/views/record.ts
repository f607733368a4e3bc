/** A run as the page knows it: the parts that came over the wire, put together. Pure. */
import { bestOf, worseningOf, worseningText } from "../src/best";
import type { TrainingEvaluation, TrainingEventsResult, TrainingSteps } from "../src/protocol";
import { durationText, parametersText } from "../src/words";
import type { Point } from "./chart";

export type Column = Exclude<keyof TrainingSteps, "step">;

export interface RunRecord {
  readonly last: TrainingEventsResult;
  readonly totalSteps: number | null;
  readonly nParameters: number | null;
  readonly secondsLeft: number | null;
  readonly steps: TrainingSteps;
  readonly evaluations: readonly TrainingEvaluation[];
  /** Damaged lines of its diary. */
  readonly nUnreadable: number;
}

/** The record after one more part. A part that starts over replaces everything. */
export function joined(record: RunRecord | null, part: TrainingEventsResult): RunRecord {
  const before = part.startsOver ? null : record;
  const { steps, evaluations, nUnreadable } = part;
  if (before === null) return { last: part, totalSteps: part.totalSteps, nParameters: part.nParameters, secondsLeft: part.secondsLeft, steps, evaluations, nUnreadable };
  return {
    last: part,
    totalSteps: part.totalSteps ?? before.totalSteps,
    nParameters: part.nParameters ?? before.nParameters,
    secondsLeft: part.secondsLeft ?? before.secondsLeft,
    steps: {
      step: [...before.steps.step, ...steps.step],
      loss: [...before.steps.loss, ...steps.loss],
      learningRate: [...before.steps.learningRate, ...steps.learningRate],
      gradNorm: [...before.steps.gradNorm, ...steps.gradNorm],
      tokensPerSecond: [...before.steps.tokensPerSecond, ...steps.tokensPerSecond],
      time: [...before.steps.time, ...steps.time],
    },
    evaluations: [...before.evaluations, ...evaluations],
    nUnreadable: before.nUnreadable + nUnreadable,
  };
}

export function curveOf(record: RunRecord, column: Column): Point[] {
  const values = record.steps[column];
  return record.steps.step.map((x, index) => ({ x, y: values[index] ?? null }));
}

export function evaluated(record: RunRecord, field: "validationLoss" | "bitsPerByte"): Point[] {
  return record.evaluations.map((evaluation) => ({ x: evaluation.step, y: evaluation[field] }));
}

/** "step 342 of 2,900, 1 h 20 min left, 2,130 tokens/s, 3.2 M parameters": what of it is known. */
export function summary(record: RunRecord): string {
  const step = record.steps.step.at(-1);
  const speed = record.steps.tokensPerSecond.at(-1) ?? null;
  const total = record.totalSteps === null ? "" : ` of ${record.totalSteps.toLocaleString("en")}`;
  const parts = [
    step === undefined ? null : `step ${step.toLocaleString("en")}${total}`,
    record.secondsLeft === null || !isGoing(record) ? null : `${durationText(record.secondsLeft)} left`,
    speed === null ? null : `${Math.round(speed).toLocaleString("en")} tokens/s`,
    record.nParameters === null ? null : parametersText(record.nParameters),
  ];
  return parts.filter((part) => part !== null).join(", ");
}

/** A line about where the run stands; of one that was stopped, what there is of it, which the buttons below it use. */
export function message({ last, evaluations }: RunRecord): string {
  const [, step] = /^stopped at step (\d+); /.exec(last.message) ?? [];
  if (step === undefined) return last.message;
  if (step === "0" || last.model === null) return `stopped at step ${step}, before anything was learned`;
  const best = bestOf(evaluations, last.savedSteps);
  return `stopped at step ${step}; its checkpoint can be used as it is${best === null ? "" : `, the best one is of step ${best.step.toLocaleString("en")}`}`;
}

/** Says that something of the diary could not be read; empty otherwise. */
export function damage({ nUnreadable }: RunRecord): string {
  return nUnreadable === 0 ? "" : `${nUnreadable} damaged ${nUnreadable === 1 ? "line" : "lines"} of events.jsonl left out; the rest is shown`;
}

/** Says when the evaluations have become worse than one whose weights are kept; empty otherwise. */
export function worsening(record: RunRecord): string {
  const found = worseningOf(record.evaluations, record.last.savedSteps);
  return found === null ? "" : worseningText(found);
}

export function isGoing({ last }: RunRecord): boolean {
  return last.state === "starting" || last.state === "running" || last.state === "stopping";
}

/** The rows of the table: each evaluation with the step nearest to it, and the newest step, the newest first. */
export function tableRows(record: RunRecord): string[][] {
  const { steps } = record;
  const at = new Map(steps.step.map((step, index) => [step, index]));
  const rows = record.evaluations.map((evaluation) => rowOf(evaluation.step, at.get(evaluation.step), evaluation));
  const newest = steps.step.at(-1);
  if (newest !== undefined && newest !== record.evaluations.at(-1)?.step) rows.push(rowOf(newest, steps.step.length - 1, null));
  return rows.reverse();

  function rowOf(step: number, index: number | undefined, evaluation: TrainingEvaluation | null): string[] {
    const value = (column: Column): number | null => (index === undefined ? null : (steps[column][index] ?? null));
    const numbers = [value("loss"), evaluation?.validationLoss ?? null, evaluation?.bitsPerByte ?? null, value("learningRate"), value("gradNorm"), value("tokensPerSecond")];
    return [step.toLocaleString("en"), ...numbers.map((number, column) => (number === null ? "–" : column === 5 ? Math.round(number).toLocaleString("en") : number.toPrecision(4)))];
  }
}
