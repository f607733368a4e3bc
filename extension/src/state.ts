/** What the tests read: everything that is painted and shown, as JSON. Written by tinylm.internal.dumpState. */
import { window } from "vscode";
import type { TextEditor } from "vscode";
import type { Server } from "./client";
import type { Painted, Painter } from "./decorations";
import type { Plan } from "./plan";
import { serverSettings } from "./settings";
import type { StatusItem } from "./status";
import type { Styles } from "./styles";
import type { Surveyor } from "./survey";
import type { Training } from "./training";

export function describeState(server: Server, painter: Painter, status: StatusItem, training: Training, surveyor: Surveyor, styles: Styles): object {
  return {
    schema: 1,
    connection: server.connection,
    status: { text: status.text, tooltip: status.tooltip, spoken: status.spoken },
    server: server.status,
    settings: serverSettings(),
    jobs: training.jobs,
    decorationTypes: styles.nMade,
    survey: { marks: surveyor.nMarks(window.activeTextEditor?.document) },
    editors: window.visibleTextEditors.map((editor) => describeEditor(editor, painter.paintedIn(editor), painter.lentIn(editor))),
  };
}

function describeEditor(editor: TextEditor, painted: Painted | null, lent: Plan | null): object {
  const { document } = editor;
  const base = { uri: document.uri.toString(), languageId: document.languageId, documentVersion: document.version, lent: lent === null ? null : Object.fromEntries(lent) };
  if (painted === null) return { ...base, painted: null };
  return { ...base, painted: describePainted(painted) };
}

function describePainted({ version, modelId, look, result, cells, nScored, plan }: Painted): object {
  return {
    version,
    modelId,
    heatMode: look.heatMode,
    nTokens: result.nTokens,
    nBytes: result.nBytes,
    note: result.note,
    cells: cells.map((cell) => ({ ...cell, ids: result.ids.slice(cell.firstToken, cell.firstToken + cell.nTokens) })),
    scores: result.scores,
    nScored,
    styles: Object.fromEntries(plan),
  };
}
