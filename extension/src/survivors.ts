/**
 * What of the painted cells is still right just after an edit, before the server has answered. Pure.
 *
 * A cell that the edit touches, or that lies in the same word or white space, may be another token now: it goes at once.
 * The others move with the text. Those behind the edit keep their place but not their score, which rested on the text
 * that changed.
 */
import type { Cell } from "./tokens";

export interface Place {
  readonly line: number;
  readonly character: number;
}

/** One change as VS Code reports it: the range is of the text before, and of several the lowest comes first. */
export interface Change {
  readonly range: { readonly start: Place; readonly end: Place };
  readonly text: string;
}

export interface Survivors {
  readonly cells: readonly Cell[];
  /** The first so many cells have scores that still count. */
  readonly nScored: number;
}

/** Return the surviving cells in the places that they have in the new text; `lineText` returns a line of the new text. */
export function survivorsOf(before: Survivors, changes: readonly Change[], lineText: (line: number) => string): Survivors {
  const wholeLines = changes.length > 1; // The line's text shows all changes at once: too little to tell its words apart.
  return changes.reduce((left, change) => afterChange(left, change, wholeLines ? null : lineText), before);
}

function afterChange({ cells, nScored }: Survivors, change: Change, lineText: ((line: number) => string) | null): Survivors {
  const { start, end } = change.range;
  const newEnd = endOfInsertion(start, change.text);
  const [from, to] = lineText === null ? [lineStart(start), lineEnd(newEnd)] : affected(start, newEnd, lineText);
  const above = cells.filter((cell) => !isAfter({ line: cell.endLine, character: cell.endCharacter }, from));
  const below = cells
    .filter((cell) => !isAfter(end, { line: cell.startLine, character: cell.startCharacter }))
    .map((cell) => moved(cell, end, newEnd))
    .filter((cell) => !isAfter(to, { line: cell.startLine, character: cell.startCharacter }));
  return { cells: [...above, ...below], nScored: Math.min(nScored, above.length) };
}

/** The changed text with the word or white space on each side: GPT-2's pattern splits there, so nothing beyond changes. */
function affected(start: Place, newEnd: Place, lineText: (line: number) => string): [Place, Place] {
  const before = lineText(start.line).slice(0, start.character);
  const last = lineText(newEnd.line).slice(0, newEnd.character).at(-1);
  const after = lineText(newEnd.line).slice(newEnd.character);
  const nLeft = /(?:\s+|\S+)$/.exec(before)?.[0].length ?? 0;
  const nRight = (last === undefined || /\s/.test(last) ? /^\s*\S*/ : /^\S*/).exec(after)?.[0].length ?? 0;
  const from = nLeft === before.length ? lineStart(start) : { line: start.line, character: start.character - nLeft };
  const to = nRight === after.length ? lineEnd(newEnd) : { line: newEnd.line, character: newEnd.character + nRight };
  return [from, to];
}

/** Just before a line, so that the cell which ends with the line before is touched too. */
function lineStart({ line }: Place): Place {
  return { line: line - 1, character: Number.MAX_SAFE_INTEGER };
}

function lineEnd({ line }: Place): Place {
  return { line: line + 1, character: 0 };
}

function endOfInsertion(start: Place, text: string): Place {
  const lines = text.split(/\r\n|\r|\n/);
  const last = lines.at(-1) ?? "";
  return { line: start.line + lines.length - 1, character: (lines.length === 1 ? start.character : 0) + last.length };
}

function moved(cell: Cell, oldEnd: Place, newEnd: Place): Cell {
  const move = (line: number, character: number): [number, number] => [
    line + newEnd.line - oldEnd.line,
    line === oldEnd.line ? character + newEnd.character - oldEnd.character : character,
  ];
  const [startLine, startCharacter] = move(cell.startLine, cell.startCharacter);
  const [endLine, endCharacter] = move(cell.endLine, cell.endCharacter);
  return { ...cell, startLine, startCharacter, endLine, endCharacter };
}

function isAfter(one: Place, other: Place): boolean {
  return one.line > other.line || (one.line === other.line && one.character > other.character);
}
