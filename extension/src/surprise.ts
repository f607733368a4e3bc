/** "Go to Next Surprising Token": walks the document in pieces, so that a long one answers as soon as one is found. */
import { Selection, TextEditorRevealType } from "vscode";
import type { CancellationToken, Progress, TextEditor } from "vscode";
import type { Server } from "./client";
import { numberOfPieces, pieceAt, rangeOfCell, readPiece } from "./pieces";
import { isSurprising } from "./plan";
import { searchOrder } from "./viewport";
import type { Direction } from "./viewport";

/** About 100,000 tokens, half a minute: whoever reads on for longer presses the key again. */
const MAX_PIECES = 200;

/** How a search ended: `wrapped` when it went round the document's end, `tooFar` when it gave up. */
export type Outcome = "found" | "wrapped" | "none" | "tooFar" | "noScores";

/** Select the nearest surprising cell after (or before) the selection, going round at the end of the document. */
export async function goToSurprising(server: Server, editor: TextEditor, direction: Direction, report: Progress<{ message: string }>, token: CancellationToken): Promise<Outcome> {
  const { document, selection } = editor;
  const vocabSize = server.status?.tokenizer?.vocabSize ?? 2;
  const nPieces = numberOfPieces(document);
  const pieces = searchOrder(nPieces, pieceAt(document, direction === "next" ? selection.end : selection.start), direction);
  for (const [step, piece] of pieces.slice(0, MAX_PIECES).entries()) {
    if (step > 0) report.report({ message: `${Math.round((100 * step) / pieces.length)} % of the document searched` });
    const { result, cells } = await readPiece(server, document, piece, true, token);
    const { scores } = result;
    if (scores === null) return "noScores";
    const surprising = cells.filter((cell) => isSurprising(scores, cell, vocabSize)).map(rangeOfCell);
    const ordered = direction === "next" ? surprising : surprising.reverse();
    const beyond = ordered.filter((range) => (direction === "next" ? range.start.isAfterOrEqual(selection.end) : range.end.isBeforeOrEqual(selection.start)));
    const wrapped = step > 0 && (direction === "next" ? piece <= (pieces[0] ?? 0) : piece >= (pieces[0] ?? 0));
    const found = wrapped ? ordered[0] : beyond[0];
    if (found === undefined) continue;
    editor.selection = new Selection(found.start, found.end);
    editor.revealRange(found, TextEditorRevealType.InCenterIfOutsideViewport);
    return wrapped ? "wrapped" : "found";
  }
  return pieces.length > MAX_PIECES ? "tooFar" : "none";
}
