/**
 * "Generate Here" and "Continue Selection": the model's tokens are inserted at the caret, or behind what is selected, as
 * they come, underlined while fresh, as one step of undo. Escape, the notification's Cancel, closing the document and an
 * edit where it writes end it; edits elsewhere do not disturb it.
 */
import { CancellationTokenSource, ProgressLocation, commands, window } from "vscode";
import type { CancellationToken, Disposable, Position, TextDocument, TextEditor } from "vscode";
import type { Server } from "./client";
import type { FreshText } from "./fresh";
import { GenerateRequest } from "./protocol";
import type { GenerateResult, GenerationStep } from "./protocol";
import { generationSettings } from "./settings";
import { Writer } from "./writer";

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

  /** Generate at a position, the caret if none is given. One at a time: a second call stops the first. */
  generateAt(editor: TextEditor, at: Position = editor.selection.active): Promise<void> {
    return this.generate(editor, at, "new");
  }

  /** The same, as a part of the edit just made: one undo takes both back. */
  continueAt(editor: TextEditor): Promise<void> {
    return this.generate(editor, editor.selection.active, "same");
  }

  private async generate(editor: TextEditor, at: Position, undoStep: UndoStep): Promise<void> {
    this.stop();
    const source = new CancellationTokenSource();
    this.running = source;
    await commands.executeCommand("setContext", CONTEXT_KEY, true);
    const options = { location: ProgressLocation.Notification, title: "TinyLM: generating", cancellable: true };
    try {
      await window.withProgress(options, (progress, token) => {
        token.onCancellationRequested(() => source.cancel());
        return this.stream(editor.document, at, undoStep, source, (message) => progress.report({ message }));
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

  private async stream(document: TextDocument, at: Position, undoStep: UndoStep, source: CancellationTokenSource, report: Report): Promise<void> {
    this.nStreams += 1;
    const streamId = `g${this.nStreams}`;
    let ended = "";
    const writer = new Writer(document, document.offsetAt(at), this.fresh, (reason) => {
      ended = reason;
      source.cancel();
    });
    const stream = new Stream(writer, undoStep);
    const began = Date.now();
    let nTokens = 0;
    let reported = 0;
    const steps = this.server.onGenerationStep((step: GenerationStep) => {
      if (step.streamId !== streamId) return;
      nTokens += 1;
      stream.add(step.text);
      if (Date.now() - reported < REPORT_EVERY_MS) return;
      reported = Date.now();
      const seconds = (reported - began) / 1000;
      report(seconds > 0.1 ? `${nTokens} tokens, ${Math.round(nTokens / seconds)} tokens/s` : `${nTokens} tokens`);
    });
    try {
      const result = await this.request(document, at, streamId, source.token);
      stream.add(result.rest);
      await stream.finish();
      const speed = `${Math.round(result.tokensPerSecond)} tokens/s`;
      say(`${result.nTokens} tokens, ${speed}${result.reason === "endOfText" ? ", the model ended the text" : ""}`);
    } catch (error) {
      await stream.finish();
      if (!source.token.isCancellationRequested) throw error;
      say(ended || `stopped after ${nTokens} tokens`);
    } finally {
      steps.dispose();
      writer.dispose();
    }
  }

  private request(document: TextDocument, at: Position, streamId: string, token: CancellationToken): Promise<GenerateResult> {
    const converter = this.server.converter;
    if (converter === null) return Promise.reject(new Error("The TinyLM server is not running."));
    const params = {
      textDocument: converter.asTextDocumentIdentifier(document),
      version: document.version,
      position: converter.asPosition(at),
      ...generationSettings(),
      streamId,
    };
    return this.server.request(GenerateRequest, params, token);
  }
}

function say(what: string): void {
  window.setStatusBarMessage(`TinyLM: ${what}`, 8000);
}

type Report = (message: string) => void;

/** Whether what is written begins a step of undo of its own. */
type UndoStep = "new" | "same";

/** Hands pieces of text to a writer, those of a moment as one edit. */
class Stream {
  private text = "";
  private writing: Promise<void> | null = null;
  private isFirst: boolean;

  constructor(
    private readonly writer: Writer,
    undoStep: UndoStep,
  ) {
    this.isFirst = undoStep === "new";
  }

  add(text: string): void {
    if (text === "") return;
    this.text += text;
    this.writing ??= this.write();
  }

  /** Resolve when everything that came is in the document. */
  async finish(): Promise<void> {
    await this.writing;
  }

  private async write(): Promise<void> {
    let written = "";
    while (written !== this.text && !this.writer.isOver) {
      written = this.text;
      await this.writer.write(written, this.isFirst);
      this.isFirst = false;
      await new Promise((done) => setTimeout(done, WRITE_EVERY_MS));
    }
    this.writing = null;
  }
}
