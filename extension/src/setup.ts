/**
 * "Set Up": makes TinyLM's own Python environment in the extension's storage from the wheel that ships with it, and adds
 * what training needs when asked.
 *
 * The environment is built beside its place and moved there when it is complete; a marker written last says for which
 * wheel and Python it was made. A partial one of the same wheel is taken up again, anything else is thrown away.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ProgressLocation, window } from "vscode";
import type { CancellationToken, LogOutputChannel, Progress } from "vscode";
import { pipEnvironment } from "./environment";
import { managedEnvironment, pythonIn } from "./locate";
import type { FoundPython } from "./locate";
import { Cancelled, RunFailed, runProgram } from "./process";
import { askVersion, isNewEnough, ISOLATED, missingModules, OLDEST_PYTHON, pythonCandidates } from "./python";
import type { Python } from "./python";

export interface SetupPlaces {
  readonly extensionFolder: string;
  readonly storageFolder: string;
  /** tinylm.python.path: not used for the environment itself, but a good Python to make it with. */
  readonly pythonSetting: string;
}

/** Something only the user can mend; the message is one line with what to do. */
export class SetupProblem extends Error {}

interface Marker {
  readonly wheel: string;
  readonly python: string;
}

type Report = Progress<{ message?: string; increment?: number }>;

const MARKER = "tinylm-environment.json";
/** Extras of the package, with the modules that tell whether one is there; tests/test_packages.py compares them. */
const EXTRAS = {
  train: ["torch", "transformers", "datasets", "accelerate"],
  fast: ["numba"],
} as const;
export type Extra = keyof typeof EXTRAS;
const PURPOSES = { train: "what training needs", fast: "machine code for writing" } as const satisfies Record<Extra, string>;
const PIP = [...ISOLATED, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--no-color"];

/**
 * Make or repair the environment, with a cancellable notification. Returns its Python, or null when cancelled.
 * What can fail at once does so before the notification: VS Code leaves out toasts that come too fast one after the
 * other, and what it leaves out must not be the message that says what to do.
 */
export async function setUp(places: SetupPlaces, log: LogOutputChannel): Promise<string | null> {
  const wheel = await bundledWheel(places.extensionFolder);
  const environment = managedEnvironment(places.storageFolder);
  const hash = createHash("sha256").update(await readFile(wheel)).digest("hex");
  const isMade = async (): Promise<boolean> => (await readMarker(environment))?.wheel === hash;
  if (await isMade()) return pythonIn(environment, process.platform);
  const base = (await isBegun(environment, hash)) ? null : await findPython(places.pythonSetting);
  return withNotification("TinyLM: setting up", async (report, token) => {
    await mkdir(places.storageFolder, { recursive: true });
    const unlock = await lock(join(places.storageFolder, "setup.lock"));
    try {
      // Another window may have made it meanwhile.
      if (!(await isMade())) await build(environment, { wheel, hash, base }, places, { report, token, log });
    } finally {
      await unlock();
    }
    return pythonIn(environment, process.platform);
  });
}

/**
 * Add an extra to a Python. The environment that `setUp` made gets it by the wheel that ships with us; any other has
 * TinyLM already, and pip adds what its extra lacks. Returns false when cancelled.
 */
export async function addExtra(extra: Extra, python: FoundPython, places: SetupPlaces, log: LogOutputChannel): Promise<boolean> {
  const done = await withNotification(`TinyLM: installing ${PURPOSES[extra]}`, async (report, token) => {
    const what = python.source === "managed" ? await bundledWheel(places.extensionFolder) : "tinylm";
    await pipInstall(python.path, `${what}[${extra}]`, places, { report, token, log });
    return true;
  });
  return done === true;
}

/** Return which modules of an extra a Python lacks. */
export function missingOf(extra: Extra, python: string): Promise<string[]> {
  return missingModules(python, EXTRAS[extra]);
}

/** Whether the environment that "Set Up" made belongs to another version of this extension. */
export async function environmentIsOutdated(places: SetupPlaces): Promise<boolean> {
  const marker = await readMarker(managedEnvironment(places.storageFolder));
  if (marker === null) return true;
  const wheel = await bundledWheel(places.extensionFolder).catch(() => null);
  return wheel !== null && createHash("sha256").update(await readFile(wheel)).digest("hex") !== marker.wheel;
}

interface Work {
  readonly report: Report;
  readonly token: CancellationToken;
  readonly log: LogOutputChannel;
}

interface Plan {
  readonly wheel: string;
  /** SHA-256 of the wheel. */
  readonly hash: string;
  /** Makes the environment; null goes on with the one that was begun. */
  readonly base: Python | null;
}

async function build(environment: string, { wheel, hash, base }: Plan, places: SetupPlaces, work: Work): Promise<void> {
  const partial = partialOf(environment);
  if (base !== null) {
    await rm(partial, { recursive: true, force: true });
    work.log.info(`setting up with ${base.command} ${base.version.join(".")}`);
    await createVenv(base, partial, places, work);
    await writeMarker(partial, { wheel: hash, python: base.version.join(".") });
  }
  await pipInstall(pythonIn(partial, process.platform), wheel, places, work);
  // Renaming keeps an environment usable because TinyLM only ever calls `python -m ...` in it.
  await rm(environment, { recursive: true, force: true });
  await rename(partial, environment);
}

function partialOf(environment: string): string {
  return `${environment}.partial`;
}

/** Whether an environment for this wheel was begun and can be gone on with. */
async function isBegun(environment: string, hash: string): Promise<boolean> {
  const partial = partialOf(environment);
  return (await readMarker(partial))?.wheel === hash && existsSync(pythonIn(partial, process.platform));
}

async function createVenv(base: Python, folder: string, places: SetupPlaces, work: Work): Promise<void> {
  work.report.report({ message: `making an environment with Python ${base.version.join(".")}`, increment: 3 });
  try {
    const args = [...base.prefix, "-I", "-m", "venv", folder];
    await runProgram({ ...processOptions(places, work), command: base.command, args, onLine: (line) => work.log.info(line) });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (!(error instanceof RunFailed)) throw error;
    const [major, minor] = base.version;
    const advice = error.lines.some((line) => line.includes("ensurepip")) ? `install python${major}.${minor}-venv (sudo apt install python3-venv)` : "see the log";
    throw new SetupProblem(`Python ${major}.${minor} could not make an environment: ${advice}, then run "TinyLM: Set Up" again.`);
  }
}

async function pipInstall(python: string, what: string, places: SetupPlaces, work: Work): Promise<void> {
  const constraints = join(places.extensionFolder, "constraints.txt");
  const args = [...PIP, ...(existsSync(constraints) ? ["--constraint", constraints] : []), "--", what];
  const onLine = (line: string): void => {
    work.log.info(line);
    const message = pipMessage(line);
    if (message !== null) work.report.report({ message, increment: 2 });
  };
  try {
    await runProgram({ ...processOptions(places, work), command: python, args, onLine });
  } catch (error) {
    if (!(error instanceof RunFailed)) throw error;
    const reason = error.lines.findLast((line) => line.startsWith("ERROR:")) ?? error.message;
    throw new SetupProblem(`Installing failed (${reason.replace(/^ERROR:\s*/, "").slice(0, 200)}). Check the network, then run it again: it goes on where it stopped.`);
  }
}

function processOptions(places: SetupPlaces, work: Work): { cwd: string; env: ReturnType<typeof pipEnvironment>; token: CancellationToken } {
  return { cwd: places.storageFolder, env: pipEnvironment(process.env), token: work.token };
}

/** What of pip's output is worth showing, in few words; null for the rest. */
export function pipMessage(line: string): string | null {
  const collecting = /^Collecting ([\w.[\]-]+)/.exec(line);
  if (collecting?.[1] !== undefined) return `finding ${collecting[1]}`;
  const downloading = /^\s*Downloading (?:\S*\/)?([\w.]+)-\S+ \(([^)]+)\)/.exec(line);
  if (downloading?.[1] !== undefined) return `downloading ${downloading[1]} (${downloading[2] ?? ""})`;
  return line.startsWith("Installing collected packages") ? "installing" : null;
}

