/** What is counted, and how it is said: of what has no score, nothing is claimed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { legendOf, legendText } from "../src/heat";
import type { TokenScores } from "../src/protocol";
import { describeText } from "../src/spoken";
import { decodeCells } from "../src/tokens";
import { NOTHING, paragraphAt, paragraphsOf, sentenceOf, sumOf, totalsOfCell } from "../src/totals";
import { searchOrder } from "../src/viewport";

const SCORES: TokenScores = { surprisalBits: [4, 8, null], rank: [1, 1, null], entropyBits: [0, 0, null], maxLogprob: [0, 0, null], contextTokens: [0, 0, null] };
const CELLS = decodeCells({ cells: [0, 0, 0, 1, 0, 1, 0, 1, 0, 2, 1, 1, 0, 2, 0, 1, 0, 1], ids: [7, 8, 9] });

test("bits per byte and perplexity are of what is scored, and say so", () => {
  const totals = sumOf(CELLS.map((cell, index) => totalsOfCell(cell, SCORES, [1, 5, 3][index] ?? 0)));
  assert.deepEqual(totals, { nTokens: 3, nBytes: 9, nScoredTokens: 2, nScoredBytes: 6, surprisalBits: 12 });
  assert.equal(sentenceOf(totals), "3 tokens, 3.00 bytes/token, 2.00 bits/byte so far, perplexity 64.0 so far");
  assert.equal(sentenceOf({ ...totals, nTokens: 2, nBytes: 6 }), "2 tokens, 3.00 bytes/token, 2.00 bits/byte, perplexity 64.0");
});

test("without scores nothing is said of them, and of nothing only that", () => {
  assert.equal(sentenceOf(sumOf(CELLS.map((cell) => totalsOfCell(cell, null, 2)))), "3 tokens, 2.00 bytes/token");
  assert.equal(sentenceOf(NOTHING), "0 tokens");
});

test("paragraphs lie between blank lines", () => {
  const lines = ["", "a", "b", " ", "", "c"];
  assert.deepEqual(paragraphsOf(lines.length, (line) => lines[line]?.trim() === ""), [{ first: 1, last: 2 }, { first: 5, last: 5 }]);
});

test("the paragraph of a line is the one of all that holds it", () => {
  const lines = ["", "a", "b", " ", "", "c"];
  const isBlank = (line: number): boolean => lines[line]?.trim() === "";
  const all = paragraphsOf(lines.length, isBlank);
  for (const line of lines.keys()) {
    const expected = all.find(({ first, last }) => first <= line && line <= last) ?? null;
    assert.deepEqual(paragraphAt(line, lines.length, isBlank), expected);
  }
});

test("a search goes round the document and ends where it began", () => {
  assert.deepEqual(searchOrder(4, 1, "next"), [1, 2, 3, 0, 1]);
  assert.deepEqual(searchOrder(4, 1, "previous"), [1, 0, 3, 2, 1]);
  assert.deepEqual(searchOrder(1, 0, "previous"), [0, 0]);
});

test("a screen reader hears white space by name", () => {
  assert.deepEqual([" frog", "    ", ".\n", "\r\n\r\n", "\t", "a b"].map(describeText), ['space, "frog"', "4 spaces", '".", line end', "2 line ends", "tab", '"a b"']);
});

test("the legend's page names each bucket, and without colours its line", () => {
  const entries = legendOf("surprisal", 8192);
  assert.ok(legendText("surprisal", "colour", entries).includes("\n        0 to 2 bits\n"));
  assert.ok(legendText("surprisal", "underline", entries).includes("above 13 bits: a uniform guess does better (frame)"));
});
