/** "Show Heat Map Legend": a read-only page whose lines are painted as the tokens are, in every theme and style. */
import { EventEmitter, Range, Uri, ViewColumn, window, workspace } from "vscode";
import type { Disposable, TextDocumentContentProvider, TextEditor } from "vscode";
import type { Server } from "./client";
import { LEGEND_HEAD_LINES, LEGEND_NOTES, LEGEND_SAMPLE, legendOf, legendText } from "./heat";
import type { HeatMode, LegendEntry } from "./heat";
import type { StyleName } from "./plan";
import { paintSettings } from "./settings";
import type { Styles } from "./styles";

const SCHEME = "tinylm-legend";
const PAGE = Uri.parse(`${SCHEME}:TinyLM Heat Map Legend.txt`);

export class Legend implements Disposable, TextDocumentContentProvider {
  private readonly changes = new EventEmitter<Uri>();
  readonly onDidChange = this.changes.event;
  private readonly subscriptions: Disposable[];
  private mode: HeatMode = "surprisal";

  constructor(
    private readonly server: Server,
    private readonly styles: Styles,
  ) {
    this.subscriptions = [
      this.changes,
      workspace.registerTextDocumentContentProvider(SCHEME, this),
      workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("tinylm") && this.changes.fire(PAGE)),
      workspace.onDidChangeTextDocument(({ document }) => document.uri.toString() === PAGE.toString() && this.paintAll()),
      window.onDidChangeVisibleTextEditors(() => this.paintAll()),
    ];
  }

  async show(): Promise<void> {
    this.changes.fire(PAGE);
    await window.showTextDocument(await workspace.openTextDocument(PAGE), { viewColumn: ViewColumn.Beside, preserveFocus: true, preview: true });
    this.paintAll();
  }

  provideTextDocumentContent(): string {
    const { heatMode, heatStyle } = paintSettings();
    if (heatMode !== "off") this.mode = heatMode;
    return legendText(this.mode, heatStyle, this.entries());
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private entries(): LegendEntry[] {
    return legendOf(this.mode, this.server.status?.tokenizer?.vocabSize ?? 8192);
  }

  private paintAll(): void {
    for (const editor of window.visibleTextEditors) if (editor.document.uri.toString() === PAGE.toString()) this.paint(editor);
  }

  private paint(editor: TextEditor): void {
    const colour = paintSettings().heatStyle === "colour";
    const entries = this.entries().map(({ bucket }): StyleName | null => (colour ? `heat${bucket}Even` : bucket === 0 ? null : `line${bucket}`));
    const samples = new Map([...entries, null, ...LEGEND_NOTES.map(([name]) => name)].map((name, index) => [name, index + LEGEND_HEAD_LINES]));
    for (const name of new Set([...samples.keys(), ...this.styles.painted().map(([each]) => each)])) {
      const line = name === null ? undefined : samples.get(name);
      if (name !== null) editor.setDecorations(this.styles.type(name), line === undefined ? [] : [new Range(line, 0, line, LEGEND_SAMPLE.length)]);
    }
  }
}
