// Comparisons: two models colour the buffer by the difference of their surprisals, two tokenizers stand side by side.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { venvPython } from '../../scripts/python.mjs';
import { repository } from '../../scripts/steps.mjs';
import { columnsOf, columnsOn, joined } from './driver/positions.mjs';
import { editorSuite } from './driver/suite.mjs';
import { analyze, dumpState } from './driver/tinylm.mjs';
import { boxesOfLine, hoverAt, pick, runCommand } from './driver/workbench.mjs';

const LINE = 'Once upon a time, there was a little girl named Mia.';
const STORY = `${LINE}\nThe frog saw a boat. Mia was happy.\n`;
const ITEM = '[id^="tinylm.tinylm"][id*="comparison"]';

/** A second model with the same tokenizer and other weights, where training keeps its runs. */
function otherModel(editor) {
  const path = join(editor.folder, 'tinylm-runs', 'other', 'model');
  execFileSync(venvPython, ['-I', join(repository, 'tests', 'editor', 'make_model.py'), path, '1']);
  return path;
}

const check = editorSuite({ name: 'compare', open: 'story.txt', files: { 'story.txt': STORY }, prepare: otherModel });

function bitsPerByte({ tokens }) {
  return tokens.reduce((sum, token) => sum + token.surprisalBits, 0) / new TextEncoder().encode(STORY).length;
}

function stepOf(difference) {
  return Math.sign(difference) * [0.5, 2, 5].filter((least) => Math.abs(difference) >= least).length;
}

function grouped(boxes) {
  const groups = new Map();
  for (const box of boxes) groups.set(box.background, [...(groups.get(box.background) ?? []), box]);
  return groups;
}

/** The token of the line's end has a box as well, which begins and ends at the last column. */
const hasColumns = ([start, end]) => start < end;
const byFirst = ([[a]], [[b]]) => a - b;

check('two models colour each token by the difference of what the command line says of both', async ({ editor, page, model }) => {
  const own = analyze(STORY, model);
  const other = analyze(STORY, join(editor.folder, 'tinylm-runs', 'other', 'model'));
  await runCommand(page, 'TinyLM: Compare Models');
  await pick(page, 'other');
  const item = page.locator(ITEM).filter({ hasText: 'bits per byte' });
  await item.waitFor();
  const shown = await item.innerText();
  for (const each of [own, other]) assert.ok(shown.includes(bitsPerByte(each).toFixed(3)), `${bitsPerByte(each)} in: ${shown}`);
  const spans = new Map();
  for (const [index, token] of own.tokens.entries()) {
    const step = stepOf(other.tokens[index].surprisalBits - token.surprisalBits);
    if (step !== 0 && token.endChar <= LINE.length) spans.set(step, [...(spans.get(step) ?? []), [0, token.startChar, 0, token.endChar]]);
  }
  const expected = [...spans.values()].map((each) => joined(columnsOn(0, LINE, each)));
  const boxes = (await boxesOfLine(page, LINE)).filter(({ background }) => background !== 'rgba(0, 0, 0, 0)');
  const byColour = grouped(boxes);
  assert.deepEqual([...byColour.values()].map((each) => joined(columnsOf(each).filter(hasColumns))).filter(({ length }) => length > 0).sort(byFirst), expected.sort(byFirst));
  await editor.screenshot('models');
  const text = await hoverAt(page, { line: 1, column: 2 }, 'difference');
  assert.ok(text.includes(`${own.tokens[0].surprisalBits.toFixed(2)} bits`) && text.includes(`other ${other.tokens[0].surprisalBits.toFixed(2)} bits`), text);
  await page.keyboard.press('Escape');
  const { decorationTypes } = await dumpState(editor);
  assert.ok(decorationTypes >= 6 && decorationTypes <= 32, `${decorationTypes} decoration types`);
  await runCommand(page, 'TinyLM: Compare Models');
  await page.locator(ITEM).waitFor({ state: 'detached' });
});

check('two tokenizers stand side by side, with what each makes of the text', async ({ editor, page }) => {
  await runCommand(page, 'TinyLM: Compare Tokenizers');
  await pick(page, '257 entries');
  const side = (name) => page.locator(`.diff-editor .editor.${name} .view-line, .monaco-diff-editor .editor.${name} .view-line`);
  await side('modified').filter({ hasText: 'tokens per word' }).first().waitFor();
  await side('original').filter({ hasText: 'tokens per word' }).first().waitFor();
  await side('modified').filter({ hasText: 'O│n│c│e' }).first().waitFor();
  await editor.screenshot('tokenizers');
});
