/**
 * Paints tokens in the visible editors: asks the server for the cells of what is on screen (and one screen around it),
 * checks that the answer belongs to the text as it is now, and hands each style's ranges to the editor at once.
 *
 * The editor moves old decorations along with an edit until the next answer comes, and keeps them when the server is
 * gone; so what an edit made doubtful goes at once (survivors.ts), and everything when the server stops.
 */
import { CancellationTokenSource, window, workspace } from "vscode";
import type { Disposable, LogOutputChannel, TextDocument, TextDocumentChangeEvent, TextEditor } from "vscode";
import type { Connection, Server } from "./client";
import { isContentModified } from "./pieces";
import { planFor } from "./plan";
import type { Look, Plan, Span, StyleName } from "./plan";
import { TokensRequest } from "./protocol";
import type { Status, TokensResult } from "./protocol";
import { rangesOf, toRange } from "./ranges";
import { paintSettings } from "./settings";
import type { PaintSettings } from "./settings";
import type { Styles } from "./styles";
import { survivorsOf } from "./survivors";
import type { Survivors } from "./survivors";
import { CELL_STRIDE, decodeCells } from "./tokens";
import type { Cell } from "./tokens";
import { messageOf } from "./words";

/** Boundaries follow the keys; probabilities wait until typing pauses. */
const BOUNDARIES_DELAY_MS = 30;
const SCORES_DELAY_MS = 120;
const DEFAULT_VOCAB_SIZE = 8192;

/** What is painted in one editor now. */
export interface Painted {
  readonly version: number;
  /** The model that was loaded; boundaries alone come from its tokenizer. */
  readonly modelId: string | null;
  readonly look: Look;
  readonly result: TokensResult;
  /** Where the cells are now; after an edit, those that it left alone. */
  readonly cells: readonly Cell[];
  /** The scores of the first so many cells still count. */
  readonly nScored: number;
  readonly plan: Plan;
}

interface Pending {
  timer?: NodeJS.Timeout;
  request?: CancellationTokenSource;
}

export class Painter implements Disposable {
  private readonly painted = new Map<TextEditor, Painted>();
  private readonly pending = new Map<TextEditor, Pending>();
  private readonly subscriptions: Disposable[];
  /** Documents for which the user switched boundaries on although their language is not listed. */
  private readonly chosen = new Set<string>();
  private loaded = "";
  private left: TextDocument | null = null;
  private lent: { readonly document: TextDocument; readonly plan: Plan } | null = null;
  private settings: PaintSettings = paintSettings();

