// Ghost text in the real editor: typing through it, taking it in parts, going through several, pausing it, and never
// where the document has changed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KEYS } from './driver/launch.mjs';
import { editorSuite } from './driver/suite.mjs';
import { until } from './driver/until.mjs';
import { ghostText, goTo, openFile, runCommand } from './driver/workbench.mjs';

const LINE = 'Once upon a time, there was';
const TYPED = LINE.length + 3; // The column behind the line and " a".
// Each test has a file of its own, so that all see the same ghost text.
const NAMES = ['along', 'tokens', 'words', 'line', 'several', 'stale'];
const FILES = { ...Object.fromEntries(NAMES.map((name) => [`${name}.txt`, `${LINE}\n`])), 'cursors.txt': `${LINE}\n${LINE}\n` };

// The tiny model is sure of little; ghost text normally stops where the model is not sure.
const settings = { 'tinylm.inlineCompletion.minConfidence': 0.000001, 'tinylm.inlineCompletion.maxTokens': 8 };
const check = editorSuite({ name: 'ghost', open: 'along.txt', files: FILES, settings });

const GHOST = '.editor-group-container.active .ghost-text-decoration';
const STATUS = '[id="tinylm.tinylm.tinylm.ghost"]';

/** The first line of the buffer: that of the file after saving, which ghost text is no part of. */
async function savedLine(editor, name) {
  await editor.page.keyboard.press('Control+s');
  await editor.page.locator(`.tab.active:not(.dirty)[data-resource-name="${name}"]`).waitFor();
  return readFileSync(join(editor.folder, name), 'utf8').split('\n')[0];
}

/** Wait until the caret stands behind a column (from 1), and return what the line has from there on. */
async function writtenFrom(editor, name, column) {
  const caret = editor.page.locator('[id="status.editor.selection"]');
  await until(async () => Number(/Col (\d+)/.exec(await caret.textContent())?.[1]) > column, `the caret behind column ${column}`);
  return (await savedLine(editor, name)).slice(column - 1);
}

/** Type " a" at the end of a file's line, and return the ghost text that comes. */
async function typeIn(page, name) {
  await openFile(page, name);
  await goTo(page, 1, LINE.length + 1);
  await page.keyboard.type(' a');
  return ghostText(page);
}

/** Wait until the ghost text is this. */
async function ghostIs(page, expected) {
  await until(async () => (await page.locator(GHOST).allTextContents()).join('').replaceAll('\u00a0', ' ') === expected, `the ghost text ${JSON.stringify(expected)}`);
}

check('what is typed along stays, and says how sure the model is', async ({ editor, page }) => {
  const ghost = await typeIn(page, 'along.txt');
  assert.ok(ghost.trim().length > 3, ghost);
  await page.locator(STATUS).filter({ hasText: /% *, \d+ tokens?/ }).waitFor();
  await editor.screenshot('ghost-confidence');
  for (let typed = 1; typed <= 3; typed += 1) {
    await page.keyboard.type(ghost[typed - 1]);
    await ghostIs(page, ghost.slice(typed));
  }
  await page.keyboard.press('Backspace');
  await ghostIs(page, ghost.slice(2));
  assert.equal(await savedLine(editor, 'along.txt'), `${LINE} a${ghost.slice(0, 2)}`);
});

check('it is taken a token at a time, and each is undone by itself', async ({ editor, page }) => {
  const ghost = await typeIn(page, 'tokens.txt');
  await page.locator(STATUS).filter({ hasText: '%' }).waitFor();
  await page.keyboard.press('Alt+ArrowRight');
  const one = await writtenFrom(editor, 'tokens.txt', TYPED);
  assert.ok(ghost.startsWith(one) && one.length < ghost.length, `${one} of ${ghost}`);
  await ghostIs(page, ghost.slice(one.length));
  await page.keyboard.press('Alt+ArrowRight');
  const two = await writtenFrom(editor, 'tokens.txt', TYPED + one.length);
  assert.ok(ghost.startsWith(one + two), `${one}${two} of ${ghost}`);
  await page.keyboard.press('Control+z');
  await page.locator('.tab.active.dirty').waitFor();
  assert.equal(await savedLine(editor, 'tokens.txt'), `${LINE} a${one}`);
});

