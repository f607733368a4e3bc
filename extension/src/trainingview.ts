/**
 * The training view: a panel for each run. Its page (extension/views/training.ts) draws what the server reads from the
 * run's own diary, so it shows the same after the tab was closed, the window reloaded or the server restarted.
 */
import { basename } from "node:path";
import { Disposable, ViewColumn, window } from "vscode";
import type { Uri, WebviewPanel } from "vscode";
import type { FromTrainingPage, ToTrainingPage, TrainingPageState } from "../views/messages";
import type { Server } from "./client";
import { ServerCommand, TrainingEventsRequest } from "./protocol";
import type { TrainingEventsResult } from "./protocol";
import { pageOf, webviewOptions } from "./webview";
import { isActive, messageOf } from "./words";

const VIEW_TYPE = "tinylm.training";
const LOOK_EVERY_MS = 1000;
/** The server thins a run to so many points; when as many more have come one by one, everything is asked for again. */
const MOST_POINTS = 1000;

/** What the buttons of a view do. */
export interface TrainingActions {
  readonly resume: (run: string) => Promise<void>;
  readonly use: (model: string) => Promise<void>;
}

export class TrainingViews implements Disposable {
  private readonly views = new Map<string, TrainingView>();
  private readonly serializer: Disposable;

  constructor(
    private readonly extensionUri: Uri,
    private readonly server: Server,
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
  open(run: string): void {
    const shown = this.views.get(run);
    if (shown !== undefined) return shown.panel.reveal();
    const column = { viewColumn: ViewColumn.Beside, preserveFocus: true };
    this.fill(window.createWebviewPanel(VIEW_TYPE, "", column, { enableFindWidget: true }), run);
  }

  dispose(): void {
    this.serializer.dispose();
    for (const view of this.views.values()) view.dispose();
  }

  private fill(panel: WebviewPanel, run: string): void {
    panel.title = `Training ${basename(run)}`;
    panel.webview.options = webviewOptions(this.extensionUri);
    const view = new TrainingView(panel, run, this.server, this.actions);
    this.views.set(run, view);
    panel.onDidDispose(() => {
      this.views.delete(run);
      view.dispose();
    });
    panel.webview.html = pageOf(panel.webview, this.extensionUri, "training", "Training");
  }
}

class TrainingView implements Disposable {
  private readonly subscriptions: Disposable;
  private cursor: string | null = null;
  private nPoints = 0;
  private last: TrainingEventsResult | null = null;
  private asking = false;
  private timer: NodeJS.Timeout | null = null;

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

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.subscriptions.dispose();
  }

  private async answer(message: FromTrainingPage): Promise<void> {
    try {
      if (message.type === "ready") this.cursor = null; // A page that was hidden has forgotten everything.
      else if (message.type === "stop") await this.server.execute(ServerCommand.stopTraining, { jobId: this.last?.jobId ?? "" });
      else if (message.type === "resume") await this.actions.resume(this.run);
      else if (this.last?.model != null) await this.actions.use(this.last.model);
    } catch (error) {
      this.post({ type: "problem", text: messageOf(error) });
    }
    await this.look();
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
      this.last = events;
      this.cursor = events.cursor;
      this.post({ type: "events", events });
    } catch (error) {
      this.post({ type: "problem", text: messageOf(error) });
    } finally {
      this.asking = false;
    }
    if (this.last !== null && isActive(this.last)) this.timer = setTimeout(() => void this.look(), LOOK_EVERY_MS);
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
