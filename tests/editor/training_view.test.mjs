// The training view on a run that somebody else trains: live curves, stop and resume from the view, the window reloaded,
// the stories, the numbers as a table, its model used; and no breach of its content security policy.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { urlFor } from '../../scripts/editor.mjs';
import { venvPython } from '../../scripts/python.mjs';
import { editorSuite, modelLoaded } from './driver/suite.mjs';
import { stateWhere } from './driver/tinylm.mjs';
import { until } from './driver/until.mjs';
import { closeHover, goTo, hoverAt, pick, runCommand, toast, useTheme } from './driver/workbench.mjs';

const TRAINING_MS = 240_000;
/** Small enough for hundreds of steps a minute, on any machine. */
const SHAPE = ['--n-layer=1', '--n-head=2', '--n-embd=32', '--block-size=32', '--batch-size=4', '--accumulate=1', '--threads=1'];
/** More than can be done before somebody stops it. */
const STEPS = 1_000_000;

let trainer = null;
const check = editorSuite({ name: 'training-view', open: 'stories.txt', files: {}, prepare: beginTraining });
after(() => trainer?.kill('SIGKILL'));

function tinylm(...args) {
  return ['-I', '-m', 'tinylm', ...args];
}

function beginTraining({ folder }) {
  const [data, tokenizer, out] = [join(folder, 'stories.txt'), join(folder, 'tokenizer'), join(folder, 'tinylm-runs', 'watched')];
  execFileSync(venvPython, tinylm('sample-data', '--stories', '200', '--seed', '1', '--out', data), { stdio: 'ignore' });
  execFileSync(venvPython, tinylm('train-tokenizer', `--data=${data}`, '--vocab-size=600', `--out=${tokenizer}`), { stdio: 'ignore' });
  const words = tinylm('train', `--data=${data}`, `--tokenizer=${tokenizer}`, `--out=${out}`, `--steps=${STEPS}`, ...SHAPE, '--evaluate-every=50', '--checkpoint-every=50', '--snapshots=100', '--sample-prompt=Once upon a time');
  trainer = spawn(venvPython, words, { stdio: 'ignore' });
}

const viewOf = (page) => page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
const stepOf = async (view) => Number((await view.locator('.summary').textContent()).match(/step ([\d,]+)/)?.[1].replaceAll(',', '') ?? -1);

check('a run is watched, stopped and resumed from its view, which survives a reload of the window', async ({ editor, page }) => {
  const breaches = [];
  page.on('console', (message) => /Content Security Policy/.test(message.text()) && breaches.push(message.text()));
  await runCommand(page, 'TinyLM: Open Training View');
  await pick(page, 'watched');
  const view = viewOf(page);
  await view.locator('.state', { hasText: 'Training' }).waitFor({ timeout: TRAINING_MS });
  await view.locator('.summary', { hasText: /step [\d,]+ of 1,000,000, .+ left, .+ tokens\/s/ }).waitFor({ timeout: TRAINING_MS });
  await view.locator('.story', { hasText: 'Once upon a time' }).waitFor({ timeout: TRAINING_MS });
  assert.match(await view.locator('.plots .plot svg').first().getAttribute('aria-label'), /^Loss, nats per token: loss from [\d.]+ to [\d.]+; average from [\d.]+ to [\d.]+/);
  assert.ok(await view.getByRole('button', { name: 'Stop' }).isHidden(), 'what was not started here is not stopped from here');
  await editor.screenshot('live');

  trainer.kill('SIGTERM');
  await view.locator('.state', { hasText: 'Stopped' }).waitFor({ timeout: TRAINING_MS });
  const stoppedAt = await stepOf(view);
  await view.getByRole('button', { name: 'Resume' }).click();
  await view.getByRole('button', { name: 'Stop' }).waitFor({ timeout: TRAINING_MS });
  await view.locator('.state', { hasText: 'Training' }).waitFor({ timeout: TRAINING_MS });

  await page.goto(urlFor(editor.server.port, editor.folder, null)); // The address that names a file opens that and nothing else.
  const again = viewOf(page);
  await until(async () => (await stepOf(again)) > stoppedAt, 'the resumed run to get further', TRAINING_MS);
  await again.getByRole('button', { name: 'Stop' }).click();
  await again.locator('.state', { hasText: 'Stopped' }).waitFor({ timeout: TRAINING_MS });
  assert.deepEqual(breaches, []);
});

check('the stories, the scales and the numbers are reached by keyboard', async ({ editor, page }) => {
  const view = viewOf(page);
  const slider = view.getByRole('slider', { name: 'Stories through the training' });
  const [, stories] = (await slider.getAttribute('aria-valuetext')).match(/^Step [\d,]+, [\d.]+ bits per byte \((\d+) of \1\)$/);
  await slider.focus();
  await page.keyboard.press('Home');
  await view.locator('output', { hasText: 'Step 50,' }).waitFor();
  const scale = view.getByRole('button', { name: 'Logarithmic steps' });
  await scale.focus();
  await page.keyboard.press('Enter');
  assert.equal(await scale.getAttribute('aria-pressed'), 'true');
  await view.locator('summary', { hasText: 'Numbers' }).focus();
  await page.keyboard.press('Enter');
  const rows = view.getByRole('row');
  await rows.nth(1).waitFor();
  assert.match(await rows.last().innerText(), /^50\s+(–|[\d.]+)\s+[\d.]+\s+[\d.]+/, 'its evaluation; of a long run not every step comes over the wire');
  assert.ok((await rows.count()) - 1 - Number(stories) <= 1, 'a row for each evaluation and one for the newest step');
  await editor.screenshot('stopped');
  await page.locator('.tab[data-resource-name="stories.txt"]').click();
  await useTheme(page, 'Dark High Contrast', 'hc-black');
  await editor.screenshot('high-contrast');
});

