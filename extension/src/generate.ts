/**
 * "Generate Here": inserts the model's tokens at the caret as they come, underlined while fresh, as one step of undo.
 * Escape, the notification's Cancel, closing the document and any edit of the user's own end it.
 */
import { CancellationTokenSource, Position, ProgressLocation, Range, commands, window, workspace } from "vscode";
import type { CancellationToken, Disposable, TextDocumentChangeEvent, TextEditor } from "vscode";
import type { Server } from "./client";
import type { FreshText } from "./fresh";
import { GenerateRequest } from "./protocol";
import type { GenerateResult, GenerationStep } from "./protocol";
import { generationSettings } from "./settings";

const CONTEXT_KEY = "tinylm.generating";
/** Tokens that come within this time are written as one edit, so that the painter gets a word in between. */
const WRITE_EVERY_MS = 80;
/** The progress text changes at most this often. */
const REPORT_EVERY_MS = 200;

export class Generator implements Disposable {
  private running: CancellationTokenSource | null = null;
  private nStreams = 0;

  constructor(
    private readonly server: Server,
    private readonly fresh: FreshText,
  ) {}

  /** Generate at the caret of an editor. One at a time: a second call stops the first. */
  generateAt(editor: TextEditor): Promise<void> {
    return this.generate(editor, "new");
  }

  /** The same, as a part of the edit just made: one undo takes both back. */
  continueAt(editor: TextEditor): Promise<void> {
    return this.generate(editor, "same");
  }

  private async generate(editor: TextEditor, undoStep: UndoStep): Promise<void> {
    this.stop();
    const source = new CancellationTokenSource();
    this.running = source;
    await commands.executeCommand("setContext", CONTEXT_KEY, true);
    const options = { location: ProgressLocation.Notification, title: "TinyLM: generating", cancellable: true };
    try {
      await window.withProgress(options, (progress, token) => {
        token.onCancellationRequested(() => source.cancel());
        return this.stream(editor, undoStep, source, (message) => progress.report({ message }));
      });
    } finally {
      source.dispose();
      if (this.running === source) {
        this.running = null;
        await commands.executeCommand("setContext", CONTEXT_KEY, false);
      }
    }
  }

  stop(): void {
    this.running?.cancel();
  }

  dispose(): void {
    this.stop();
  }

  private async stream(editor: TextEditor, undoStep: UndoStep, source: CancellationTokenSource, report: (message: string) => void): Promise<void> {
    this.nStreams += 1;
    const streamId = `g${this.nStreams}`;
    const insertion = new Insertion(editor, undoStep, this.fresh, () => source.cancel());
    const began = Date.now();
    let nTokens = 0;
    let reported = 0;
    const steps = this.server.onGenerationStep((step: GenerationStep) => {
      if (step.streamId !== streamId) return;
      nTokens += 1;
      insertion.add(step.text);
      if (Date.now() - reported < REPORT_EVERY_MS) return;
      reported = Date.now();
      const seconds = (reported - began) / 1000;
      report(seconds > 0.1 ? `${nTokens} tokens, ${Math.round(nTokens / seconds)} tokens/s` : `${nTokens} tokens`);
    });
    try {
      const result = await this.request(editor, streamId, source.token);
      insertion.add(result.rest);
      await insertion.finish();
      const speed = `${Math.round(result.tokensPerSecond)} tokens/s`;
      window.setStatusBarMessage(`TinyLM: ${result.nTokens} tokens, ${speed}${result.reason === "endOfText" ? ", the model ended the text" : ""}`, 8000);
    } catch (error) {
      await insertion.finish();
      if (!source.token.isCancellationRequested) throw error;
    } finally {
      steps.dispose();
      insertion.dispose();
    }
  }

  private request(editor: TextEditor, streamId: string, token: CancellationToken): Promise<GenerateResult> {
    const converter = this.server.converter;
    if (converter === null) return Promise.reject(new Error("The TinyLM server is not running."));
    const { document, selection } = editor;
    const params = {
      textDocument: converter.asTextDocumentIdentifier(document),
      version: document.version,
      position: converter.asPosition(selection.active),
      ...generationSettings(),
      streamId,
    };
    return this.server.request(GenerateRequest, params, token);
  }
}

/** Whether what is written begins a step of undo of its own. */
type UndoStep = "new" | "same";

/** Writes pieces of text one behind the other; edits of anybody else end it. */
class Insertion implements Disposable {
  private readonly start: Position;
  private end: Position;
  private waiting = "";
  private writing: Promise<void> | null = null;
  /** The text of our edit that is under way. */
  private expected: string | null = null;
  private ended = false;
  private isFirst: boolean;
  private readonly listener: Disposable;

  constructor(
    private readonly editor: TextEditor,
    undoStep: UndoStep,
    private readonly fresh: FreshText,
    private readonly onForeignEdit: () => void,
  ) {
    this.start = editor.selection.active;
    this.end = this.start;
    this.isFirst = undoStep === "new";
    this.listener = workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (document !== editor.document || contentChanges.length === 0 || this.isOwn(contentChanges)) return;
      this.ended = true;
      this.onForeignEdit();
    });
  }

  add(text: string): void {
    if (text === "" || this.ended) return;
    this.waiting += text;
    this.writing ??= this.write();
  }

  /** Resolve when everything that came is in the document. */
  async finish(): Promise<void> {
    await this.writing;
    this.ended = true;
  }

  dispose(): void {
    this.listener.dispose();
    this.fresh.hide(this);
  }

  /** An undo may come while our edit is under way, so the change itself tells whose it is. */
  private isOwn(changes: TextDocumentChangeEvent["contentChanges"]): boolean {
    const [change] = changes;
    if (change === undefined || changes.length > 1 || this.expected === null) return false;
    return change.rangeLength === 0 && change.range.start.isEqual(this.end) && withPlainLineEnds(change.text) === withPlainLineEnds(this.expected);
  }

  /** At most the first edit opens a step of undo, so that one undo takes all of it back. */
  private async write(): Promise<void> {
    while (this.waiting !== "" && !this.ended) {
      const text = this.waiting;
      this.waiting = "";
      this.expected = text;
      const applied = await this.editor.edit((edit) => edit.insert(this.end, text), { undoStopBefore: this.isFirst, undoStopAfter: false });
      this.expected = null;
      if (!applied) {
        this.ended = true;
        this.onForeignEdit();
        break;
      }
      this.isFirst = false;
      this.end = positionAfter(this.end, text);
      this.fresh.show(this, this.editor.document, new Range(this.start, this.end));
      this.editor.revealRange(new Range(this.end, this.end));
      await new Promise((done) => setTimeout(done, WRITE_EVERY_MS));
    }
    this.writing = null;
  }
}

function withPlainLineEnds(text: string): string {
  return text.replaceAll(/\r\n|\r/g, "\n");
}

/** Where a position is after `text` was inserted at it; the editor turns every line end into one. */
export function positionAfter(position: { readonly line: number; readonly character: number }, text: string): Position {
  const lines = text.split(/\r\n|\r|\n/);
  const last = lines.at(-1) ?? "";
  return lines.length === 1 ? new Position(position.line, position.character + last.length) : new Position(position.line + lines.length - 1, last.length);
}
