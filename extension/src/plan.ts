/**
 * Decides which ranges are painted in which style. Pure: decorations.ts turns the plan into editor decorations,
 * the tests read it as it is.
 */
import { bucketFromBits, bucketOfCell, SURPRISING_BUCKET } from "./heat";
import type { HeatMode } from "./heat";
import type { TokenScores } from "./protocol";
import { surprisalOfCell } from "./tokens";
import type { Cell } from "./tokens";

/** startLine, startCharacter, endLine, endCharacter. */
export type Span = readonly [number, number, number, number];

export type StyleName =
  | "bandEven"
  | "bandOdd"
  | "split"
  | "special"
  | "newline"
  | "undefinedScore"
  | "surprising"
  | `heat${number}`;

export type Plan = ReadonlyMap<StyleName, readonly Span[]>;

export interface Look {
  readonly boundaries: boolean;
  readonly heatMode: HeatMode;
  readonly vocabSize: number;
}

/** Return the ranges of each style. With a heat map, its colours replace the bands; without scores, bands stay. */
export function planFor(cells: readonly Cell[], scores: TokenScores | null, look: Look): Plan {
  const plan = new Map<StyleName, Span[]>();
  const add = (style: StyleName, span: Span): void => {
    const spans = plan.get(style);
    if (spans === undefined) plan.set(style, [span]);
    else spans.push(span);
  };
  const heat = look.heatMode === "off" ? null : scores;
  if (heat === null && !look.boundaries && look.heatMode === "off") return plan;
  for (const cell of cells) {
    const span: Span = [cell.startLine, cell.startCharacter, cell.endLine, cell.endCharacter];
    if (heat === null) add(cell.odd ? "bandOdd" : "bandEven", span);
    else addHeat(add, heat, cell, span, look);
    if (cell.split) add("split", span);
    if (cell.special) add("special", span);
    for (let line = cell.startLine; line < cell.endLine; line += 1) add("newline", [line, END_OF_LINE, line, END_OF_LINE]);
  }
  return plan;
}

/** A character beyond every line: whoever paints it clamps it to the line's end. */
export const END_OF_LINE = 0x7fffffff;

function addHeat(add: (style: StyleName, span: Span) => void, scores: TokenScores, cell: Cell, span: Span, look: Look): void {
  const bucket = bucketOfCell(look.heatMode, scores, cell, look.vocabSize);
  add(bucket === null ? "undefinedScore" : `heat${bucket}`, span);
  if (isSurprising(scores, cell, look.vocabSize)) add("surprising", span);
}

export function isSurprising(scores: TokenScores, cell: Cell, vocabSize: number): boolean {
  const bits = surprisalOfCell(scores, cell);
  return bits !== null && bucketFromBits(bits, vocabSize) >= SURPRISING_BUCKET;
}
