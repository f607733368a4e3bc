/**
 * What is alive while the extension is: the server, the painter, the status item and so on, and the order in which they
 * start. Decides when the server may start and tells the user, once a cause, when it cannot.
 */
import { mkdirSync } from "node:fs";
import { commands, window, workspace } from "vscode";
import type { Disposable, ExtensionContext, LogOutputChannel, TextDocument, TextEditor } from "vscode";
import { Server } from "./client";
import { Painter } from "./decorations";
import { ModelComparison } from "./compare";
import { Counter } from "./count";
import { Doctor } from "./doctor";
import { Generator } from "./generate";
import { FreshText } from "./fresh";
import { GenerationView } from "./generationView";
import { GhostText } from "./ghost";
import { Legend } from "./legend";
import { ParagraphLens } from "./lens";
import { locatePython, problemWithPython } from "./locate";
import type { FoundPython } from "./locate";
import { middlewareFor } from "./middleware";
import { SelectionCounter } from "./selected";
import { pythonSetting } from "./settings";
import { addExtra, environmentIsOutdated, missingOf, setUp } from "./setup";
import type { SetupPlaces } from "./setup";
import { StatusItem } from "./status";
import { Styles } from "./styles";
import { Surveyor } from "./survey";
import { Swapper } from "./swap";
import { TokenizerComparison } from "./tokenizers";
import { Training } from "./training";
import { messageOf } from "./words";

const CONFIRMED_PYTHON = "tinylm.confirmedPython";

export class App implements Disposable {
  readonly log: LogOutputChannel = window.createOutputChannel("TinyLM", { log: true });
  readonly server = new Server();
  readonly styles = new Styles();
  readonly painter: Painter;
  readonly counter: Counter;
  readonly surveyor: Surveyor;
  readonly legend: Legend;
  readonly status: StatusItem;
  readonly training: Training;
  readonly generator: Generator;
  readonly generationView: GenerationView;
  readonly ghost: GhostText;
  readonly swapper: Swapper;
  readonly tokenizers: TokenizerComparison;
  readonly models: ModelComparison;
  readonly doctor: Doctor;
  private readonly subscriptions: Disposable[];
  private settingUp: Promise<void> | null = null;

