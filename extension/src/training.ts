/**
 * The commands around training: start, with what it will cost said first; resume, stop, look at, and which model to use.
 * asking.ts asks the questions. The work is done by jobs of the server; jobs.ts and trainingview.ts show them.
 */
import { basename, join } from "node:path";
import { ConfigurationTarget, FileType, ProgressLocation, Uri, window, workspace } from "vscode";
import type { CancellationToken, Disposable, Position, Range, TextDocument } from "vscode";
import { askData, askExtent, askStart, askVocabSize, chooseFolder, pick } from "./asking";
import type { Choice } from "./asking";
import { beginnings, FROM_STARTER } from "./beginning";
import { worseningOf, worseningQuestion } from "./best";
import type { Worsening } from "./best";
import type { Server } from "./client";
import type { Painter } from "./decorations";
import { endText, Jobs } from "./jobs";
import { ServerCommand, TrainingEventsRequest } from "./protocol";
import type { JobKind, JobProgress, JobStarted, KnownModel, ModelInfo, TrainingEstimate, TrainModelArguments } from "./protocol";
import { SECTION, trainingFolderSetting } from "./settings";
import { TrainingViews } from "./trainingview";
import { isActive, messageOf } from "./words";

/** Only the evaluations are wanted; the server gives no fewer. */
const FEWEST_POINTS = 10;
const FOLDER: Choice<null> = { icon: "folder-opened", label: "Choose a folder...", value: null };

export class Training implements Disposable {
  private readonly shown: Jobs;
  private readonly views: TrainingViews;

  constructor(
    extensionUri: Uri,
    private readonly server: Server,
    painter: Painter,
    /** Whether training packages are there; asks and installs when not. */
    private readonly ready: () => Promise<boolean>,
  ) {
    this.shown = new Jobs(server);
    this.shown.onEnd((job) => void this.ended(job));
    this.views = new TrainingViews(extensionUri, server, painter, { resume: (run) => this.resumeRun(run), use: (model) => this.use(model), useStep: (run, step) => this.useStep(run, step) });
  }

  get jobs(): readonly JobProgress[] {
    return this.shown.all;
  }

  async trainTokenizer(): Promise<void> {
    const data = await askData("Train Tokenizer");
    if (data === undefined) return;
    const vocabSize = await askVocabSize("Train Tokenizer");
    if (vocabSize === undefined) return;
    const out = await newRunFolder("tokenizer");
    if (out !== undefined) await this.begin(ServerCommand.trainTokenizer, { data, vocabSize, out });
  }

  async trainModel(): Promise<void> {
    if (!(await this.ready())) return;
    const data = await askData("Train Model");
    if (data === undefined) return;
    const start = await askStart(() => this.askModel("Train Model: start from which model", "Start from this model"));
    if (start === undefined) return;
    const extent = await askExtent(start.initFrom !== null);
    if (extent === undefined) return;
    const out = await newRunFolder("model");
    if (out === undefined) return;
    const agreed = await this.agreedOn({ data, ...start, out, ...extent });
    if (agreed !== null) await this.begin(ServerCommand.trainModel, agreed);
  }

  /** Open the view of the run that is going on, or of one that is chosen. */
  async openView(): Promise<void> {
    const run = await this.chooseRun("Open Training View", ["model", "tokenizer"]);
    if (run !== undefined) this.views.open(run);
  }

  /** Watch a text being learned, by the run that is going on or one that is chosen. */
  async watchLearning(document: TextDocument, range: Range): Promise<void> {
    const run = await this.chooseRun("Watch This Paragraph Being Learned: by which training", ["model"]);
    if (run !== undefined) this.views.watch(document, range, run);
  }

  endLearning(): void {
    this.views.endLearning();
  }

  /** Whose colours a text has that is watched being learned; null for others. */
  noteAt(document: TextDocument, position: Position): string | null {
    return this.views.noteAt(document, position);
  }

  async resume(): Promise<void> {
    const runs = await this.interruptedRuns();
    if (runs.length === 0) {
      void window.showInformationMessage("There is no interrupted training to resume. Train Model starts one.");
      return;
    }
    const run = runs.length === 1 ? runs[0]?.value : await pick("Resume Training", runs);
    if (run !== undefined) await this.resumeRun(run);
  }

  async stop(): Promise<void> {
    const active = this.shown.active;
    if (active.length === 0) {
      void window.showInformationMessage("No training is running.");
      return;
    }
    const choices = active.map((job) => ({ label: basename(job.run), description: job.kind, value: job.jobId }));
    const jobId = choices.length === 1 ? choices[0]?.value : await pick("Stop Training", choices);
    if (jobId !== undefined) await this.server.execute(ServerCommand.stopTraining, { jobId });
  }

