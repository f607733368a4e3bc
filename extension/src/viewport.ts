/** Which part of a document is asked about: what is visible, and as much again above and below. Pure. */
import type { Place } from "./survivors";

export interface Span {
  readonly start: Place;
  readonly end: Place;
}

/** More than a screen holds: a line that is longer is cut, so that one line of a megabyte costs no more than a screen. */
const SCREEN_CHARACTERS = 10_000;

/** Return the visible span with one screen around it. `lineLength` returns the length of a line. */
export function screenAround({ start, end }: Span, nLines: number, lineLength: (line: number) => number): Span {
  const height = end.line - start.line + 1;
  const last = Math.min(nLines - 1, end.line + height);
  const cutAbove = start.character > SCREEN_CHARACTERS;
  const cutBelow = lineLength(end.line) - end.character > SCREEN_CHARACTERS;
  return {
    start: cutAbove ? { line: start.line, character: start.character - SCREEN_CHARACTERS } : { line: Math.max(0, start.line - height), character: 0 },
    end: cutBelow ? { line: end.line, character: end.character + SCREEN_CHARACTERS } : { line: last, character: lineLength(last) },
  };
}

export type Direction = "next" | "previous";

/** The pieces in the order of the search; the first one comes once more at the end, for what was skipped in it. */
export function searchOrder(nPieces: number, first: number, direction: Direction): number[] {
  const step = direction === "next" ? 1 : nPieces - 1;
  return Array.from({ length: nPieces + 1 }, (_, index) => (first + index * step) % nPieces);
}
