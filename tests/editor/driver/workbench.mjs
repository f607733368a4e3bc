// What a person does in VS Code's workbench, as functions of a page. Selectors are those of VS Code 1.100.
// Each one avoids a race that was seen: lists filter asynchronously, hover nodes outlive their hover, rows are recycled.

import { KEYS } from './launch.mjs';
import { until } from './until.mjs';

const ACTIVE = '.editor-group-container.active';
const HOVER = '.monaco-resizable-hover';

/** Run a command by its full title through the palette; clicks the row, because Enter races with the filter. */
export async function runCommand(page, title) {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget:visible .quick-input-box input').fill(`>${title}`);
  const list = '.quick-input-list .monaco-list-row';
  await page.locator(`${list}[aria-label="${title}"], ${list}[aria-label^="${title},"]`).first().click();
}

/** Open a file of the folder from the explorer and wait until it can be typed into. */
export async function openFile(page, name) {
  await page.locator('.explorer-viewlet .monaco-list-row').filter({ hasText: name }).dblclick();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  await page.locator(`${ACTIVE} .view-lines .view-line`).first().waitFor();
}

/** Click the quick-pick row whose label contains `text`. */
export async function pick(page, text) {
  await page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row').filter({ hasText: text }).first().click();
}

/** Wait for the input box with `title` (the widget is also that of the list before it), type into it and confirm. */
export async function answerInput(page, title, text) {
  await page.locator('.quick-input-widget:visible .quick-input-title').filter({ hasText: title }).waitFor();
  await page.locator('.quick-input-widget:visible .quick-input-box input').fill(text);
  await page.keyboard.press('Enter');
}

/**
 * Put the caret on a line and column (both from 1, in UTF-16), in the active editor.
 * The status bar counts an emoji as one column: `shown` is the column that it will say.
 */
export async function goTo(page, line, column, shown = column) {
  await page.locator(`${ACTIVE} .monaco-editor .view-lines`).first().click({ position: { x: 200, y: 5 } });
  await page.keyboard.press('Control+g');
  await page.locator('.quick-input-widget:visible .quick-input-box input').fill(`:${line}:${column}`);
  await page.keyboard.press('Enter');
  const caret = page.locator('[id="status.editor.selection"]').filter({ hasText: new RegExp(`Ln ${line}, Col ${shown}(?!\\d)`) });
  await caret.waitFor();
}

/** Show the hover at the caret by keyboard and return its text and links; retries while the server is still busy. */
export async function hoverAt(page, { line, column, shown = column }, contains) {
  await page.mouse.move(5, 790);
  await goTo(page, line, column, shown);
  const content = page.locator(`${HOVER} .rendered-markdown`).filter({ hasText: contains }).first();
  await until(async () => {
    await page.keyboard.press(KEYS.hover);
    return content.waitFor({ timeout: 5_000 }).then(() => true, () => false);
  }, `a hover with "${contains}" at ${line}:${column}`);
  const text = await page.locator(`${HOVER} .rendered-markdown`).allInnerTexts();
  return text.join('\n').replaceAll('\u00a0', ' ');
}

/** Hide the hover and wait until it is hidden: its node and old text stay in the page. */
export async function closeHover(page) {
  await page.keyboard.press('Escape');
  await page.locator(HOVER).waitFor({ state: 'hidden' });
}

/** The text of the ghost text that is shown, with plain spaces. */
export async function ghostText(page) {
  const ghost = page.locator(`${ACTIVE} .ghost-text-decoration`);
  await ghost.first().waitFor();
  return (await ghost.allTextContents()).join('').replaceAll('\u00a0', ' ');
}

/** The labels of the open completion list, from the top. */
export async function completionLabels(page) {
  const rows = page.locator('.suggest-widget.visible .monaco-list-row');
  await rows.first().waitFor();
  return rows.locator('.label-name').allTextContents();
}

/** Click a button of the notification whose message contains `message`. */
export async function clickInToast(page, message, button) {
  await toast(page, message).locator('.monaco-button', { hasText: button }).click();
}

