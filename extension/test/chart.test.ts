/** Axes, ticks, paths and smoothing of the training view's charts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { axisFor, nearest, pathOf, smoothed, tickText } from "../views/chart";

test("an axis holds every value, and its ticks are round numbers within it", () => {
  const axis = axisFor([2.31, 9.04], "linear", 100, 0, 5);
  assert.deepEqual(axis.ticks, [2, 4, 6, 8]);
  assert.ok(axis.place(9.04) > 0 && axis.place(2.31) < 100);
  assert.ok(axis.place(9.04) < axis.place(2.31), "higher values lie higher");
  assert.deepEqual(axisFor([0.006, 0.006], "linear", 0, 1, 4).ticks, [0.004, 0.006, 0.008]);
});

test("a logarithmic axis takes only positive values, and a decade has the same length everywhere", () => {
  const axis = axisFor([0, -3, 1, 1000], "log", 0, 300, 4);
  assert.deepEqual(axis.ticks, [1, 10, 100, 1000]);
  assert.ok(Math.abs(axis.place(10) - axis.place(1) - (axis.place(1000) - axis.place(100))) < 1e-9);
  assert.deepEqual(axisFor([3, 4], "log", 0, 1, 4).ticks, [3, 3.5, 4]);
});

test("a path has a gap where a value is undefined or cannot be shown", () => {
  const points = [1, 2, null, 4, 5].map((y, x) => ({ x, y }));
  const axis = axisFor([0, 5], "linear", 0, 10, 2);
  assert.equal(pathOf(points, axis, axis).replaceAll(/[\d. ]+/g, "."), "M.L.M.L.");
  const log = axisFor([1, 5], "log", 0, 10, 2);
  assert.equal(pathOf([{ x: 0, y: 1 }, { x: 1, y: 1 }], log, log).match(/[ML]/g)?.join(""), "M", "step 0 has no logarithm");
  assert.equal(pathOf([], axis, axis), "");
});

test("smoothing begins at the first value, keeps the gaps, follows at once at the beginning and slowly later", () => {
  const flat = smoothed([4, 4, null, 4].map((y, x) => ({ x, y })), 10).map(({ y }) => y);
  assert.deepEqual([flat[0], flat[2]], [4, null]);
  assert.ok(Math.abs((flat[3] ?? 0) - 4) < 1e-12);
  const valueAfter = (n: number): number => smoothed([...Array<number>(n).fill(0), 10].map((y, x) => ({ x, y })), 10).at(-1)?.y ?? NaN;
  assert.deepEqual([valueAfter(0), valueAfter(1), valueAfter(4), valueAfter(100)], [10, 8, 5, 1]);
  const falling = Array.from({ length: 200 }, (_, step) => ({ x: step, y: 3 + 6 * Math.exp(-step / 20) }));
  const lag = smoothed(falling, 20).map(({ y }, index) => (y ?? NaN) - (falling[index]?.y ?? NaN));
  assert.ok(Math.max(...lag) < 1, `${Math.max(...lag)} nats above a loss that falls by six`);
});

test("the nearest point is found by its x", () => {
  const points = [1, 5, 6, 20].map((x) => ({ x, y: 0 }));
  assert.deepEqual([-9, 2, 4, 5.4, 12, 14, 99].map((x) => nearest(points, x)), [0, 0, 1, 1, 2, 3, 3]);
  assert.equal(nearest([], 3), -1);
});

test("tick labels are short", () => {
  assert.deepEqual([0, 0.006, 0.00005, 12, 2500, 25_000, 3_200_000].map(tickText), ["0", "0.006", "5e−5", "12", "2500", "25k", "3.2M"]);
});
