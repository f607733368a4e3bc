// Token boundaries: what the extension paints is what the command line computes, and it reaches the screen in the right
// columns, for plain text, emoji, CJK, accents and CRLF, and again after an edit.

import assert from 'node:assert/strict';
import { columnsOf, columnsOn, joined, positionsOf } from './driver/positions.mjs';
import { editorSuite } from './driver/suite.mjs';
import { analyze, paintedIn } from './driver/tinylm.mjs';
import { boxesOfLine, goTo, openFile, patternsOfLine, runCommand, THEMES, useTheme } from './driver/workbench.mjs';

const STORY = [
  'Once upon a time, there was a little girl named Mia.',
  'She said: 🙂 从前 crème 🎉 and so on.',
  '"Thank you, frog!" said Mia. <|endoftext|> is text.',
  'A letter and its accent e\u0301, a family in one glyph 👩‍👩‍👧‍👦.',
  '',
].join('\n');
/** The lines that are measured on the screen: what shares a glyph with its neighbour has no width of its own. */
const MEASURED = [...STORY.split('\n').entries()].slice(0, 3);
const WINDOWS = 'The end.\r\nOnce upon a time 🎉\r\n';

const check = editorSuite({ name: 'boundaries', open: 'story.txt', files: { 'story.txt': STORY, 'windows.txt': WINDOWS } });

/** The spans that the command line finds, as the editor counts: [startLine, startCharacter, endLine, endCharacter]. */
function expectedSpans(text, model) {
  const positions = positionsOf(text);
  const spans = [];
  for (const { cell, startChar, endChar } of analyze(text, model).tokens) {
    const start = spans[cell]?.slice(0, 2) ?? positions[startChar];
    spans[cell] = [...start, ...positions[endChar]];
  }
  return spans;
}

function bandsOf(painted) {
  return inOrder([...(painted.styles.bandEven ?? []), ...(painted.styles.bandOdd ?? [])]);
}

function inOrder(spans) {
  return spans.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]);
}

check('the cells painted are those of the command line', async ({ editor, page, model }) => {
  const painted = await paintedIn(editor, 'story.txt');
  assert.deepEqual(bandsOf(painted), expectedSpans(STORY, model));
  await editor.screenshot('light');
});

check('neighbouring tokens of a line have different bands', async ({ editor }) => {
  const { cells } = await paintedIn(editor, 'story.txt');
  for (const [at, cell] of cells.entries()) {
    const before = cells[at - 1];
    if (before?.startLine === cell.startLine) assert.notEqual(cell.odd, before.odd, `cells ${at - 1} and ${at}`);
  }
});

check('the bands are on the screen in the columns of the model, emoji included', async ({ editor, page }) => {
  const painted = await paintedIn(editor, 'story.txt');
  for (const [line, text] of MEASURED) {
    const boxes = (await boxesOfLine(page, text)).filter(({ background }) => background !== 'rgba(0, 0, 0, 0)');
    assert.deepEqual(columnsOf(boxes), columnsOn(line, text, bandsOf(painted)), text);
    assert.equal(new Set(boxes.map(({ background }) => background)).size, 2, 'two bands, two colours');
  }
});

check('each character split over several tokens is striped, in every theme', async ({ editor, page }) => {
  const painted = await paintedIn(editor, 'story.txt');
  const split = painted.cells.filter((cell) => cell.split);
  assert.deepEqual(inOrder(painted.styles.split), split.map((cell) => [cell.startLine, cell.startCharacter, cell.endLine, cell.endCharacter]));
  const [line, text] = MEASURED[1];
  const columns = joined(columnsOn(line, text, painted.styles.split));
  assert.ok(columns.length >= 3, String(columns));
  const inks = new Set();
  for (const [theme, className, name] of THEMES) {
    await useTheme(page, theme, className);
    const striped = await patternsOfLine(page, text);
    assert.deepEqual(columnsOf(striped), columns, theme);
    for (const { image } of striped) assert.match(image, /^repeating-linear-gradient\(90deg, rgb/);
    inks.add(striped[0].image);
    await editor.screenshot(`striped-${name}`);
  }
  assert.equal(inks.size, THEMES.length, [...inks].join('\n'));
  await useTheme(page, 'Light Modern', 'vs');
});

check('typing repaints the new text', async ({ editor, page, model }) => {
  await goTo(page, 1, 1);
  await page.keyboard.type('🦊 frog, ');
  const text = `🦊 frog, ${STORY}`;
  const wanted = expectedSpans(text, model);
  const painted = await paintedIn(editor, 'story.txt', ({ version }) => version > 1);
  assert.deepEqual(bandsOf(painted), wanted);
});

check('Toggle Token Boundaries removes the bands and brings them back', async ({ editor, page, model }) => {
  await runCommand(page, 'TinyLM: Toggle Token Boundaries');
  const first = page.locator('.view-overlays .cdr[class*="ced-"]').first();
  await first.waitFor({ state: 'detached' });
  await runCommand(page, 'TinyLM: Toggle Token Boundaries');
  await first.waitFor();
});

check('a file with CRLF line ends is painted in the right places', async ({ editor, page, model }) => {
  await openFile(page, 'windows.txt');
  const painted = await paintedIn(editor, 'windows.txt');
  assert.deepEqual(bandsOf(painted), expectedSpans(WINDOWS, model));
});
