import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobProgress } from "../src/protocol";
import { durationText, learnedText, markdownFromText, percentText, progressText, trainingText } from "../src/words";

const JOB: JobProgress = {
  jobId: "j1",
  kind: "model",
  run: "/r",
  state: "running",
  phase: "training",
  fraction: 0.429,
  step: 12,
  totalSteps: 300,
  loss: 3.14159,
  validationLoss: null,
  bitsPerByte: null,
  tokensPerSecond: 1234.5,
  secondsLeft: 65,
  sample: null,
  message: "",
  model: null,
};

test("durations are rounded to what one cares for", () => {
  assert.deepEqual([0, 59.4, 60, 185, 7800].map(durationText), ["0 s", "59 s", "1 min 00 s", "3 min 05 s", "2 h 10 min"]);
});

test("progress says step, loss, speed and time left, and leaves out what is unknown", () => {
  assert.equal(progressText(JOB), "step 12 of 300, loss 3.142, 1,235 tokens/s, 1 min 05 s left");
  assert.equal(progressText({ ...JOB, step: null, loss: null, tokensPerSecond: null, secondsLeft: null, message: "counting words" }), "counting words");
  assert.equal(progressText({ ...JOB, step: null, loss: null, tokensPerSecond: null, secondsLeft: null }), "running");
});

test("the status item mentions a job only while it runs", () => {
  assert.equal(trainingText(JOB), ", training 42 %");
  assert.equal(trainingText({ ...JOB, state: "finished" }), "");
});

test("a hover over a text that is being learned begins with whose colours it has", () => {
  assert.equal(learnedText("watched", 1200, 3, "starter"), "Coloured by step 1,200 of watched: surprisal 3.00 bits, probability 12.5 %. The model in use, starter, says:");
});

test("a text cannot become markup", () => {
  assert.equal(markdownFromText("a *b* <img> [x](command:y) $(zap) &lt;"), "a \\*b\\* &lt;img\\> \\[x\\]\\(command:y\\) \\$\\(zap\\) &amp;lt;");
});

test("probabilities read like those of the hover", () => {
  assert.deepEqual([Math.log(0.5), Math.log(0.099), Math.log(0.0123), Math.log(4.1e-5), Math.log(3e-9)].map(percentText), ["50.0 %", "9.9 %", "1.2 %", "0.0041 %", "3e-9"]);
});
