/** Runs one program to its end, line by line, and ends it with everything it started when cancelled. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { CancellationToken } from "vscode";
import type { Environment } from "./environment";

export interface Run {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  readonly onLine: (line: string) => void;
  readonly token: CancellationToken;
}

/** The program could not be started or ended with an error; `lines` are its last ones. */
export class RunFailed extends Error {
  constructor(
    message: string,
    readonly lines: readonly string[],
  ) {
    super(message);
  }
}

export class Cancelled extends Error {}

const N_LINES_KEPT = 30;

/** Resolve when the program ended well. Raises RunFailed, or Cancelled when the token asked. */
export function runProgram({ command, args, cwd, env, onLine, token }: Run): Promise<void> {
  return new Promise((done, failed) => {
    if (token.isCancellationRequested) return failed(new Cancelled());
    const ownGroup = process.platform !== "win32";
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: ownGroup, windowsHide: true });
    let lines: string[] = [];
    const keep = (line: string): void => {
      lines = [...lines, line].slice(-N_LINES_KEPT);
      onLine(line);
    };
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on("line", keep);
    createInterface({ input: child.stderr, crlfDelay: Infinity }).on("line", keep);
    const cancelling = token.onCancellationRequested(() => {
      if (child.pid === undefined) return;
      if (ownGroup) process.kill(-child.pid, "SIGTERM");
      else child.kill();
    });
    child.once("error", (error) => {
      cancelling.dispose();
      failed(new RunFailed(`${command}: ${error.message}`, lines));
    });
    child.once("close", (code) => {
      cancelling.dispose();
      if (token.isCancellationRequested) failed(new Cancelled());
      else if (code === 0) done();
      else failed(new RunFailed(`${command} ended with exit code ${code ?? "?"}`, lines));
    });
  });
}
