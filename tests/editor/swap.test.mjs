// Replacing a token: the list says what each replacement does to the rest, Enter writes it, one undo brings all back.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { editorSuite } from './driver/suite.mjs';
import { analyze } from './driver/tinylm.mjs';
import { until } from './driver/until.mjs';
import { closeHover, goTo, hoverAt, pick, runCommand, toast } from './driver/workbench.mjs';

// Some empty lines first, so that the list does not cover the text; more would make the editor scroll.
const STORY = `${'\n'.repeat(16)}Once upon a time, there was a little frog.\nThe frog saw a boat. Mia was happy.\n\nThe end.\n`;
// "·frog" on the second line of text begins after "The"; the caret stands inside it.
const CARET = [18, 6];

const settings = { 'tinylm.generation.maxTokens': 12, 'tinylm.inlineCompletion.enabled': false };
const check = editorSuite({ name: 'swap', open: 'story.txt', files: { 'story.txt': STORY }, settings });

const ROWS = '.quick-input-widget:visible .quick-input-list .monaco-list-row';

/** Save, and return the file's text. */
async function savedText(editor) {
  await editor.page.keyboard.press('Control+s');
  await editor.page.locator('.tab.active:not(.dirty)[data-resource-name="story.txt"]').waitFor();
  return readFileSync(join(editor.folder, 'story.txt'), 'utf8');
}

async function openList(page) {
  await goTo(page, ...CARET);
  await runCommand(page, 'TinyLM: Replace Token...');
  await page.locator('.quick-input-title').filter({ hasText: 'Replace ·frog' }).waitFor();
}

/** What the row under the cursor inserts, and its preview, once that has come. */
async function previewed(page) {
  const row = page.locator(`${ROWS}.focused`).filter({ hasText: 'After it' });
  await row.waitFor();
  const word = (await row.locator('.label-name').first().innerText()).trim().replaceAll('·', ' ');
  return { word, shown: await row.innerText() };
}

function bitsBetween({ tokens }, start, end = Infinity) {
  return tokens.filter(({ startChar }) => startChar >= start && startChar < end).reduce((sum, token) => sum + token.surprisalBits, 0);
}

check('moving over a replacement says what it does to the text after it, as two analyses do', async ({ editor, page, model }) => {
  await openList(page);
  assert.ok((await page.locator(ROWS).allInnerTexts()).some((text) => text.includes('stands here now')));
  await page.keyboard.press('ArrowDown');
  const { word, shown } = await previewed(page);
  await editor.screenshot('preview');
  const start = STORY.indexOf(' frog saw');
  const swapped = STORY.slice(0, start) + word + STORY.slice(start + ' frog'.length);
  const before = bitsBetween(analyze(STORY, model), start + ' frog'.length);
  const after = bitsBetween(analyze(swapped, model), start + word.length);
  const [, sign, bits] = /After it ([+−±])([\d.]+) bits/.exec(shown);
  assert.ok(Math.abs((sign === '−' ? -1 : 1) * Number(bits) - (after - before)) < 0.006, `${shown}: expected ${after - before}`);
  await page.keyboard.press('Escape');
});

check('a replacement keeps the rest, and one undo brings the token back', async ({ editor, page }) => {
  await openList(page);
  await page.keyboard.press('ArrowDown');
  const { word } = await previewed(page);
  await page.keyboard.press('Enter');
  await pick(page, 'Replace and keep the rest');
  await until(async () => (await savedText(editor)) === STORY.replace(' frog saw', `${word} saw`), `${word} in the place of the frog`);
  await page.keyboard.press('Control+z');
  await until(async () => (await savedText(editor)) === STORY, 'one undo to bring the text back');
});

check('continuing writes in place of the paragraph, and one undo brings everything back', async ({ editor, page }) => {
  await openList(page);
  await page.keyboard.press('ArrowDown');
  const { word } = await previewed(page);
  await page.keyboard.press('Enter');
  await pick(page, 'Replace and continue from here');
  await page.locator('[id="status.extensionMessage"], .statusbar-item').filter({ hasText: /TinyLM: \d+ tokens/ }).first().waitFor();
  const written = await savedText(editor);
  assert.ok(written.startsWith(STORY.slice(0, STORY.indexOf(' frog saw')) + word), written);
  assert.ok(!written.includes('Mia was happy') && written.endsWith('\n\nThe end.\n'), written);
  await editor.screenshot('continued');
  await page.keyboard.press('Control+z');
  await until(async () => (await savedText(editor)) === STORY, 'one undo to bring the text back');
});

check('the link in the hover opens the list for the token under the mouse', async ({ page }) => {
  await hoverAt(page, { line: 17, column: 7 }, 'Replace this token');
  await page.locator('.monaco-resizable-hover a').filter({ hasText: 'Replace this token' }).click();
  await page.locator('.quick-input-title').filter({ hasText: 'Replace ·upon' }).waitFor();
  await page.keyboard.press('Escape');
  await closeHover(page);
});

check('a change of the text closes the list with one line', async ({ editor, page }) => {
  await openList(page);
  // The file changes on disk, so the editor, which has nothing unsaved, takes the new text.
  writeFileSync(join(editor.folder, 'story.txt'), `Long ago. ${STORY}`);
  await toast(page, 'the text changed, so the list of replacements was closed').waitFor();
  await page.locator(ROWS).first().waitFor({ state: 'hidden' });
});
