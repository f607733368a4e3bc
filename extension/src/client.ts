/**
 * The language server's process and connection: starting, stopping, restarting, and what it says.
 *
 * The client never inherits the editor's environment: vscode-languageclient merges process.env into the
 * environment of an `Executable`, so the process is spawned here. One start or stop runs at a time.
 */
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { EventEmitter, workspace } from "vscode";
import type { CancellationToken, Disposable, LogOutputChannel } from "vscode";
import { CloseAction, DidChangeConfigurationNotification, ErrorAction, ExecuteCommandRequest, LanguageClient, State } from "vscode-languageclient/node";
import type { LanguageClientOptions, Middleware } from "vscode-languageclient/node";
import type { RequestType } from "vscode-languageserver-protocol";
import { serverEnvironment } from "./environment";
import { ExportPieceNotification, GenerationStepNotification, StatusNotification, TrainingProgressNotification } from "./protocol";
import type { ExportPiece, GenerationStep, JobProgress, Status } from "./protocol";
import { ISOLATED } from "./python";
import { SECTION, serverSettings } from "./settings";

/** Four restarts in three minutes, as vscode-languageclient does; the fifth crash stops it. */
const MAX_RESTARTS = 4;
const CRASH_WINDOW_MS = 3 * 60 * 1000;
/** After this long a server that was asked to leave is killed. */
const EXIT_TIMEOUT_MS = 3000;
const N_STDERR_LINES = 20;

export type Connection = "stopped" | "starting" | "running";

export interface ServerOptions {
  readonly python: string;
  readonly cwd: string;
  readonly log: LogOutputChannel;
  readonly middleware: Middleware;
}

/** The server could not be started, or left while starting; the message is one line for the user. */
export class StartFailed extends Error {}

export class Server implements Disposable {
  private readonly connectionEvents = new EventEmitter<Connection>();
  private readonly statusEvents = new EventEmitter<Status>();
  private readonly trainingEvents = new EventEmitter<JobProgress>();
  private readonly generationEvents = new EventEmitter<GenerationStep>();
  private readonly exportEvents = new EventEmitter<ExportPiece>();
  private readonly gaveUpEvents = new EventEmitter<string>();
  readonly onConnection = this.connectionEvents.event;
  readonly onStatus = this.statusEvents.event;
  readonly onTraining = this.trainingEvents.event;
  readonly onGenerationStep = this.generationEvents.event;
  readonly onExportPiece = this.exportEvents.event;
  /** It crashed too often and is not restarted; the text says so. */
  readonly onGaveUp = this.gaveUpEvents.event;

  connection: Connection = "stopped";
  status: Status | null = null;

  private client: LanguageClient | null = null;
  private process: ChildProcessWithoutNullStreams | null = null;
  private crashes: number[] = [];
  private stderrTail: string[] = [];
  /** Starts and stops queue behind each other. */
  private pending: Promise<void> = Promise.resolve();
  private readonly settingsListener = workspace.onDidChangeConfiguration((event) => event.affectsConfiguration(SECTION) && this.sendSettings());

  get isRunning(): boolean {
    return this.connection === "running";
  }

  /** Stop a running server and start one. Raises StartFailed. */
  start(options: ServerOptions): Promise<void> {
    return this.enqueue(async () => {
      await this.stopNow();
      await this.startNow(options);
    });
  }

  stop(): Promise<void> {
    return this.enqueue(() => this.stopNow());
  }

  /** Send a request of the protocol; rejects when the server is not running. */
  request<Params, Result>(type: RequestType<Params, Result, void>, params: Params, token?: CancellationToken): Promise<Result> {
    if (this.client === null || !this.isRunning) return Promise.reject(new Error("The TinyLM server is not running."));
    return token === undefined ? this.client.sendRequest<Result>(type.method, params) : this.client.sendRequest<Result>(type.method, params, token);
  }

  /** Run one of the server's commands (protocol.ts, ServerCommand). */
  async execute<Result>(command: string, argument?: object, token?: CancellationToken): Promise<Result> {
    if (this.client === null || !this.isRunning) throw new Error("The TinyLM server is not running.");
    const params = { command, arguments: argument === undefined ? [] : [argument] };
    return (await this.client.sendRequest(ExecuteCommandRequest.type, params, token)) as Result;
  }

  /** The URI and position converters, or null when the server is not running. */
  get converter(): LanguageClient["code2ProtocolConverter"] | null {
    return this.client !== null && this.isRunning ? this.client.code2ProtocolConverter : null;
  }

  /** The last lines that the server wrote to its standard error. */
  get lastErrors(): readonly string[] {
    return this.stderrTail;
  }

  dispose(): void {
    void this.stop();
    this.settingsListener.dispose();
    for (const emitter of [this.connectionEvents, this.statusEvents, this.trainingEvents, this.generationEvents, this.exportEvents, this.gaveUpEvents]) {
      emitter.dispose();
    }
  }

