/**
 * Decodes the `cells` array of a tinylm/tokens reply (docs/protocol.md) and says what each cell looks like.
 * Pure: no editor API, so that it is tested without one.
 */
import type { TokenScores, TokensResult } from "./protocol";

export const CELL_STRIDE = 6;

export const CellFlag = { oddBand: 1, split: 2, special: 4, shortContext: 8 } as const;

/** One cell: tokens that share a character are one, painted as one. Positions are LSP positions (UTF-16). */
export interface Cell {
  readonly startLine: number;
  readonly startCharacter: number;
  readonly endLine: number;
  readonly endCharacter: number;
  readonly odd: boolean;
  /** The tokens split a character between them. */
  readonly split: boolean;
  readonly special: boolean;
  readonly shortContext: boolean;
  /** Index of the cell's first token in `ids` and in each column of the scores. */
  readonly firstToken: number;
  readonly nTokens: number;
}

/** Thrown when a reply does not follow the protocol: nothing of it is painted. */
export class MalformedTokens extends Error {}

/**
 * Return the cells of a reply in document order.
 *
 * Each cell is [deltaLine, startCharacter, lineSpan, endCharacter, flags, nTokens]: startCharacter counts from the
 * previous cell's start on the same line and from 0 on a new one; endCharacter is the length when lineSpan is 0.
 */
export function decodeCells(result: Pick<TokensResult, "cells" | "ids">): Cell[] {
  const numbers = result.cells;
  if (numbers.length % CELL_STRIDE !== 0) {
    throw new MalformedTokens(`cells has ${numbers.length} numbers, which is no multiple of ${CELL_STRIDE}`);
  }
  const cells: Cell[] = [];
  let line = 0;
  let character = 0;
  let firstToken = 0;
  for (let at = 0; at < numbers.length; at += CELL_STRIDE) {
    const [deltaLine, start, lineSpan, end, flags, nTokens] = numbers.slice(at, at + CELL_STRIDE) as SixNumbers;
    character = deltaLine === 0 ? character + start : start;
    line += deltaLine;
    cells.push({
      startLine: line,
      startCharacter: character,
      endLine: line + lineSpan,
      endCharacter: lineSpan === 0 ? character + end : end,
      odd: (flags & CellFlag.oddBand) !== 0,
      split: (flags & CellFlag.split) !== 0,
      special: (flags & CellFlag.special) !== 0,
      shortContext: (flags & CellFlag.shortContext) !== 0,
      firstToken,
      nTokens,
    });
    firstToken += nTokens;
  }
  if (firstToken !== result.ids.length) {
    throw new MalformedTokens(`the cells hold ${firstToken} tokens and ids holds ${result.ids.length}`);
  }
  return cells;
}

type SixNumbers = [number, number, number, number, number, number];

/** Return the sum of a column over a cell's tokens, or null where one of them is undefined. */
export function sumOverCell(column: readonly (number | null)[], cell: Cell): number | null {
  let sum = 0;
  for (let token = cell.firstToken; token < cell.firstToken + cell.nTokens; token += 1) {
    const value = column[token];
    if (value === null || value === undefined) return null;
    sum += value;
  }
  return sum;
}

/** Return the largest value of a column over a cell's tokens, or null where one of them is undefined. */
export function maxOverCell(column: readonly (number | null)[], cell: Cell): number | null {
  let largest = Number.NEGATIVE_INFINITY;
  for (let token = cell.firstToken; token < cell.firstToken + cell.nTokens; token += 1) {
    const value = column[token];
    if (value === null || value === undefined) return null;
    largest = Math.max(largest, value);
  }
  return largest;
}

/** Return the surprisal of a cell in bits: the sum over its tokens. */
export function surprisalOfCell(scores: TokenScores, cell: Cell): number | null {
  return sumOverCell(scores.surprisalBits, cell);
}
