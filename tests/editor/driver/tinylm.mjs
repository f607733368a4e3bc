// Our extension as a test sees it: its status item, what it painted (dumped as JSON by tinylm.internal.dumpState),
// a tiny model to paint with, and the numbers that the command line computes for the same text.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { venvPython } from '../../../scripts/python.mjs';
import { repository } from '../../../scripts/steps.mjs';
import { KEYS } from './launch.mjs';
import { until } from './until.mjs';

/** How long a cold editor may take to paint its first token on two busy cores. */
const FIRST_PAINT_MS = 240_000;

/** Make the tiny model of make_model.py in a temporary folder; returns { path, remove() }. */
export function tinyModel() {
  const path = mkdtempSync(join(tmpdir(), 'tinylm-model-'));
  execFileSync(venvPython, ['-I', join(repository, 'tests', 'editor', 'make_model.py'), path]);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** What `tinylm analyze --format json` says about a text with a model. */
export function analyze(text, model) {
  const folder = mkdtempSync(join(tmpdir(), 'tinylm-analyze-'));
  try {
    const file = join(folder, 'text.txt');
    writeFileSync(file, text);
    const args = ['-I', '-m', 'tinylm', 'analyze', file, '--model', model, '--format', 'json'];
    return JSON.parse(execFileSync(venvPython, args, { encoding: 'utf8', maxBuffer: 1 << 26 }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ask the extension for its state; the editor must have the focus. The file is replaced, so a new one is waited for. */
export async function dumpState(editor) {
  const file = join(editor.userDataDir, 'User', 'globalStorage', 'tinylm.tinylm', 'state.json');
  const before = writtenAt(file);
  await editor.page.keyboard.press(KEYS.dumpState);
  return until(() => (writtenAt(file) === before ? null : readState(file)), 'the state file', 120_000);
}

function writtenAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function readState(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null; // Half written: read again.
  }
}

/** Wait until the extension runs and shows its status item. */
export function extensionReady(editor) {
  return editor.page.locator('[id^="tinylm.tinylm"]').first().waitFor({ timeout: FIRST_PAINT_MS });
}

/** Wait until `file` is painted for its current version and `accept(painted, state)`; returns what is painted. */
export async function paintedIn(editor, file, accept = () => true) {
  const found = (state) => {
    const shown = state.editors.find(({ uri }) => uri.endsWith(`/${file}`));
    return shown?.painted?.version === shown?.documentVersion && accept(shown.painted, state) ? shown.painted : null;
  };
  return found(await stateWhere(editor, `the tokens of ${file} to be painted`, (state) => found(state) !== null));
}

/** Wait until the state satisfies `accept`; returns the state. A failure says what the state was instead. */
export async function stateWhere(editor, what, accept, timeoutMs = FIRST_PAINT_MS) {
  await extensionReady(editor);
  let state = null;
  const look = async () => {
    state = await dumpState(editor);
    return accept(state) ? state : null;
  };
  return until(look, () => `${what}; the last state was ${JSON.stringify(outline(state))}`, timeoutMs);
}

function outline(state) {
  const editors = state?.editors.map(({ uri, documentVersion, painted }) => {
    const { version, heatMode, note, scores, styles } = painted ?? {};
    return { file: uri.split('/').at(-1), documentVersion, version, heatMode, note, scored: Boolean(scores), styles: Object.keys(styles ?? {}) };
  });
  return { connection: state?.connection, status: state?.status.text, server: state?.server, jobs: state?.jobs, editors };
}
