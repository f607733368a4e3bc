/** What stays painted between an edit and the server's answer: only what the edit cannot have changed, where it now is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { survivorsOf } from "../src/survivors";
import type { Change, Place } from "../src/survivors";
import type { Cell } from "../src/tokens";
import { screenAround } from "../src/viewport";

/** Cells of "|Once| upon| a| time|" and so on: words with the space before them, line ends by themselves. */
function cellsOf(text: string): Cell[] {
  return text.split("\n").flatMap((line, at) => {
    const words = [...`${line}\n`.matchAll(/ ?[^\s]+|\s/g)];
    return words.map((word, index) => {
      const ends = word[0] === "\n" ? { endLine: at + 1, endCharacter: 0 } : { endLine: at, endCharacter: word.index + word[0].length };
      const looks = { odd: index % 2 === 1, split: false, special: false, shortContext: false, firstToken: 0, nTokens: 1 };
      return { startLine: at, startCharacter: word.index, ...ends, ...looks };
    });
  });
}

const offset = (text: string, { line, character }: Place): number => text.split("\n").slice(0, line).join("\n").length + (line > 0 ? 1 : 0) + character;
const shown = (text: string, cells: readonly Cell[]): string[] => cells.map((cell) => text.slice(offset(text, { line: cell.startLine, character: cell.startCharacter }), offset(text, { line: cell.endLine, character: cell.endCharacter })));

function edited(text: string, ...changes: Change[]): { text: string; cells: string[]; nScored: number } {
  const after = changes.reduce((old, { range, text: inserted }) => old.slice(0, offset(old, range.start)) + inserted + old.slice(offset(old, range.end)), text);
  const before = cellsOf(text).slice(0, -1); // Without the line end that the text does not have.
  const { cells, nScored } = survivorsOf({ cells: before, nScored: before.length }, changes, (line) => after.split("\n")[line] ?? "");
  return { text: after, cells: shown(after, cells), nScored };
}

const change = (line: number, character: number, text: string, [endLine, endCharacter] = [line, character]): Change => ({
  range: { start: { line, character }, end: { line: endLine, character: endCharacter } },
  text,
});

test("typing in a word unpaints that word and takes the scores of everything behind it", () => {
  assert.deepEqual(edited("Once upon a time", change(0, 7, "x")), { text: "Once upxon a time", cells: ["Once", " a", " time"], nScored: 1 });
});

test("typing at the end of the text leaves the rest as it is, but for the word at the caret", () => {
  assert.deepEqual(edited("Once upon", change(0, 9, "!")), { text: "Once upon!", cells: ["Once"], nScored: 1 });
  assert.deepEqual(edited("Once upon", change(0, 9, " ")).cells, ["Once"]);
});

test("a line put in moves what is below it", () => {
  const { text, cells, nScored } = edited("One a\ntwo b\nthree c", change(1, 3, "\nnew"));
  assert.equal(text, "One a\ntwo\nnew b\nthree c");
  assert.deepEqual(cells, ["One", " a", " b", "\n", "three", " c"]);
  assert.equal(nScored, 2);
});

test("an edit at the start of a line unpaints the line end before it", () => {
  assert.deepEqual(edited("One a\ntwo b", change(1, 0, " ")).cells, ["One", " a", " b"]);
});

test("deleting over lines keeps what is outside", () => {
  assert.deepEqual(edited("One a\ntwo b\nthree c d", change(0, 4, "", [2, 5])), { text: "One  c d", cells: ["One", " d"], nScored: 1 });
});

test("of several changes at once, whole lines are unpainted", () => {
  assert.deepEqual(edited("One a\ntwo b\nthree c", change(1, 4, "x", [1, 4]), change(0, 4, "y")).cells, ["three", " c"]);
});

test("a screen above and below is asked about, and of a line longer than that only a part", () => {
  const span = (startLine: number, start: number, endLine: number, end: number): object => ({ start: { line: startLine, character: start }, end: { line: endLine, character: end } });
  const visible = (startLine: number, start: number, endLine: number, end: number) => ({ start: { line: startLine, character: start }, end: { line: endLine, character: end } });
  assert.deepEqual(screenAround(visible(50, 0, 79, 10), 200, () => 40), span(20, 0, 109, 40));
  assert.deepEqual(screenAround(visible(5, 0, 34, 10), 40, () => 40), span(0, 0, 39, 40));
  assert.deepEqual(screenAround(visible(0, 50_000, 0, 53_000), 1, () => 1_000_000), span(0, 40_000, 0, 63_000));
});
