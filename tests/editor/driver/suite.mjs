// What every test file has in common: one model, one editor for all its tests, evidence of each failure, an orderly end.

import { after, before, test } from 'node:test';
import { launch } from './launch.mjs';
import { stateWhere, tinyModel } from './tinylm.mjs';

/**
 * Open an editor before the tests of a file and close it after them; options are those of `launch`, and
 * `model: 'starter'` for the model that ships instead of the tiny one of make_model.py. `ready(editor)` resolves when the
 * tests may begin: when a model is loaded, if nothing else is wanted.
 * Returns a `check(name, body)` that declares a test; `body` gets { editor, page, model }, `model` being its folder.
 */
export function editorSuite({ model: wanted = 'tiny', settings = {}, ready = modelLoaded, ...options }) {
  const tiny = wanted === 'tiny' ? tinyModel() : null;
  let editor;
  before(async () => {
    const own = tiny === null ? {} : { 'tinylm.model.path': tiny.path };
    editor = await launch({ ...options, settings: { ...own, ...settings } });
    await witnessed(editor, 'start', () => ready(editor));
  });
  after(async () => {
    await editor?.close();
    tiny?.remove();
  });
  return (name, body) =>
    test(name, () => witnessed(editor, name, () => body({ editor, page: editor.page, model: tiny?.path ?? null })));
}

/** Wait until the server says that it has a model. */
export function modelLoaded(editor) {
  return stateWhere(editor, 'a model to be loaded', ({ server }) => server?.model);
}

async function witnessed(editor, what, body) {
  try {
    await body();
  } catch (error) {
    await editor.evidence(what);
    await editor.page.keyboard.press('Escape'); // A list that stayed open would be in the next test's way.
    throw error;
  }
}
