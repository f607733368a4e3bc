/**
 * Finds and asks Python interpreters: their version, what is installed in them. Starts nothing that stays.
 * Each runs isolated (-I): no user site, no PYTHON* variables, no modules from the current folder.
 */
import { spawn } from "node:child_process";
import { serverEnvironment } from "./environment";

export const OLDEST_PYTHON: Version = [3, 11];

export type Version = readonly [major: number, minor: number];

export interface Python {
  readonly command: string;
  /** Arguments before ours, such as `-3` for the Windows launcher. */
  readonly prefix: readonly string[];
  readonly version: Version;
}

/** Isolated, UTF-8 everywhere. */
export const ISOLATED = ["-I", "-X", "utf8"] as const;

const ASK_TIMEOUT_MS = 15_000;

/** Return the version in the output of `sys.version_info`, printed as "3.11", or null. */
export function versionFromText(text: string): Version | null {
  const found = /^(\d+)\.(\d+)\s*$/m.exec(text);
  return found === null ? null : [Number(found[1]), Number(found[2])];
}

export function isNewEnough(version: Version): boolean {
  const [major, minor] = version;
  return major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);
}

/** The commands to try for a Python of the machine, best first. */
export function pythonCandidates(platform: NodeJS.Platform): { command: string; prefix: string[] }[] {
  const plain = (command: string): { command: string; prefix: string[] } => ({ command, prefix: [] });
  if (platform === "win32") return [{ command: "py", prefix: ["-3"] }, plain("python3"), plain("python")];
  return ["python3.13", "python3.12", "python3.11", "python3", "python", "python3.14"].map(plain);
}

/** Ask one interpreter for its version; null when it is not there or does not answer like Python. */
export async function askVersion(command: string, prefix: readonly string[] = []): Promise<Python | null> {
  const program = "import sys; print('%d.%d' % sys.version_info[:2])";
  const answer = await capture(command, [...prefix, "-I", "-c", program], ASK_TIMEOUT_MS);
  const version = answer.code === 0 ? versionFromText(answer.stdout) : null;
  return version === null ? null : { command, prefix, version };
}

/** Return which of the modules an interpreter cannot find (it looks, it does not import them). */
export async function missingModules(command: string, modules: readonly string[]): Promise<string[]> {
  const program = "import importlib.util, sys; print('\\n'.join(m for m in sys.argv[1:] if importlib.util.find_spec(m) is None))";
  const answer = await capture(command, [...ISOLATED, "-c", program, ...modules], ASK_TIMEOUT_MS);
  if (answer.code !== 0) return [...modules];
  return answer.stdout.split(/\r?\n/).filter((line) => line !== "");
}

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
}

function capture(command: string, args: readonly string[], timeoutMs: number): Promise<Answer> {
  return new Promise((done) => {
    const child = spawn(command, args, {
      env: serverEnvironment(process.env),
      stdio: ["ignore", "pipe", "ignore"],
      timeout: timeoutMs,
      windowsHide: true,
    });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (stdout += piece));
    child.once("error", () => done({ code: null, stdout: "" }));
    child.once("close", (code) => done({ code, stdout }));
  });
}
