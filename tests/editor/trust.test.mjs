// A folder that nobody trusted: its text is painted with the user's own Python and model; nothing in the folder is run
// or loaded, whatever its settings ask for.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './driver/launch.mjs';
import { paintedIn, stateWhere, tinyModel } from './driver/tinylm.mjs';

let editor;
let model;

before(async () => {
  model = tinyModel();
  editor = await launch({
    name: 'trust',
    open: 'story.txt',
    files: { 'story.txt': 'Once upon a time, there was a little girl named Mia.\n' },
    settings: {
      'tinylm.model.path': model.path,
      'security.workspace.trust.enabled': true,
      'security.workspace.trust.startupPrompt': 'never',
    },
    prepare: plant,
  });
});
after(async () => {
  await editor?.close();
  model?.remove();
});

/** Put a program, a Python package and a model where they would be used if the folder's settings or its place counted. */
function plant({ folder }) {
  const program = join(folder, 'planted-python');
  writeFileSync(program, `#!/bin/sh\ntouch "${join(folder, 'program-ran')}"\n`, { mode: 0o755 });
  for (const name of ['tinylm_server', 'tinylm']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, '__init__.py'), `open(${JSON.stringify(join(folder, 'package-ran'))}, "w").close()\n`);
  }
  mkdirSync(join(folder, '.vscode'));
  const settings = { 'tinylm.python.path': program, 'tinylm.model.path': join(folder, 'planted-model') };
  writeFileSync(join(folder, '.vscode', 'settings.json'), JSON.stringify(settings));
}

test("an untrusted folder is painted with the user's Python and model and runs nothing of its own", async () => {
  await editor.page.locator('[id="status.workspaceTrust"]').waitFor();
  const painted = await paintedIn(editor, 'story.txt');
  assert.ok(painted.cells.length > 10);
  const state = await stateWhere(editor, 'the model to be loaded', ({ server }) => server?.model);
  assert.equal(state.server.model.path, model.path);
  await editor.screenshot('restricted');
  assert.equal(existsSync(join(editor.folder, 'program-ran')), false);
  assert.equal(existsSync(join(editor.folder, 'package-ran')), false);
});
