/**
 * Paints tokens in the visible editors: asks the server for the cells of what is on screen (and one screen around it),
 * checks that the answer belongs to the text as it is now, and hands each style's ranges to the editor at once.
 *
 * The editor moves old decorations along with an edit until the next answer comes, and keeps them when the server is
 * gone; so everything is cleared when the server stops or another model comes.
 */
import { CancellationTokenSource, Range, window, workspace } from "vscode";
import type { Disposable, LogOutputChannel, TextDocument, TextEditor } from "vscode";
import type { Connection, Server } from "./client";
import { END_OF_LINE, planFor } from "./plan";
import type { Look, Plan, Span } from "./plan";
import { TokensRequest } from "./protocol";
import type { Status, TokensResult } from "./protocol";
import { paintSettings } from "./settings";
import type { PaintSettings } from "./settings";
import { Styles } from "./styles";
import { decodeCells } from "./tokens";
import type { Cell } from "./tokens";
import { messageOf } from "./words";

/** Boundaries follow the keys; probabilities wait until typing pauses. */
const BOUNDARIES_DELAY_MS = 30;
const SCORES_DELAY_MS = 120;
/** A long document is still being counted when its first tokens come: ask again for the number. */
const COUNT_DELAY_MS = 1000;
const DEFAULT_VOCAB_SIZE = 8192;

/** What is painted in one editor now. */
export interface Painted {
  readonly version: number;
  /** The model that was loaded; boundaries alone come from its tokenizer. */
  readonly modelId: string | null;
  readonly heatMode: string;
  readonly result: TokensResult;
  readonly cells: readonly Cell[];
  readonly plan: Plan;
}

interface Pending {
  timer?: NodeJS.Timeout;
  request?: CancellationTokenSource;
}

export class Painter implements Disposable {
  private readonly styles = new Styles();
  private readonly painted = new Map<TextEditor, Painted>();
  private readonly pending = new Map<TextEditor, Pending>();
  private readonly subscriptions: Disposable[];
  /** Documents for which the user switched boundaries on although their language is not listed. */
  private readonly chosen = new Set<string>();
  private loaded = "";
  private settings: PaintSettings = paintSettings();

