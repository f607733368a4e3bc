// Writing with the model: ghost text appears and Tab accepts it, the completion list opens and inserts plain text.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { editorSuite } from './driver/suite.mjs';
import { until } from './driver/until.mjs';
import { completionLabels, ghostText, goTo } from './driver/workbench.mjs';

const STORY = 'Once upon a time, there was\nThe frog saw\n';

// The tiny model is sure of little; ghost text normally stops where the model is not sure.
const settings = { 'tinylm.inlineCompletion.minConfidence': 0.01 };
const check = editorSuite({ name: 'writing', open: 'story.txt', files: { 'story.txt': STORY }, settings });

/** Save, and return the file's text: the buffer without ghost text. */
async function savedText(editor) {
  await editor.page.keyboard.press('Control+s');
  await editor.page.locator('.tab.active:not(.dirty)[data-resource-name="story.txt"]').waitFor();
  return readFileSync(join(editor.folder, 'story.txt'), 'utf8');
}

check('ghost text appears after typing, Tab accepts it and one undo takes it back', async ({ editor, page }) => {
  await goTo(page, 1, 28);
  await page.keyboard.type(' a');
  const ghost = await ghostText(page);
  assert.notEqual(ghost.trim(), '');
  await editor.screenshot('ghost');
  await page.keyboard.press('Tab');
  const accepted = `Once upon a time, there was a${ghost}\n`;
  await until(async () => (await savedText(editor)).startsWith(accepted), `the file to start with ${JSON.stringify(accepted)}`);
  await page.keyboard.press('Control+z');
  await until(async () => (await savedText(editor)).startsWith('Once upon a time, there was a\n'), 'the undo to take the ghost text back');
});

check('Escape hides the ghost text and leaves the text alone', async ({ editor, page }) => {
  await goTo(page, 2, 13);
  await page.keyboard.type(' the');
  await ghostText(page);
  await page.keyboard.press('Escape');
  await page.locator('.ghost-text-decoration').first().waitFor({ state: 'detached' });
  assert.ok((await savedText(editor)).endsWith('The frog saw the\n'));
});

check('the completion list opens with probabilities and inserts what it shows', async ({ editor, page }) => {
  await goTo(page, 2, 17);
  await page.keyboard.press('Control+Space');
  const labels = await completionLabels(page);
  assert.ok(labels.length > 0);
  const rows = await page.locator('.suggest-widget.visible .monaco-list-row').evaluateAll((nodes) => nodes.map((node) => node.getAttribute('aria-label')));
  assert.ok(rows.every((row) => /%/.test(row)), rows.join('\n'));
  await page.keyboard.press('Control+Space'); // With the list open this shows what is told about the chosen item.
  const details = page.locator('.suggest-details', { hasText: 'the word ends' });
  await details.waitFor();
  assert.match(await details.innerText(), /goes on with exactly this word: .+ %[^]*likely in its place[^]*%/);
  await editor.screenshot('completion');
  await page.locator('.suggest-widget.visible .monaco-list-row').first().click();
  const shown = labels[0].replaceAll('·', ' ');
  await until(async () => (await savedText(editor)).includes(`The frog saw the${shown}\n`), `the file to hold ${JSON.stringify(shown)}`);
});
