/**
 * The training view: a panel for each run. Its page (extension/views/training.ts) draws what the server reads from the
 * run's own diary, so it shows the same after the tab was closed, the window reloaded or the server restarted.
 */
import { basename } from "node:path";
import { Disposable, ViewColumn, window } from "vscode";
import type { Position, Range, TextDocument, Uri, WebviewPanel } from "vscode";
import type { FromTrainingPage, LearningState, ToTrainingPage, TrainingPageState } from "../views/messages";
import type { Server } from "./client";
import type { Painter } from "./decorations";
import { Learning } from "./learning";
import { ServerCommand, TokenizerEventsRequest, TrainingEventsRequest } from "./protocol";
import type { TrainingEventsResult } from "./protocol";
import { pageOf, webviewOptions } from "./webview";
import { isActive, messageOf } from "./words";

const VIEW_TYPE = "tinylm.training";
const LOOK_EVERY_MS = 1000;
/** A vocabulary is merged within seconds. */
const LOOK_AT_MERGES_EVERY_MS = 300;
/** The server thins a run to so many points; when as many more have come one by one, everything is asked for again. */
const MOST_POINTS = 1000;
const MOST_MERGES = 500;

/** What the buttons of a view do. */
export interface TrainingActions {
  readonly resume: (run: string) => Promise<void>;
  readonly use: (model: string) => Promise<void>;
  readonly useStep: (run: string, step: number) => Promise<void>;
}

export class TrainingViews implements Disposable {
  private readonly views = new Map<string, TrainingView>();
  private readonly serializer: Disposable;

  constructor(
    private readonly extensionUri: Uri,
    private readonly server: Server,
    private readonly painter: Painter,
    private readonly actions: TrainingActions,
  ) {
    this.serializer = window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel: (panel, state: Partial<TrainingPageState> | undefined) => {
        if (typeof state?.run === "string" && !this.views.has(state.run)) this.fill(panel, state.run);
        else panel.dispose();
        return Promise.resolve();
      },
    });
  }

  /** Show a run's view, a new one or the one there is. */
  open(run: string): TrainingView {
    const shown = this.views.get(run);
    shown?.panel.reveal(undefined, true);
    const column = { viewColumn: ViewColumn.Beside, preserveFocus: true };
    return shown ?? this.fill(window.createWebviewPanel(VIEW_TYPE, "", column, { enableFindWidget: true }), run);
  }

  /** Watch a text being learned by a run, in its view; one text at a time. */
  watch(document: TextDocument, range: Range, run: string): void {
    this.endLearning();
    this.open(run).watch(document, range, this.painter);
  }

  endLearning(): void {
    for (const view of this.views.values()) view.endLearning();
  }

  /** What a text that is watched being learned has to say in a hover; null where none is watched. */
  noteAt(document: TextDocument, position: Position): string | null {
    return [...this.views.values()].map((view) => view.noteAt(document, position)).find((note) => note !== null) ?? null;
  }

  dispose(): void {
    this.serializer.dispose();
    for (const view of this.views.values()) view.dispose();
  }

  private fill(panel: WebviewPanel, run: string): TrainingView {
    panel.title = `Training ${basename(run)}`;
    panel.webview.options = webviewOptions(this.extensionUri);
    const view = new TrainingView(panel, run, this.server, this.actions);
    this.views.set(run, view);
    panel.onDidDispose(() => {
      this.views.delete(run);
      view.dispose();
    });
    panel.webview.html = pageOf(panel.webview, this.extensionUri, "training", "Training");
    return view;
  }
}

class TrainingView implements Disposable {
  private readonly subscriptions: Disposable;
  private cursor: string | null = null;
  private nPoints = 0;
  /** Null from the beginning; undefined where no tokenizer is trained. */
  private mergesFrom: string | null | undefined = null;
  private last: TrainingEventsResult | null = null;
  private asking = false;
  private timer: NodeJS.Timeout | null = null;
  private learning: Learning | null = null;

