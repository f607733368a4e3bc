import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketFromBits, bucketFromRank, bucketOfCell, HEAT_MODES, legendOf, lineOfBucket, N_BUCKETS, nextHeatMode, WORST_BUCKET } from "../src/heat";
import { planFor } from "../src/plan";
import type { Look } from "../src/plan";
import type { TokenScores } from "../src/protocol";
import { decodeCells } from "../src/tokens";

const VOCAB_SIZE = 8192; // 13 bits

test("one bucket is two bits of a vocabulary of 8192, and follows the vocabulary", () => {
  const bits = [-3, 0, 1.99, 2, 5.5, 12.999, 13, 40];
  assert.deepEqual(bits.map((value) => bucketFromBits(value, VOCAB_SIZE)), [0, 0, 0, 1, 2, 6, 6, 6]);
  assert.deepEqual([7.3, 7.4, 8].map((value) => bucketFromBits(value, 256)), [5, 6, 6]);
});

test("only what a uniform guess beats is worse than that, and characters of several tokens pay for each", () => {
  const scores = (bits: number[]): TokenScores => ({ surprisalBits: bits, rank: [1, 1], entropyBits: [14, 14], maxLogprob: [0, 0], contextTokens: [0, 0] });
  const bucket = (bits: number[], mode: "surprisal" | "entropy" = "surprisal"): number | null => {
    const [cell] = decodeCells({ cells: [0, 0, 0, 1, 0, bits.length], ids: bits });
    return cell === undefined ? null : bucketOfCell(mode, scores(bits), cell, VOCAB_SIZE);
  };
  assert.deepEqual([bucket([13]), bucket([13.01]), bucket([13, 13]), bucket([13, 13.01])], [6, WORST_BUCKET, 6, WORST_BUCKET]);
  assert.equal(bucket([14], "entropy"), 6);
});

test("ranks fall into five buckets", () => {
  assert.deepEqual([1, 2, 10, 11, 100, 101, 1000, 1001].map(bucketFromRank), [0, 2, 2, 3, 3, 5, 5, 6]);
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
    assert.ok(buckets.every((bucket) => lineOfBucket(bucket) !== ""));
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
    surprisal: 2,
    rank: 2,
    entropy: 1,
    surplus: 0,
    ratio: 1,
  });
});

const LOOK: Look = { boundaries: true, heatMode: "surprisal", heatStyle: "colour", vocabSize: VOCAB_SIZE };
const plan = (look: Partial<Look>, scores: TokenScores | null = SCORES, nScored?: number): object => Object.fromEntries(planFor(CELLS, scores, { ...LOOK, ...look }, nScored));
const [FIRST, SECOND] = [[[0, 0, 0, 1]], [[0, 1, 0, 2]]];

test("an undefined value is hatched over a band, never painted as zero", () => {
  assert.deepEqual(plan({}), { heat2Even: FIRST, undefined: SECOND, bandOdd: SECOND });
});

test("without colours the line under a token shows its bucket, and edges its boundaries", () => {
  assert.deepEqual(plan({ heatStyle: "underline" }), { line2: FIRST, edgeEven: FIRST, undefined: SECOND, edgeOdd: SECOND });
});

test("without scores, or with scores that no longer count, a heat map keeps the bands", () => {
  assert.deepEqual(plan({}, null), { bandEven: FIRST, bandOdd: SECOND });
  assert.deepEqual(plan({}, SCORES, 1), { heat2Even: FIRST, bandOdd: SECOND });
});

test("nothing is painted when everything is off", () => {
  assert.deepEqual(plan({ boundaries: false, heatMode: "off" }, null), {});
});

test("equal neighbours are painted in two styles in turn, so that their boundary stays", () => {
  const scores = { ...SCORES, surprisalBits: [4, 4] };
  assert.deepEqual(plan({}, scores), { heat2Even: FIRST, heat2Odd: SECOND });
});

test("a token over line ends is marked at the end of each line it ends", () => {
  const cells = decodeCells({ cells: [3, 4, 2, 0, 0, 1], ids: [1] });
  const marks = planFor(cells, null, { ...LOOK, heatMode: "off" }).get("newline");
  assert.deepEqual(marks?.map(([line]) => line), [3, 4]);
});
