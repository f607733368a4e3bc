/** "Describe Token": the token at the caret in words, for those who hear the editor instead of seeing it. */
import { CancellationTokenSource, Range } from "vscode";
import type { TextEditor } from "vscode";
import type { Server } from "./client";
import { cellsTouching, rangeOfCell } from "./pieces";
import { describeScores, describeText } from "./spoken";

/** Return one sentence on the token at the caret, or null where there is none. */
export async function describeTokenAt(server: Server, editor: TextEditor): Promise<string | null> {
  const { document, selection } = editor;
  const source = new CancellationTokenSource();
  try {
    const { result, cells } = await cellsTouching(server, document, new Range(selection.active, selection.active), true, source.token);
    const cell = cells[0];
    if (cell === undefined) return null;
    const ids = result.ids.slice(cell.firstToken, cell.firstToken + cell.nTokens);
    const what = describeText(document.getText(rangeOfCell(cell)));
    const tokens = ids.length === 1 ? `Token ${what}, id ${ids.join()}` : `${what}, ${ids.length} tokens, ids ${ids.join(", ")}`;
    const scores = result.scores === null ? (result.note ?? "not scored") : describeScores(result.scores, cell, server.status?.tokenizer?.vocabSize ?? null);
    return `${tokens}: ${scores}.`;
  } finally {
    source.dispose();
  }
}
