// Training from the editor: started from the palette, watched, stopped, resumed where it stopped, and its model used.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { venvPython } from '../../scripts/python.mjs';
import { launch } from './driver/launch.mjs';
import { paintedIn, stateWhere, tinyModel } from './driver/tinylm.mjs';
import { answerInput, clickInToast, pick, runCommand, toast } from './driver/workbench.mjs';

/** Enough to be stopped half way, and half a minute of work on two cores. */
const STEPS = 120;
const TRAINING_MS = 240_000;

let editor;
let model;
before(async () => {
  model = tinyModel();
  editor = await launch({
    name: 'training',
    open: 'stories.txt',
    files: {},
    settings: { 'tinylm.model.path': model.path },
    prepare: ({ folder }) => {
      const args = ['sample-data', '--stories', '300', '--seed', '1', '--out', join(folder, 'stories.txt')];
      execFileSync(venvPython, ['-I', '-m', 'tinylm', ...args], { stdio: 'ignore' });
    },
  });
  await paintedIn(editor, 'stories.txt', (painted) => painted.modelId !== null);
});
after(async () => {
  await editor?.close();
  model?.remove();
});

const jobWhere = (what, accept) =>
  stateWhere(editor, what, ({ jobs }) => jobs.some(accept), TRAINING_MS).then(({ jobs }) => jobs.find(accept));

test('a run is started from the palette, its progress is seen, it is stopped, resumed and its model used', async () => {
  const { page } = editor;
  await runCommand(page, 'TinyLM: Train Model');
  await pick(page, 'This file');
  await pick(page, 'tiny');
  await pick(page, 'Other...');
  await answerInput(page, String(STEPS));
  await pick(page, 'Train a tokenizer on this data first');

  await toast(page, 'training a model').waitFor({ timeout: TRAINING_MS });
  const running = await jobWhere('the first steps', ({ state, step }) => state === 'running' && step >= 5);
  assert.equal(running.totalSteps, STEPS);
  assert.ok(running.loss > 0 && running.loss < 15, `a loss of ${running.loss} nats`);
  await editor.screenshot('running');

  await runCommand(page, 'TinyLM: Stop Training');
  const stopped = await jobWhere('the run to stop', ({ state }) => state === 'interrupted');
  assert.ok(stopped.step < STEPS, `stopped at step ${stopped.step}`);
  await editor.screenshot('stopped');

  await clickInToast(page, 'was stopped', 'Resume');
  const resumed = await jobWhere('the run to go on', ({ state, step }) => state === 'running' && step > stopped.step);
  assert.equal(resumed.run, stopped.run);

  const finished = await jobWhere('the run to finish', ({ state }) => state === 'finished');
  assert.equal(finished.step, STEPS);
  assert.ok(finished.validationLoss < Math.log(8192), `a validation loss of ${finished.validationLoss} nats`);
  assert.ok(existsSync(join(finished.model, 'model.safetensors')));
  await editor.screenshot('finished');

  await clickInToast(page, 'Use this model?', 'Use This Model');
  const { server } = await stateWhere(editor, 'the new model to be used', (state) => state.server?.model?.path === finished.model);
  const painted = await paintedIn(editor, 'stories.txt', ({ modelId }) => modelId === server.model.id);
  assert.ok(painted.cells.length > 0);
  await editor.screenshot('used');
});
