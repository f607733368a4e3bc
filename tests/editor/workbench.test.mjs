// The driver itself: a workbench opens with a file in it, without our extension.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './driver/launch.mjs';
import { goTo, runCommand } from './driver/workbench.mjs';

let editor;
before(async () => {
  editor = await launch({ name: 'workbench', files: { 'story.txt': 'Once upon a time.\nThe end.\n' }, open: 'story.txt', extension: false });
});
after(() => editor?.close());

test('the file asked for is open and the caret goes where it is sent', async () => {
  await goTo(editor.page, 2, 5);
  await runCommand(editor.page, 'View: Toggle Word Wrap');
  const lines = await editor.page.locator('.view-line').allTextContents();
  assert.ok(lines.some((line) => line.replaceAll('\u00a0', ' ') === 'The end.'));
});
