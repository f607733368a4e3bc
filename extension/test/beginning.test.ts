/** The last question before a training: its first answer, which Enter takes, is the advisable one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import estimateTraining from "../../tests/golden/estimateTraining.json";
import { beginnings } from "../src/beginning";
import type { TrainingEstimate, TrainModelArguments } from "../src/protocol";
import { estimateText } from "../src/words";

const ESTIMATE: TrainingEstimate = { ...estimateTraining.result, nParameters: 4_291_584, steps: 1200, seconds: 1500, memoryBytes: 1.219e9 };
const SMALL: TrainingEstimate = { ...ESTIMATE, warning: "about 1,200 tokens, read 2,048 times, will be learned by heart; more text or --init-from x help" };
const WANTED: TrainModelArguments = { data: ["/a/tale.txt"], initFrom: null, tokenizer: null, vocabSize: 8192, out: "/a/run", size: "small", steps: 1200, budget: null };

test("what a training will cost is said in one line, and no more parameters than there will be", () => {
  const withTokenizer = { ...WANTED, tokenizer: "/a/tokenizer", vocabSize: null };
  assert.equal(estimateText(ESTIMATE, withTokenizer), "4.3 M parameters, 1,200 steps, about 25 min 00 s and evaluations, 1.2 GB of memory");
  assert.equal(estimateText(ESTIMATE, { ...withTokenizer, budget: "10m" }), "4.3 M parameters, 1,200 steps, within 10m, 1.2 GB of memory");
  assert.match(estimateText(ESTIMATE, WANTED), /^up to 4\.3 M parameters, /); // A small text may have fewer pairs than were asked for.
  assert.match(estimateText(ESTIMATE, { ...WANTED, initFrom: "" }), /^4\.3 M parameters, /);
});

test("a training is started unless there is something to say against it", () => {
  const answers = beginnings(ESTIMATE, WANTED);
  assert.deepEqual(answers.map(({ value }) => value), ["start", "leave"]);
  const [start] = answers;
  assert.deepEqual([start?.description, start?.detail], ["kept in /a/run", estimateText(ESTIMATE, WANTED)]);
});

test("for a text that would be learned by heart the starter model is offered first, with the reason in plain words", () => {
  const answers = beginnings(SMALL, WANTED);
  assert.deepEqual(answers.map(({ value }) => value), ["fromStarter", "start", "leave"]);
  assert.equal(answers[0]?.detail, "About 1,200 tokens, read 2,048 times, will be learned by heart");
  assert.equal(answers[1]?.label, "Start from random weights all the same");
});

test("who begins with a model is told the same and offered no other", () => {
  const answers = beginnings(SMALL, { ...WANTED, initFrom: "/a/model" });
  assert.deepEqual(answers.map(({ value }) => value), ["start", "leave"]);
  assert.match(answers[0]?.detail ?? "", /^About 1,200 tokens, .* by heart; more text or fewer steps help$/);
});
