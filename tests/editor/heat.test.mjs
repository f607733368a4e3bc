// The heat maps: the command goes round all of them, each cell gets the colour of its number, every boundary stays
// visible, and it reads in every theme, also without colours.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { columnsOf, columnsOn, positionsOf } from './driver/positions.mjs';
import { editorSuite } from './driver/suite.mjs';
import { analyze, paintedIn, stateWhere } from './driver/tinylm.mjs';
import { until } from './driver/until.mjs';
import { boxesOfLine, goTo, openFile, patternsOfLine, runCommand, THEMES, toast, useTheme } from './driver/workbench.mjs';

const TEXT = 'Once upon a time, there was a little girl named Mia.\nShe said, "Thank you, frog!" and zxqv.\n';
const MODES = ['surprisal', 'rank', 'entropy', 'surplus', 'ratio'];
const TRANSPARENT = 'rgba(0, 0, 0, 0)';

/** Two paragraphs, longer together than a screen with one screen around it. */
const LONG = `${'Once upon a time, there was a little frog.\n'.repeat(90)}\n${'The frog said, "Thank you, Mia!"\n'.repeat(60)}`;

/** The editor's own boxes around the word at the caret are in the way. */
const settings = { 'editor.occurrencesHighlight': 'off' };
const check = editorSuite({ name: 'heat', open: 'story.txt', settings, files: { 'story.txt': TEXT, 'long.txt': LONG } });

check('Cycle Heat Map goes from the boundaries through every heat map to nothing, and back to the boundaries', async ({ editor, page, model }) => {
  for (const mode of MODES) {
    await runCommand(page, 'TinyLM: Cycle Heat Map');
    const painted = await scored(editor, mode);
    assert.ok(stylesOf(painted, 'heat').length >= 2, `${mode} shows ${stylesOf(painted, 'heat').length} colours`);
    if (mode === 'surprisal') checkBuckets(painted, model);
  }
  await runCommand(page, 'TinyLM: Cycle Heat Map');
  await page.locator('.view-overlays .cdr[class*="ced-"]').first().waitFor({ state: 'detached' });
  await runCommand(page, 'TinyLM: Cycle Heat Map');
  const painted = await paintedIn(editor, 'story.txt', ({ heatMode }) => heatMode === 'off');
  assert.deepEqual(stylesOf(painted, 'heat'), []);
  assert.ok(painted.styles.bandEven.length > 0);
});

function scored(editor, mode) {
  return paintedIn(editor, 'story.txt', ({ heatMode, scores }) => heatMode === mode && scores !== null);
}

function stylesOf(painted, prefix) {
  return Object.keys(painted.styles).filter((style) => style.startsWith(prefix));
}

/** The scale is fixed: seven steps from 0 to log2(vocabulary) bits, the last one half as wide, and one beyond it. */
function checkBuckets(painted, model) {
  const expected = analyze(TEXT, model);
  const scale = Math.log2(expected.tokenizer.vocabSize);
  for (const cell of painted.cells) {
    const tokens = expected.tokens.slice(cell.firstToken, cell.firstToken + cell.nTokens);
    const bits = tokens.reduce((sum, token) => sum + token.surprisalBits, 0);
    const bucket = bits > tokens.length * scale ? 7 : Math.min(6, Math.floor((bits / scale) * 6.5));
    const span = [cell.startLine, cell.startCharacter, cell.endLine, cell.endCharacter];
    const spans = painted.styles[`heat${bucket}${cell.odd ? 'Odd' : 'Even'}`] ?? [];
    assert.ok(spans.some((other) => String(other) === String(span)), `the cell at ${span} with ${bits.toFixed(3)} bits is in bucket ${bucket}`);
  }
}

check('each token is a box of its own in its colour, in light, dark and high contrast', async ({ editor, page }) => {
  await runCommand(page, 'TinyLM: Cycle Heat Map');
  const painted = await scored(editor, 'surprisal');
  const line = TEXT.split('\n')[1];
  const columns = columnsOn(1, line, stylesOf(painted, 'heat').flatMap((style) => painted.styles[style]));
  columns.sort(([a], [b]) => a - b);
  const coloursOf = new Map();
  for (const [theme, className, name] of THEMES) {
    await useTheme(page, theme, className);
    const boxes = (await boxesOfLine(page, line)).filter(({ background }) => background !== TRANSPARENT);
    assert.deepEqual(columnsOf(boxes), columns, theme);
    const colours = new Set(boxes.map(({ background }) => background));
    assert.ok(colours.size >= 3, `${theme}: at least three colours`);
    coloursOf.set(name, String([...colours].sort()));
    for (const { background } of boxes) assert.ok((await contrastWithText(page, background)) >= 4.5, `${theme}: text on ${background}`);
    await editor.screenshot(name);
  }
  assert.notEqual(coloursOf.get('light'), coloursOf.get('dark'));
  await useTheme(page, 'Light Modern', 'vs');
});

