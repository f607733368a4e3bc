// `npm start [-- --port N] [--folder DIR] [--browser]`: set up, then open VS Code with the extension on a copy of the
// examples, which is there to be written in and keeps what was written.
// `code` is used when it is on the PATH and there is a desktop; otherwise code-server, in the browser, on 127.0.0.1 only.
// Both get a profile of their own under .vscode-test/start, so nobody's settings are touched.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { editorFolder, ensureCodeServer } from './code_server.mjs';
import { freePort, installExtension, startServer, urlFor } from './editor.mjs';
import { isProgram, main, repository, run, say, StepFailed, which } from './steps.mjs';
import { setup } from './setup.mjs';

const examples = join(repository, 'examples');
const profile = join(editorFolder, 'start');
const copies = join(profile, 'examples');

const USAGE = `usage: npm start [-- --port N] [--folder DIR] [--browser]
  --port N      the port of the browser editor on 127.0.0.1 (default: a free one)
  --folder DIR  open this folder instead of the examples
  --browser     use the browser editor even where VS Code is installed`;

async function start() {
  const options = readOptions();
  if (options.help) return say(USAGE);
  const folder = resolve(process.env.INIT_CWD ?? process.cwd(), options.folder ?? copies);
  if (folder === copies) cpSync(examples, copies, { recursive: true, force: false, filter: (path) => !/^(\.|tinylm-)/.test(basename(path)) });
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new StepFailed(`${folder} is not a folder: give --folder one that exists`, 2);
  const port = options.port === undefined ? 0 : await freePort(Number(options.port)); // asked before the long part
  const python = await setup('serve');
  writeSettings(python, folder);
  const file = firstStory(folder);
  if (!options.browser && options.port === undefined && which('code') && hasDesktop()) return openDesktop(folder, file);
  return openBrowserEditor(folder, file, port);
}

function readOptions() {
  const known = { port: { type: 'string' }, folder: { type: 'string' }, browser: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };
  let options;
  try {
    options = parseArgs({ options: known }).values;
  } catch (error) {
    throw new StepFailed(`${error.message}\n${USAGE}`, 2);
  }
  if (options.port !== undefined && !(/^\d+$/.test(options.port) && Number(options.port) > 0 && Number(options.port) < 65536)) {
    throw new StepFailed(`--port ${options.port}: give a number from 1 to 65535`, 2);
  }
  return options;
}

/**
 * Write the settings that this profile needs and keep what the user changed in it.
 * The examples are our own, so the question whether to trust them is left out; any other folder is asked about.
 */
function writeSettings(python, folder) {
  const path = join(profile, 'User', 'settings.json');
  const own = {
    'tinylm.python.path': python,
    'security.workspace.trust.enabled': folder !== copies,
  };
  const defaults = {
    'workbench.startupEditor': 'none',
    'git.openRepositoryInParentFolders': 'never', // the copies lie inside our own repository
    'workbench.tips.enabled': false,
    'telemetry.telemetryLevel': 'off',
    'extensions.ignoreRecommendations': true,
    'window.commandCenter': false,
    'chat.commandCenter.enabled': false,
    'editor.minimap.enabled': false,
    'editor.occurrencesHighlight': 'off',
    'editor.wordBasedSuggestions': 'off',
    'editor.wordWrap': 'on',
  };
  let kept = {};
  try {
    kept = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // No settings yet, or a file with comments: start again from the defaults.
  }
  writeJson(path, { ...defaults, ...kept, ...own });
  // code-server takes settings of machine scope from here; those of the user file are gone once it is written to.
  writeJson(join(profile, 'Machine', 'settings.json'), { 'tinylm.python.path': python });
}

function writeJson(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** The file to show first: the first text or Markdown file by name, or null in a folder without one. */
function firstStory(folder) {
  const name = readdirSync(folder).sort().find((entry) => /\.(txt|md)$/.test(entry));
  return name === undefined ? null : join(folder, name);
}

function hasDesktop() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
}

async function openDesktop(folder, file) {
  say('VS Code is opening; close its window (or press Ctrl-C here) to stop.');
  return run('code', [
    '--wait',
    '--new-window',
    `--user-data-dir=${profile}`,
    `--extensions-dir=${join(profile, 'extensions')}`,
    `--extensionDevelopmentPath=${repository}`,
    folder,
    ...(file === null ? [] : [file]),
  ]);
}

async function openBrowserEditor(folder, file, port) {
  const entry = await ensureCodeServer();
  const profileOptions = { userDataDir: profile, extensionsDir: join(profile, 'extensions') };
  await installExtension(entry, profileOptions);
  const server = await startServer(entry, { ...profileOptions, port, log: join(profile, 'code-server.log') });
  const url = urlFor(server.port, folder, file);
  say(`\n  ${url}\n\nOpen this address in a browser. Press Ctrl-C here to stop.`);
  if (hasDesktop() && which('xdg-open')) run('xdg-open', [url], { stdio: 'ignore' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => server.stop().then(() => say('stopped')));
  const code = await server.closed;
  if (!server.stopping) throw new StepFailed(`code-server ended by itself (exit code ${code}); its output is in ${join(profile, 'code-server.log')}`);
  return 0;
}

if (isProgram(import.meta.url)) await main(start);
