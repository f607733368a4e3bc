// Export Analysis: what is saved is what the command line writes; it opens as a new document; it can be cancelled.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { venvPython } from '../../scripts/python.mjs';
import { results } from './driver/launch.mjs';
import { editorSuite } from './driver/suite.mjs';
import { until } from './driver/until.mjs';
import { clickInToast, openFile, pick, runCommand, toast } from './driver/workbench.mjs';

const STORY = 'Once upon a time, there was a little girl named Mia.\r\nA 🙂 green frog saw <b>her</b> & said, "日本!"\r\n';
const LONG = 'The frog saw the boat. '.repeat(5000);

const check = editorSuite({ name: 'export', open: 'story.txt', files: { 'story.txt': STORY, 'long.txt': LONG } });

async function choose(page, format, place) {
  await runCommand(page, 'TinyLM: Export Analysis');
  await pick(page, format);
  await page.locator('.quick-input-widget:visible .quick-input-title').filter({ hasText: `as ${format}` }).waitFor();
  await pick(page, place);
}

check('a page is saved beside the text, byte for byte as the command line writes it', async ({ editor, page, model }) => {
  await choose(page, 'Web page', 'Save to a File');
  const path = page.locator('.quick-input-widget:visible .quick-input-box input');
  await until(async () => (await path.inputValue()).endsWith('story.txt.tokens.html'), 'the dialog to offer story.txt.tokens.html');
  await page.keyboard.press('Enter');
  const file = join(editor.folder, 'story.txt.tokens.html');
  const read = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  await until(() => read().endsWith('</html>\n'), 'the page to be written');
  const args = ['-I', '-m', 'tinylm', 'analyze', 'story.txt', '--model', model, '--format', 'html'];
  assert.equal(read(), execFileSync(venvPython, args, { cwd: editor.folder, encoding: 'utf8', maxBuffer: 1 << 26 }));
  const saved = await editor.context.newPage();
  await saved.goto(`file://${file}`);
  await saved.screenshot({ path: join(results, 'export-page.png') });
  assert.equal(await saved.locator('main .split').count(), 3);
  await saved.close();
});

check('a table opens as a new Markdown document', async ({ editor, page }) => {
  await choose(page, 'Markdown', 'Open as a New Document');
  await page.locator('.tab.active[data-resource-name^="Untitled"]').waitFor();
  await page.locator('.editor-group-container.active .view-line').filter({ hasText: 'surprisal (bits)' }).first().waitFor();
  await editor.screenshot('markdown');
  assert.equal(await page.locator('.editor-group-container.active .view-line').first().innerText().then((text) => text.replaceAll('\u00a0', ' ')), '# Tokens of `story.txt`');
});

check('a long document is exported with progress, and Cancel ends that', async ({ editor, page }) => {
  await openFile(page, 'long.txt');
  await choose(page, 'JSON', 'Open as a New Document');
  await toast(page, /exporting the analysis.*of \d+ tokens/).waitFor();
  await editor.screenshot('progress');
  await clickInToast(page, /exporting the analysis/, 'Cancel');
  await toast(page, /exporting the analysis/).waitFor({ state: 'detached' });
  assert.equal(await page.locator('.tab[data-resource-name^="Untitled"]').count(), 1); // The one of the test before.
  assert.ok(await page.locator('.tab.active[data-resource-name="long.txt"]').isVisible());
});
