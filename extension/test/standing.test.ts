/** Every state of the text and the server has words of its own in the status item, with what to do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Status } from "../src/protocol";
import { standingOf } from "../src/standing";
import type { Facts, Read, Reading } from "../src/standing";
import { NOTHING } from "../src/totals";

const NOTE = "3,000,000 characters without a space are too many to be taken apart; break them into lines";
const TOTALS = { ...NOTHING, nTokens: 1000, nBytes: 4000 };
const READ: Read = {
  kind: "read",
  count: { version: 3, nTokens: 1000, nBytes: 4000, nCountedBytes: 4000 },
  document: TOTALS,
  selection: null,
  selectionCapped: false,
  stale: false,
  unscored: false,
  note: null,
};

function status(state: Status["state"], message = ""): Facts["status"] {
  return { state, message, training: null };
}

function standing(reading: Reading, changed: Partial<Facts> = {}): { text: string; sentences: readonly string[]; warns: boolean } {
  const { icon, text, sentences, warns } = standingOf({ problem: null, connection: "running", status: status("ready", "starter is ready"), reading, ...changed });
  return { text: `${icon} ${text}`, sentences, warns };
}

function textOf(reading: Reading, changed: Partial<Facts> = {}): string {
  return standing(reading, changed).text;
}

test("a text that is read shows its numbers and no sentence", () => {
  assert.deepEqual(standing(READ), { text: "$(symbol-ruler) 1,000 tokens, 4.00 bytes/token", sentences: [], warns: false });
  const scored = { ...TOTALS, nScoredTokens: 500, nScoredBytes: 2000, surprisalBits: 3000 };
  assert.equal(textOf({ ...READ, document: scored }), "$(symbol-ruler) 1,000 tokens, 4.00 bytes/token, 1.50 bits/byte so far");
  assert.equal(textOf({ ...READ, selection: { ...TOTALS, nTokens: 7 }, selectionCapped: true }), "$(symbol-ruler) 7 tokens selected at least, 571.43 bytes/token");
});

test("a long document tells how far counting is, and one that cannot be counted says why", () => {
  const counting = { ...READ, document: null, count: { version: 3, nTokens: null, nBytes: 50_000_000, nCountedBytes: 21_400_000 } };
  assert.equal(textOf(counting), "$(symbol-ruler) counting tokens, 42 %");
  const uncountable = { ...counting, count: { ...counting.count, nCountedBytes: null }, note: NOTE };
  assert.deepEqual(standing(uncountable), { text: "$(symbol-ruler) tokens cannot be counted", sentences: [NOTE], warns: false });
});

test("a line with more cells than may be painted says that not all are", () => {
  const note = "capped at 5000 cells; the setting tinylm.maxCells allows more";
  assert.deepEqual(standing({ ...READ, note }), { text: "$(symbol-ruler) 1,000 tokens, 4.00 bytes/token, not all painted", sentences: [note], warns: false });
});

test("a text that changed since spins until it is read again, and so does a model that loads", () => {
  assert.equal(textOf({ ...READ, stale: true }), "$(sync~spin) 1,000 tokens, 4.00 bytes/token");
  assert.deepEqual(standing(READ, { status: status("starting", "Loading the model") }), { text: "$(sync~spin) 1,000 tokens, 4.00 bytes/token", sentences: ["Loading the model"], warns: false });
});

test("a model that was exchanged meanwhile left no scores", () => {
  const note = "the model was exchanged meanwhile; ask again";
  assert.deepEqual(standing({ ...READ, unscored: true, note }), { text: "$(symbol-ruler) 1,000 tokens, 4.00 bytes/token, not scored", sentences: [note], warns: false });
});

test("a tokenizer that does not fit its model leaves tokens without probabilities, said once", () => {
  const message = "the model has 8192 vocabulary entries but its tokenizer 400; use the tokenizer.json it was trained with";
  const seen = standing({ ...READ, unscored: true, note: message }, { status: status("degraded", message) });
  assert.deepEqual(seen, { text: "$(warning) 1,000 tokens, 4.00 bytes/token, no probabilities", sentences: [message], warns: false });
});

test("without a model, a server or an environment the item says so and what to do, whatever the text", () => {
  const message = "no model in /tales; choose one with TinyLM: Select Model";
  for (const reading of [READ, { kind: "nothing" }, { kind: "withheld" }] as const) {
    assert.deepEqual(standing(reading, { status: status("failed", message) }), { text: "$(error) TinyLM: no model", sentences: [message], warns: true });
    assert.deepEqual(textOf(reading, { connection: "stopped" }), "$(circle-slash) TinyLM: off");
    assert.deepEqual(textOf(reading, { connection: "starting" }), "$(sync~spin) TinyLM: starting");
    const problem = { text: "set up", advice: 'Run "TinyLM: Set Up".' };
    assert.deepEqual(standing(reading, { problem }), { text: "$(warning) TinyLM: set up", sentences: [problem.advice], warns: true });
  }
});

test("a file that the editor withholds, one of another kind, and one not answered yet are told apart", () => {
  assert.equal(textOf({ kind: "withheld" }), "$(circle-slash) TinyLM: not read");
  assert.match(standing({ kind: "withheld" }).sentences[0] ?? "", /binary, or larger than 50 MB/);
  assert.equal(textOf({ kind: "left", languageId: "python" }), "$(symbol-ruler) TinyLM");
  assert.match(standing({ kind: "left", languageId: "python" }).sentences[0] ?? "", /\(python\).*Toggle Token Boundaries/);
  assert.equal(textOf({ kind: "awaited" }), "$(sync~spin) TinyLM: reading");
  assert.equal(textOf({ kind: "nothing" }), "$(symbol-ruler) TinyLM");
});
