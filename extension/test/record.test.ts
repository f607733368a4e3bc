/** What the training view makes of the parts that come over the wire. */
import assert from "node:assert/strict";
import { test } from "node:test";
import trainingEvents from "../../tests/golden/trainingEvents.json";
import type { TrainingEventsResult } from "../src/protocol";
import { estimateText } from "../src/words";
import { curveOf, evaluated, isGoing, joined, message, summary, tableRows } from "../views/record";

const FIRST = trainingEvents.result as TrainingEventsResult;

function part(steps: number[], more: Partial<TrainingEventsResult> = {}): TrainingEventsResult {
  const column = steps.map((step) => 10 / step);
  const none = { totalSteps: null, nParameters: null, secondsLeft: null, evaluations: [] };
  return { ...FIRST, ...none, startsOver: false, steps: { step: steps, loss: column, learningRate: column, gradNorm: column, tokensPerSecond: column, time: column }, ...more };
}

test("later parts go on, and keep what they do not say", () => {
  const record = joined(joined(null, FIRST), part([3, 4], { secondsLeft: 7 }));
  assert.deepEqual(record.steps.step, [1, 2, 3, 4]);
  assert.deepEqual(curveOf(record, "loss").at(-1), { x: 4, y: 2.5 });
  assert.deepEqual([record.totalSteps, record.nParameters, record.secondsLeft], [300, 1_022_592, 7]);
  assert.deepEqual(evaluated(record, "bitsPerByte"), [{ x: 2, y: 3.1 }]);
});

test("a part that starts over replaces what was there", () => {
  const record = joined(joined(null, FIRST), part([1], { startsOver: true }));
  assert.deepEqual([record.steps.step, record.evaluations, record.totalSteps], [[1], [], null]);
});

test("the summary says what is known, and no time left once it is over", () => {
  assert.equal(summary(joined(null, FIRST)), "step 2 of 300, 1 min 58 s left, 7,151 tokens/s, 1.0 M parameters");
  const over = joined(null, { ...FIRST, state: "finished" });
  assert.ok(!isGoing(over));
  assert.equal(summary(over), "step 2 of 300, 7,151 tokens/s, 1.0 M parameters");
  assert.equal(summary(joined(null, part([]))), "");
});

test("the command that Resume stands for is left out", () => {
  const said = (text: string): string => message(joined(null, { ...FIRST, message: text }));
  assert.equal(said("stopped at step 12; tinylm train --resume --out /a; b goes on"), "stopped at step 12");
  assert.equal(said("nobody trains here; resume goes on at the last checkpoint"), "nobody trains here; resume goes on at the last checkpoint");
});

test("the table has each evaluation and the newest step, the newest first", () => {
  assert.deepEqual(tableRows(joined(joined(null, FIRST), part([5]))), [
    ["5", "2.000", "–", "–", "2.000", "2.000", "2"],
    ["2", "8.900", "8.850", "3.100", "0.006000", "2.900", "7,151"],
  ]);
  assert.deepEqual(tableRows(joined(null, part([]))), []);
});

test("what a training will cost is said in one line", () => {
  const estimate = { nParameters: 4_291_584, steps: 1200, seconds: 1500, memoryBytes: 1.219e9 };
  assert.equal(estimateText(estimate, null), "4.3 M parameters, 1,200 steps, about 25 min 00 s and evaluations, 1.2 GB of memory");
  assert.equal(estimateText(estimate, "10m"), "4.3 M parameters, 1,200 steps, within 10m, 1.2 GB of memory");
});
