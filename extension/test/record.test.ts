/** What the training view makes of the parts that come over the wire. */
import assert from "node:assert/strict";
import { test } from "node:test";
import trainingEvents from "../../tests/golden/trainingEvents.json";
import type { TrainingEventsResult } from "../src/protocol";
import { curveOf, damage, evaluated, isGoing, joined, message, summary, tableRows } from "../views/record";

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

test("of a run that was stopped it is said what there is, not the directories and commands that the buttons stand for", () => {
  const said = (text: string, more: Partial<TrainingEventsResult> = {}): string => message(joined(null, { ...FIRST, message: text, ...more }));
  const stopped = "stopped at step 12; /a; b/model can be used now; tinylm train --resume --out /a; b goes on";
  assert.equal(said("stopped at step 0; tinylm train --resume --out /a; b goes on", { model: "/a; b/model" }), "stopped at step 0, before anything was learned");
  assert.equal(said(stopped, { model: "/a; b/model" }), "stopped at step 12; its checkpoint can be used as it is, the best one is of step 2");
  assert.equal(said(stopped, { model: "/a; b/model", savedSteps: [12] }), "stopped at step 12; its checkpoint can be used as it is");
  assert.equal(said("nobody trains here; resume goes on at the last checkpoint"), "nobody trains here; resume goes on at the last checkpoint");
});

test("damaged lines of the diary are told of, those of every part together", () => {
  assert.equal(damage(joined(null, FIRST)), "");
  const one = joined(joined(null, FIRST), part([3], { nUnreadable: 1 }));
  assert.equal(damage(one), "1 damaged line of events.jsonl left out; the rest is shown");
  assert.equal(damage(joined(one, part([4], { nUnreadable: 2 }))), "3 damaged lines of events.jsonl left out; the rest is shown");
  assert.equal(damage(joined(one, part([1], { startsOver: true, nUnreadable: 0 }))), "");
});

test("the table has each evaluation and the newest step, the newest first", () => {
  assert.deepEqual(tableRows(joined(joined(null, FIRST), part([5]))), [
    ["5", "2.000", "–", "–", "2.000", "2.000", "2"],
    ["2", "8.900", "8.850", "3.100", "0.006000", "2.900", "7,151"],
  ]);
  assert.deepEqual(tableRows(joined(null, part([]))), []);
});

