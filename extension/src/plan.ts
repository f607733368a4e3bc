/**
 * Decides which ranges are painted in which style. Pure: decorations.ts turns the plan into editor decorations,
 * the tests read it as it is.
 */
import { bucketFromBits, bucketOfCell, SURPRISING_BUCKET } from "./heat";
import type { HeatMode, HeatStyle } from "./heat";
import type { TokenScores } from "./protocol";
import { surprisalOfCell } from "./tokens";
import type { Cell } from "./tokens";

/** startLine, startCharacter, endLine, endCharacter. */
export type Span = readonly [number, number, number, number];

/** Neighbours get the two of a pair in turn: VS Code joins touching ranges of one style, and their boundary is lost. */
type Parity = "Even" | "Odd";

export type StyleName =
  | `${"band" | "edge"}${Parity}`
  | `heat${number}${Parity}`
  | `line${number}`
  | "undefined"
  | "split"
  | "special"
  | "newline";

export type Plan = ReadonlyMap<StyleName, readonly Span[]>;

export interface Look {
  readonly boundaries: boolean;
  readonly heatMode: HeatMode;
  readonly heatStyle: HeatStyle;
  readonly vocabSize: number;
}

/**
 * Return the ranges of each style. With a heat map, its colours (or lines) replace the bands of the first `nScored` cells;
 * the others, and all without scores, have bands.
 */
export function planFor(cells: readonly Cell[], scores: TokenScores | null, look: Look, nScored = cells.length): Plan {
  const plan = new Map<StyleName, Span[]>();
  const add = (style: StyleName, span: Span): void => {
    const spans = plan.get(style);
    if (spans === undefined) plan.set(style, [span]);
    else spans.push(span);
  };
  if (!look.boundaries && look.heatMode === "off") return plan;
  const heat = look.heatMode === "off" ? null : scores;
  for (const [index, cell] of cells.entries()) {
    const span: Span = [cell.startLine, cell.startCharacter, cell.endLine, cell.endCharacter];
    const parity = cell.odd ? "Odd" : "Even";
    if (heat === null || index >= nScored) add(`band${parity}`, span);
    else addHeat(add, bucketOfCell(look.heatMode, heat, cell, look.vocabSize), look.heatStyle, parity, span);
    if (cell.split) add("split", span);
    if (cell.special) add("special", span);
    for (let line = cell.startLine; line < cell.endLine; line += 1) add("newline", [line, END_OF_LINE, line, END_OF_LINE]);
  }
  return plan;
}

/** A character beyond every line: whoever paints it clamps it to the line's end. */
export const END_OF_LINE = 0x7fffffff;

function addHeat(add: (style: StyleName, span: Span) => void, bucket: number | null, style: HeatStyle, parity: Parity, span: Span): void {
  if (bucket === null) add("undefined", span);
  if (style === "underline") {
    add(`edge${parity}`, span);
    if (bucket !== null && bucket > 0) add(`line${bucket}`, span);
  } else {
    add(bucket === null ? `band${parity}` : `heat${bucket}${parity}`, span);
  }
}

export function isSurprising(scores: TokenScores, cell: Cell, vocabSize: number): boolean {
  const bits = surprisalOfCell(scores, cell);
  return bits !== null && bucketFromBits(bits, vocabSize) >= SURPRISING_BUCKET;
}
