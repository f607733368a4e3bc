// The heat maps: the command goes round all of them, each cell gets the colour of its number, and it reads in every theme.

import assert from 'node:assert/strict';
import { columnsOf, columnsOn, joined } from './driver/positions.mjs';
import { editorSuite } from './driver/suite.mjs';
import { analyze, paintedIn } from './driver/tinylm.mjs';
import { boxesOfLine, runCommand, useTheme } from './driver/workbench.mjs';

const TEXT = 'Once upon a time, there was a little girl named Mia.\nShe said, "Thank you, frog!" and zxqv.\n';
const MODES = ['surprisal', 'rank', 'entropy', 'surplus', 'ratio', 'off'];
const THEMES = [
  ['Light Modern', 'vs', 'light'],
  ['Dark Modern', 'vs-dark', 'dark'],
  ['Dark High Contrast', 'hc-black', 'high-contrast'],
  ['Light High Contrast', 'hc-light', 'high-contrast-light'],
];

const check = editorSuite({ name: 'heat', open: 'story.txt', files: { 'story.txt': TEXT } });

check('each press of Cycle Heat Map shows the next heat map, and the last one none', async ({ editor, page, model }) => {
  for (const mode of MODES) {
    await runCommand(page, 'TinyLM: Cycle Heat Map');
    const painted = await paintedIn(editor, 'story.txt', ({ heatMode, scores }) => heatMode === mode && (mode === 'off' || scores !== null));
    const heats = heatStyles(painted);
    if (mode === 'off') assert.deepEqual(heats, []);
    else assert.ok(heats.length >= 2, `${mode} shows ${heats.length} colours`);
    if (mode === 'surprisal') checkBuckets(painted, model);
  }
});

function heatStyles(painted) {
  return Object.keys(painted.styles).filter((style) => style.startsWith('heat'));
}

/** The scale is fixed: 13 colours from 0 to log2(vocabulary) bits, and one beyond it. */
function checkBuckets(painted, model) {
  const expected = analyze(TEXT, model);
  const scale = Math.log2(expected.tokenizer.vocabSize);
  for (const cell of painted.cells) {
    const tokens = expected.tokens.slice(cell.firstToken, cell.firstToken + cell.nTokens);
    const bits = tokens.reduce((sum, token) => sum + token.surprisalBits, 0);
    const bucket = Math.min(13, Math.floor((bits / scale) * 13));
    const span = [cell.startLine, cell.startCharacter, cell.endLine, cell.endCharacter];
    assert.ok(
      (painted.styles[`heat${bucket}`] ?? []).some((other) => String(other) === String(span)),
      `the cell at ${span} with ${bits.toFixed(3)} bits is in bucket ${bucket}`,
    );
  }
}

check('the colours reach the screen where the tokens are, in light, dark and high contrast', async ({ editor, page }) => {
  await runCommand(page, 'TinyLM: Cycle Heat Map');
  const painted = await paintedIn(editor, 'story.txt', ({ heatMode, scores }) => heatMode === 'surprisal' && scores !== null);
  const line = TEXT.split('\n')[1];
  const columns = heatStyles(painted).flatMap((style) => joined(columnsOn(1, line, painted.styles[style])));
  columns.sort(([a], [b]) => a - b);
  for (const [theme, className, name] of THEMES) {
    await useTheme(page, theme, className);
    const boxes = (await boxesOfLine(page, line)).filter(({ background }) => background !== 'rgba(0, 0, 0, 0)');
    assert.deepEqual(columnsOf(boxes), columns, theme);
    assert.ok(new Set(boxes.map(({ background }) => background)).size >= 3, `${theme}: at least three colours`);
    await editor.screenshot(name);
  }
});
