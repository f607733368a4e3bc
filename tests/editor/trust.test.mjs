// A folder that nobody trusted: its text is painted with the user's own Python and model; nothing in the folder is run
// or loaded, whatever its settings ask for.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { editorSuite, modelLoaded } from './driver/suite.mjs';
import { paintedIn } from './driver/tinylm.mjs';

const settings = { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' };
const files = { 'story.txt': 'Once upon a time, there was a little girl named Mia.\n' };
const check = editorSuite({ name: 'trust', open: 'story.txt', files, settings, prepare: plant });

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

check("an untrusted folder is painted with the user's Python and model and runs nothing of its own", async ({ editor, page, model }) => {
  await page.locator('[id="status.workspaceTrust"]').waitFor();
  const painted = await paintedIn(editor, 'story.txt');
  assert.ok(painted.cells.length > 10);
  const state = await modelLoaded(editor);
  assert.equal(state.server.model.path, model);
  await editor.screenshot('restricted');
  assert.equal(existsSync(join(editor.folder, 'program-ran')), false);
  assert.equal(existsSync(join(editor.folder, 'package-ran')), false);
});
