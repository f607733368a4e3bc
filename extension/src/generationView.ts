/**
 * "Open Generation View": a session at the caret, and the panel that shows it. The session outlives the panel; closing and
 * opening it again loses nothing. Requests go one behind the other, and of several changes of the settings the last counts.
 */
import { Uri, ViewColumn, window, workspace } from "vscode";
import type { Disposable, LogOutputChannel, TextEditor, WebviewPanel } from "vscode";
import type { Server } from "./client";
import type { FreshText } from "./fresh";
import type { GenerationAction, GenerationState } from "./generationMessages";
import { SessionCloseRequest, SessionGoRequest, SessionOpenRequest, SessionPickRequest, SessionSaveRequest, SessionSetRequest, SessionStepRequest } from "./sessionProtocol";
import type { SavedTree, SessionSetParams, SessionView } from "./sessionProtocol";
import { generationSettings } from "./settings";
import { pageOf, webviewOptions } from "./webview";
import { messageOf } from "./words";
import { Writer } from "./writer";

const PACE = 8;
/** A tree of the most tokens that a session may have takes about 5 MB. */
const MAX_FILE_BYTES = 20_000_000;

interface Held {
  readonly writer: Writer;
  view: SessionView;
}

export class GenerationView implements Disposable {
  private panel: WebviewPanel | null = null;
  private held: Held | null = null;
  private running = false;
  private pace = PACE;
  private note = "";
  private turn: Promise<unknown> = Promise.resolve();
  /** Settings that were changed and not sent yet. */
  private waitingSet: Omit<SessionSetParams, "sessionId"> | null = null;
  /** Clicking into the panel leaves no active text editor; then it is the last one. */
  private lastEditor: TextEditor | undefined = window.activeTextEditor;
  private readonly subscriptions: Disposable[];

  constructor(
    private readonly server: Server,
    private readonly fresh: FreshText,
    private readonly extensionUri: Uri,
    private readonly log: LogOutputChannel,
  ) {
    this.subscriptions = [
      window.onDidChangeActiveTextEditor((editor) => (this.lastEditor = editor ?? this.lastEditor)),
      server.onConnection((connection) => connection !== "running" && this.held !== null && this.end("The TinyLM server ended, and the session with it.")),
    ];
  }

  /** Show the panel; begin at the caret unless a session is under way. */
  async open(): Promise<void> {
    this.reveal();
    if (this.held === null) await this.enqueue(() => this.begin(null));
  }

