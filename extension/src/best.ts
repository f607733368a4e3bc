/** Whether a training has gone too far: its evaluations tell when it began to learn its text by heart. Pure. */
import type { TrainingEvaluation } from "./protocol";

/** A difference that a reader of the samples might notice; smaller ones are no reason to leave the newest weights. */
const CLEARLY_WORSE = 1.02;

export interface Measured {
  readonly step: number;
  readonly bitsPerByte: number;
}

/** The best evaluation whose weights are kept, and the newest one, which is clearly worse. */
export interface Worsening {
  readonly best: Measured;
  readonly newest: Measured;
}

/** Null where the newest weights are as good as any that are kept, or nothing better is known. */
export function worseningOf(evaluations: readonly TrainingEvaluation[], savedSteps: readonly number[]): Worsening | null {
  const newest = measuredIn(evaluations).at(-1);
  const best = bestOf(evaluations, savedSteps);
  return newest !== undefined && best !== null && newest.bitsPerByte > CLEARLY_WORSE * best.bitsPerByte ? { best, newest } : null;
}

/** The best of the evaluations whose weights are kept, the earliest of equal ones; null where there is none. */
export function bestOf(evaluations: readonly TrainingEvaluation[], savedSteps: readonly number[]): Measured | null {
  const [first, ...others] = measuredIn(evaluations).filter(({ step }) => savedSteps.includes(step));
  return first === undefined ? null : others.reduce((one, other) => (other.bitsPerByte < one.bitsPerByte ? other : one), first);
}

function measuredIn(evaluations: readonly TrainingEvaluation[]): Measured[] {
  return evaluations.flatMap(({ step, bitsPerByte }): Measured[] => (bitsPerByte === null ? [] : [{ step, bitsPerByte }]));
}

/** "getting worse since step 10: 1.821 bits per byte then, 3.340 now". */
export function worseningText({ best, newest }: Worsening): string {
  return `getting worse since step ${best.step.toLocaleString("en")}: ${best.bitsPerByte.toFixed(3)} bits per byte then, ${newest.bitsPerByte.toFixed(3)} now`;
}

/** What to ask when a training has ended so. */
export function worseningQuestion({ best, newest }: Worsening): string {
  return `The model is trained: best ${best.bitsPerByte.toFixed(3)} bits per byte at step ${best.step.toLocaleString("en")}, ${newest.bitsPerByte.toFixed(3)} at the end, so it learned the text by heart. Use the best?`;
}
