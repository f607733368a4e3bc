/** "Go to Next Surprising Token": walks the document in pieces, so that a long one answers as soon as one is found. */
import { Range, Selection, TextEditorRevealType } from "vscode";
import type { CancellationToken, TextEditor } from "vscode";
import type { Server } from "./client";
import { isSurprising } from "./plan";
import { TokensRequest } from "./protocol";
import { decodeCells } from "./tokens";
import type { Cell } from "./tokens";

const LINES_PER_REQUEST = 60;

export type Direction = "next" | "previous";

/**
 * Select the nearest surprising cell after (or before) the caret, going round at the end of the document.
 * Returns what happened: "found", "none", or "noScores" while the model is not ready.
 */
export async function goToSurprising(server: Server, editor: TextEditor, direction: Direction, token: CancellationToken): Promise<"found" | "none" | "noScores"> {
  const { document } = editor;
  const caret = direction === "next" ? editor.selection.end : editor.selection.start;
  const vocabSize = server.status?.tokenizer?.vocabSize ?? 8192;
  for (const lines of pieces(document.lineCount, caret.line, direction)) {
    const found = await surprisingIn(server, editor, lines, vocabSize, token);
    if (found === "noScores") return "noScores";
    const ordered = direction === "next" ? found : found.reverse();
    const first = lines.isFirst ? ordered.find((cell) => isBeyond(cell, caret, direction)) : ordered[0];
    if (first !== undefined) {
      select(editor, first);
      return "found";
    }
  }
  return "none";
}

interface Lines {
  readonly first: number;
  readonly last: number;
  readonly isFirst: boolean;
}

/** The pieces of the document in search order; the one with the caret comes first and, for what was skipped, last. */
export function pieces(nLines: number, caretLine: number, direction: Direction): Lines[] {
  const found: Lines[] = [];
  const nPieces = Math.ceil(nLines / LINES_PER_REQUEST);
  const start = Math.floor(caretLine / LINES_PER_REQUEST);
  for (let step = 0; step <= nPieces; step += 1) {
    const piece = (start + (direction === "next" ? step : nPieces - (step % nPieces))) % nPieces;
    const first = piece * LINES_PER_REQUEST;
    found.push({ first, last: Math.min(nLines, first + LINES_PER_REQUEST) - 1, isFirst: step === 0 });
  }
  return found;
}

async function surprisingIn(server: Server, editor: TextEditor, lines: Lines, vocabSize: number, token: CancellationToken): Promise<Cell[] | "noScores"> {
  const { document } = editor;
  const converter = server.converter;
  if (converter === null) return "noScores";
  const range = converter.asRange(new Range(lines.first, 0, lines.last, document.lineAt(lines.last).text.length));
  const textDocument = converter.asTextDocumentIdentifier(document);
  const params = { textDocument, version: document.version, ranges: [range], scores: true };
  const result = await server.request(TokensRequest, params, token);
  const { scores } = result;
  if (scores === null) return "noScores";
  const inside = (cell: Cell): boolean => cell.startLine >= lines.first && cell.startLine <= lines.last;
  return decodeCells(result).filter((cell) => inside(cell) && isSurprising(scores, cell, vocabSize));
}

function isBeyond(cell: Cell, caret: { readonly line: number; readonly character: number }, direction: Direction): boolean {
  if (direction === "next") return cell.startLine > caret.line || (cell.startLine === caret.line && cell.startCharacter >= caret.character);
  return cell.endLine < caret.line || (cell.endLine === caret.line && cell.endCharacter <= caret.character);
}

function select(editor: TextEditor, cell: Cell): void {
  editor.selection = new Selection(cell.startLine, cell.startCharacter, cell.endLine, cell.endCharacter);
  editor.revealRange(editor.selection, TextEditorRevealType.InCenterIfOutsideViewport);
}