  /** The server pulls settings as well; the push spares editors of older protocols, and us, a registration. */
  private sendSettings(): void {
    if (this.client === null || !this.isRunning) return;
    const settings = { [SECTION]: serverSettings() };
    // The server may leave at this very moment; its successor gets the settings with initialize.
    this.client.sendNotification(DidChangeConfigurationNotification.type, { settings }).catch(() => undefined);
  }

  private enqueue(body: () => Promise<void>): Promise<void> {
    const turn = this.pending.then(body);
    this.pending = turn.catch(() => undefined);
    return turn;
  }

  private async startNow(options: ServerOptions): Promise<void> {
    this.crashes = [];
    this.stderrTail = [];
    const client = new LanguageClient("tinylm", "TinyLM", () => this.spawn(options), this.clientOptions(options));
    this.client = client;
    client.onDidChangeState(({ newState }) => this.setConnection(connectionFrom(newState)));
    client.onNotification(StatusNotification, (status) => {
      this.status = status;
      this.statusEvents.fire(status);
    });
    client.onNotification(TrainingProgressNotification, (progress) => this.trainingEvents.fire(progress));
    client.onNotification(GenerationStepNotification, (step) => this.generationEvents.fire(step));
    client.onNotification(ExportPieceNotification, (piece) => this.exportEvents.fire(piece));
    try {
      await client.start();
    } catch (error) {
      options.log.error(error instanceof Error ? error : String(error));
      await this.stopNow();
      throw new StartFailed(this.reasonFor(error));
    }
  }

  private async stopNow(): Promise<void> {
    const { client, process: child } = this;
    this.client = null;
    if (client !== null) {
      // A client that failed to start rejects here; there is nothing left to stop then.
      await client.dispose(EXIT_TIMEOUT_MS).catch(() => undefined);
    }
    if (child !== null) endProcess(child);
    this.setConnection("stopped");
  }

  private spawn(options: ServerOptions): Promise<ChildProcessWithoutNullStreams> {
    return new Promise((started, failed) => {
      const child = spawn(options.python, [...ISOLATED, "-m", "tinylm_server"], {
        cwd: options.cwd,
        env: serverEnvironment(process.env),
        stdio: "pipe",
        windowsHide: true,
      });
      child.once("spawn", () => {
        options.log.info(`started ${options.python} as process ${child.pid ?? "?"}`);
        this.process = child;
        started(child);
      });
      child.once("error", (error) => failed(error));
      child.once("exit", (code, signal) => {
        options.log.info(`process ${child.pid ?? "?"} ended (${signal ?? `exit code ${code ?? "?"}`})`);
        if (this.process === child) this.process = null;
      });
    });
  }

  private clientOptions(options: ServerOptions): LanguageClientOptions {
    return {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
      initializationOptions: serverSettings(),
      outputChannel: options.log,
      middleware: options.middleware,
      // What the model writes is shown in hovers: it may not become a link to a command.
      markdown: { isTrusted: false, supportHtml: false },
      stdioOptions: { stdout: () => undefined, stderr: (input) => this.readErrors(input, options.log) },
      initializationFailedHandler: () => false,
      errorHandler: {
        error: (_error, _message, count) => {
          const action = (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown;
          return { action, handled: true };
        },
        closed: () => ({ action: this.afterCrash(), handled: true }),
      },
    };
  }

  /** Python's warnings and log lines come this way too, so they are information until the process dies. */
  private readErrors(input: NodeJS.ReadableStream, log: LogOutputChannel): void {
    createInterface({ input, crlfDelay: Infinity }).on("line", (line) => {
      log.info(line);
      this.stderrTail = [...this.stderrTail, line].slice(-N_STDERR_LINES);
    });
  }

  private afterCrash(): CloseAction {
    if (this.connection !== "running") return CloseAction.DoNotRestart; // start() rejects and says why.
    const now = Date.now();
    this.crashes = [...this.crashes.filter((time) => now - time < CRASH_WINDOW_MS), now];
    if (this.crashes.length <= MAX_RESTARTS) return CloseAction.Restart;
    this.gaveUpEvents.fire(`The TinyLM server ended ${this.crashes.length} times in 3 minutes and stays off.`);
    return CloseAction.DoNotRestart;
  }

  private setConnection(connection: Connection): void {
    if (connection === this.connection) return;
    this.connection = connection;
    if (connection !== "running") this.status = null;
    this.connectionEvents.fire(connection);
  }

  /** The last line of a Python traceback says more than "connection got disposed". */
  private reasonFor(error: unknown): string {
    const lastLine = this.stderrTail.filter((line) => line.trim() !== "").at(-1);
    const message = error instanceof Error ? error.message : String(error);
    return (lastLine ?? message).replaceAll(/\s+/g, " ").slice(0, 300);
  }
}

function connectionFrom(state: State): Connection {
  switch (state) {
    case State.Running:
      return "running";
    case State.Starting:
      return "starting";
    case State.Stopped:
    case State.StartFailed:
      return "stopped";
  }
}

/** Give the process its time to leave, then kill it. */
function endProcess(child: ChildProcessWithoutNullStreams): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill("SIGKILL"), EXIT_TIMEOUT_MS);
  child.once("exit", () => clearTimeout(timer));
}

