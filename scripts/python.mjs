// Find a Python, make the repository's virtual environment, install into it what a level of work needs.
// The levels: `serve` (the editor's features; small, no torch) and `dev` (training and the tests as well).

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { logged, repository, say, StepFailed } from './steps.mjs';

const OLDEST = [3, 11];
const CANDIDATES = ['python3.13', 'python3.12', 'python3.11', 'python3', 'python'];
const venv = join(repository, '.venv');
const marker = join(venv, 'tinylm-setup.json');

/** The interpreter of the repository's virtual environment. */
export const venvPython = process.platform === 'win32' ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');

/** What importing proves that a level is installed, for an environment that somebody else made. */
const PROOF = {
  serve: ['tinylm', 'tinylm_server', 'numpy', 'tokenizers', 'safetensors', 'pygls', 'lsprotocol', 'typer', 'rich', 'textual', 'filelock', 'platformdirs', 'regex', 'psutil'],
  dev: ['torch', 'transformers', 'datasets', 'pytest', 'pytest_lsp', 'pytest_asyncio', 'hypothesis', 'mypy', 'ruff'],
};

/** Make .venv hold what `level` needs; does nothing when the marker says that it does. */
export async function ensurePython(level) {
  if (!existsSync(venvPython)) await makeEnvironment();
  const wanted = fingerprint();
  const done = readMarker();
  if (done[level] === wanted || done.dev === wanted) return venvPython;
  const untouched = done.serve === undefined && done.dev === undefined;
  if (!(untouched && importable(level))) await install(level);
  writeFileSync(marker, JSON.stringify({ ...done, [level]: wanted }));
  return venvPython;
}

async function makeEnvironment() {
  const python = findPython();
  await logged(`Python: making .venv with ${python}`, join(repository, '.vscode-test', 'venv.log'), python, ['-m', 'venv', venv]);
}

/** Return the first Python on the PATH that is new enough and can make virtual environments. */
export function findPython() {
  const seen = [];
  for (const candidate of process.env.TINYLM_PYTHON ? [process.env.TINYLM_PYTHON] : CANDIDATES) {
    const probe = spawnSync(candidate, ['-I', '-c', 'import sys, ensurepip; print(*sys.version_info[:2])'], { encoding: 'utf8' });
    if (probe.error) continue;
    if (probe.status !== 0) {
      seen.push(`${candidate} cannot make virtual environments`);
      continue;
    }
    const [major, minor] = probe.stdout.trim().split(' ').map(Number);
    if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return candidate;
    seen.push(`${candidate} is ${major}.${minor}`);
  }
  const found = seen.length > 0 ? seen.join(', ') : 'none is on the PATH';
  throw new StepFailed(
    `Python ${OLDEST.join('.')} or newer with the venv module is needed (${found}): install it ` +
      '(Debian: apt-get install python3 python3-venv), or name one with TINYLM_PYTHON=/path/to/python3',
    7,
  );
}

async function install(level) {
  const constraints = join(repository, 'constraints.txt');
  const title = {
    serve: 'Python: installing what serving needs (about 15 seconds the first time)',
    dev: 'Python: installing what training and the tests need (several minutes the first time: torch is large)',
  }[level];
  const what = level === 'serve' ? '.' : `.[${level}]`;
  const pinned = existsSync(constraints) ? ['-c', constraints] : [];
  const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off', ...pinned, '-e', what];
  await logged(title, join(repository, '.vscode-test', 'pip.log'), venvPython, args);
}

function importable(level) {
  const modules = level === 'dev' ? [...PROOF.serve, ...PROOF.dev] : PROOF.serve;
  const code = `import importlib.util, sys; sys.exit(any(importlib.util.find_spec(m) is None for m in ${JSON.stringify(modules)}))`;
  const proved = spawnSync(venvPython, ['-I', '-c', code], { stdio: 'ignore' }).status === 0;
  if (proved) say(`Python: .venv already holds what "${level}" needs`);
  return proved;
}

/** A change of the declared packages, of the tested versions or of the interpreter asks for a new install. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const name of ['pyproject.toml', 'constraints.txt']) {
    const path = join(repository, name);
    hash.update(existsSync(path) ? readFileSync(path) : '');
  }
  const version = spawnSync(venvPython, ['-I', '-c', 'import sys; print(sys.version)'], { encoding: 'utf8' });
  if (version.status !== 0) throw new StepFailed(`${venvPython} does not start: delete ${venv} and try again`, 7);
  return hash.update(version.stdout).digest('hex').slice(0, 16);
}

function readMarker() {
  try {
    return JSON.parse(readFileSync(marker, 'utf8'));
  } catch {
    return {}; // absent or half-written: the install is checked again
  }
}