  async selectModel(): Promise<void> {
    const path = await this.askModel("Select Model", "Use this model");
    if (path !== undefined) await this.use(path);
  }

  dispose(): void {
    this.views.dispose();
    this.shown.dispose();
  }

  private async resumeRun(run: string): Promise<void> {
    const jobs = await this.server.execute<JobProgress[]>(ServerCommand.listJobs);
    const needsNothing = jobs.findLast((job) => job.run === run)?.kind === "tokenizer";
    if (needsNothing || (await this.ready())) await this.begin(ServerCommand.resumeTraining, { run });
  }

  private async begin(command: string, argument: object): Promise<void> {
    const { run } = await this.server.execute<JobStarted>(command, argument);
    this.views.open(run);
  }

  /** One of the models there are, or a folder. */
  private async askModel(title: string, openLabel: string): Promise<string | undefined> {
    const known = await this.server.execute<KnownModel[]>(ServerCommand.listModels);
    const choices = known.map(({ path, name, current }): Choice<string | null> => (current ? { icon: "check", label: name, description: `in use, ${path}`, value: path } : { label: name, description: path, value: path }));
    const chosen = await pick(title, [...choices, FOLDER]);
    return chosen === null ? chooseFolder(openLabel) : chosen;
  }

  /** Say what the training will cost before it begins, and what will come of it; null when it is not wanted. */
  private async agreedOn(wanted: TrainModelArguments): Promise<TrainModelArguments | null> {
    const estimate = await this.estimate(wanted);
    const answer = estimate === null ? "leave" : await pick("Train Model: start?", beginnings(estimate, wanted));
    if (answer === "fromStarter") return this.agreedOn({ ...wanted, ...FROM_STARTER });
    return answer === "start" ? wanted : null;
  }

  /** Measure what a training costs; null when that was cancelled, which ends the measuring. */
  private estimate(wanted: TrainModelArguments): Promise<TrainingEstimate | null> {
    const options = { location: ProgressLocation.Notification, title: "TinyLM: measuring how long this training takes", cancellable: true };
    const measured = async (_: unknown, token: CancellationToken): Promise<TrainingEstimate | null> => {
      try {
        return await this.server.execute<TrainingEstimate>(ServerCommand.estimateTraining, wanted, token);
      } catch (error) {
        if (token.isCancellationRequested) return null;
        throw error;
      }
    };
    return Promise.resolve(window.withProgress(options, measured));
  }

  /** The run of some kinds that is going on, if there is but one; else one that is chosen. */
  private async chooseRun(title: string, kinds: readonly JobKind[]): Promise<string | undefined> {
    const [active, ...others] = this.shown.active.filter(({ kind }) => kinds.includes(kind));
    return active !== undefined && others.length === 0 ? active.run : this.askRun(title, kinds);
  }

  /** One of the runs that the server or the training folder knows, the newest first. */
  private async askRun(title: string, kinds: readonly JobKind[]): Promise<string | undefined> {
    const jobs = await this.server.execute<JobProgress[]>(ServerCommand.listJobs);
    const known = new Map<string, string>(jobs.filter(({ kind }) => kinds.includes(kind)).map((job) => [job.run, isActive(job) ? "running" : job.state]));
    for (const run of await runsOnDisk()) if (!known.has(run)) known.set(run, "");
    const choices = [...known].reverse().map(([run, state]) => ({ label: basename(run), description: state, detail: run, value: run }));
    const chosen = await pick<string | null>(title, [...choices, FOLDER]);
    return chosen === null ? chooseFolder("Show this run") : chosen;
  }

  /** Switch now, and write it down so that it is used the next time. */
  private async use(path: string): Promise<void> {
    const { name } = await this.server.execute<ModelInfo>(ServerCommand.selectModel, { path });
    const target = workspace.workspaceFolders === undefined ? ConfigurationTarget.Global : ConfigurationTarget.Workspace;
    await workspace.getConfiguration(SECTION).update("model.path", path, target);
    void window.showInformationMessage(`TinyLM uses the model ${name} now.`);
  }

  private async useStep(run: string, step: number): Promise<void> {
    const { path } = await this.server.execute<{ path: string }>(ServerCommand.modelOfStep, { run, step });
    await this.use(path);
  }

  private async ended(job: JobProgress): Promise<void> {
    try {
      await this.offerNext(job);
    } catch (error) {
      void window.showErrorMessage(`TinyLM: ${messageOf(error)}`);
    }
  }

