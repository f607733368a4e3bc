import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketFromBits, bucketFromRank, bucketOfCell, HEAT_MODES, legendOf, N_BUCKETS, nextHeatMode, WORST_BUCKET } from "../src/heat";
import { planFor } from "../src/plan";
import type { TokenScores } from "../src/protocol";
import { decodeCells } from "../src/tokens";

const VOCAB_SIZE = 8192; // 13 bits

test("one bucket is one bit of a vocabulary of 8192", () => {
  const bits = [-3, 0, 0.99, 1, 5.5, 12.999, 13, 40];
  assert.deepEqual(bits.map((value) => bucketFromBits(value, VOCAB_SIZE)), [0, 0, 0, 1, 5, 12, 13, 13]);
});

test("the scale follows the vocabulary, and the last bucket stays worse than a uniform guess", () => {
  assert.equal(bucketFromBits(8, 256), WORST_BUCKET);
  assert.equal(bucketFromBits(7.99, 256), WORST_BUCKET - 1);
});

test("ranks fall into five buckets", () => {
  assert.deepEqual([1, 2, 10, 11, 100, 101, 1000, 1001].map(bucketFromRank), [0, 3, 3, 6, 6, 9, 9, 12]);
});

test("cycling visits every mode and comes back to off", () => {
  let mode: (typeof HEAT_MODES)[number] = "off";
  const seen = HEAT_MODES.map(() => (mode = nextHeatMode(mode)));
  assert.deepEqual([...seen].sort(), [...HEAT_MODES].sort());
  assert.equal(mode, "off");
});

test("every legend names buckets that exist, in order", () => {
  for (const mode of HEAT_MODES) {
    const buckets = legendOf(mode, VOCAB_SIZE).map(({ bucket }) => bucket);
    assert.deepEqual(buckets, [...buckets].sort((a, b) => a - b));
    assert.ok(buckets.every((bucket) => bucket >= 0 && bucket < N_BUCKETS));
  }
});

/** One token of p = 1/16 where the best had 1/4 and the entropy was 3 bits; one whose values are undefined. */
const SCORES: TokenScores = {
  surprisalBits: [4, null],
  rank: [7, null],
  entropyBits: [3, null],
  maxLogprob: [Math.log(1 / 4), null],
  contextTokens: [0, null],
};
const CELLS = decodeCells({ cells: [0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1], ids: [1, 2] });

test("each mode computes its own number", () => {
  const [cell] = CELLS;
  assert.ok(cell);
  const buckets = HEAT_MODES.map((mode) => bucketOfCell(mode, SCORES, cell, VOCAB_SIZE));
  assert.deepEqual(Object.fromEntries(HEAT_MODES.map((mode, index) => [mode, buckets[index]])), {
    off: null,
    surprisal: 4,
    rank: 3,
    entropy: 3,
    surplus: 1,
    ratio: 2,
  });
});

test("an undefined value is painted as undefined, never as zero", () => {
  const plan = planFor(CELLS, SCORES, { boundaries: true, heatMode: "surprisal", vocabSize: VOCAB_SIZE });
  assert.deepEqual([...plan.keys()].sort(), ["heat4", "undefinedScore"]);
});

test("without scores a heat map keeps the bands", () => {
  const plan = planFor(CELLS, null, { boundaries: true, heatMode: "surprisal", vocabSize: VOCAB_SIZE });
  assert.deepEqual(Object.fromEntries(plan), { bandEven: [[0, 0, 0, 1]], bandOdd: [[0, 1, 0, 2]] });
});

test("nothing is painted when everything is off", () => {
  assert.equal(planFor(CELLS, null, { boundaries: false, heatMode: "off", vocabSize: VOCAB_SIZE }).size, 0);
});

test("a token over line ends is marked at the end of each line it ends", () => {
  const cells = decodeCells({ cells: [3, 4, 2, 0, 0, 1], ids: [1] });
  const marks = planFor(cells, null, { boundaries: true, heatMode: "off", vocabSize: VOCAB_SIZE }).get("newline");
  assert.deepEqual(marks?.map(([line]) => line), [3, 4]);
});
