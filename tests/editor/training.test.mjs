// Training from the editor: started from the palette, watched, stopped, resumed where it stopped, and its model used.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { venvPython } from '../../scripts/python.mjs';
import { editorSuite } from './driver/suite.mjs';
import { analyze, paintedIn, stateWhere } from './driver/tinylm.mjs';
import { answerInput, clickInToast, pick, runCommand, toast } from './driver/workbench.mjs';

/** Enough to be stopped half way, and less than a minute of work on two cores. */
const STEPS = 40;
const TRAINING_MS = 240_000;

const check = editorSuite({ name: 'training', open: 'stories.txt', files: {}, prepare: writeStories });

function writeStories({ folder }) {
  const args = ['sample-data', '--stories', '300', '--seed', '1', '--out', join(folder, 'stories.txt')];
  execFileSync(venvPython, ['-I', '-m', 'tinylm', ...args], { stdio: 'ignore' });
}

const viewOf = (page) => page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
const jobWhere = (editor, what, accept) =>
  stateWhere(editor, what, ({ jobs }) => jobs.some(accept), TRAINING_MS).then(({ jobs }) => jobs.find(accept));

const rows = (page) => page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row');

/** Answer the questions before a training on the open file; returns the entry of the last one that says `text`. */
async function askToTrain(page, steps, text) {
  await runCommand(page, 'TinyLM: Train Model');
  await pick(page, 'This file');
  await pick(page, 'Random weights');
  await pick(page, '8,192 entries');
  await pick(page, 'A number of steps...');
  await pick(page, 'tiny');
  await answerInput(page, 'how many steps', String(steps));
  await page.mouse.move(5, 790); // What it rests on would get a tooltip in the way of the click.
  const entry = rows(page).filter({ hasText: text });
  await entry.waitFor({ timeout: TRAINING_MS });
  return entry;
}

check('of a text that will be learned by heart one is told, and offered the starter model first; measuring is cancelled', async ({ editor, page }) => {
  const starter = await askToTrain(page, 100_000, 'Start from the starter model instead');
  await editor.screenshot('by-heart');
  assert.match(await rows(page).first().getAttribute('aria-label'), /^Start from the starter model instead, .*, About [\d,]+ tokens, read [\d,]+ times, will be learned by heart/);
  await starter.click();
  await clickInToast(page, 'measuring how long', 'Cancel');
  await toast(page, 'measuring how long').waitFor({ state: 'detached' });
  assert.equal(await rows(page).count(), 0, 'nothing is asked any more');
  assert.equal(existsSync(join(editor.folder, 'tinylm-runs')), false, 'and nothing was begun');
});

check('a run is started from the palette, its progress is seen, it is stopped, resumed and its model used', async ({ editor, page }) => {
  const start = await askToTrain(page, STEPS, 'Start training');
  assert.match(await start.innerText(), /up to 1\.0 M parameters, 40 steps, about .+ GB of memory/);
  await start.click();

  await toast(page, 'training a model').waitFor({ timeout: TRAINING_MS });
  const merges = viewOf(page).getByRole('region', { name: 'Merges, the newest first' }).getByRole('row');
  await merges.nth(1).waitFor({ timeout: TRAINING_MS });
  assert.match(await merges.nth(1).innerText(), /^[\d,]+\s+\S+\s+\S+\s+\S+\s+[\d,]+$/);
  await editor.screenshot('merges');
  const running = await jobWhere(editor, 'the first steps', ({ state, step }) => state === 'running' && step >= 5);
  assert.equal(running.totalSteps, STEPS);
  assert.ok(running.loss > 0 && running.loss < 15, `a loss of ${running.loss} nats`);
  await editor.screenshot('running');

  await runCommand(page, 'TinyLM: Stop Training');
  const stopped = await jobWhere(editor, 'the run to stop', ({ state }) => state === 'interrupted');
  assert.ok(stopped.step < STEPS, `stopped at step ${stopped.step}`);
  await editor.screenshot('stopped');

  await clickInToast(page, 'was stopped', 'Resume');
  const resumed = await jobWhere(editor, 'the run to go on', ({ state, step }) => state === 'running' && step > stopped.step);
  assert.equal(resumed.run, stopped.run);

  const finished = await jobWhere(editor, 'the run to finish', ({ state }) => state === 'finished');
  assert.equal(finished.step, STEPS);
  assert.ok(finished.validationLoss < Math.log(8192), `a validation loss of ${finished.validationLoss} nats`);
  assert.ok(existsSync(join(finished.model, 'model.safetensors')));
  await editor.screenshot('finished');

  await clickInToast(page, 'Use this model?', 'Use This Model');
  const { server } = await stateWhere(editor, 'the new model to be used', (state) => state.server?.model?.path === finished.model);
  assert.equal(server.model.vocabSize, server.tokenizer.vocabSize);
  const ids = analyze(readFileSync(join(editor.folder, 'stories.txt'), 'utf8').slice(0, 400), finished.model).tokens.map(({ id }) => id);
  await paintedIn(editor, 'stories.txt', ({ cells }) => cells.slice(0, 20).flatMap((cell) => cell.ids).every((id, at) => id === ids[at]));
  await editor.screenshot('used');
});

check('a tokenizer is stopped and resumed, from the palette and from its view', async ({ editor, page }) => {
  await runCommand(page, 'View: Close All Editors'); // Only one view is to be there.
  await runCommand(page, 'TinyLM: Train Tokenizer');
  await pick(page, 'Sample stories');
  await answerInput(page, 'entries in the vocabulary', '2000');
  const view = viewOf(page);
  const state = (text) => view.locator('.state', { hasText: text }).waitFor({ timeout: TRAINING_MS });
  const merges = view.getByRole('region', { name: 'Merges, the newest first' }).getByRole('row');
  await state('Training');
  await runCommand(page, 'TinyLM: Stop Training');
  await state('Stopped');
  assert.equal(await merges.count(), 1, 'it was stopped while it counted words');

  await runCommand(page, 'TinyLM: Resume Training');
  await state('Training');
  await view.getByRole('button', { name: 'Stop' }).click();
  await state('Stopped');
  await editor.screenshot('tokenizer-stopped');
  await view.getByRole('button', { name: 'Resume' }).click();
  await state('Finished');
  await merges.nth(1).waitFor({ timeout: TRAINING_MS });
  assert.ok(await view.getByRole('button', { name: 'Resume' }).isHidden());
  const [, run] = (await toast(page, 'It is in').innerText()).match(/It is in (\S+)\./);
  const { model } = JSON.parse(readFileSync(join(run, 'tokenizer.json'), 'utf8'));
  assert.match(await merges.nth(1).innerText(), new RegExp(`^${model.merges.length.toLocaleString('en')}\\s`), 'the newest merge of all');
});
