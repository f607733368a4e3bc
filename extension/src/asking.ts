/** The questions before a training: on what, from what, for how long, with which tokenizer. Each has a default that Enter takes. */
import { basename } from "node:path";
import { ThemeIcon, window } from "vscode";
import { FROM_STARTER } from "./beginning";
import type { TrainModelArguments } from "./protocol";

export interface Choice<Value> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  /** The name of one of the editor's icons. In the label it would be read to those who hear it. */
  readonly icon?: string;
  readonly value: Value;
}

type Size = NonNullable<TrainModelArguments["size"]>;
export type Extent = Pick<TrainModelArguments, "size" | "steps" | "budget">;

const SIZES: Choice<Size>[] = [
  { label: "tiny", description: "1 M parameters: learns words and short sentences", value: "tiny" },
  { label: "small", description: "4 M parameters: simple stories", value: "small" },
  { label: "base", description: "14 M parameters: better with a GPU", value: "base" },
];

const BUDGETS: Choice<string>[] = [
  { label: "10 minutes", description: "short sentences", value: "10m" },
  { label: "2 minutes", description: "a first look", value: "2m" },
  { label: "1 hour", description: "simple stories", value: "1h" },
  { label: "8 hours", description: "over night", value: "8h" },
  { label: "Another time...", value: "other" },
  { label: "A number of steps...", description: "and a size of your choice", value: "steps" },
];

/** Ask for a time, from which size and steps follow, or for size and steps; a model that is gone on from has its size. */
export async function askExtent(hasSize: boolean): Promise<Extent | undefined> {
  const chosen = await pick("Train Model: how long", BUDGETS);
  if (chosen === undefined) return undefined;
  if (chosen === "steps") {
    const size = hasSize ? null : await pick("Train Model: size", SIZES);
    const steps = size === undefined ? undefined : await askNumber("Train Model: how many steps", 500, 1, 10_000_000);
    return size === undefined || steps === undefined ? undefined : { size, steps, budget: null };
  }
  const validateInput = (text: string): string | null => (/^(\d+h)?(\d+m)?(\d+s)?$/.test(text) && text !== "" ? null : "Give a time such as 90s, 25m or 1h30m");
  const budget = chosen === "other" ? await window.showInputBox({ title: "Train Model: how long", value: "30m", validateInput }) : chosen;
  return budget === undefined ? undefined : { size: null, steps: null, budget };
}

type DataKind = "sample" | "stories" | "active" | "file" | "folder" | "hub";

/** Ask what to train on; undefined when the user leaves. */
export async function askData(title: string): Promise<string[] | undefined> {
  const active = window.activeTextEditor?.document;
  const file = active?.uri.scheme === "file" ? active.uri.fsPath : undefined;
  const choices: Choice<DataKind>[] = [
    { label: "Sample stories", description: "20,000 short stories that TinyLM writes itself, no download", value: "sample" },
    { label: "Written stories", description: "9,911 short stories that come with TinyLM, more varied, no download", value: "stories" },
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
    case "stories":
      return kind;
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

export type Start = Pick<TrainModelArguments, "initFrom" | "tokenizer" | "vocabSize">;
type Vocabulary = Omit<Start, "initFrom">;

const STARTS: Choice<"random" | "starter" | "other">[] = [
  { label: "Random weights", description: "all it will know is this text", value: "random" },
  { label: "The starter model", description: "goes on from simple stories: for little text", value: "starter" },
  { label: "Another model...", description: "goes on from what it has learned", value: "other" },
];

/** Ask what to begin with: random weights and a vocabulary, or a model, which brings its own. */
export async function askStart(askModel: () => Promise<string | undefined>): Promise<Start | undefined> {
  const chosen = await pick("Train Model: start from", STARTS);
  if (chosen === undefined) return undefined;
  if (chosen === "starter") return FROM_STARTER;
  if (chosen === "other") {
    const initFrom = await askModel();
    return initFrom === undefined ? undefined : { ...FROM_STARTER, initFrom };
  }
  const vocabulary = await askVocabulary();
  return vocabulary === undefined ? undefined : { initFrom: null, ...vocabulary };
}

/** Ask for the size of a vocabulary to be trained first, or for a tokenizer that there is. */
async function askVocabulary(): Promise<Vocabulary | undefined> {
  const choices: Choice<number | "size" | "folder">[] = [
    { label: "8,192 entries", description: "trained on this data first", value: 8192 },
    { label: "1,024 entries", description: "trained first: for little data, or to see how words are put together", value: 1024 },
    { label: "Another number...", description: "trained first", value: "size" },
    { label: "Use a trained tokenizer...", description: "choose its folder", value: "folder" },
  ];
  const choice = await pick("Train Model: vocabulary", choices);
  if (choice === undefined) return undefined;
  if (choice === "folder") {
    const tokenizer = await chooseFolder("Use this tokenizer");
    return tokenizer === undefined ? undefined : { tokenizer, vocabSize: null };
  }
  const vocabSize = choice === "size" ? await askVocabSize("Train Model") : choice;
  return vocabSize === undefined ? undefined : { tokenizer: null, vocabSize };
}

export function askVocabSize(title: string): Promise<number | undefined> {
  return askNumber(`${title}: entries in the vocabulary`, 8192, 257, 65_536);
}

export async function pick<Value>(title: string, choices: readonly Choice<Value>[]): Promise<Value | undefined> {
  const items = choices.map(({ icon, ...choice }) => (icon === undefined ? choice : { ...choice, iconPath: new ThemeIcon(icon) }));
  return (await window.showQuickPick(items, { title, matchOnDescription: true }))?.value;
}

export async function askNumber(title: string, value: number, low: number, high: number): Promise<number | undefined> {
  const advice = `Give a whole number from ${low} to ${high}`;
  const validateInput = (text: string): string | null => (/^\d+$/.test(text) && Number(text) >= low && Number(text) <= high ? null : advice);
  const text = await window.showInputBox({ title, value: String(value), validateInput });
  return text === undefined ? undefined : Number(text);
}

export async function chooseFolder(openLabel: string): Promise<string | undefined> {
  const chosen = await window.showOpenDialog({ canSelectFiles: false, canSelectFolders: true, openLabel });
  return chosen?.[0]?.fsPath;
}
