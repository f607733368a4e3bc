// The generation view: steps, picks and sliders act on page and document at once; the session outlives its panel; edits
// elsewhere move it, an edit where it writes ends it.

import assert from 'node:assert/strict';
import { editorSuite } from './driver/suite.mjs';
import { until } from './driver/until.mjs';
import { goTo, runCommand, useTheme } from './driver/workbench.mjs';

const STORY = 'The frog swam to the boat.\nMia was happy. She said\n';

const settings = { 'tinylm.generation.seed': 3, 'tinylm.generation.topP': 1, 'tinylm.generation.maxTokens': 100, 'tinylm.boundaries.enabled': false };
const check = editorSuite({ name: 'generation-view', open: 'story.txt', files: { 'story.txt': STORY }, settings });

const inPanel = (page, selector) => page.frameLocator('iframe.webview.ready').frameLocator('#active-frame').locator(selector);
/** Where the panel has the focus. */
const press = (page, key) => inPanel(page, 'body').press(key);
/** Wherever the focus is; it goes to the panel. */
const click = (page, label) => inPanel(page, '#toolbar button').filter({ hasText: new RegExp(`^${label}`) }).click();

/** The lines of the story as they are drawn, from the top. */
async function lines(page) {
  const drawn = await page.locator('.monaco-editor .view-lines .view-line').evaluateAll((rows) => rows.map((row) => [parseFloat(row.style.top), row.textContent.replaceAll('\u00a0', ' ')]));
  return drawn.sort(([a], [b]) => a - b).map(([, text]) => text);
}

/** The raw tokens that the page shows. */
async function tokens(page) {
  return inPanel(page, '#raw .token').allTextContents();
}

async function untilTokens(page, accept, what) {
  await until(async () => accept(await tokens(page)), what);
  return tokens(page);
}

/** What the document holds behind the place of the session. */
async function written(page, line, before) {
  const text = (await lines(page))[line];
  assert.ok(text.startsWith(before), text);
  return text.slice(before.length);
}

const plain = (raw) => raw.join('').replaceAll('Ġ', ' ');

check('a step writes the token that the draw falls on, a digit another one, and back takes it away', async ({ editor, page }) => {
  await goTo(page, 2, 24);
  await runCommand(page, 'TinyLM: Open Generation View');
  await inPanel(page, '.candidate.drawn').waitFor();
  const drawn = await inPanel(page, '.candidate.drawn .token').textContent();
  await press(page, 'ArrowRight');
  const [first] = await untilTokens(page, ({ length }) => length === 1, 'one token');
  assert.equal(first.replaceAll('Ġ', '·'), drawn);
  assert.match(await inPanel(page, '#spoken').textContent(), /^Token 1: .*%, rank \d+, drawn\.$/);
  const second = await inPanel(page, '.candidate[data-rank="2"] .token').textContent();
  await press(page, '2');
  await untilTokens(page, ({ length }) => length === 2, 'the second token');
  assert.equal((await tokens(page))[1].replaceAll('Ġ', '·'), second);
  await until(async () => (await written(page, 1, 'Mia was happy. She said')) === plain(await tokens(page)), 'the document to hold both tokens');
  await press(page, 'ArrowLeft');
  await untilTokens(page, ({ length }) => length === 1, 'the second token to go');
  await until(async () => (await written(page, 1, 'Mia was happy. She said')) === plain([first]), 'the document to hold the first token');
  assert.equal(await inPanel(page, '.branch').count(), 1);
  await editor.screenshot('steps');
});

check('a slider cuts candidates at once and names the filter', async ({ editor, page }) => {
  const before = await tokens(page);
  await inPanel(page, '#slider-topK').press('Home');
  await inPanel(page, '#survivors').filter({ hasText: /^1 of 400 left; cut: top-k 399/ }).waitFor();
  assert.equal(await inPanel(page, '.candidate.cut').first().locator('.sampled').textContent(), 'top-k');
  assert.deepEqual(await tokens(page), before);
  await useTheme(page, 'Dark High Contrast', 'hc-black');
  await editor.screenshot('slider-high-contrast');
  await useTheme(page, 'Light Modern', 'vs');
  await inPanel(page, '#slider-topK').press('End');
  await inPanel(page, '#survivors').filter({ hasText: /^400 of 400 left/ }).waitFor();
});

check('a run writes until it is paused, and the session outlives its panel', async ({ editor, page }) => {
  await press(page, ' ');
  await untilTokens(page, ({ length }) => length >= 4, 'a run of tokens');
  await press(page, ' ');
  await inPanel(page, '#toolbar button').filter({ hasText: /^Run/ }).waitFor();
  const before = await tokens(page);
  await page.locator('.tab[aria-label^="TinyLM Generation"]').hover();
  await page.locator('.tab[aria-label^="TinyLM Generation"] .codicon-close').click();
  await page.locator('iframe.webview').waitFor({ state: 'detached' });
  await runCommand(page, 'TinyLM: Open Generation View');
  assert.deepEqual(await untilTokens(page, ({ length }) => length > 0, 'the session to be shown again'), before);
  await editor.screenshot('run');
});

check('an edit elsewhere moves the place, one at it ends the session and says so', async ({ page }) => {
  const before = await tokens(page);
  await goToInStory(page, 1, 1);
  await page.keyboard.type('See! ');
  await click(page, 'Step');
  const after = await untilTokens(page, ({ length }) => length === before.length + 1, 'a token more');
  await until(async () => (await lines(page))[0] === 'See! The frog swam to the boat.', 'the edit to stand');
  await until(async () => (await written(page, 1, 'Mia was happy. She said')) === plain(after).split('\n')[0], 'the token behind the others');
  await inPanel(page, '#note').filter({ hasText: 'The text before was edited' }).waitFor();
  await goToInStory(page, 2, 24);
  await page.keyboard.type('x');
  await inPanel(page, '#note').filter({ hasText: 'The text was edited where the generation writes, so it ended.' }).waitFor();
});

check('one undo takes a whole run back, and ends the session', async ({ page }) => {
  const before = (await lines(page))[1];
  await click(page, 'Begin at Caret');
  await inPanel(page, '.candidate.drawn').waitFor();
  await click(page, 'Run');
  await untilTokens(page, ({ length }) => length >= 3, 'a run of tokens');
  await click(page, 'Pause');
  await inPanel(page, '#toolbar button').filter({ hasText: /^Run/ }).waitFor();
  assert.notEqual((await lines(page))[1], before);
  await page.locator('.monaco-editor .view-lines .view-line').first().click();
  await page.keyboard.press('Control+z');
  await until(async () => (await lines(page))[1] === before, 'one undo to take the run back');
  await inPanel(page, '#note').filter({ hasText: 'edited where the generation writes' }).waitFor();
});

/** Put the caret there although the panel has the focus. */
async function goToInStory(page, line, column) {
  await page.locator('.monaco-editor .view-lines .view-line').first().click();
  await goTo(page, line, column);
}
