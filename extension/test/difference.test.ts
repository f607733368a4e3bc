import assert from "node:assert/strict";
import { test } from "node:test";
import compareModels from "../../tests/golden/compareModels.json";
import { differencesOf, legendOfComparison, mostDifferent, stepOf, totalsText } from "../src/difference";
import { decodeCells } from "../src/tokens";

test("steps grow with the difference, on both sides of nothing", () => {
  assert.deepEqual([-7, -5, -4.9, -0.5, -0.49, 0, 0.49, 0.5, 2, 5].map(stepOf), [-3, -3, -2, -1, 0, 0, 0, 1, 2, 3]);
});

test("differences add up over the cells to the totals of the answer", () => {
  const { result } = compareModels;
  const differences = differencesOf(result, decodeCells(result));
  const sums = [0, 0];
  for (const { ownBits, otherBits } of differences) {
    sums[0] = (sums[0] ?? 0) + ownBits;
    sums[1] = (sums[1] ?? 0) + otherBits;
  }
  for (const [index, sum] of sums.entries()) assert.ok(Math.abs(sum - (result.summary.surprisalBits[index] ?? 0)) < 1e-3);
  const [first, second] = mostDifferent(differences, 2);
  assert.ok(first !== undefined && second !== undefined);
  assert.ok(Math.abs(first.otherBits - first.ownBits) >= Math.abs(second.otherBits - second.ownBits));
  assert.match(totalsText(result), /^\S+ \d+\.\d{3}, \S+ \d+\.\d{3} bits per byte$/);
});

test("the legend names both models and the units, from the one to the other", () => {
  const legend = legendOfComparison("mine", "yours");
  assert.equal(legend.length, 6);
  assert.deepEqual(legend[0], { colour: "tinylm.compare.own.3", label: "mine finds it likelier by 5 bits or more" });
  assert.deepEqual(legend[3], { colour: "tinylm.compare.other.1", label: "yours finds it likelier by 0.5 bits to 2" });
});
