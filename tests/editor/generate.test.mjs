// Generate Here and Continue Selection: tokens stream in as one undo step, Escape stops, edits elsewhere are not lost.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { editorSuite } from './driver/suite.mjs';
import { until } from './driver/until.mjs';
import { goTo, runCommand, toast } from './driver/workbench.mjs';

const FIRST = 'The frog swam to the boat.';
const STORY = `${FIRST}\nMia was happy. She said\n`;

// More tokens than any check waits for: each ends by what it does.
const settings = { 'tinylm.generation.seed': 3, 'tinylm.generation.maxTokens': 10_000, 'tinylm.inlineCompletion.enabled': false };
const check = editorSuite({ name: 'generate', open: 'story.txt', files: { 'story.txt': STORY }, settings });

async function savedText(editor) {
  await editor.page.keyboard.press('Control+s');
  await editor.page.locator('.tab.active:not(.dirty)[data-resource-name="story.txt"]').waitFor();
  return readFileSync(join(editor.folder, 'story.txt'), 'utf8');
}

/** Run a command that generates, and wait until tokens stand behind the first line's text. */
async function generating(page, command) {
  await runCommand(page, command);
  await until(async () => !(await drawnText(page)).startsWith(STORY.replaceAll('\n', '')), 'tokens to come');
}

async function drawnText(page) {
  const rows = await page.locator('.monaco-editor .view-lines .view-line').evaluateAll((nodes) => nodes.map((row) => [parseFloat(row.style.top), row.textContent]));
  return rows.sort(([a], [b]) => a - b).map(([, text]) => text.replaceAll('\u00a0', ' ')).join('');
}

/** Wait until nothing is being generated, and the status bar says why. */
async function ended(page, why) {
  await toast(page, 'TinyLM: generating').waitFor({ state: 'detached' });
  const said = () => page.locator('.statusbar-item').allTextContents();
  await until(async () => (await said()).some((text) => why.test(text)), `the status bar to say ${why}`);
}

async function undoneTo(editor, text) {
  await until(async () => {
    await editor.page.keyboard.press('Control+z');
    return (await savedText(editor)) === text;
  }, 'undo to bring the story back');
}

check('Escape stops what Generate Here writes, and one undo takes all of it back', async ({ editor, page }) => {
  await goTo(page, 1, FIRST.length + 1);
  await generating(page, 'TinyLM: Generate Here');
  await page.keyboard.press('Escape');
  await ended(page, /stopped after \d+ tokens/);
  const text = await savedText(editor);
  assert.ok(text.startsWith(FIRST) && text.endsWith(STORY.slice(FIRST.length)) && text.length > STORY.length, text.slice(0, 200));
  await editor.screenshot('generated');
  await page.keyboard.press('Control+z');
  assert.equal(await savedText(editor), STORY);
});

check('what is typed elsewhere meanwhile stays, with an undo step of its own', async ({ editor, page }) => {
  await goTo(page, 1, FIRST.length + 1);
  await generating(page, 'TinyLM: Generate Here');
  await page.keyboard.press('Control+End');
  await page.keyboard.type('Then we went home.');
  await page.keyboard.press('Escape');
  await ended(page, /stopped after \d+ tokens/);
  const text = await savedText(editor);
  assert.ok(text.startsWith(FIRST) && text.endsWith(`${STORY.slice(FIRST.length)}Then we went home.`), text.slice(-300));
  await page.keyboard.press('Control+z');
  const undone = await savedText(editor);
  assert.notEqual(undone, STORY, 'one undo takes back only what came after the typing, or the typing');
  await undoneTo(editor, STORY);
});

check('typing where it writes ends it and is kept', async ({ editor, page }) => {
  await goTo(page, 1, FIRST.length + 1);
  await generating(page, 'TinyLM: Generate Here');
  await page.keyboard.type('#');
  await ended(page, /The text was edited where the generation writes/);
  const text = await savedText(editor);
  assert.match(text.slice(FIRST.length, -STORY.slice(FIRST.length).length), /^[^#]+#$/s);
  await undoneTo(editor, STORY);
});

check('Continue Selection writes behind the selection and leaves it alone', async ({ editor, page }) => {
  await goTo(page, 1, FIRST.length + 1);
  await page.keyboard.press('Shift+Home'); // The caret is at its beginning.
  await generating(page, 'TinyLM: Continue Selection');
  await page.keyboard.press('Escape');
  await ended(page, /stopped after \d+ tokens/);
  const text = await savedText(editor);
  assert.ok(text.startsWith(FIRST) && text.endsWith(STORY.slice(FIRST.length)) && text.length > STORY.length, text.slice(0, 200));
  await page.keyboard.press('Control+z');
  assert.equal(await savedText(editor), STORY);
});
