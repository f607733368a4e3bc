/**
 * The commands around training: what to train on, how big, how long; resume, stop, and which model to use.
 * Each answer has a default that Enter takes. The work is done by jobs of the server; jobs.ts shows them.
 */
import { basename, join } from "node:path";
import { ConfigurationTarget, FileType, Uri, window, workspace } from "vscode";
import type { Disposable, QuickPickItem } from "vscode";
import type { Server } from "./client";
import { endText, Jobs } from "./jobs";
import { ServerCommand } from "./protocol";
import type { JobProgress, JobStarted, KnownModel, TrainModelArguments } from "./protocol";
import { SECTION, trainingFolderSetting } from "./settings";
import { messageOf } from "./words";

interface Choice<Value> extends QuickPickItem {
  readonly value: Value;
}

export class Training implements Disposable {
  private readonly shown: Jobs;

  constructor(
    private readonly server: Server,
    /** Whether training packages are there; asks and installs when not. */
    private readonly ready: () => Promise<boolean>,
  ) {
    this.shown = new Jobs(server);
    this.shown.onEnd((job) => void this.ended(job));
  }

  get jobs(): readonly JobProgress[] {
    return this.shown.all;
  }

  async trainTokenizer(): Promise<void> {
    const data = await askData("Train Tokenizer");
    if (data === undefined) return;
    const vocabSize = await askNumber("Train Tokenizer: entries in the vocabulary", 8192, 257, 65_536);
    if (vocabSize === undefined) return;
    const out = await newRunFolder("tokenizer");
    if (out !== undefined) await this.begin(ServerCommand.trainTokenizer, { data, vocabSize, out });
  }

  async trainModel(): Promise<void> {
    if (!(await this.ready())) return;
    const data = await askData("Train Model");
    if (data === undefined) return;
    const size = await pick("Train Model: size", SIZES);
    if (size === undefined) return;
    const steps = await pick("Train Model: steps", STEPS);
    if (steps === undefined) return;
    const chosen = steps === "other" ? await askNumber("Train Model: how many steps", 500, 1, 10_000_000) : steps;
    if (chosen === undefined) return;
    const tokenizer = await askTokenizer();
    if (tokenizer === undefined) return;
    const out = await newRunFolder("model");
    if (out !== undefined) await this.begin(ServerCommand.trainModel, { data, tokenizer, out, size, steps: chosen });
  }

  async resume(): Promise<void> {
    const runs = await this.interruptedRuns();
    if (runs.length === 0) {
      void window.showInformationMessage("There is no interrupted training to resume. Train Model starts one.");
      return;
    }
    const run = runs.length === 1 ? runs[0]?.value : await pick("Resume Training", runs);
    if (run === undefined || !(await this.ready())) return;
    await this.begin(ServerCommand.resumeTraining, { run });
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
    const known = await this.server.execute<KnownModel[]>(ServerCommand.listModels);
    const choices: Choice<string | null>[] = known.map(({ path, name, current }) => ({
      label: `${current ? "$(check) " : ""}${name}`,
      description: path,
      value: path,
    }));
    const other: Choice<string | null> = { label: "$(folder-opened) Choose a folder...", value: null };
    const chosen = await pick("Select Model", [...choices, other]);
    if (chosen === undefined) return;
    const path = chosen ?? (await chooseFolder("Use this model"));
    if (path !== undefined) await this.use(path);
  }

  dispose(): void {
    this.shown.dispose();
  }

  private async begin(command: string, argument: object): Promise<void> {
    this.shown.showOutput();
    await this.server.execute<JobStarted>(command, argument);
  }

  /** Switch now, and write it down so that it is used the next time. */
  private async use(path: string): Promise<void> {
    await this.server.execute(ServerCommand.selectModel, { path });
    const target = workspace.workspaceFolders === undefined ? ConfigurationTarget.Global : ConfigurationTarget.Workspace;
    await workspace.getConfiguration(SECTION).update("model.path", path, target);
    void window.showInformationMessage(`TinyLM uses the model ${basename(path) === "model" ? basename(join(path, "..")) : basename(path)} now.`);
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
      const answer = await window.showInformationMessage(text, "Resume");
      if (answer === "Resume") await this.begin(ServerCommand.resumeTraining, { run: job.run });
    } else if (job.kind === "model" && job.model !== null) {
      const answer = await window.showInformationMessage(`${text} Use this model?`, "Use This Model", "Not Now");
      if (answer === "Use This Model") await this.use(job.model);
    } else {
      void window.showInformationMessage(`${text} It is in ${job.run}.`);
    }
  }

  /** Runs that can go on: those the server knows, then those found in the training folder. */
  private async interruptedRuns(): Promise<Choice<string>[]> {
    const jobs = await this.server.execute<JobProgress[]>(ServerCommand.listJobs);
    const latest = new Map(jobs.map((job) => [job.run, job])); // A run that was resumed has several jobs; the last one counts.
    const runs = new Map<string, Choice<string>>();
    for (const job of latest.values()) {
      const stopped = job.state === "interrupted" || job.state === "failed";
      if (stopped && job.kind === "model") runs.set(job.run, { label: basename(job.run), description: endText(job), value: job.run });
    }
    for (const folder of await runsOnDisk()) {
      if (!latest.has(folder)) runs.set(folder, { label: basename(folder), description: folder, value: folder });
    }
    return [...runs.values()];
  }
}