check('it is taken a word at a time, and whole', async ({ editor, page }) => {
  const ghost = await typeIn(page, 'words.txt');
  await page.keyboard.press('Control+ArrowRight');
  const word = await writtenFrom(editor, 'words.txt', TYPED);
  assert.ok(ghost.startsWith(word) && word.length < ghost.length, `${word} of ${ghost}`);
  await ghostIs(page, ghost.slice(word.length));
  await page.keyboard.press('Tab');
  assert.equal(await writtenFrom(editor, 'words.txt', TYPED + word.length), ghost.slice(word.length));
});

check('a line of it is taken by a key', async ({ editor, page }) => {
  const ghost = await typeIn(page, 'line.txt');
  await page.keyboard.press('Alt+End');
  assert.equal(await writtenFrom(editor, 'line.txt', TYPED), ghost.split('\n')[0]);
});

check('a token of it is taken at every cursor', async ({ editor, page }) => {
  await openFile(page, 'cursors.txt');
  await goTo(page, 1, LINE.length + 1);
  await runCommand(page, 'Add Cursor Below');
  await page.keyboard.type(' a');
  await ghostText(page);
  await page.locator(STATUS).filter({ hasText: '%' }).waitFor();
  await page.keyboard.press('Alt+ArrowRight');
  await until(async () => (await savedLine(editor, 'cursors.txt')).length > `${LINE} a`.length, 'a token to be taken');
  const [first, second] = readFileSync(join(editor.folder, 'cursors.txt'), 'utf8').split('\n');
  assert.equal(second, first);
});

check('Escape hides it and what is said of it, by hand there are several to go through', async ({ editor, page }) => {
  const ghost = await typeIn(page, 'several.txt');
  await page.locator(STATUS).filter({ hasText: '%' }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator(GHOST).first().waitFor({ state: 'detached' });
  await page.locator(STATUS).waitFor({ state: 'hidden' });
  await page.keyboard.press(KEYS.suggestInline);
  await ghostIs(page, ghost);
  const second = await next(page, ghost);
  const third = await next(page, second);
  await page.keyboard.press('Alt+BracketLeft');
  await ghostIs(page, second);
  await page.keyboard.press('Alt+BracketRight');
  await ghostIs(page, third);
  await page.keyboard.press('Alt+ArrowRight');
  const written = await writtenFrom(editor, 'several.txt', TYPED);
  assert.ok(third.startsWith(written) && written.length < third.length, `${written} of ${third}`);
  await until(async () => (await ghostText(page)).startsWith(third.slice(written.length)), 'the rest of it to stay');
});

/** Go to the next ghost text; returns it. */
async function next(page, shown) {
  await page.keyboard.press('Alt+BracketRight');
  return until(async () => {
    const now = await ghostText(page);
    return now === shown ? null : now;
  }, `another ghost text than ${JSON.stringify(shown)}`);
}

check('what no longer follows the text goes at once, and nothing comes while it is paused', async ({ editor, page }) => {
  const ghost = await typeIn(page, 'stale.txt');
  await page.keyboard.type('~');
  await until(async () => !(await page.locator(GHOST).allTextContents()).join('').includes(ghost.slice(1)), 'the stale ghost text to go');
  assert.equal(await savedLine(editor, 'stale.txt'), `${LINE} a~`);
  await page.keyboard.press('Backspace');
  await ghostIs(page, ghost);
  await runCommand(page, 'TinyLM: Pause or Resume Ghost Text');
  await page.locator(GHOST).first().waitFor({ state: 'detached' });
  await page.locator(STATUS).filter({ hasText: 'ghost text' }).waitFor();
  await goTo(page, 1, TYPED);
  await page.keyboard.press(KEYS.suggestInline);
  await page.keyboard.press('Alt+ArrowRight');
  assert.equal(await savedLine(editor, 'stale.txt'), `${LINE} a`);
  assert.equal(await page.locator(GHOST).count(), 0);
  await page.locator(`${STATUS} a`).click();
  await goTo(page, 1, TYPED);
  await page.keyboard.press(KEYS.suggestInline);
  await ghostIs(page, ghost);
});
