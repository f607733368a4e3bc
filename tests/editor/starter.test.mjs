// The first impression: the example story with the model that ships and the settings that everybody has.
// Its screenshots are the ones that the README chooses from.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../scripts/steps.mjs';
import { editorSuite, modelLoaded } from './driver/suite.mjs';
import { paintedIn } from './driver/tinylm.mjs';
import { closeHover, ghostText, goTo, hoverAt, openFile, runCommand, useTheme } from './driver/workbench.mjs';

const STORY = readFileSync(join(repository, 'examples', '01-story.txt'), 'utf8');
const CHARACTERS = readFileSync(join(repository, 'examples', '02-characters.txt'), 'utf8');

const settings = { 'editor.wordWrap': 'on', 'editor.fontSize': 15, 'editor.occurrencesHighlight': 'off' };
const files = { '01-story.txt': STORY, '02-characters.txt': CHARACTERS };
const check = editorSuite({ name: 'starter', model: 'starter', open: '01-story.txt', files, settings });

check('the example story is painted with the starter model', async ({ editor, page }) => {
  const { server } = await modelLoaded(editor);
  assert.equal(server.model.path, join(repository, 'models', 'starter'));
  const painted = await paintedIn(editor, '01-story.txt');
  assert.ok(painted.cells.length > 100);
  await editor.screenshot('story-light');
});

check('a simple story costs the starter model less than 1.5 bits per byte', async ({ editor, page }) => {
  await runCommand(page, 'TinyLM: Cycle Heat Map');
  const painted = await paintedIn(editor, '01-story.txt', ({ heatMode, scores }) => heatMode === 'surprisal' && scores !== null);
  const bits = painted.scores.surprisalBits.reduce((sum, value) => sum + value, 0);
  assert.ok(bits / Buffer.byteLength(STORY) < 1.5, `${bits / Buffer.byteLength(STORY)} bits per byte`);
  await editor.screenshot('heat-light');
  await useTheme(page, 'Dark Modern', 'vs-dark');
  await editor.screenshot('heat-dark');
});

check('the hover and the ghost text come from the starter model', async ({ editor, page }) => {
  const text = await hoverAt(page, { line: 3, column: STORY.split('\n')[2].indexOf('wind') + 2 }, 'wind');
  assert.match(text, /%/);
  await editor.screenshot('hover-dark');
  await closeHover(page);
  await goTo(page, 1, STORY.split('\n')[0].length + 1);
  await page.keyboard.type(' She was very');
  assert.notEqual((await ghostText(page)).trim(), '');
  await editor.screenshot('ghost-dark');
});

check('the page of hard characters is painted', async ({ editor, page }) => {
  await openFile(page, '02-characters.txt');
  const painted = await paintedIn(editor, '02-characters.txt');
  assert.ok(painted.cells.some((cell) => cell.split));
  await editor.screenshot('characters-dark');
});
