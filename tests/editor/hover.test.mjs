// The hover shows the token under the cursor with the numbers that the command line computes.

import assert from 'node:assert/strict';
import { positionsOf } from './driver/positions.mjs';
import { editorSuite } from './driver/suite.mjs';
import { analyze } from './driver/tinylm.mjs';
import { closeHover, hoverAt } from './driver/workbench.mjs';

const STORY = 'Once upon a time, there was a little girl named Mia.\nA 🙂 green frog saw her and said, "I can help you!"\n';

const check = editorSuite({ name: 'hover', open: 'story.txt', files: { 'story.txt': STORY } });

/** Hover over the first character of a token that has letters, and return the hover's text with the token. */
async function hoverOver({ page, model }, piece) {
  const expected = analyze(STORY, model);
  const at = expected.tokens.findIndex((token) => token.text === piece);
  assert.notEqual(at, -1, `the text has no token ${piece}`);
  const token = expected.tokens[at];
  return { token, text: await hoverAt(page, caretAt(token.endChar - 1), String(token.id)) };
}

/** Where the caret has to go, and what the status bar calls it, for an offset in code points. */
function caretAt(offset) {
  const [line, character] = positionsOf(STORY)[offset];
  const before = STORY.split('\n')[line].slice(0, character);
  return { line: line + 1, column: character + 1, shown: [...before].length + 1 };
}

for (const piece of ['·was', '·frog', '·her']) {
  check(`hovering over ${piece} shows its id, probability, rank and surprisal`, async (context) => {
    const { editor, page } = context;
    const { token, text } = await hoverOver(context, piece);
    assert.ok(text.includes(piece), text);
    assert.ok(text.includes(token.logprob.toFixed(2).replace('-', '')), `log probability ${token.logprob} in: ${text}`);
    assert.ok(text.includes(token.surprisalBits.toFixed(2)), `surprisal ${token.surprisalBits} in: ${text}`);
    assert.match(text, new RegExp(`\\b${token.rank}\\b`), `rank ${token.rank} in: ${text}`);
    for (const { text: other } of token.alternatives.slice(0, 3)) assert.ok(text.includes(other), `alternative ${other} in: ${text}`);
    if (piece === '·frog') await editor.screenshot('frog');
    await closeHover(page);
  });
}

check('hovering over an emoji lists every token that shares the character', async ({ editor, page }) => {
  const text = await hoverAt(page, caretAt([...STORY].indexOf('🙂')), 'F0');
  assert.ok(text.includes('F0') && text.includes('9F'), text);
  await editor.screenshot('emoji');
});

/** The lines of the hover's block, how many of them are wrapped, and how many are seen without scrolling. */
function shapeOf(page) {
  return page.locator('.monaco-resizable-hover').evaluate((hover) => {
    const block = hover.querySelector('.monaco-tokenized-source') ?? hover.querySelector('code');
    const { top, height } = block.getBoundingClientRect();
    const lineHeight = parseFloat(getComputedStyle(block).lineHeight);
    const lines = block.innerText.replaceAll('\u00a0', ' ').trimEnd().split('\n');
    return { lines, wrapped: Math.round(height / lineHeight) - lines.length, seen: Math.floor((hover.getBoundingClientRect().bottom - top) / lineHeight) };
  });
}

check('the figures, the context and six alternatives are seen without scrolling, and no line is wrapped', async (context) => {
  const { page } = context;
  await hoverOver(context, '·was');
  const shape = await shapeOf(page);
  assert.equal(shape.wrapped, 0, JSON.stringify(shape));
  assert.ok(shape.seen >= 9, JSON.stringify(shape));
  assert.match(shape.lines[2], /^p\/p_max .* context \d+ tokens/);
  assert.match(shape.lines[8], /^[ ▸] *6 /);
  await closeHover(page);
});

check('the row of a token that the model did not expect is seen without scrolling too', async (context) => {
  const { page } = context;
  const { token } = await hoverOver(context, '·frog');
  assert.ok(token.rank > 11, `rank ${token.rank}`);
  const { lines, seen } = await shapeOf(page);
  const own = lines.findIndex((line) => line.startsWith(`▸${token.rank} ·frog `));
  assert.ok(own > 0 && own < seen && lines[own - 1].trim() === '…', JSON.stringify({ own, seen, lines }));
  await closeHover(page);
});