  dispose(): void {
    this.running = false;
    this.held?.writer.dispose();
    this.panel?.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private reveal(): void {
    if (this.panel !== null) return this.panel.reveal();
    const panel = window.createWebviewPanel("tinylm.generation", "TinyLM Generation", ViewColumn.Beside, webviewOptions(this.extensionUri));
    this.panel = panel;
    panel.onDidDispose(() => {
      this.panel = null;
      this.running = false;
    });
    panel.webview.onDidReceiveMessage((action: GenerationAction) => this.received(action));
    panel.webview.html = pageOf(panel.webview, this.extensionUri, "generation", "TinyLM Generation");
  }

  private received(action: GenerationAction): void {
    switch (action.kind) {
      case "ready":
        return this.post();
      case "run":
        return void this.run();
      case "pause":
        this.running = false;
        return this.post();
      case "leave":
        this.running = false;
        if (this.lastEditor !== undefined) void window.showTextDocument(this.lastEditor.document, this.lastEditor.viewColumn);
        return this.post();
      case "pace":
        this.pace = action.pace;
        return this.post();
      case "set":
        return this.set(action.values);
      case "redraw":
        return this.set({ seed: null });
      case "step":
        return this.steer((sessionId) => this.server.request(SessionStepRequest, { sessionId }));
      case "pick":
        return this.steer((sessionId) => this.server.request(SessionPickRequest, { sessionId, rank: action.rank }));
      case "go":
        return this.steer((sessionId) => this.server.request(SessionGoRequest, { sessionId, number: action.number }));
      case "back":
        return this.steer((sessionId) => this.server.request(SessionGoRequest, { sessionId, number: this.held?.view.tokens.at(-2)?.number ?? null }));
      case "begin":
        return this.alone(() => this.begin(null));
      case "save":
        return this.alone(() => this.save());
      case "load":
        return this.alone(() => this.load());
    }
  }

  /** A person's own step ends a run and is one step of undo. */
  private steer(ask: (sessionId: string) => Promise<SessionView>): void {
    this.alone(() => this.change(ask, true));
  }

  private alone(body: () => Promise<void>): void {
    this.running = false;
    void this.enqueue(body);
  }

  /** Open a session at the caret; the one before ends and its text stays. */
  private async begin(tree: SavedTree | null): Promise<void> {
    const editor = window.activeTextEditor ?? this.lastEditor;
    if (editor === undefined) throw new Error("Open a text and put the caret where the model is to go on.");
    const converter = this.server.converter;
    if (converter === null) throw new Error("The TinyLM server is starting: try again in a moment.");
    await this.forget();
    const { document, selection } = editor;
    const writer = new Writer(document, document.offsetAt(selection.active), this.fresh, (reason) => this.end(reason));
    try {
      const place = { textDocument: converter.asTextDocumentIdentifier(document), version: document.version, position: converter.asPosition(selection.active) };
      const view = await this.server.request(SessionOpenRequest, { ...place, ...generationSettings(), tree });
      if (writer.isOver) return; // Its reason is shown; the server drops what nobody asks about any more.
      this.held = { writer, view };
      await writer.write(view.text, true);
    } catch (error) {
      writer.dispose();
      throw error;
    }
  }

  private async forget(): Promise<void> {
    const held = this.held;
    this.held = null;
    if (held === null) return;
    held.writer.dispose();
    await this.server.request(SessionCloseRequest, { sessionId: held.view.sessionId });
  }

  private end(reason: string): void {
    this.running = false;
    const held = this.held;
    this.held = null;
    held?.writer.dispose();
    if (held !== null && this.server.isRunning) this.server.request(SessionCloseRequest, { sessionId: held.view.sessionId }).catch((error: unknown) => this.log.warn(messageOf(error)));
    this.note = reason;
    if (this.panel === null) window.setStatusBarMessage(`TinyLM: ${reason}`, 8000);
    this.post();
  }

  /** Ask for a change of the session and bring the document to it. */
  private async change(ask: (sessionId: string) => Promise<SessionView>, opensUndoStep: boolean): Promise<void> {
    const held = this.held;
    if (held === null) throw new Error("No session: begin one at the caret.");
    held.view = await ask(held.view.sessionId);
    await held.writer.write(held.view.text, opensUndoStep);
  }

  /** Step until the end, a pause or an error; one undo takes the whole run back. */
  private async run(): Promise<void> {
    if (this.running || this.held === null) return;
    const { held } = this;
    this.running = true;
    for (let n = 0; this.isRunning() && this.held === held && held.view.ended === null; n += 1) {
      const began = Date.now();
      await this.enqueue(async () => {
        if (this.isRunning()) await this.change((sessionId) => this.server.request(SessionStepRequest, { sessionId }), n === 0);
      });
      await new Promise((done) => setTimeout(done, Math.max(0, 1000 / this.pace - (Date.now() - began))));
    }
    this.running = false;
    this.post();
  }

  /** A method, because it changes while one waits. */
  private isRunning(): boolean {
    return this.running;
  }

  private set(values: Omit<SessionSetParams, "sessionId">): void {
    const isWaiting = this.waitingSet !== null;
    this.waitingSet = { ...this.waitingSet, ...values };
    if (isWaiting) return;
    void this.enqueue(async () => {
      const waiting = this.waitingSet ?? {};
      this.waitingSet = null;
      await this.change((sessionId) => this.server.request(SessionSetRequest, { sessionId, ...waiting }), true);
    });
  }

  private async save(): Promise<void> {
    if (this.held === null) return;
    const { view, writer } = this.held;
    const { tree } = await this.server.request(SessionSaveRequest, { sessionId: view.sessionId });
    const { uri } = writer.document;
    const folder = workspace.workspaceFolders?.[0]?.uri;
    const beside = uri.scheme === "file" ? uri.with({ path: `${uri.path}.tinylm.json` }) : folder && Uri.joinPath(folder, "generation.tinylm.json");
    const target = await window.showSaveDialog({ ...(beside && { defaultUri: beside }), filters: { "TinyLM generation": ["json"] }, title: "Save the tree of this generation" });
    if (target === undefined) return;
    await workspace.fs.writeFile(target, new TextEncoder().encode(`${JSON.stringify(tree, null, 1)}\n`));
    this.note = `Saved to ${workspace.asRelativePath(target)}.`;
  }

  private async load(): Promise<void> {
    const [source] = (await window.showOpenDialog({ filters: { "TinyLM generation": ["json"] }, title: "Open a saved generation at the caret" })) ?? [];
    if (source === undefined) return;
    const { size } = await workspace.fs.stat(source);
    if (size > MAX_FILE_BYTES) throw new Error(`${workspace.asRelativePath(source)} is no saved generation: it has ${size} bytes.`);
    const text = new TextDecoder().decode(await workspace.fs.readFile(source));
    await this.begin(JSON.parse(text) as SavedTree); // The server looks at every field of it.
  }

  /** Do one thing after the other; what fails is one line in the panel. */
  private enqueue(body: () => Promise<void>): Promise<void> {
    const turn = this.turn.then(async () => {
      try {
        this.note = "";
        await body();
      } catch (error) {
        this.running = false;
        this.note = messageOf(error);
        this.log.warn(this.note);
      }
      this.post();
    });
    this.turn = turn;
    return turn;
  }

  private post(): void {
    const held = this.held;
    const moved = held?.writer.contextChanged === true ? "The text before was edited: the numbers rest on what it was." : "";
    const document = held === null ? null : workspace.asRelativePath(held.writer.document.uri);
    const state: GenerationState = { view: held?.view ?? null, document, running: this.running, pace: this.pace, note: this.note || moved };
    void this.panel?.webview.postMessage(state);
  }
}
