// One real editor for one test file: a fresh profile, code-server on a fresh port, one Chromium page.
// It knows nothing of what TinyLM shows; driver/workbench.mjs knows the workbench, driver/tinylm.mjs our extension.

import { chromium } from 'playwright-core';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureCodeServer } from '../../../scripts/code_server.mjs';
import { installPackage, packageExtension, startServer, urlFor, vsix } from '../../../scripts/editor.mjs';
import { venvPython } from '../../../scripts/python.mjs';
import { repository, which } from '../../../scripts/steps.mjs';
import { until } from './until.mjs';

/** Screenshots and the logs of failures; ignored by git. */
export const results = join(repository, 'test-results');

const CHROMIUM_FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** A cold workbench shows in 4 s on two quiet cores; on a machine that is busy with other work it took a minute. */
const START_MS = 150_000;

/** Chords for what the tests do often; bound in the profile so that no palette is needed. */
export const KEYS = { dumpState: 'Control+Alt+Shift+F9', hover: 'Control+Alt+Shift+F8', suggestInline: 'Control+Alt+Shift+F7', typeHalf: 'Control+Alt+Shift+F6' };

const KEYBINDINGS = [
  { key: 'ctrl+alt+shift+f9', command: 'tinylm.internal.dumpState' },
  { key: 'ctrl+alt+shift+f8', command: 'editor.action.showHover' },
  { key: 'ctrl+alt+shift+f7', command: 'editor.action.inlineSuggest.trigger' },
  // Half of a surrogate pair, which no key can type and no file can hold.
  { key: 'ctrl+alt+shift+f6', command: 'type', args: { text: '\ud83d' } },
];

/** A quiet workbench: nothing that opens, suggests or fetches by itself. */
const SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.colorTheme': 'Default Light Modern',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'window.commandCenter': false,
  'chat.commandCenter.enabled': false,
  'files.simpleDialog.enable': true,
  'files.autoSave': 'off',
  'editor.minimap.enabled': false,
  'editor.wordBasedSuggestions': 'off',
  'editor.hover.delay': 100,
  // The list wins over ghost text when a letter is typed; the completion test asks for the list itself.
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'security.workspace.trust.enabled': false,
};

/** In a browser editor these come from the machine's settings; from the user's they are gone once that file is written to. */
const MACHINE_SCOPE = new Set(['tinylm.python.path', 'tinylm.model.path', 'tinylm.training.folder', 'tinylm.threads']);

/**
 * Start an editor on a folder made of `files` (name to text), with `open` shown; `prepare` may add to the folder, and
 * `env(editor)` to the variables that the editor is started with.
 * Returns { page, folder, userDataDir, server, screenshot(name), evidence(name), close() }.
 */
export async function launch({ name, files, open, settings = {}, extension = true, prepare = () => undefined, env = () => ({}) }) {
  const root = mkdtempSync(join(tmpdir(), `tinylm-editor-${name}-`));
  const editor = { name, root, folder: join(root, 'folder'), userDataDir: join(root, 'user') };
  editor.close = () => close(editor);
  process.once('exit', () => endAtOnce(editor));
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => process.exit(130)); // so that 'exit' happens
  try {
    mkdirSync(editor.folder);
    writeFiles(editor.folder, files);
    const all = Object.entries({ ...SETTINGS, 'tinylm.python.path': venvPython, ...settings });
    const ofScope = (machine) => JSON.stringify(Object.fromEntries(all.filter(([key]) => MACHINE_SCOPE.has(key) === machine)), null, 2);
    writeFiles(join(editor.userDataDir, 'User'), { 'settings.json': ofScope(false), 'keybindings.json': JSON.stringify(KEYBINDINGS) });
    writeFiles(join(editor.userDataDir, 'Machine'), { 'settings.json': ofScope(true) });
    prepare(editor);
    await startEverything(editor, extension, env(editor));
    await show(editor, open);
    return editor;
  } catch (error) {
    await evidence(editor, 'launch');
    await close(editor);
    throw error;
  }
}

async function startEverything(editor, extension, env) {
  const entry = await ensureCodeServer();
  const profile = { userDataDir: editor.userDataDir, extensionsDir: join(editor.root, 'extensions') };
  if (extension) {
    if (!(process.env.TINYLM_PACKAGED && existsSync(vsix))) await packageExtension();
    await installPackage(entry, profile);
  }
  editor.server = await startServer(entry, { ...profile, log: join(editor.root, 'code-server.log'), env: { ...process.env, ...env } });
  const executablePath = process.env.CHROMIUM ?? which('chromium');
  editor.browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
  editor.context = await editor.browser.newContext({ viewport: { width: 1200, height: 800 }, reducedMotion: 'reduce' });
  editor.page = await editor.context.newPage();
  editor.page.setDefaultTimeout(120_000);
  editor.evidence = (what) => evidence(editor, what);
  editor.screenshot = (what) => screenshot(editor, what);
}

/** Load the page with `file` (may end in `:LINE:COLUMN`) open, and wait until its text can be typed into. */
async function show(editor, file) {
  await editor.page.goto(urlFor(editor.server.port, editor.folder, join(editor.folder, file)), { waitUntil: 'commit', timeout: START_MS });
  const tab = file.replace(/:\d+:\d+$/, '');
  await editor.page.locator(`.tab.active[data-resource-name="${tab}"]`).waitFor({ timeout: START_MS });
  await editor.page.locator('.editor-group-container.active .view-lines .view-line').first().waitFor();
}

function writeFiles(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

async function screenshot(editor, what) {
  mkdirSync(results, { recursive: true });
  const path = join(results, `${editor.name}-${what}.png`);
  await editor.page.screenshot({ path, caret: 'hide', animations: 'disabled' });
  return path;
}

/** Keep what a failure looked like: the page and the logs of the editor and of our extension. */
async function evidence(editor, what) {
  const slug = `FAILED-${what.replace(/\W+/g, '-').slice(0, 60)}`;
  if (editor.page && !editor.page.isClosed()) await screenshot(editor, slug);
  const logs = join(editor.userDataDir, 'logs');
  if (existsSync(logs)) cpSync(logs, join(results, `${editor.name}-${slug}-logs`), { recursive: true });
}

/** End everything, in the order in which VS Code ends its children by itself; a training job outlives it by design. */
async function close(editor) {
  await editor.context?.close();
  await editor.browser?.close();
  await editor.server?.stop();
  for (const { pid } of processesOf(editor).filter(({ command }) => / train /.test(command))) signal(pid, 'SIGTERM');
  await until(() => processesOf(editor).length === 0, `the processes started in ${editor.root} to end`);
  rmSync(editor.root, { recursive: true, force: true });
}

/** The test ends without having closed the editor: leave no process behind. */
function endAtOnce(editor) {
  if (editor.server !== undefined && !editor.server.stopping) signal(-editor.server.pid, 'SIGKILL');
  for (const { pid } of processesOf(editor)) signal(pid, 'SIGKILL');
}

/** Processes that this editor started, known by their arguments or working folder: [{ pid, command }]. Linux only. */
export function processesOf(editor) {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid);
  return pids.map(describeProcess).filter(({ command, cwd }) => command.includes(editor.root) || cwd.startsWith(editor.root));
}

function describeProcess(pid) {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid: Number(pid), command, cwd: readlinkSync(`/proc/${pid}/cwd`) };
  } catch {
    return { pid: Number(pid), command: '', cwd: '' }; // It ended meanwhile, or is not ours.
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}
