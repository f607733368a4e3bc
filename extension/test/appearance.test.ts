/** The editor is never given more decoration types than the budget, whatever is switched on, and they have one maker. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { APPEARANCES, appearancesOf, MAX_TYPES, stylesOf } from "../src/appearance";
import { HEAT_MODES, HEAT_STYLES, N_BUCKETS } from "../src/heat";
import { planFor } from "../src/plan";
import type { TokenScores } from "../src/protocol";
import { CellFlag, decodeCells } from "../src/tokens";

const sources = join(process.env["TINYLM_ROOT"] ?? ".", "extension", "src");

test("every feature at once needs at most 32 decoration types, in either way of showing heat", () => {
  for (const style of HEAT_STYLES) assert.ok(appearancesOf(style).size <= MAX_TYPES, `${style}: ${appearancesOf(style).size}`);
  assert.equal(MAX_TYPES, 32);
});

test("decoration types are made in one place only", () => {
  const makers = readdirSync(sources).filter((name) => readFileSync(join(sources, name), "utf8").includes("createTextEditorDecorationType"));
  assert.deepEqual(makers, ["styles.ts"]);
});

test("all that the painter plans has a look, and the look is of its way of showing heat", () => {
  const all = CellFlag.split | CellFlag.special;
  const bits = [...Array.from({ length: N_BUCKETS }, (_, bucket) => 2 * bucket + 0.5), null];
  const cells = decodeCells({ cells: bits.flatMap((_, index) => [index % 2, 0, 1, 0, all | (index % 2), 1]), ids: bits.map(() => 1) });
  const scores: TokenScores = { surprisalBits: bits, entropyBits: bits, rank: bits, maxLogprob: bits, contextTokens: bits.map(() => 0) };
  for (const heatStyle of HEAT_STYLES) {
    for (const heatMode of HEAT_MODES) {
      const plan = planFor(cells, scores, { boundaries: true, heatMode, heatStyle, vocabSize: 8192 });
      for (const name of plan.keys()) assert.ok(stylesOf(heatStyle).has(name), name);
      if (heatMode === "surprisal") assert.ok(plan.size >= N_BUCKETS, `${heatStyle}: ${plan.size}`);
    }
  }
});

test("a pattern lies over the colours, so an undefined or split cell keeps its boundary", () => {
  const cells = decodeCells({ cells: [0, 0, 0, 1, CellFlag.split, 1, 0, 1, 0, 1, 1, 1], ids: [1, 2] });
  const undefinedScores: TokenScores = { surprisalBits: [null, null], entropyBits: [null, null], rank: [null, null], maxLogprob: [null, null], contextTokens: [0, 0] };
  const names = (heatStyle: "colour" | "underline"): string[] => [...planFor(cells, undefinedScores, { boundaries: false, heatMode: "surprisal", heatStyle, vocabSize: 8192 }).keys()].sort();
  assert.deepEqual(names("colour"), ["bandEven", "bandOdd", "split", "undefined"]);
  assert.deepEqual(names("underline"), ["edgeEven", "edgeOdd", "split", "undefined"]);
  for (const [name, { pattern }] of APPEARANCES) assert.equal(pattern !== undefined, name === "undefined" || name === "split", name);
});
