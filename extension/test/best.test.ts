/** When a training has gone too far, and which of its weights are offered then. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { worseningOf, worseningQuestion, worseningText } from "../src/best";
import type { TrainingEvaluation } from "../src/protocol";

function evaluations(...bits: [step: number, bitsPerByte: number | null][]): TrainingEvaluation[] {
  return bits.map(([step, bitsPerByte]) => ({ step, bitsPerByte, validationLoss: bitsPerByte, sample: "" }));
}

test("the best evaluation is found among those whose weights are kept", () => {
  const found = worseningOf(evaluations([10, 1.821], [20, 1.7], [30, 2.5], [40, 3.34]), [0, 10, 30, 40]);
  assert.deepEqual(found, { best: { step: 10, bitsPerByte: 1.821 }, newest: { step: 40, bitsPerByte: 3.34 } });
});

test("newest weights that are as good as any, or not comparable, stay the choice", () => {
  assert.equal(worseningOf(evaluations([10, 3], [20, 2], [30, 1.9]), [10, 20, 30]), null);
  assert.equal(worseningOf(evaluations([10, 1.9], [20, 1.93]), [10, 20]), null, "hardly worse");
  assert.equal(worseningOf(evaluations([10, 1], [20, 2]), []), null, "nothing is kept");
  assert.equal(worseningOf(evaluations([10, null], [20, 2]), [10, 20]), null);
  assert.equal(worseningOf([], [10]), null);
});

test("both steps are named with their numbers", () => {
  const worsening = { best: { step: 1010, bitsPerByte: 1.8214 }, newest: { step: 2000, bitsPerByte: 3.34 } };
  assert.equal(worseningText(worsening), "getting worse since step 1,010: 1.821 bits per byte then, 3.340 now");
  assert.equal(worseningQuestion(worsening), "The model is trained: best 1.821 bits per byte at step 1,010, 3.340 at the end, so it learned the text by heart. Use the best?");
});