  constructor(readonly context: ExtensionContext) {
    mkdirSync(context.globalStorageUri.fsPath, { recursive: true });
    const { server, log } = this;
    this.surveyor = new Surveyor(server, this.styles, log);
    this.painter = new Painter(server, this.styles, log, (editor) => this.painted(editor));
    const covers = (document: TextDocument): boolean => this.painter.covers(document);
    const selections = new SelectionCounter(server, covers, log);
    this.counter = new Counter(server, log);
    const lens = new ParagraphLens(this.surveyor, covers);
    this.status = new StatusItem({ server, painter: this.painter, counter: this.counter, surveyor: this.surveyor, selections });
    this.legend = new Legend(server, this.styles);
    this.training = new Training(context.extensionUri, this.server, this.painter, () => this.trainingReady());
    const fresh = new FreshText(this.styles);
    this.generator = new Generator(this.server, fresh);
    this.ghost = new GhostText(this.server, this.log);
    this.generationView = new GenerationView(this.server, fresh, context.extensionUri, this.log);
    this.tokenizers = new TokenizerComparison(this.server);
    this.models = new ModelComparison(this.server, this.painter, this.styles);
    this.swapper = new Swapper(this.server, this.styles, this.generator, (document) => this.painter.covers(document));
    this.doctor = new Doctor(this.server, versionOf(context), () => this.python());
    this.subscriptions = [
      ...[lens, selections, this.counter, this.legend, this.surveyor, this.doctor, this.models, this.swapper, this.tokenizers, this.generationView, this.ghost, this.generator, this.training, this.status, this.painter, this.styles, this.server, this.log],
      this.server.onGaveUp((message) => void this.report(message)),
      workspace.onDidGrantWorkspaceTrust(() => void this.start()),
      workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("tinylm.python.path") && void this.start()),
    ];
  }

  /** Start the server, or say why not. Never rejects. */
  async start(): Promise<void> {
    try {
      const python = await this.usablePython();
      if (python === null) return;
      this.status.setProblem(null);
      const middleware = middlewareFor((document) => this.painter.covers(document), this.ghost, this.training);
      await this.server.start({ python: python.path, cwd: this.context.globalStorageUri.fsPath, log: this.log, middleware });
    } catch (error) {
      const reason = messageOf(error);
      this.status.setProblem({ text: "not started", advice: reason });
      await this.report(`TinyLM could not start its server: ${reason}`);
    }
  }

  /** Make the Python environment and start with it. One at a time; the errors are shown here. */
  setUp(): Promise<void> {
    this.settingUp ??= this.setUpNow().finally(() => (this.settingUp = null));
    return this.settingUp;
  }

  python(): FoundPython | null {
    const { extensionFolder, storageFolder } = this.places();
    return locatePython({ setting: pythonSetting().path, extensionFolder, storageFolder, platform: process.platform });
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private painted(editor: TextEditor): void {
    const painted = this.painter.paintedIn(editor);
    if (painted !== null) {
      this.counter.consider(editor.document, painted.result);
      this.surveyor.consider(editor);
    }
    if (editor === window.activeTextEditor) this.status.refresh();
  }

  private places(): SetupPlaces {
    const { extensionPath, globalStorageUri } = this.context;
    return { extensionFolder: extensionPath, storageFolder: globalStorageUri.fsPath, pythonSetting: pythonSetting().path };
  }

  /** Return the Python to start, or null after telling the user what is missing. */
  private async usablePython(): Promise<FoundPython | null> {
    const python = this.python();
    if (python === null) {
      this.status.setProblem({ text: "set up", advice: 'TinyLM needs its Python environment: run "TinyLM: Set Up".' });
      void this.offerSetUp("TinyLM needs a Python environment of its own (60 MB to download, 200 MB on disk). Set it up now?");
      return null;
    }
    const problem = python.source === "setting" ? problemWithPython(python.path) : null;
    if (problem !== null) {
      this.status.setProblem({ text: "no Python", advice: problem });
      void this.report(problem);
      return null;
    }
    if (!(await this.confirmed(python))) return null;
    if (python.source === "managed" && (await environmentIsOutdated(this.places()))) {
      void this.offerSetUp("TinyLM was updated and its Python environment is from before. Set it up again?");
    }
    return python;
  }

  /** A workspace may name an interpreter only when it is trusted and the user agreed to this very path once. */
  private async confirmed(python: FoundPython): Promise<boolean> {
    if (python.source !== "setting" || !pythonSetting().fromWorkspace) return true;
    const known = this.context.workspaceState.get<string>(CONFIRMED_PYTHON) === python.path;
    if (known && workspace.isTrusted) return true;
    const message = `This workspace wants TinyLM to run ${python.path}.`;
    const answer = workspace.isTrusted ? await window.showWarningMessage(message, { modal: true }, "Run It") : undefined;
    if (answer === undefined) {
      this.status.setProblem({ text: "no Python", advice: `${message} It was not started; clear tinylm.python.path in the workspace's settings.` });
      return false;
    }
    await this.context.workspaceState.update(CONFIRMED_PYTHON, python.path);
    return true;
  }

  private async setUpNow(): Promise<void> {
    try {
      const python = await setUp(this.places(), this.log);
      if (python === null) return;
      const isUsed = pythonSetting().path === "";
      if (!isUsed) void window.showInformationMessage("The environment is ready, but tinylm.python.path names another Python. Clear the setting to use it.");
      await this.start();
      if (isUsed) void this.offerMachineCode({ path: python, source: "managed" }); // Nobody waits for the answer.
    } catch (error) {
      await this.setUpFailed(error);
    }
  }

  private async setUpFailed(error: unknown): Promise<void> {
    this.log.error(messageOf(error));
    const answer = await window.showErrorMessage(messageOf(error), "Show Log", "Try Again");
    if (answer === "Show Log") this.log.show();
    if (answer === "Try Again") setTimeout(() => void this.setUp(), 0);
  }

  /** What the model works without, so it is asked once it works; Set Up asks again. */
  private async offerMachineCode(python: FoundPython): Promise<void> {
    try {
      if ((await missingOf("fast", python.path)).length === 0) return;
      const message = "TinyLM is set up. With machine code the model writes in half the time: install Numba too (210 MB on disk)?";
      const isWanted = (await window.showInformationMessage(message, "Install", "Not Now")) === "Install";
      if (isWanted && (await addExtra("fast", python, this.places(), this.log))) await this.start();
    } catch (error) {
      await this.setUpFailed(error);
    }
  }

  /** Whether the Python in use can train a model; offers to install what is missing. */
  private async trainingReady(): Promise<boolean> {
    const python = this.python();
    if (python === null) {
      await this.offerSetUp("TinyLM needs its Python environment first. Set it up now?");
      return false;
    }
    const missing = await missingOf("train", python.path);
    if (missing.length === 0) return true;
    const place = python.source === "managed" ? "TinyLM's own environment" : `the environment of ${python.path}`;
    const detail = `This installs ${missing.join(", ")} into ${place}: 0.3 GB to download, 1.3 GB on disk.`;
    const answer = await window.showInformationMessage("Training needs PyTorch. Install it now?", { modal: true, detail }, "Install");
    return answer === "Install" && (await addExtra("train", python, this.places(), this.log));
  }

  private async offerSetUp(message: string): Promise<void> {
    if ((await window.showInformationMessage(message, "Set Up", "Not Now")) === "Set Up") await this.setUp();
  }

  /** Show one failure with what to do about it. */
  private async report(message: string): Promise<void> {
    const answer = await window.showErrorMessage(message, "Show Log", "Set Up", "Restart Server");
    if (answer === "Show Log") this.log.show();
    if (answer === "Set Up") await this.setUp();
    if (answer === "Restart Server") await commands.executeCommand("tinylm.restartServer");
  }
}

function versionOf({ extension }: ExtensionContext): string {
  const manifest = extension.packageJSON as { readonly version?: unknown };
  return typeof manifest.version === "string" ? manifest.version : "unknown";
}
