// Writing with the model: ghost text appears and Tab accepts it, the completion list opens and inserts plain text.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './driver/launch.mjs';
import { paintedIn, tinyModel } from './driver/tinylm.mjs';
import { until } from './driver/until.mjs';
import { completionLabels, ghostText, goTo } from './driver/workbench.mjs';

const STORY = 'Once upon a time, there was\nThe frog saw\n';

let editor;
let model;
before(async () => {
  model = tinyModel();
  const settings = { 'tinylm.model.path': model.path, 'tinylm.inlineCompletion.minConfidence': 0.01 };
  editor = await launch({ name: 'writing', open: 'story.txt', files: { 'story.txt': STORY }, settings });
  await paintedIn(editor, 'story.txt', (painted) => painted.modelId !== null);
});
after(async () => {
  await editor?.close();
  model?.remove();
});

/** Save, and return the file's text: the buffer without ghost text. */
async function savedText() {
  await editor.page.keyboard.press('Control+s');
  await editor.page.locator('.tab.active:not(.dirty)[data-resource-name="story.txt"]').waitFor();
  return readFileSync(join(editor.folder, 'story.txt'), 'utf8');
}

test('ghost text appears after typing, Tab accepts it and one undo takes it back', async () => {
  await goTo(editor.page, 1, 28);
  await editor.page.keyboard.type(' a');
  const ghost = await ghostText(editor.page);
  assert.notEqual(ghost.trim(), '');
  await editor.screenshot('ghost');
  await editor.page.keyboard.press('Tab');
  const accepted = `Once upon a time, there was a${ghost}\n`;
  await until(async () => (await savedText()).startsWith(accepted), `the file to start with ${JSON.stringify(accepted)}`);
  await editor.page.keyboard.press('Control+z');
  await until(async () => (await savedText()).startsWith('Once upon a time, there was a\n'), 'the undo to take the ghost text back');
});

test('Escape hides the ghost text and leaves the text alone', async () => {
  await goTo(editor.page, 2, 13);
  await editor.page.keyboard.type(' the');
  await ghostText(editor.page);
  await editor.page.keyboard.press('Escape');
  await editor.page.locator('.ghost-text-decoration').first().waitFor({ state: 'detached' });
  assert.ok((await savedText()).endsWith('The frog saw the\n'));
});

test('the completion list opens with probabilities and inserts what it shows', async () => {
  await goTo(editor.page, 2, 17);
  await editor.page.keyboard.press('Control+Space');
  const labels = await completionLabels(editor.page);
  assert.ok(labels.length > 0);
  const rows = await editor.page.locator('.suggest-widget.visible .monaco-list-row').evaluateAll((nodes) => nodes.map((node) => node.getAttribute('aria-label')));
  assert.ok(rows.every((row) => /%/.test(row)), rows.join('\n'));
  await editor.screenshot('completion');
  await editor.page.locator('.suggest-widget.visible .monaco-list-row').first().click();
  const text = await savedText();
  assert.ok(text.includes(labels[0].trim()), `${JSON.stringify(labels[0])} in ${JSON.stringify(text)}`);
});
