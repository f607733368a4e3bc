// What the status item says of texts and models that nobody wishes for: a clear state in words, also for screen readers,
// and never a freeze. One editor goes through all of them, from a model that cannot be used to another that can.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { venvPython } from '../../scripts/python.mjs';
import { repository } from '../../scripts/steps.mjs';
import { KEYS } from './driver/launch.mjs';
import { editorSuite } from './driver/suite.mjs';
import { analyze, extensionReady, paintedIn } from './driver/tinylm.mjs';
import { goTo, openFile, pick, runCommand } from './driver/workbench.mjs';

const STORY = 'Once upon a time, there was a little girl named Mia.\nThe frog saw a boat.\n';
const FILES = {
  'story.txt': STORY,
  'script.py': 'print("Mia")\n',
  'binary.dat': Buffer.from([0, 1, 2, 0, 255, 254, 0, 7]),
  'letters.txt': `${'x'.repeat(1_000_000)}\n`,
  'stretch.txt': `${STORY}${'x'.repeat(3_000_000)}\n`,
  'large.txt': 'Once upon a time, there was a frog.\n'.repeat(60_000),
};

function makeModel(editor, name, seed) {
  const path = join(editor.folder, 'tinylm-runs', name, 'model');
  execFileSync(venvPython, ['-I', join(repository, 'tests', 'editor', 'make_model.py'), path, String(seed)]);
  return path;
}

/** A model that is used at the start and whose tokenizer has lost its last entry, and two in order. */
function prepare(editor) {
  const broken = makeModel(editor, 'broken', 0);
  const tokenizer = JSON.parse(readFileSync(join(broken, 'tokenizer.json'), 'utf8'));
  const [last] = Object.entries(tokenizer.model.vocab).reduce((one, other) => (other[1] > one[1] ? other : one));
  delete tokenizer.model.vocab[last];
  tokenizer.model.merges.pop();
  writeFileSync(join(broken, 'tokenizer.json'), JSON.stringify(tokenizer));
  const settings = join(editor.userDataDir, 'Machine', 'settings.json');
  writeFileSync(settings, JSON.stringify({ ...JSON.parse(readFileSync(settings, 'utf8')), 'tinylm.model.path': broken }));
  for (const [seed, name] of ['good', 'other'].entries()) makeModel(editor, name, seed);
}

const settings = { 'tinylm.maxCells': 500 };
const check = editorSuite({ name: 'standing', open: 'story.txt', settings, files: FILES, prepare, ready: extensionReady });

/** Wait until the item's text and its label match. */
async function says(page, text, label) {
  const item = page.locator('[id^="tinylm.tinylm"][id*="status"]').filter({ hasText: text });
  await item.filter({ has: page.locator(`[aria-label*="${label}"]`) }).or(item.and(page.locator(`[aria-label*="${label}"]`))).first().waitFor();
}

/** Show a file that may have no text. */
async function show(page, name) {
  await page.locator('.explorer-viewlet .monaco-list-row').filter({ hasText: name }).dblclick();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
}

async function select(page, name) {
  await runCommand(page, 'TinyLM: Select Model');
  await pick(page, name);
}

check('a tokenizer that does not fit its model: tokens, no probabilities, and what is wrong', async ({ editor, page }) => {
  await says(page, /\d+ tokens.*no probabilities/, 'vocabulary entries but its tokenizer');
  await editor.screenshot('mismatch');
});

check('another model is chosen: numbers, and colours of that model only', async ({ editor, page }) => {
  await select(page, 'good');
  await says(page, /^ ?\d+ tokens, [\d.]+ bytes\/token$/, 'bytes per token');
  await runCommand(page, 'TinyLM: Cycle Heat Map');
  const first = await paintedIn(editor, 'story.txt', ({ scores }) => scores !== null);
  await select(page, 'other');
  const second = await paintedIn(editor, 'story.txt', ({ scores, modelId }) => scores !== null && modelId !== first.modelId);
  const { tokens } = analyze(STORY, join(editor.folder, 'tinylm-runs', 'other', 'model'));
  for (const [index, bits] of second.scores.surprisalBits.entries()) assert.ok(Math.abs(bits - tokens[index].surprisalBits) < 1e-3);
});

check('half of a surrogate pair is a character like any other', async ({ editor, page }) => {
  await goTo(page, 1, 1);
  await page.keyboard.press(KEYS.typeHalf);
  const { tokens } = analyze(`\ufffd${STORY}`, join(editor.folder, 'tinylm-runs', 'other', 'model'));
  await says(page, `${tokens.length} tokens, `, 'perplexity');
  const painted = await paintedIn(editor, 'story.txt', ({ version, scores }) => version > 1 && scores !== null);
  assert.deepEqual(painted.cells.flatMap(({ ids }) => ids), tokens.map(({ id }) => id));
});

check('a file that is no text, and one of another language', async ({ editor, page }) => {
  await show(page, 'binary.dat');
  await says(page, 'TinyLM: not read', 'it is binary, or larger than 50 MB');
  await editor.screenshot('binary');
  await openFile(page, 'script.py');
  await says(page, /TinyLM$/, 'leaves this text (python) alone');
});

check('a line of a million letters is painted in part, and says so', async ({ page }) => {
  await openFile(page, 'letters.txt');
  await says(page, 'not all painted', 'capped at 500 cells');
});

check('a stretch that is too long: its tokens cannot be counted, and the advice', async ({ page }) => {
  await openFile(page, 'stretch.txt');
  await says(page, 'tokens cannot be counted', 'break them into lines');
});

check('a long text is counted while one reads it', async ({ editor, page }) => {
  await openFile(page, 'large.txt');
  await says(page, /counting tokens, \d+ %|[\d,]+ tokens/, 'document:');
  await says(page, /^ ?[\d,]{7,} tokens, [\d.]+ bytes\/token/, 'tokens');
  await editor.screenshot('counted');
});
