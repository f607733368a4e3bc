/** Counts the tokens of the selection, with scores while a heat map or the code lens shows scores. */
import { CancellationTokenSource, EventEmitter, window, workspace } from "vscode";
import type { Disposable, LogOutputChannel, Selection, TextDocument, TextEditor } from "vscode";
import type { Server } from "./client";
import { bytesOfCell, cellsTouching, rangeOfCell } from "./pieces";
import { surveySettings } from "./settings";
import { sumOf, totalsOfCell } from "./totals";
import type { Totals } from "./totals";
import { messageOf } from "./words";

const DELAY_MS = 150;

export interface SelectionTotals {
  readonly totals: Totals;
  /** More was selected than may be painted (tinylm.maxCells), so only the first part was counted. */
  readonly capped: boolean;
}

interface Counted extends SelectionTotals {
  readonly document: TextDocument;
  readonly version: number;
  readonly selection: Selection;
}

export class SelectionCounter implements Disposable {
  private counted: Counted | null = null;
  private timer: NodeJS.Timeout | undefined;
  private request: CancellationTokenSource | null = null;
  private readonly changes = new EventEmitter<void>();
  readonly onDidChange = this.changes.event;
  private readonly subscriptions: Disposable[];

  constructor(
    private readonly server: Server,
    private readonly covers: (document: TextDocument) => boolean,
    private readonly log: LogOutputChannel,
  ) {
    this.subscriptions = [
      this.changes,
      window.onDidChangeTextEditorSelection(({ textEditor }) => textEditor === window.activeTextEditor && this.schedule(textEditor)),
      window.onDidChangeActiveTextEditor((editor) => editor !== undefined && this.schedule(editor)),
      workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("tinylm") && window.activeTextEditor !== undefined && this.schedule(window.activeTextEditor)),
    ];
  }

  /** The totals of an editor's selection as it is now; null when nothing is selected or nothing is known. */
  totalsIn({ document, selection }: TextEditor): SelectionTotals | null {
    const { counted } = this;
    return counted?.document === document && counted.version === document.version && counted.selection.isEqual(selection) ? counted : null;
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.request?.cancel();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private schedule(editor: TextEditor): void {
    clearTimeout(this.timer);
    this.request?.cancel();
    const had = this.counted !== null;
    this.counted = null;
    if (had) this.changes.fire();
    if (editor.selection.isEmpty || !this.server.isRunning || !this.covers(editor.document)) return;
    this.timer = setTimeout(() => void this.count(editor), DELAY_MS);
  }

  private async count({ document, selection }: TextEditor): Promise<void> {
    const request = (this.request = new CancellationTokenSource());
    const { version } = document;
    try {
      const { result, cells } = await cellsTouching(this.server, document, selection, surveySettings().wanted, request.token);
      if (request.token.isCancellationRequested || document.version !== version) return;
      const inside = cells.filter((cell) => !(rangeOfCell(cell).intersection(selection)?.isEmpty ?? true));
      const totals = sumOf(inside.map((cell) => totalsOfCell(cell, result.scores, bytesOfCell(document, cell))));
      const last = cells.at(-1);
      const capped = last !== undefined && rangeOfCell(last).end.isBefore(selection.end);
      this.counted = { document, version, selection, totals, capped };
      this.changes.fire();
    } catch (error) {
      if (!request.token.isCancellationRequested) this.log.debug(`selection not counted: ${messageOf(error)}`);
    } finally {
      request.dispose();
    }
  }
}
