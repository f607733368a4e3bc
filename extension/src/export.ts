/**
 * "Export Analysis": the tokens of a document with their numbers, as a page, JSON, CSV, Markdown or a table, saved or
 * opened as a new document. The server computes and writes it; what is here asks, shows how far it is and takes it in.
 */
import { Uri, window, workspace, ProgressLocation } from "vscode";
import type { CancellationToken, QuickPickItem, TextDocument } from "vscode";
import { basename } from "node:path";
import type { Server } from "./client";
import { ExportRequest } from "./protocol";
import type { ExportFormat, ExportResult } from "./protocol";

interface Choice extends QuickPickItem {
  readonly format: ExportFormat;
  readonly suffix: string;
  readonly languageId: string;
}

const CHOICES: readonly Choice[] = [
  { label: "Web page", detail: "One HTML file with every heat map; needs no script and no network", format: "html", suffix: ".html", languageId: "html" },
  { label: "JSON", detail: "Numbers in full, with units, model and window rule", format: "json", suffix: ".json", languageId: "json" },
  { label: "CSV", detail: "Numbers in full, one line a token", format: "csv", suffix: ".csv", languageId: "plaintext" },
  { label: "Markdown", detail: "A table for people, rounded", format: "markdown", suffix: ".md", languageId: "markdown" },
  { label: "Plain table", detail: "The same in fixed columns", format: "table", suffix: ".txt", languageId: "plaintext" },
];

const SAVE = { label: "Save to a File…" } as const;
const OPEN = { label: "Open as a New Document" } as const;

let nStreams = 0;

/** Ask for the format and the place, then export the document as it is now. */
export async function exportAnalysis(server: Server, document: TextDocument): Promise<void> {
  const choice = await window.showQuickPick(CHOICES, { title: "TinyLM: Export Analysis", placeHolder: "Format" });
  if (choice === undefined) return;
  const place = await window.showQuickPick([SAVE, OPEN], { title: `TinyLM: Export Analysis as ${choice.label}` });
  if (place === undefined) return;
  const file = place === SAVE ? await askForFile(document, choice.suffix) : null;
  if (file === undefined) return;
  const options = { location: ProgressLocation.Notification, title: "TinyLM: exporting the analysis", cancellable: true };
  const exported = await window.withProgress(options, (progress, token) => {
    let shown = 0;
    return collect(server, document, choice.format, token, (nDone, nTokens) => {
      const percent = Math.floor((100 * nDone) / Math.max(1, nTokens));
      progress.report({ message: `${nDone} of ${nTokens} tokens`, increment: percent - shown });
      shown = percent;
    });
  });
  if (exported === null) return;
  if (file === null) await window.showTextDocument(await workspace.openTextDocument({ content: exported.text, language: choice.languageId }));
  else await workspace.fs.writeFile(file, Buffer.from(exported.text, "utf8"));
  tell(exported.result, file);
}

/** Return the whole export, or null when the user cancelled it. */
async function collect(
  server: Server,
  document: TextDocument,
  format: ExportFormat,
  token: CancellationToken,
  report: (nDone: number, nTokens: number) => void,
): Promise<{ readonly text: string; readonly result: ExportResult } | null> {
  const { converter } = server;
  if (converter === null) throw new Error("The TinyLM server is not running.");
  nStreams += 1;
  const streamId = `e${nStreams}`;
  const pieces: string[] = [];
  const listener = server.onExportPiece((piece) => {
    if (piece.streamId !== streamId) return;
    pieces.push(piece.text);
    report(piece.nDone, piece.nTokens);
  });
  try {
    const textDocument = converter.asTextDocumentIdentifier(document);
    const params = { textDocument, version: document.version, format, source: basename(document.uri.path), streamId };
    const result = await server.request(ExportRequest, params, token);
    return { text: pieces.join(""), result };
  } catch (error) {
    if (token.isCancellationRequested) return null;
    throw error;
  } finally {
    listener.dispose();
  }
}

function tell({ nTokens, note }: ExportResult, file: Uri | null): void {
  const where = file === null ? "" : ` to ${basename(file.path)}`;
  const message = `Exported ${nTokens} tokens${where}`;
  if (note === null) window.setStatusBarMessage(`TinyLM: ${message}`, 8000);
  else void window.showWarningMessage(`${message}: ${note}.`);
}

/** Offers a name beside the document, or in the workspace for one that is not saved. */
function askForFile(document: TextDocument, suffix: string): Thenable<Uri | undefined> {
  const folder = document.uri.scheme === "file" ? Uri.joinPath(document.uri, "..") : workspace.workspaceFolders?.[0]?.uri;
  const name = `${basename(document.uri.path)}.tokens${suffix}`;
  const title = "Export Analysis";
  return window.showSaveDialog(folder === undefined ? { title } : { title, defaultUri: Uri.joinPath(folder, name) });
}