const slides = (view) => view.getByRole('slider', { name: 'The text through the training' });
const labelled = (view) => slides(view).getAttribute('aria-valuetext');

check('a paragraph is watched being learned, through every step that was kept, until it is edited', async ({ editor, page }) => {
  const text = readFileSync(join(editor.folder, 'stories.txt'), 'utf8').split(/\r?\n/)[0];
  const run = join(editor.folder, 'tinylm-runs', 'watched');
  const { steps } = JSON.parse(execFileSync(venvPython, tinylm('learned', run, '--text', text, '--json'), { encoding: 'utf8' }));
  const said = ({ step, bitsPerByte }, index) => `Step ${step.toLocaleString('en')}, ${bitsPerByte.toFixed(3)} bits per byte (${index + 1} of ${steps.length})`;
  assert.ok(steps.length >= 6, `only ${steps.length} steps were kept`);

  await page.locator('.tab[data-resource-name="stories.txt"]').click();
  await goTo(page, 1, 3);
  await runCommand(page, 'TinyLM: Watch This Paragraph Being Learned');
  await pick(page, 'watched');
  const view = viewOf(page);
  await until(async () => (await labelled(view)) === said(steps[0], 0), 'the text before the training, and all steps after it', TRAINING_MS);
  assert.ok(await view.locator('.learning').evaluate((section) => Math.abs(section.getBoundingClientRect().top) < window.innerHeight / 2), 'its section is seen');
  await slides(view).focus();
  await page.keyboard.press('End');
  await until(async () => (await labelled(view)) === said(steps.at(-1), steps.length - 1), 'the text after the training');
  const learned = await lentWhere(editor, () => true);
  await page.keyboard.press('Home');
  await until(async () => (await labelled(view)) === said(steps[0], 0), 'the text before the training again');
  await editor.screenshot('learned-first');
  await page.locator('.editor-group-container .view-lines').first().click({ position: { x: 200, y: 5 } });
  const before = await lentWhere(editor, (plan) => JSON.stringify(plan) !== JSON.stringify(learned));
  const nIn = (plan, buckets) => Object.entries(plan).reduce((n, [style, spans]) => n + (buckets.some((bucket) => style.startsWith(`heat${bucket}`)) ? spans.length : 0), 0);
  assert.equal(nIn(before, [0, 1, 2, 3, 4, 5, 6, 7]), nIn(learned, [0, 1, 2, 3, 4, 5, 6, 7]));
  assert.ok(nIn(before, [0, 1, 2]) === 0 && nIn(learned, [0, 1, 2]) > 0, 'what is learned changes its colour');
  assert.ok(Object.values(before).flat().every(([line]) => line === 0), 'nothing but the paragraph is coloured');
  const hover = await hoverAt(page, { line: 1, column: 3 }, 'Coloured by');
  assert.match(hover, /Coloured by step 0 of watched: surprisal [\d.]+ bits, probability .+ %\. The model in use, .+, says:/);
  await closeHover(page);
  await view.getByRole('button', { name: 'Play' }).click();
  await until(async () => (await labelled(view)) === said(steps.at(-1), steps.length - 1), 'the play to come to the end');
  await view.getByRole('button', { name: 'Play' }).waitFor();
  await editor.screenshot('learned-last');

  await page.locator('.editor-group-container .view-lines').first().click({ position: { x: 200, y: 5 } });
  await page.keyboard.press('x');
  await view.locator('.learning').waitFor({ state: 'hidden' });
  await stateWhere(editor, 'the colours to be gone', ({ editors }) => editors.every(({ lent }) => lent === null));
  await page.keyboard.press('Control+z');
});

async function lentWhere(editor, accept) {
  const lentOf = ({ editors }) => editors.find(({ uri }) => uri.endsWith('/stories.txt'))?.lent ?? null;
  return lentOf(await stateWhere(editor, 'the paragraph to be coloured', (state) => lentOf(state) !== null && accept(lentOf(state))));
}

check('its model is used from the view, and that of an earlier step', async ({ editor, page }) => {
  const view = viewOf(page);
  const inUse = (path) => stateWhere(editor, `${path} to be used`, ({ server }) => server?.model?.path === path);
  const run = join(editor.folder, 'tinylm-runs', 'watched');
  await view.getByLabel('Weights of which step to use').selectOption('0');
  await view.getByRole('button', { name: 'Use This Checkpoint' }).click();
  await toast(page, 'the model watched at step 0 now').waitFor();
  await page.locator('.editor-group-container .view-lines').first().click({ position: { x: 200, y: 5 } });
  await inUse(join(run, 'snapshots', 'step-000000000'));
  await view.getByLabel('Weights of which step to use').selectOption('');
  await view.getByRole('button', { name: 'Use This Checkpoint' }).click();
  await page.locator('.tab[data-resource-name="stories.txt"]').click();
  await page.locator('.editor-group-container.active .view-lines').first().click();
  await modelLoaded(editor);
  await inUse(join(run, 'model'));
});
