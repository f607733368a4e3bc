/**
 * Scores whole documents in the background, while a heat map or the code lens shows scores: for the marks on the overview
 * ruler, the numbers of the status item and the code lens. Starts when the viewport has been painted, begins there,
 * and stops at an edit or after so many tokens; what it knows belongs to one version and one model.
 */
import { CancellationTokenSource, EventEmitter, window, workspace } from "vscode";
import type { Disposable, LogOutputChannel, TextDocument, TextDocumentChangeEvent, TextEditor } from "vscode";
import type { Server } from "./client";
import { bytesOfCell, numberOfPieces, pieceAt, rangeOfCell, readPiece } from "./pieces";
import { isSurprising } from "./plan";
import { surveySettings } from "./settings";
import type { Styles } from "./styles";
import { surprisalOfCell } from "./tokens";
import type { Cell } from "./tokens";
import { NOTHING, sumOf, totalsOfCell } from "./totals";
import type { Lines, Totals } from "./totals";
import { messageOf } from "./words";

/** A story has some 200 tokens, a book 100,000. At 4,000 tokens a second this is 5 s of work after an edit. */
const MAX_TOKENS = 20_000;
/** More marks than the ruler has pixels say nothing; the most surprising ones stay. */
const MAX_MARKS = 300;
/** After the paint that an edit brings, so that a person who types on is not slowed. */
const DELAY_MS = 400;

interface Mark {
  readonly cell: Cell;
  readonly bits: number;
}

interface Survey {
  readonly version: number;
  readonly modelId: string;
  /** By line: the cells that begin on it. */
  readonly lines: Map<number, Totals>;
  marks: Mark[];
  readonly source: CancellationTokenSource;
}

export class Surveyor implements Disposable {
  private readonly surveys = new Map<TextDocument, Survey>();
  private readonly timers = new Map<TextDocument, NodeJS.Timeout>();
  private readonly changes = new EventEmitter<TextDocument>();
  readonly onDidChange = this.changes.event;
  private readonly subscriptions: Disposable[];

  constructor(
    private readonly server: Server,
    private readonly styles: Styles,
    private readonly log: LogOutputChannel,
  ) {
    this.subscriptions = [
      this.changes,
      workspace.onDidChangeTextDocument((event) => this.documentChanged(event)),
      workspace.onDidCloseTextDocument((document) => this.forget(document)),
      workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("tinylm") && !surveySettings().wanted && this.forgetAll()),
      window.onDidChangeVisibleTextEditors((editors) => editors.forEach((editor) => this.mark(editor))),
      server.onConnection(() => this.forgetAll()),
      server.onStatus(({ model }) => this.forgetAllBut(model?.id ?? null)),
    ];
  }

  /** The viewport of an editor has been painted: survey the document, unless that was done for this version and model. */
  consider(editor: TextEditor): void {
    const { document } = editor;
    const modelId = this.server.status?.model?.id;
    const known = this.surveys.get(document);
    if (!surveySettings().wanted || modelId === undefined) return;
    if (known?.version === document.version && known.modelId === modelId) return;
    clearTimeout(this.timers.get(document));
    this.timers.set(document, setTimeout(() => void this.run(editor, modelId), DELAY_MS));
  }

  /** What is known of a document, or of some lines of it, as it is now; null when nothing is. */
  totalsOf(document: TextDocument, lines?: Lines): Totals | null {
    const survey = this.surveys.get(document);
    if (survey?.version !== document.version) return null;
    if (lines === undefined) return sumOf(survey.lines.values());
    return sumOf(Array.from({ length: lines.last - lines.first + 1 }, (_, index) => survey.lines.get(lines.first + index) ?? NOTHING));
  }

  nMarks(document: TextDocument | undefined): number {
    return document === undefined ? 0 : (this.surveys.get(document)?.marks.length ?? 0);
  }

  dispose(): void {
    this.forgetAll();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private async run(editor: TextEditor, modelId: string): Promise<void> {
    const { document } = editor;
    this.surveys.get(document)?.source.cancel();
    const survey: Survey = { version: document.version, modelId, lines: new Map(), marks: [], source: new CancellationTokenSource() };
    this.surveys.set(document, survey);
    const nPieces = numberOfPieces(document);
    const first = pieceAt(document, editor.visibleRanges[0]?.start ?? editor.selection.start);
    let nTokens = 0;
    try {
      for (let step = 0; step < nPieces && nTokens < MAX_TOKENS; step += 1) {
        const { result, cells } = await readPiece(this.server, document, (first + step) % nPieces, true, survey.source.token);
        if (survey.source.token.isCancellationRequested || result.scores === null || result.modelId !== modelId) return;
        nTokens += result.ids.length;
        this.take(document, survey, cells, result.scores);
        this.tell(document);
      }
    } catch (error) {
      if (!survey.source.token.isCancellationRequested) this.log.debug(`survey ended: ${messageOf(error)}`);
    }
  }

  private take(document: TextDocument, survey: Survey, cells: readonly Cell[], scores: Parameters<typeof isSurprising>[0]): void {
    const vocabSize = this.server.status?.tokenizer?.vocabSize ?? 2;
    for (const cell of cells) {
      const totals = totalsOfCell(cell, scores, bytesOfCell(document, cell));
      survey.lines.set(cell.startLine, sumOf([survey.lines.get(cell.startLine) ?? NOTHING, totals]));
      if (isSurprising(scores, cell, vocabSize)) survey.marks.push({ cell, bits: surprisalOfCell(scores, cell) ?? 0 });
    }
    survey.marks = survey.marks.sort((one, other) => other.bits - one.bits).slice(0, MAX_MARKS);
  }

  /** Marks above the edit still stand; the others go at once, before the editor moves them. */
  private documentChanged({ document, contentChanges }: TextDocumentChangeEvent): void {
    const survey = this.surveys.get(document);
    if (survey === undefined || contentChanges.length === 0) return;
    survey.source.cancel();
    const firstLine = Math.min(...contentChanges.map(({ range }) => range.start.line));
    survey.marks = survey.marks.filter(({ cell }) => cell.endLine < firstLine);
    this.tell(document);
  }

  private tell(document: TextDocument): void {
    for (const editor of window.visibleTextEditors) if (editor.document === document) this.mark(editor);
    this.changes.fire(document);
  }

  private mark(editor: TextEditor): void {
    const marks = this.surveys.get(editor.document)?.marks ?? [];
    editor.setDecorations(this.styles.type("surprising"), marks.map(({ cell }) => rangeOfCell(cell)));
  }

  private forget(document: TextDocument): void {
    clearTimeout(this.timers.get(document));
    this.timers.delete(document);
    this.surveys.get(document)?.source.cancel();
    if (this.surveys.delete(document)) this.tell(document);
  }

  private forgetAllBut(modelId: string | null): void {
    for (const [document, survey] of [...this.surveys]) if (survey.modelId !== modelId) this.forget(document);
  }

  private forgetAll(): void {
    for (const document of new Set([...this.surveys.keys(), ...this.timers.keys()])) this.forget(document);
  }
}
