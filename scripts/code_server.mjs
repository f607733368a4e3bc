// Install code-server (VS Code in a browser) from the npm registry into .vscode-test/code-server, once.
// It does not start it: scripts/start.mjs and tests/editor/driver do.
//
// The package's own install script downloads and builds more than is needed and fails where only package registries
// can be reached, so it is not run: dependencies are installed without scripts and the few native modules are built here.
// None of those is indispensable: without a compiler the editor runs too, with no log files of its own.
// Steps and versions were tried together on Node 20; code-server 4.100.3 is VS Code 1.100.3.

import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isProgram, logged, main, repository, say, StepFailed, which } from './steps.mjs';

const VERSION = '4.100.3';

/** Where everything about the browser editor lives; ignored by git. */
export const editorFolder = join(repository, '.vscode-test');
const folder = join(editorFolder, 'code-server');
const entry = join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js');
const marker = join(folder, 'installed.json');

/** Return the path of code-server's entry script, installing it first if it is not there whole. */
export async function ensureCodeServer() {
  if (installedVersions() !== wantedVersions()) await install();
  return entry;
}

/** A native module is built for one Node ABI, so a new Node means a new install. */
function wantedVersions() {
  return JSON.stringify({ codeServer: VERSION, modules: process.versions.modules, arch: process.arch });
}

function installedVersions() {
  return existsSync(marker) && existsSync(entry) ? readFileSync(marker, 'utf8') : null;
}

async function install() {
  // No marker means that an earlier install stopped half way: what it left is not worth understanding.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const vscode = join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
  await npm('the package (1/4)', folder, 'install', '--ignore-scripts', `code-server@${VERSION}`);
  await npm('the workbench (2/4)', vscode, 'install', '--omit=dev', '--ignore-scripts');
  await npm('its built-in extensions (3/4)', join(vscode, 'extensions'), 'install', '--omit=dev', '--ignore-scripts');
  await buildNativeModules(vscode);
  if (which('rg') === null) say('notice: without ripgrep the editor cannot search (Debian: apt-get install ripgrep)');
  else link(which('rg'), join(vscode, 'node_modules', '@vscode', 'ripgrep', 'bin'), 'rg');
  link('node_modules', vscode, 'node_modules.asar');
  writeFileSync(marker, wantedVersions());
  say(`code-server ${VERSION}: ready`);
}

function npm(title, cwd, ...args) {
  const log = join(editorFolder, 'install.log');
  return logged(`code-server ${VERSION}: ${title}`, log, 'npm', [...args, '--no-audit', '--no-fund'], { cwd, env: withHeaders() });
}

/** Node's own header files, where they lie beside it, spare node-gyp a download. */
function withHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node.h')) ? { ...process.env, npm_config_nodedir: prefix } : process.env;
}

async function buildNativeModules(vscode) {
  try {
    await npm('its native modules (4/4)', vscode, 'rebuild', '@vscode/spdlog', 'native-watchdog', '@parcel/watcher');
    await npm('its password module', folder, 'rebuild', 'argon2', '--build-from-source');
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    say('notice: the native modules could not be built (Debian: apt-get install build-essential); going on without them');
    replacePasswordModule();
  }
}

/** argon2 is loaded at the start but used only for passwords, and these scripts start code-server with `--auth none`. */
function replacePasswordModule() {
  const argon2 = join(folder, 'node_modules', 'argon2');
  const refuse = "() => { throw new Error('argon2 was not built: passwords do not work in this installation'); }";
  writeFileSync(join(argon2, 'package.json'), '{ "name": "argon2", "version": "0.0.0", "main": "refuse.js" }\n');
  writeFileSync(join(argon2, 'refuse.js'), `module.exports = { hash: ${refuse}, verify: ${refuse} };\n`);
}

function link(target, directory, name) {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  if (existsSync(path) && readlinkOrNull(path) === target) return;
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

function readlinkOrNull(path) {
  try {
    return readlinkSync(path);
  } catch {
    return null; // a plain file
  }
}

if (isProgram(import.meta.url)) await main(async () => say(await ensureCodeServer()));