/** The notification whose message contains `message` (a string or a regular expression). */
export function toast(page, message) {
  const text = page.locator('.notification-list-item-message').filter({ hasText: message });
  return page.locator('.notification-toast').filter({ has: text }).first();
}

/** Select a colour theme, by the label it has in the list, and wait for its class on the workbench. */
export async function useTheme(page, theme, className) {
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Control+t');
  await page.locator('.quick-input-widget:visible .quick-input-box input').fill(theme);
  await page.locator(`.quick-input-list .monaco-list-row[aria-label^="${theme}"]`).first().click();
  await page.locator(`.monaco-workbench.${className}`).waitFor();
}

/**
 * The decoration boxes of one line, in UTF-16 columns from 0: [{ start, end, background, border }].
 * Text position is measured with DOM ranges; a surrogate pair counts as one box of two columns.
 */
export function boxesOfLine(page, lineText) {
  return page.evaluate(measureBoxes, { lineText, active: ACTIVE });
}

/** The default theme of each kind: its name, the class of the workbench, a name for screenshots. */
export const THEMES = [
  ['Light Modern', 'vs', 'light'],
  ['Dark Modern', 'vs-dark', 'dark'],
  ['Dark High Contrast', 'hc-black', 'high-contrast'],
  ['Light High Contrast', 'hc-light', 'high-contrast-light'],
];

/**
 * The stretches of one line whose characters have a pattern behind them, in UTF-16 columns: [{ start, end, image }].
 * A pattern belongs to the text's own spans, so nothing has to be measured; neighbours of one pattern are one stretch.
 */
export function patternsOfLine(page, lineText) {
  return page.evaluate(readPatterns, { lineText, active: ACTIVE });
}

function readPatterns({ lineText, active }) {
  const rows = [...document.querySelectorAll(`${active} .view-lines .view-line`)];
  const line = rows.find((row) => row.textContent.replaceAll('\u00a0', ' ') === lineText);
  const found = [];
  let start = 0;
  for (const span of line?.querySelectorAll(':scope > span > span') ?? []) {
    const end = start + span.textContent.length;
    const image = getComputedStyle(span).backgroundImage;
    if (found.at(-1)?.end === start && found.at(-1).image === image) found.at(-1).end = end;
    else if (image !== 'none') found.push({ start, end, image });
    start = end;
  }
  return found;
}

function measureBoxes({ lineText, active }) {
  const line = [...document.querySelectorAll(`${active} .view-lines .view-line`)].find(
    (row) => row.textContent.replaceAll('\u00a0', ' ') === lineText,
  );
  if (!line) return null;
  const edges = columnEdges(line);
  const overlay = [...document.querySelectorAll(`${active} .view-overlays > div`)].find((row) => row.style.top === line.style.top);
  const nearest = (x) => edges.reduce((best, edge, column) => (Math.abs(edge - x) < Math.abs(edges[best] - x) ? column : best), 0);
  return [...overlay.querySelectorAll('.cdr[class*="ced-"]')]
    .map((box) => {
      const left = parseFloat(box.style.left);
      const style = getComputedStyle(box);
      const looks = { background: style.backgroundColor, border: style.borderTopStyle, outline: style.outlineStyle };
      return { start: nearest(left), end: nearest(left + parseFloat(box.style.width)), ...looks };
    })
    .sort((a, b) => a.start - b.start || a.end - b.end);

  function columnEdges(row) {
    const found = [];
    const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    let right = 0;
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      for (let at = 0; at < node.length; at += 1) {
        const code = node.data.charCodeAt(at);
        const low = code >= 0xdc00 && code <= 0xdfff;
        const range = document.createRange();
        range.setStart(node, low ? at - 1 : at);
        range.setEnd(node, code >= 0xd800 && code <= 0xdbff ? at + 2 : at + 1);
        const { left, right: end } = range.getBoundingClientRect();
        found.push(low ? Infinity : left - row.getBoundingClientRect().left);
        right = end - row.getBoundingClientRect().left;
      }
    }
    return [...found, right];
  }
}