/** Return the best Python of the machine. Raises SetupProblem when there is none that is new enough. */
async function findPython(setting: string): Promise<Python> {
  const candidates = [...(setting === "" ? [] : [{ command: setting, prefix: [] }]), ...pythonCandidates(process.platform)];
  const seen: Python[] = [];
  for (const { command, prefix } of candidates) {
    const python = await askVersion(command, prefix);
    if (python !== null && isNewEnough(python.version)) return python;
    if (python !== null) seen.push(python);
  }
  const wanted = OLDEST_PYTHON.join(".");
  const found = seen.sort((one, other) => other.version[0] - one.version[0] || other.version[1] - one.version[1])[0];
  if (found === undefined) throw new SetupProblem(`No Python was found. Install Python ${wanted} or newer from python.org, then run "TinyLM: Set Up" again.`);
  throw new SetupProblem(`The newest Python found is ${found.version.join(".")} and ${wanted} is needed. Install it, or name one in tinylm.python.path, then run "TinyLM: Set Up" again.`);
}

/** The wheel of the tinylm package inside the extension. Raises SetupProblem in a checkout, which has none. */
async function bundledWheel(extensionFolder: string): Promise<string> {
  const folder = join(extensionFolder, "dist", "wheel");
  const names = existsSync(folder) ? await readdir(folder) : [];
  const name = names.filter((entry) => entry.endsWith(".whl")).sort().at(-1);
  if (name === undefined) throw new SetupProblem(`${folder} holds no package: in a checkout, run "npm start" there, which makes its .venv.`);
  return join(folder, name);
}

async function readMarker(environment: string): Promise<Marker | null> {
  try {
    const marker = JSON.parse(await readFile(join(environment, MARKER), "utf8")) as Partial<Marker>;
    return typeof marker.wheel === "string" && typeof marker.python === "string" ? { wheel: marker.wheel, python: marker.python } : null;
  } catch {
    return null; // Not there, or half written: both mean that there is no environment yet.
  }
}

function writeMarker(environment: string, marker: Marker): Promise<void> {
  return writeFile(join(environment, MARKER), JSON.stringify(marker));
}

/** Take a lock file that holds our process id; one left behind by a process that is gone does not count. */
async function lock(path: string): Promise<() => Promise<void>> {
  try {
    const own = `${path}.${process.pid}`; // Linked when it is whole: another window never reads a lock without its holder.
    await writeFile(own, String(process.pid));
    try {
      await link(own, path);
    } finally {
      await rm(own, { force: true });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const holder = Number(await readFile(path, "utf8").catch(() => ""));
    if (isAlive(holder)) throw new SetupProblem("Another window is setting up TinyLM: wait until it has finished.");
    await rm(path, { force: true });
    return lock(path);
  }
  return () => rm(path, { force: true });
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Run a body under a cancellable notification; null when the user cancelled. */
async function withNotification<Result>(title: string, body: (report: Report, token: CancellationToken) => Promise<Result>): Promise<Result | null> {
  const options = { location: ProgressLocation.Notification, title, cancellable: true };
  try {
    return await window.withProgress(options, body);
  } catch (error) {
    if (error instanceof Cancelled) return null;
    throw error;
  }
}
