// What every script here needs: run a program, say what is being done, stop with one clear line.
// No dependency beyond Node 20, because scripts/setup.mjs runs before anything is installed.

import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** A failure that the user can act on: `main` prints `details`, then the message as one line, and exits with `exitCode`. */
export class StepFailed extends Error {
  constructor(message, exitCode = 1, details = '') {
    super(message);
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** Print one progress line. */
export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** Return the absolute path of a program on the PATH, or null. */
export function which(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder || '.', program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder: look in the next one.
    }
  }
  return null;
}

/** Run a program with its output shown; return its exit code (128 + n when a signal ended it). */
export function run(program, args, options = {}) {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd: repository, stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.on('error', (error) => {
      say(`${program}: ${error.message}`);
      done(127);
    });
    child.on('close', (code) => done(code ?? 130));
  });
}

/**
 * Run a program with its output in a log file, after printing `title`.
 * Throws StepFailed, with the last lines of the log and its path, when the program fails.
 */
export async function logged(title, log, program, args, options = {}) {
  say(title);
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, 'w');
  const code = await run(program, args, { stdio: ['ignore', file, file], ...options });
  closeSync(file);
  if (code !== 0) {
    const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
    throw new StepFailed(`"${[program, ...args].join(' ')}" failed with exit code ${code}; its output is in ${log}`, 1, tail);
  }
}

/** Run a script's main function: StepFailed becomes its line and exit code, anything else keeps its stack. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(`${error.details ? `${error.details}\n` : ''}error: ${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

/** True when this module is the program that Node was asked to run. */
export function isProgram(url) {
  return process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(url);
}
