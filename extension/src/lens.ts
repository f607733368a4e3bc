/** A line above each paragraph with its tokens, bits per byte and perplexity. Off unless `tinylm.codeLens` is on. */
import { CodeLens, EventEmitter, languages, Range, window, workspace } from "vscode";
import type { CodeLensProvider, Disposable, TextDocument } from "vscode";
import { surveySettings } from "./settings";
import type { Surveyor } from "./survey";
import { paragraphsOf, sentenceOf } from "./totals";
import type { Lines } from "./totals";

/** A longer document gets none: nobody reads that many, and each is an element of the editor. */
const MAX_LINES = 20_000;

export class ParagraphLens implements CodeLensProvider, Disposable {
  private readonly changes = new EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changes.event;
  private readonly subscriptions: Disposable[];

  constructor(
    private readonly surveyor: Surveyor,
    private readonly covers: (document: TextDocument) => boolean,
  ) {
    this.subscriptions = [
      this.changes,
      languages.registerCodeLensProvider([{ scheme: "file" }, { scheme: "untitled" }], this),
      surveyor.onDidChange(() => surveySettings().codeLens && this.changes.fire()),
      workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("tinylm.codeLens") && this.changes.fire()),
    ];
  }

  /** A paragraph that is not scored yet has a line too, so that the text does not jump when the numbers come. */
  provideCodeLenses(document: TextDocument): CodeLens[] {
    if (!surveySettings().codeLens || !this.covers(document) || document.lineCount > MAX_LINES) return [];
    const editor = window.visibleTextEditors.find((each) => each.document === document);
    if (editor !== undefined) this.surveyor.consider(editor);
    const paragraphs = paragraphsOf(document.lineCount, (line) => document.lineAt(line).isEmptyOrWhitespace);
    return paragraphs.map((lines) => new CodeLens(new Range(lines.first, 0, lines.first, 0), { title: this.titleOf(document, lines), command: "" }));
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private titleOf(document: TextDocument, lines: Lines): string {
    const totals = this.surveyor.totalsOf(document, lines);
    return totals === null || totals.nTokens === 0 ? "TinyLM: not scored yet" : sentenceOf(totals);
  }
}
