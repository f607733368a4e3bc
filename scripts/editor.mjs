// Run code-server: package and install our extension, start it on 127.0.0.1, form its address, stop it.
// Shared by scripts/start.mjs and the editor tests; installs nothing by itself (scripts/code_server.mjs does).

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { editorFolder } from './code_server.mjs';
import { logged, StepFailed } from './steps.mjs';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;

/** Where the packaged extension is put for the editors that these scripts start. */
export const vsix = join(editorFolder, 'tinylm.vsix');

/** Package the extension, without installing it. */
export function packageExtension() {
  return logged('Extension: packaging', join(editorFolder, 'package.log'), 'npm', ['run', '--silent', 'package', '--', vsix]);
}

/** Package the extension and install it into a profile that has not this very package yet. It behaves as it will for users. */
export async function installExtension(entry, { userDataDir, extensionsDir }) {
  await packageExtension();
  const marker = join(userDataDir, 'installed.sha256');
  const hash = createHash('sha256').update(readFileSync(vsix)).digest('hex');
  const isThere = existsSync(extensionsDir) && readdirSync(extensionsDir).some((name) => name.startsWith('tinylm.tinylm-'));
  if (isThere && existsSync(marker) && readFileSync(marker, 'utf8') === hash) return;
  await installPackage(entry, { userDataDir, extensionsDir });
  writeFileSync(marker, hash);
}

/** Install the package that `packageExtension` made into a profile. */
export function installPackage(entry, { userDataDir, extensionsDir }) {
  const profile = ['--user-data-dir', userDataDir, '--extensions-dir', extensionsDir];
  const log = join(userDataDir, 'install-extension.log');
  return logged('Extension: installing', log, process.execPath, [entry, ...profile, '--install-extension', vsix, '--force']);
}

/**
 * Return a TCP port that is free now on 127.0.0.1: the one that is asked for, or any for 0.
 * Throws StepFailed when that one is taken or may not be used.
 */
export function freePort(wanted = 0) {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', ({ code }) => {
      const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${code})`;
      failed(new StepFailed(`port ${wanted} ${why}: choose another with --port, or leave it out`, 7));
    });
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/**
 * Start code-server and wait until it answers.
 * Returns { port, pid, closed, stopping, stop() }: `closed` resolves to the exit code, `stop` ends it and its children.
 */
export async function startServer(entry, { userDataDir, extensionsDir, port, log, env = process.env }) {
  const chosen = await freePort(port);
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, 'w');
  const args = [
    entry,
    ...['--auth', 'none', '--bind-addr', `127.0.0.1:${chosen}`],
    ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
    ...['--user-data-dir', userDataDir, '--extensions-dir', extensionsDir],
  ];
  // A process group of its own: Ctrl-C in the terminal reaches only this script, which then ends the group in order.
  const child = spawn(process.execPath, args, { stdio: ['ignore', file, file], detached: true, env: withoutVsCode(env) });
  closeSync(file);
  const server = { port: chosen, pid: child.pid, stopping: false, closed: new Promise((done) => child.once('close', (code) => done(code))) };
  server.stop = () => stop(server);
  await answering(server, log);
  return server;
}

/** code-server started inside another VS Code's terminal would talk to that one instead of starting. */
function withoutVsCode(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('VSCODE_')));
}

async function answering(server, log) {
  let ended = false;
  server.closed.then(() => (ended = true));
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!ended && Date.now() < deadline) {
    if (await healthy(server.port)) return;
    await Promise.race([server.closed, new Promise((next) => setTimeout(next, 100))]);
  }
  await server.stop();
  const output = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-3).join('\n') : '';
  throw new StepFailed(`code-server did not start; see ${log}`, 7, output);
}

async function healthy(port) {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false; // Not listening yet.
  }
}

async function stop(server) {
  server.stopping = true;
  signalGroup(server.pid, 'SIGTERM');
  let timer;
  const late = new Promise((done) => (timer = setTimeout(done, STOP_TIMEOUT_MS, 'late')));
  if ((await Promise.race([server.closed, late])) === 'late') signalGroup(server.pid, 'SIGKILL');
  clearTimeout(timer);
  await server.closed;
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // Already gone.
  }
}

/** The address that opens `folder` and, unless null, `file` in it (`file` may end in `:LINE:COLUMN`). */
export function urlFor(port, folder, file) {
  const remote = `vscode-remote://127.0.0.1:${port}`;
  const open = file === null ? [] : [['openFile', `${remote}${file}`]];
  const atLine = file !== null && /:\d+:\d+$/.test(file) ? [['gotoLineMode', 'true']] : [];
  const payload = file === null ? '' : `&payload=${encoded(JSON.stringify([...open, ...atLine]))}`;
  return `http://127.0.0.1:${port}/?folder=${encoded(folder)}${payload}`;
}

/** Encode for a query; slashes, colons and commas are allowed there, and the address is read by people. */
function encoded(text) {
  return encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%2C', ',');
}