const SIZES: Choice<TrainModelArguments["size"]>[] = [
  { label: "tiny", description: "minutes on a laptop; learns words and short sentences", value: "tiny" },
  { label: "small", description: "an hour or so; simple stories", value: "small" },
  { label: "base", description: "hours, better with a GPU", value: "base" },
];

const STEPS: Choice<number | "other">[] = [
  { label: "300 steps", description: "a first look", value: 300 },
  { label: "1,000 steps", value: 1000 },
  { label: "5,000 steps", value: 5000 },
  { label: "Other...", value: "other" },
];

type DataKind = "sample" | "active" | "file" | "folder" | "hub";

/** Ask what to train on; undefined when the user leaves. */
async function askData(title: string): Promise<string[] | undefined> {
  const active = window.activeTextEditor?.document;
  const file = active?.uri.scheme === "file" ? active.uri.fsPath : undefined;
  const choices: Choice<DataKind>[] = [
    { label: "Sample stories", description: "20,000 short stories that TinyLM writes itself, no download", value: "sample" },
    ...(file === undefined ? [] : [{ label: "This file", description: basename(file), value: "active" as const }]),
    { label: "A file...", description: ".txt, .jsonl, .parquet or .csv", value: "file" },
    { label: "A folder...", value: "folder" },
    { label: "A Hub dataset...", description: "such as roneneldan/TinyStories; downloads while it trains", value: "hub" },
  ];
  const kind = await pick(`${title}: what to train on`, choices);
  if (kind === undefined) return undefined;
  const source = await sourceFor(kind, file);
  return source === undefined ? undefined : [source];
}

async function sourceFor(kind: DataKind, file: string | undefined): Promise<string | undefined> {
  switch (kind) {
    case "sample":
      return "sample";
    case "active":
      return file;
    case "file": {
      const chosen = await window.showOpenDialog({ openLabel: "Train on this", filters: { Text: ["txt", "md", "jsonl", "parquet", "csv"], All: ["*"] } });
      return chosen?.[0]?.fsPath;
    }
    case "folder":
      return chooseFolder("Train on this");
    case "hub":
      return window.showInputBox({
        title: "A dataset on the Hugging Face Hub",
        value: "roneneldan/TinyStories",
        validateInput: (text) => (/^[\w.-]+\/[\w.-]+$/.test(text) ? null : "Give owner/name, such as roneneldan/TinyStories"),
      });
  }
}

/** Null stands for "train one first". */
async function askTokenizer(): Promise<string | null | undefined> {
  const choices: Choice<"new" | "folder">[] = [
    { label: "Train a tokenizer on this data first", value: "new" },
    { label: "Use a trained tokenizer...", description: "choose its folder", value: "folder" },
  ];
  const choice = await pick("Train Model: tokenizer", choices);
  if (choice === undefined) return undefined;
  return choice === "new" ? null : chooseFolder("Use this tokenizer");
}

async function pick<Value>(title: string, choices: readonly Choice<Value>[]): Promise<Value | undefined> {
  return (await window.showQuickPick(choices, { title, matchOnDescription: true }))?.value;
}

async function askNumber(title: string, value: number, low: number, high: number): Promise<number | undefined> {
  const advice = `Give a whole number from ${low} to ${high}`;
  const validateInput = (text: string): string | null => (/^\d+$/.test(text) && Number(text) >= low && Number(text) <= high ? null : advice);
  const text = await window.showInputBox({ title, value: String(value), validateInput });
  return text === undefined ? undefined : Number(text);
}

async function chooseFolder(openLabel: string): Promise<string | undefined> {
  const chosen = await window.showOpenDialog({ canSelectFiles: false, canSelectFolders: true, openLabel });
  return chosen?.[0]?.fsPath;
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

async function runsOnDisk(): Promise<string[]> {
  const folder = trainingFolder();
  if (folder === null) return [];
  const uri = Uri.file(folder);
  const entries = await Promise.resolve(workspace.fs.readDirectory(uri)).catch(() => []); // Nothing was trained here yet.
  const folders = entries.filter(([, type]) => type === FileType.Directory).map(([name]) => name);
  const unfinished = await Promise.all(folders.map((name) => isUnfinished(Uri.joinPath(uri, name))));
  return folders.filter((_, index) => unfinished[index]).map((name) => join(folder, name));
}

/** A model's run has a checkpoints folder; its last event says whether it came to its end. */
async function isUnfinished(run: Uri): Promise<boolean> {
  try {
    await workspace.fs.stat(Uri.joinPath(run, "checkpoints"));
    const events = new TextDecoder().decode(await workspace.fs.readFile(Uri.joinPath(run, "events.jsonl")));
    const last = JSON.parse(events.trimEnd().split("\n").at(-1) ?? "{}") as { type?: unknown; reason?: unknown };
    return !(last.type === "end" && last.reason === "finished");
  } catch {
    return false; // No run of ours, or one that nothing can be said about.
  }
}