  private async offerNext(job: JobProgress): Promise<void> {
    const text = endText(job);
    if (job.state === "failed") {
      const answer = await window.showErrorMessage(text, "Show Output");
      if (answer !== undefined) this.shown.showOutput();
    } else if (job.state === "interrupted") {
      const answer = await window.showInformationMessage(text, "Resume", ...(job.model === null ? [] : ["Use This Checkpoint"]));
      if (answer === "Resume") await this.resumeRun(job.run);
      else if (answer !== undefined && job.model !== null) await this.use(job.model);
    } else if (job.kind === "model" && job.model !== null) {
      await this.offerModel(job.run, job.model, text);
    } else {
      void window.showInformationMessage(`${text} It is in ${job.run}.`);
    }
  }

  private async offerModel(run: string, model: string, text: string): Promise<void> {
    const { evaluations, savedSteps } = await this.server.request(TrainingEventsRequest, { run, cursor: null, maxPoints: FEWEST_POINTS });
    const worsening = worseningOf(evaluations, savedSteps);
    if (worsening !== null) return this.offerBest(run, model, worsening);
    const answer = await window.showInformationMessage(`${text} Use this model?`, "Use This Model", "Not Now");
    if (answer === "Use This Model") await this.use(model);
  }

  private async offerBest(run: string, newest: string, worsening: Worsening): Promise<void> {
    const answer = await window.showInformationMessage(worseningQuestion(worsening), "Use the Best", "Use the Newest", "Not Now");
    if (answer === "Use the Best") await this.useStep(run, worsening.best.step);
    if (answer === "Use the Newest") await this.use(newest);
  }

  /** Runs that can go on: those the server knows, then those found in the training folder. */
  private async interruptedRuns(): Promise<Choice<string>[]> {
    const jobs = await this.server.execute<JobProgress[]>(ServerCommand.listJobs);
    const latest = new Map(jobs.map((job) => [job.run, job])); // A run that was resumed has several jobs; the last one counts.
    const runs = new Map<string, Choice<string>>();
    for (const job of latest.values()) {
      const stopped = job.state === "interrupted" || job.state === "failed";
      if (stopped) runs.set(job.run, { label: basename(job.run), description: endText(job), value: job.run });
    }
    for (const folder of await runsOnDisk()) {
      if (!latest.has(folder) && (await isUnfinished(Uri.file(folder)))) runs.set(folder, { label: basename(folder), description: folder, value: folder });
    }
    return [...runs.values()];
  }
}

/** The folder that runs go to: the setting, else `tinylm-runs` in the workspace; null when there is neither. */
function trainingFolder(): string | null {
  const setting = trainingFolderSetting();
  if (setting !== "") return setting;
  const folder = workspace.workspaceFolders?.[0];
  return folder === undefined ? null : join(folder.uri.fsPath, "tinylm-runs");
}

/** A new name each time: a run is resumed, never overwritten. Without a folder open, ask for a place. */
async function newRunFolder(kind: "tokenizer" | "model"): Promise<string | undefined> {
  const folder = trainingFolder() ?? (await chooseFolder("Keep the training here"));
  const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  return folder === undefined ? undefined : join(folder, `${kind}-${time}`);
}

/** The runs of models in the training folder. */
async function runsOnDisk(): Promise<string[]> {
  const folder = trainingFolder();
  if (folder === null) return [];
  const uri = Uri.file(folder);
  const entries = await Promise.resolve(workspace.fs.readDirectory(uri)).catch(() => []); // Nothing was trained here yet.
  const folders = entries.filter(([, type]) => type === FileType.Directory).map(([name]) => name);
  const isRun = (name: string): Promise<boolean> => Promise.resolve(workspace.fs.stat(Uri.joinPath(uri, name, "checkpoints"))).then(() => true, () => false);
  const found = await Promise.all(folders.map(isRun));
  return folders.filter((_, index) => found[index]).map((name) => join(folder, name));
}

/** The last event of a run says whether it came to its end. */
async function isUnfinished(run: Uri): Promise<boolean> {
  try {
    const events = new TextDecoder().decode(await workspace.fs.readFile(Uri.joinPath(run, "events.jsonl")));
    const last = JSON.parse(events.trimEnd().split("\n").at(-1) ?? "{}") as { type?: unknown; reason?: unknown };
    return !(last.type === "end" && last.reason === "finished");
  } catch {
    return false; // No run of ours, or one that nothing can be said about.
  }
}