/** The contrast (WCAG 2) of a background with the text as the editor draws it. */
function contrastWithText(page, background) {
  const measure = (colour) => {
    const luminance = (value) => {
      const parts = value.match(/[\d.]+/g).slice(0, 3).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const text = getComputedStyle(document.querySelector('.editor-group-container.active .view-line span span')).color;
    const [dark, light] = [luminance(colour), luminance(text)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  return page.evaluate(measure, background);
}

check('typing takes the colour of every token behind it, and the new text gets its own', async ({ editor, page, model }) => {
  await goTo(page, 2, 5);
  await page.keyboard.type('loudly ');
  const text = TEXT.replace('She ', 'She loudly ');
  const painted = await paintedIn(editor, 'story.txt', ({ version, scores }) => version > 1 && scores !== null);
  assert.equal(painted.nScored, painted.cells.length);
  const expected = analyze(text, model).tokens;
  assert.deepEqual(painted.cells.flatMap(({ ids }) => ids), expected.map(({ id }) => id));
  for (const [index, bits] of painted.scores.surprisalBits.entries()) assert.ok(Math.abs(bits - expected[index].surprisalBits) < 1e-3);
});

check('the whole document is scored in the background, and only then the numbers are those of all of it', async ({ editor, page, model }) => {
  await openFile(page, 'long.txt');
  const { tokens } = analyze(LONG, model);
  const bits = tokens.reduce((sum, { surprisalBits }) => sum + surprisalBits, 0);
  const wanted = `${tokens.length.toLocaleString('en')} tokens, ${(LONG.length / tokens.length).toFixed(2)} bytes/token, ${(bits / LONG.length).toFixed(2)} bits/byte`;
  const { status, survey } = await stateWhere(editor, wanted, ({ status }) => status.text.endsWith(wanted));
  assert.equal(survey.marks, Math.min(300, surprisingIn(tokens, model).length));
  assert.equal(status.spoken, `TinyLM: document: ${wanted.replaceAll('/token', ' per token').replaceAll('/byte', ' per byte')}, perplexity ${said(2 ** (bits / tokens.length))}; heat map: Surprisal (bits)`);
});

function said(perplexity) {
  return perplexity < 100 ? perplexity.toPrecision(3) : Math.round(perplexity).toLocaleString('en');
}

/** [line, character] of the end of each surprising token: 8 bits of 13, on the scale of the vocabulary. */
function surprisingIn(tokens, model) {
  const threshold = (Math.log2(analyze('', model).tokenizer.vocabSize) * 8) / 13;
  const positions = positionsOf(LONG);
  return tokens.filter(({ surprisalBits }) => surprisalBits >= threshold).map(({ endChar }) => positions[endChar]);
}

check('Go to Previous and Next Surprising Token go round the document, far from what is visible', async ({ page, model }) => {
  const found = surprisingIn(analyze(LONG, model).tokens, model);
  await goTo(page, 1, 1);
  await runCommand(page, 'TinyLM: Go to Previous Surprising Token');
  await selectedAt(page, found.at(-1));
  await runCommand(page, 'TinyLM: Go to Previous Surprising Token');
  await selectedAt(page, found.at(-2));
  await runCommand(page, 'TinyLM: Go to Next Surprising Token');
  await selectedAt(page, found.at(-1));
  await runCommand(page, 'TinyLM: Go to Next Surprising Token');
  await selectedAt(page, found[0]);
});

/** Wait until a selection ends at a position. */
function selectedAt(page, [line, character]) {
  const shown = new RegExp(`Ln ${line + 1}, Col ${character + 1} \\(\\d+ selected\\)`);
  return page.locator('[id="status.editor.selection"]').filter({ hasText: shown }).waitFor();
}

check('Describe Token says the token at the caret', async ({ page, model }) => {
  await goTo(page, 1, 7);
  const token = analyze(LONG, model).tokens.find(({ startChar, endChar }) => startChar <= 6 && 6 < endChar);
  await runCommand(page, 'TinyLM: Describe Token');
  await toast(page, `id ${token.id}: probability`).waitFor();
  await toast(page, `surprisal ${token.surprisalBits.toFixed(1)} bits, rank ${token.rank} of`).waitFor();
});

check('without colours, lines show the heat map, and a code lens sums up each paragraph', async ({ editor, page }) => {
  mkdirSync(join(editor.folder, '.vscode'), { recursive: true });
  writeFileSync(join(editor.folder, '.vscode', 'settings.json'), JSON.stringify({ 'tinylm.heatMapStyle': 'underline', 'tinylm.codeLens': true }));
  await goTo(page, 1, 1);
  const painted = await paintedIn(editor, 'long.txt', ({ scores, styles }) => scores !== null && styles.edgeEven !== undefined);
  assert.deepEqual(stylesOf(painted, 'heat'), []);
  assert.ok(stylesOf(painted, 'line').length >= 2);
  const withoutColour = (boxes) => boxes !== null && boxes.length > 0 && boxes.every(({ background }) => background === TRANSPARENT);
  await until(async () => withoutColour(await boxesOfLine(page, LONG.split('\n')[1])), 'boxes without a colour');
  await page.locator('.codelens-decoration').filter({ hasText: /^[\d,]+ tokens, [\d.]+ bytes\/token, [\d.]+ bits\/byte, perplexity [\d.,]+$/ }).first().waitFor();
  await runCommand(page, 'TinyLM: Show Heat Map Legend');
  await page.locator('.view-line').filter({ hasText: /a.uniform.guess.does.better/ }).waitFor();
  await page.locator('.view-line').filter({ hasText: /the.value.is.undefined/ }).click();
  const sample = (label) => until(async () => (await patternsOfLine(page, `        ${label}`))[0], `a sample of ${label}`);
  assert.match((await sample('the value is undefined')).image, /^repeating-linear-gradient\(-45deg, rgb/);
  assert.match((await sample('several tokens share the character')).image, /^repeating-linear-gradient\(90deg, rgb/);
  await editor.screenshot('without-colours');
});
