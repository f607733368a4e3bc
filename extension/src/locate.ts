/** Decides which Python runs the server, and explains where it came from. Asks nothing and starts nothing. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

export type PythonSource = "setting" | "checkout" | "managed";

export interface FoundPython {
  readonly path: string;
  readonly source: PythonSource;
}

export interface Places {
  /** tinylm.python.path, "" when not set. */
  readonly setting: string;
  readonly extensionFolder: string;
  readonly storageFolder: string;
  readonly platform: NodeJS.Platform;
}

/**
 * Return the Python to use: the setting, else the `.venv` of the checkout that this extension runs from, else the
 * environment that "Set Up" made; null when there is none. A setting wins even when its file is missing, so that
 * the mistake is shown instead of hidden.
 */
export function locatePython(places: Places): FoundPython | null {
  if (places.setting !== "") return { path: expandHome(places.setting), source: "setting" };
  const checkout = pythonIn(join(places.extensionFolder, ".venv"), places.platform);
  if (existsSync(join(places.extensionFolder, "pyproject.toml")) && existsSync(checkout)) return { path: checkout, source: "checkout" };
  const managed = pythonIn(managedEnvironment(places.storageFolder), places.platform);
  return existsSync(managed) ? { path: managed, source: "managed" } : null;
}

/** The folder of the environment that "Set Up" makes. */
export function managedEnvironment(storageFolder: string): string {
  return join(storageFolder, "python");
}

/** The interpreter inside a virtual environment. */
export function pythonIn(environment: string, platform: NodeJS.Platform): string {
  return platform === "win32" ? join(environment, "Scripts", "python.exe") : join(environment, "bin", "python");
}

/** Say what is wrong with a Python chosen by a setting, or null. */
export function problemWithPython(path: string): string | null {
  if (path.includes("\0")) return "tinylm.python.path holds a NUL character: correct the setting";
  if (!isAbsolute(path)) return `tinylm.python.path is "${path}": give the absolute path of a Python 3.11 or newer`;
  if (!existsSync(path)) return `tinylm.python.path names ${path}, which does not exist: correct or clear the setting`;
  return null;
}

function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}
