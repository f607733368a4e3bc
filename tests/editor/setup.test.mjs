// A first start on a machine that has never seen TinyLM: no checkout, no environment, at first not even a Python. The
// user clicks "Set Up" until it works, stops it half way, goes on, and has tokens in a story. Installs from the package
// index that pip is configured for.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { venvPython } from '../../scripts/python.mjs';
import { launch } from './driver/launch.mjs';
import { paintedIn, stateWhere } from './driver/tinylm.mjs';
import { until } from './driver/until.mjs';
import { clickInToast, runCommand, toast } from './driver/workbench.mjs';

const STORY = 'Once upon a time, there was a little girl named Mia.\n';
/** Fifty packages of wheels, unpacked on a machine that does other things too. */
const INSTALL_MS = 600_000;

let editor;
const programs = () => join(editor.root, 'programs');
const storage = (...names) => join(editor.userDataDir, 'User', 'globalStorage', 'tinylm.tinylm', ...names);

before(async () => {
  editor = await launch({ name: 'setup', open: 'story.txt', files: { 'story.txt': STORY }, settings: { 'tinylm.python.path': '' }, env: onlyOurPrograms });
});
after(() => editor?.close());

/** A PATH with nothing on it yet. The editor asks a login shell for the user's PATH: this one leaves it as it is. */
function onlyOurPrograms({ root }) {
  const folder = join(root, 'programs');
  const shell = join(root, 'shell');
  mkdirSync(folder);
  writeFileSync(shell, '#!/bin/sh\nfor command; do :; done\nexec /bin/sh -c "$command"\n', { mode: 0o755 });
  return { PATH: folder, SHELL: shell };
}

/** Put a python3 on the editor's PATH: a shell script that does `what`. */
function installPython(what) {
  writeFileSync(join(programs(), 'python3'), `#!/bin/sh\n${what}\n`);
  chmodSync(join(programs(), 'python3'), 0o755);
}

function realPython() {
  return execFileSync(venvPython, ['-I', '-c', 'import sys; print(sys._base_executable)'], { encoding: 'utf8' }).trim();
}

function check(name, body) {
  test(name, async () => {
    try {
      await body(editor.page);
    } catch (error) {
      await editor.evidence(name);
      throw error;
    }
  });
}

check('without Python, or with one that is too old, Set Up says what is missing', async (page) => {
  await toast(page, 'TinyLM needs a Python environment').waitFor();
  await editor.screenshot('offer');
  installPython('echo 3.8');
  await clickInToast(page, 'TinyLM needs a Python environment', 'Set Up');
  await toast(page, 'The newest Python found is 3.8 and 3.11 is needed').waitFor();
  rmSync(join(programs(), 'python3'));
  await clickInToast(page, 'The newest Python found is 3.8', 'Try Again');
  await toast(page, 'No Python was found. Install Python 3.11 or newer').waitFor();
  await editor.screenshot('no-python');
});

check('Set Up makes the environment; stopped half way, it goes on where it was', async (page) => {
  installPython(`exec "${realPython()}" "$@"`);
  await clickInToast(page, 'No Python was found', 'Try Again');
  await toast(page, 'TinyLM: setting up').waitFor();
  await until(() => existsSync(storage('python.partial', 'tinylm-environment.json')), 'the empty environment', INSTALL_MS);
  await editor.screenshot('installing');
  await clickInToast(page, 'TinyLM: setting up', 'Cancel');
  await toast(page, 'TinyLM: setting up').waitFor({ state: 'detached' });
  assert.equal(existsSync(storage('python')), false, 'nothing half made is in use');
  const made = statSync(storage('python.partial', 'pyvenv.cfg')).mtimeMs;

  await runCommand(page, 'TinyLM: Set Up');
  await until(() => existsSync(storage('python')), 'the environment', INSTALL_MS);
  assert.equal(statSync(storage('python', 'pyvenv.cfg')).mtimeMs, made, 'the environment was taken up again');
  await clickInToast(page, 'the model writes in half the time: install Numba too', 'Not Now');
});

check('then the tokens of a story are painted with the starter model', async (page) => {
  const painted = await paintedIn(editor, 'story.txt');
  assert.ok(painted.cells.length > 10);
  const { server } = await stateWhere(editor, 'the starter model', ({ server }) => server?.model);
  assert.ok(server.model.path.startsWith(storage('python')), server.model.path);
  await editor.screenshot('ready');
});

check('training asks before it installs what it needs, and takes no for an answer', async (page) => {
  await runCommand(page, 'TinyLM: Train Model');
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.filter({ hasText: 'Training needs PyTorch' }).waitFor();
  await editor.screenshot('training-question');
  await dialog.locator('.monaco-button').filter({ hasText: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.locator('.quick-input-widget:visible').count(), 0);
});

check('the doctor tells which Python is in use and what the server knows', async (page) => {
  await runCommand(page, 'TinyLM: Doctor');
  const text = page.frameLocator('iframe.webview.ready').frameLocator('#active-frame').locator('body');
  await text.filter({ hasText: 'made by Set Up' }).waitFor();
  await text.filter({ hasText: 'open documents' }).waitFor();
  await editor.screenshot('doctor');
});