  constructor(
    private readonly server: Server,
    private readonly styles: Styles,
    private readonly log: LogOutputChannel,
    private readonly afterPaint: (editor: TextEditor) => void,
  ) {
    this.subscriptions = [
      server.onConnection((connection) => this.connectionChanged(connection)),
      server.onStatus((status) => this.modelMayHaveChanged(status)),
      workspace.onDidChangeTextDocument((event) => this.documentChanged(event)),
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

  /** Leave a document to somebody else's colours; null takes it back. */
  leave(document: TextDocument | null): void {
    this.left = document;
    this.repaintAll();
  }

  /** Paint somebody else's plan in a document instead, until an edit or null gives it back. */
  lend(document: TextDocument, plan: Plan | null): void {
    const isNew = this.lent?.document !== document;
    this.lent = plan === null ? null : { document, plan };
    if (plan === null || isNew) this.repaintAll();
    for (const editor of window.visibleTextEditors.filter((each) => each.document === document)) {
      this.setDecorations(editor, plan ?? new Map<StyleName, readonly Span[]>(), () => true);
    }
  }

  /** What is painted instead, by `lend`. */
  lentIn({ document }: TextEditor): Plan | null {
    return this.lent?.document === document ? this.lent.plan : null;
  }

  paintedIn(editor: TextEditor): Painted | null {
    return this.painted.get(editor) ?? null;
  }

  /** Whether something will be painted in an editor and is not yet. */
  isAwaited(editor: TextEditor): boolean {
    return this.wanted(editor) && !this.painted.has(editor);
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
    const { heatStyle } = this.settings;
    this.settings = paintSettings();
    if (this.settings.heatStyle !== heatStyle) this.clearAll();
    this.styles.keepOnly(this.settings.heatStyle);
    this.repaintAll();
  }

  /**
   * The tokenizer is there before the model, and another model brings another one: ask again at each change. What the
   * one before said is taken away at once.
   */
  private modelMayHaveChanged({ tokenizer, model }: Status): void {
    const loaded = `${tokenizer?.id ?? ""} ${model?.id ?? ""}`;
    if (loaded === this.loaded) return;
    this.loaded = loaded;
    for (const [editor, painted] of [...this.painted]) {
      const { tokenizerId, modelId } = painted.result;
      if (tokenizerId !== tokenizer?.id) this.clear(editor);
      else if (modelId !== null && modelId !== model?.id) this.keep(editor, painted, { cells: painted.cells, nScored: 0 });
    }
    this.repaintAll();
  }

  private documentChanged({ document, contentChanges }: TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return; // Only the mark "unsaved" changed.
    if (this.lent?.document === document) this.lend(document, null);
    const lineText = (line: number): string => document.lineAt(line).text;
    for (const editor of window.visibleTextEditors.filter((each) => each.document === document)) {
      const painted = this.painted.get(editor);
      if (painted !== undefined) this.keep(editor, painted, survivorsOf(painted, contentChanges, lineText));
      this.schedule(editor);
    }
  }

  /** Leave painted only what is still right. */
  private keep(editor: TextEditor, painted: Painted, { cells, nScored }: Survivors): void {
    const plan = planFor(cells, painted.result.scores, painted.look, nScored);
    this.setDecorations(editor, plan, (style) => plan.get(style)?.length !== painted.plan.get(style)?.length);
    this.painted.set(editor, { ...painted, cells, nScored, plan });
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
    const isFree = editor.document !== this.left && editor.document !== this.lent?.document;
    return this.server.isRunning && paints && isFree && this.covers(editor.document);
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
      if (isContentModified(error)) this.schedule(editor);
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
    const textDocument = converter.asTextDocumentIdentifier(document);
    const within = (visibleOnly: boolean): Promise<TokensResult> => {
      const ranges = rangesOf(editor, visibleOnly).map((range) => converter.asRange(range));
      return this.server.request(TokensRequest, { textDocument, version, ranges, scores }, request.token);
    };
    let result = await within(false);
    // What is off screen must not use up the cells that may be painted.
    if (result.cells.length >= this.settings.maxCells * CELL_STRIDE && !isCancelled(request)) result = await within(true);
    if (isCancelled(request) || document.version !== result.version) return;
    if (!window.visibleTextEditors.includes(editor) || !this.wanted(editor)) return;
    this.apply(editor, result);
  }

  private apply(editor: TextEditor, result: TokensResult): void {
    const cells = decodeCells(result);
    const { boundaries, heatMode, heatStyle } = this.settings;
    const vocabSize = this.server.status?.tokenizer?.vocabSize ?? DEFAULT_VOCAB_SIZE;
    const look: Look = { boundaries, heatMode, heatStyle, vocabSize };
    const plan = planFor(cells, result.scores, look);
    const before = this.painted.get(editor)?.plan;
    this.setDecorations(editor, plan, (style) => plan.has(style) || before === undefined || before.has(style));
    const modelId = result.modelId ?? this.server.status?.model?.id ?? null;
    this.painted.set(editor, { version: result.version, modelId, look, result, cells, nScored: cells.length, plan });
    this.afterPaint(editor);
  }

  private setDecorations(editor: TextEditor, plan: Plan, isNeeded: (style: StyleName) => boolean): void {
    for (const [style, spans] of plan) {
      if (isNeeded(style)) editor.setDecorations(this.styles.type(style), spans.map((span) => toRange(editor, span)));
    }
    for (const [style, type] of this.styles.painted()) {
      if (!plan.has(style) && isNeeded(style)) editor.setDecorations(type, []);
    }
  }

  private clear(editor: TextEditor): void {
    const pending = this.pending.get(editor);
    clearTimeout(pending?.timer);
    pending?.request?.cancel();
    if (!this.painted.has(editor)) return;
    this.painted.delete(editor);
    for (const [, type] of this.styles.painted()) editor.setDecorations(type, []);
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

/** A function, because the answer changes while a request is awaited. */
function isCancelled(request: CancellationTokenSource): boolean {
  return request.token.isCancellationRequested;
}
