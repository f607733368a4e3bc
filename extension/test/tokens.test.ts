import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeCells, MalformedTokens, maxOverCell, sumOverCell } from "../src/tokens";

/** "Hi 🧑‍🚀\n" with an emoji of several tokens, then a token over the line end, then one on the third line. */
const CELLS = [
  ...[0, 0, 0, 2, 0, 1],
  ...[0, 2, 0, 1, 1, 1],
  ...[0, 1, 0, 5, 2, 3],
  ...[0, 5, 1, 0, 1, 1],
  ...[2, 4, 0, 3, 4 | 8, 1],
];
const IDS = [10, 11, 12, 13, 14, 15, 16];

test("positions accumulate from cell to cell, in UTF-16 columns", () => {
  const spans = decodeCells({ cells: CELLS, ids: IDS }).map((cell) => [cell.startLine, cell.startCharacter, cell.endLine, cell.endCharacter]);
  assert.deepEqual(spans, [
    [0, 0, 0, 2],
    [0, 2, 0, 3],
    [0, 3, 0, 8],
    [0, 8, 1, 0],
    [2, 4, 2, 7],
  ]);
});

test("flags and token ranges are those of the reply", () => {
  const cells = decodeCells({ cells: CELLS, ids: IDS });
  assert.deepEqual(
    cells.map((cell) => [cell.odd, cell.split, cell.special, cell.shortContext]),
    [
      [false, false, false, false],
      [true, false, false, false],
      [false, true, false, false],
      [true, false, false, false],
      [false, false, true, true],
    ],
  );
  assert.deepEqual(
    cells.map((cell) => [cell.firstToken, cell.nTokens]),
    [
      [0, 1],
      [1, 1],
      [2, 3],
      [5, 1],
      [6, 1],
    ],
  );
});

test("no cells are no cells", () => assert.deepEqual(decodeCells({ cells: [], ids: [] }), []));

test("a reply that breaks the protocol is refused whole", () => {
  assert.throws(() => decodeCells({ cells: [0, 0, 0, 2, 0], ids: [] }), MalformedTokens);
  assert.throws(() => decodeCells({ cells: CELLS, ids: IDS.slice(1) }), MalformedTokens);
});

test("a cell's value is undefined when one of its tokens' is", () => {
  const [cell] = decodeCells({ cells: [0, 0, 0, 2, 0, 2], ids: [1, 2] });
  assert.ok(cell);
  assert.equal(sumOverCell([1.5, 2], cell), 3.5);
  assert.equal(maxOverCell([7, 2], cell), 7);
  assert.equal(sumOverCell([1.5, null], cell), null);
  assert.equal(maxOverCell([1.5], cell), null);
});