  constructor(
    readonly panel: WebviewPanel,
    private readonly run: string,
    private readonly server: Server,
    private readonly actions: TrainingActions,
  ) {
    this.subscriptions = Disposable.from(
      panel.webview.onDidReceiveMessage((message: FromTrainingPage) => void this.answer(message)),
      server.onTraining((job) => {
        if (job.run === run && job.state !== this.last?.state) void this.look();
      }),
      server.onConnection((connection) => {
        if (connection === "running") void this.look();
      }),
    );
  }

  watch(document: TextDocument, range: Range, painter: Painter): void {
    const learning = new Learning(this.server, painter, document, range, this.run, (state) => this.learned(state));
    this.learning = learning;
    this.post({ type: "learning", state: learning.state });
    if (this.last !== null) learning.take(this.last.savedSteps);
    void this.look();
  }

  endLearning(): void {
    this.learning?.dispose();
  }

  noteAt(document: TextDocument, position: Position): string | null {
    return this.learning?.noteAt(document, position) ?? null;
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.endLearning();
    this.subscriptions.dispose();
  }

  private learned(state: LearningState | null): void {
    if (state === null) this.learning = null;
    this.post({ type: "learning", state });
  }

  private async answer(message: FromTrainingPage): Promise<void> {
    if (message.type === "showStep") return this.learning?.show(message.step);
    if (message.type === "endLearning") return this.endLearning();
    try {
      await this.act(message);
    } catch (error) {
      this.post({ type: "problem", text: messageOf(error) });
    }
    await this.look();
  }

  private async act(message: Extract<FromTrainingPage, { type: "ready" | "stop" | "resume" | "use" }>): Promise<void> {
    switch (message.type) {
      case "ready": // A page that was hidden has forgotten everything.
        this.cursor = null;
        this.mergesFrom = null;
        return this.post({ type: "learning", state: this.learning?.state ?? null });
      case "stop":
        await this.server.execute(ServerCommand.stopTraining, { jobId: this.last?.jobId ?? "" });
        return;
      case "resume":
        return this.actions.resume(this.run);
      case "use":
        return this.use(message.step);
    }
  }

  private async use(step: number | null): Promise<void> {
    const newest = this.last?.model ?? null;
    if (step === null && newest !== null) await this.actions.use(newest);
    if (step !== null) await this.actions.useStep(this.run, step);
  }

  /** Fetch what is new, and look again in a second while the run goes on and somebody sees it. */
  private async look(): Promise<void> {
    if (this.asking || !this.panel.visible) return;
    this.asking = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const cursor = this.nPoints > 2 * MOST_POINTS ? null : this.cursor;
    try {
      const events = await this.server.request(TrainingEventsRequest, { run: this.run, cursor, maxPoints: MOST_POINTS });
      this.nPoints = (events.startsOver ? 0 : this.nPoints) + events.steps.step.length;
      if (this.last !== null && !isActive(this.last) && isActive(events)) this.mergesFrom = null; // It was resumed.
      this.last = events;
      this.cursor = events.cursor;
      this.post({ type: "events", events });
      this.learning?.take(events.savedSteps);
      if (this.mergesFrom !== undefined) await this.lookAtMerges();
    } catch (error) {
      this.post({ type: "problem", text: messageOf(error) });
    } finally {
      this.asking = false;
    }
    const wait = this.mergesFrom === undefined ? LOOK_EVERY_MS : LOOK_AT_MERGES_EVERY_MS;
    if (this.last !== null && isActive(this.last)) this.timer = setTimeout(() => void this.look(), wait);
  }

  /** What a tokenizer's training has merged since the last look; none is trained here when the server refuses. */
  private async lookAtMerges(): Promise<void> {
    const params = { run: this.run, cursor: this.mergesFrom ?? null, maxMerges: MOST_MERGES };
    const events = await this.server.request(TokenizerEventsRequest, params).catch(() => null);
    this.mergesFrom = events === null || events.phase === "ended" ? undefined : events.cursor;
    if (events !== null) this.post({ type: "merges", events });
  }

  private post(message: ToTrainingPage): void {
    // A panel that was closed meanwhile throws; nobody is left to be told.
    try {
      void this.panel.webview.postMessage(message);
    } catch {
      return;
    }
  }
}
