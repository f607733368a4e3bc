// Install code-server (VS Code in a browser) from the npm registry into .vscode-test/code-server, once.
// It does not start it: scripts/start.mjs and tests/editor/driver do.
//
// The package's own install script downloads and builds more than is needed and fails where only package registries
// can be reached, so it is not run: dependencies are installed without scripts and the few native modules are built here.
// Steps and versions were tried together on Node 20; code-server 4.100.3 is VS Code 1.100.3.

import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  requirePrograms();
  // No marker means that an earlier install stopped half way: what it left is not worth understanding.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const vscode = join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
  const step = (title, cwd, ...args) =>
    logged(`code-server ${VERSION}: ${title}`, join(editorFolder, 'install.log'), 'npm', [...args, '--no-audit', '--no-fund'], { cwd });
  await step('the package (1/5)', folder, 'install', '--ignore-scripts', `code-server@${VERSION}`);
  await step('building argon2 (2/5)', folder, 'rebuild', 'argon2', '--build-from-source');
  await step('the workbench (3/5)', vscode, 'install', '--omit=dev', '--ignore-scripts');
  await step('its native modules (4/5)', vscode, 'rebuild', '@vscode/spdlog', 'native-watchdog', '@parcel/watcher');
  await step('its built-in extensions (5/5)', join(vscode, 'extensions'), 'install', '--omit=dev', '--ignore-scripts');
  link(which('rg'), join(vscode, 'node_modules', '@vscode', 'ripgrep', 'bin'), 'rg');
  link('node_modules', vscode, 'node_modules.asar');
  writeFileSync(marker, wantedVersions());
  say(`code-server ${VERSION}: ready`);
}

function requirePrograms() {
  const needed = { rg: 'ripgrep', make: 'build-essential', 'g++': 'build-essential', python3: 'python3' };
  const missing = Object.keys(needed).filter((program) => which(program) === null);
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((program) => needed[program]))].join(' ');
    throw new StepFailed(`code-server needs ${missing.join(', ')}: install ${packages} (Debian: apt-get install ${packages}) and try again`, 7);
  }
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