  constructor(
    private readonly server: Server,
    private readonly log: LogOutputChannel,
    private readonly afterPaint: (editor: TextEditor) => void,
  ) {
    this.subscriptions = [
      this.styles,
      server.onConnection((connection) => this.connectionChanged(connection)),
      server.onStatus((status) => this.modelMayHaveChanged(status)),
      workspace.onDidChangeTextDocument(({ document }) => this.repaintDocument(document)),
      workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("tinylm") && this.settingsChanged()),
      workspace.onDidCloseTextDocument((document) => this.chosen.delete(document.uri.toString())),
      window.onDidChangeVisibleTextEditors(() => this.editorsChanged()),
      window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => this.schedule(textEditor)),
    ];
    this.repaintAll();
  }

  /** Whether TinyLM looks at this document: a listed language, or switched on by hand. */
  covers(document: TextDocument): boolean {
    if (document.uri.scheme !== "file" && document.uri.scheme !== "untitled") return false;
    const { languages } = this.settings;
    return languages.includes("*") || languages.includes(document.languageId) || this.chosen.has(document.uri.toString());
  }

  /** Look at this document although its language is not listed. */
  choose(document: TextDocument): void {
    this.chosen.add(document.uri.toString());
    this.repaintAll();
  }

  paintedIn(editor: TextEditor): Painted | null {
    return this.painted.get(editor) ?? null;
  }

  repaintAll(): void {
    for (const editor of window.visibleTextEditors) this.schedule(editor);
  }

  clearAll(): void {
    for (const editor of window.visibleTextEditors) this.clear(editor);
  }

  dispose(): void {
    for (const editor of [...this.pending.keys()]) this.forget(editor);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private connectionChanged(connection: Connection): void {
    this.loaded = "";
    if (connection === "running") this.repaintAll();
    else this.clearAll();
  }

  private settingsChanged(): void {
    this.settings = paintSettings();
    this.repaintAll();
  }

  /** The tokenizer is there before the model, and another model brings another one: ask again at each change. */
  private modelMayHaveChanged({ tokenizer, model }: Status): void {
    const loaded = `${tokenizer?.id ?? ""} ${model?.id ?? ""}`;
    if (loaded === this.loaded) return;
    this.loaded = loaded;
    this.repaintAll();
  }

  private repaintDocument(document: TextDocument): void {
    for (const editor of window.visibleTextEditors) {
      if (editor.document === document) this.schedule(editor);
    }
  }

  private editorsChanged(): void {
    const visible = new Set(window.visibleTextEditors);
    for (const editor of [...this.pending.keys(), ...this.painted.keys()]) {
      if (!visible.has(editor)) this.forget(editor);
    }
    for (const editor of visible) {
      if (!this.painted.has(editor)) this.schedule(editor, 0);
    }
  }

  private schedule(editor: TextEditor, delayMs?: number): void {
    const pending = this.pending.get(editor) ?? {};
    this.pending.set(editor, pending);
    clearTimeout(pending.timer);
    pending.request?.cancel();
    if (!this.wanted(editor)) return this.clear(editor);
    const scores = this.settings.heatMode !== "off";
    const wait = delayMs ?? (scores && this.painted.has(editor) ? SCORES_DELAY_MS : BOUNDARIES_DELAY_MS);
    pending.timer = setTimeout(() => void this.paint(editor, pending), wait);
  }

  private wanted(editor: TextEditor): boolean {
    const paints = this.settings.boundaries || this.settings.heatMode !== "off";
    return this.server.isRunning && paints && this.covers(editor.document);
  }

  /** Boundaries first where nothing is painted yet, so that a slow score never leaves the text bare. */
  private async paint(editor: TextEditor, pending: Pending): Promise<void> {
    const request = new CancellationTokenSource();
    pending.request = request;
    const scores = this.settings.heatMode !== "off";
    try {
      if (scores && !this.painted.has(editor)) await this.ask(editor, false, request);
      await this.ask(editor, scores, request);
    } catch (error) {
      if (request.token.isCancellationRequested) return; // Whoever cancelled has scheduled the next try.
      if (versionMoved(error)) this.schedule(editor);
      else this.log.debug(`not painted: ${messageOf(error)}`); // The status item says what is wrong with the model.
    } finally {
      request.dispose();
    }
  }

  private async ask(editor: TextEditor, scores: boolean, request: CancellationTokenSource): Promise<void> {
    const { document } = editor;
    const converter = this.server.converter;
    if (converter === null || isCancelled(request)) return;
    const { version } = document;
    const ranges = rangesAround(editor).map((range) => converter.asRange(range));
    const textDocument = converter.asTextDocumentIdentifier(document);
    const result = await this.server.request(TokensRequest, { textDocument, version, ranges, scores }, request.token);
    if (isCancelled(request) || document.version !== result.version) return;
    if (!window.visibleTextEditors.includes(editor) || !this.wanted(editor)) return;
    this.apply(editor, result);
  }

  private apply(editor: TextEditor, result: TokensResult): void {
    const cells = decodeCells(result);
    const { boundaries, heatMode } = this.settings;
    const vocabSize = this.server.status?.tokenizer?.vocabSize ?? DEFAULT_VOCAB_SIZE;
    const look: Look = { boundaries: boundaries || heatMode !== "off", heatMode, vocabSize };
    const plan = planFor(cells, result.scores, look);
    this.setDecorations(editor, plan);
    const modelId = result.modelId ?? this.server.status?.model?.id ?? null;
    this.painted.set(editor, { version: result.version, modelId, heatMode, result, cells, plan });
    this.afterPaint(editor);
    if (result.nTokens === null) this.schedule(editor, COUNT_DELAY_MS);
  }

  private setDecorations(editor: TextEditor, plan: Plan): void {
    const before = this.painted.get(editor)?.plan;
    for (const [name, type] of this.styles.types) {
      const spans = plan.get(name) ?? [];
      if (spans.length > 0 || before === undefined || before.has(name)) editor.setDecorations(type, spans.map((span) => toRange(editor, span)));
    }
  }

  private clear(editor: TextEditor): void {
    const pending = this.pending.get(editor);
    clearTimeout(pending?.timer);
    pending?.request?.cancel();
    if (!this.painted.has(editor)) return;
    this.painted.delete(editor);
    for (const type of this.styles.types.values()) editor.setDecorations(type, []);
    this.afterPaint(editor);
  }

  private forget(editor: TextEditor): void {
    const pending = this.pending.get(editor);
    clearTimeout(pending?.timer);
    pending?.request?.cancel();
    this.pending.delete(editor);
    this.painted.delete(editor);
  }
}

function versionMoved(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === CONTENT_MODIFIED;
}

/** A function, because the answer changes while a request is awaited. */
function isCancelled(request: CancellationTokenSource): boolean {
  return request.token.isCancellationRequested;
}

/** LSP's ContentModified: the version asked about is not the server's current one. */
const CONTENT_MODIFIED = -32801;

/** What is visible, and as much again above and below. */
function rangesAround(editor: TextEditor): Range[] {
  const nLines = editor.document.lineCount;
  return editor.visibleRanges.map((visible) => {
    const height = visible.end.line - visible.start.line + 1;
    const first = Math.max(0, visible.start.line - height);
    const last = Math.min(nLines - 1, visible.end.line + height);
    return new Range(first, 0, last, editor.document.lineAt(last).text.length);
  });
}

/** A token that ends with a line end would leave its left edge on the next line too; `newline` marks it instead. */
function toRange(editor: TextEditor, [startLine, start, endLine, end]: Span): Range {
  const endsBefore = endLine > startLine && end === 0;
  const range = endsBefore ? new Range(startLine, start, endLine - 1, END_OF_LINE) : new Range(startLine, start, endLine, end);
  return editor.document.validateRange(range);
}
