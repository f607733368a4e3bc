// Make a clone ready: Node modules, a Python environment, the extension's bundle. Quick when nothing changed.
// `node scripts/setup.mjs [serve|dev]`: serve (the default) is all that `npm start` needs, dev is what the tests need.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePython } from './python.mjs';
import { isProgram, logged, main, repository, say, StepFailed } from './steps.mjs';

const OLDEST_NODE = 20;

/** Prepare the clone for `level`; returns the path of the environment's Python. */
export async function setup(level) {
  const node = Number(process.versions.node.split('.')[0]);
  if (node < OLDEST_NODE) {
    throw new StepFailed(`Node ${OLDEST_NODE} or newer is needed and this is ${process.versions.node}: install it from nodejs.org`, 7);
  }
  await ensureNodeModules();
  const python = await ensurePython(level);
  await logged('Extension: building the bundle', join(repository, '.vscode-test', 'build.log'), 'npm', ['run', '--silent', 'build']);
  return python;
}

async function ensureNodeModules() {
  if (nodeModulesAreCurrent()) return;
  const command = existsSync(join(repository, 'package-lock.json')) ? 'ci' : 'install';
  await logged('Node: installing modules', join(repository, '.vscode-test', 'npm.log'), 'npm', [command, '--no-audit', '--no-fund']);
}

/** npm writes node_modules/.package-lock.json last, so it says what a finished install put there. */
function nodeModulesAreCurrent() {
  const wanted = lockedPackages('package-lock.json');
  const present = lockedPackages(join('node_modules', '.package-lock.json'));
  if (wanted === null || present === null) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || (path in present ? present[path].version === version : optional === true),
  );
}

function lockedPackages(name) {
  const path = join(repository, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : null;
}

if (isProgram(import.meta.url)) {
  await main(async () => {
    const level = process.argv[2] ?? 'serve';
    if (!['serve', 'dev'].includes(level)) throw new StepFailed(`unknown level "${level}": use serve or dev`, 2);
    await setup(level);
    say(`ready for "${level}"`);
  });
}
