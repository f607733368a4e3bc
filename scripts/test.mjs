// `npm test [-- --quick]`: set up, then lint, types, Python tests, TypeScript tests and tests in a real VS Code.
// --quick is the everyday subset, under two minutes: everything but the slow Python tests and the editor.
// Every stage runs even when an earlier one failed; the last lines say what each came to.

import { mkdirSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { check } from './check.mjs';
import { ensureCodeServer } from './code_server.mjs';
import { packageExtension } from './editor.mjs';
import { setup } from './setup.mjs';
import { isProgram, main, repository, run, say, StepFailed, which } from './steps.mjs';

const editorTests = join(repository, 'tests', 'editor');

// Two processes at least: much of the tests waits for servers, editors and the disk. Whole files stay together where it lasts.
const IN_PARALLEL = ['-n', String(Math.max(2, availableParallelism())), '--dist', 'worksteal'];

async function test() {
  const { quick } = readOptions();
  const python = await setup('dev');
  const notices = [];
  const stages = [
    ['lint and types', () => check(python)],
    ['Python tests', () => run(python, ['-m', 'pytest', '-q', ...IN_PARALLEL, ...(quick ? ['-m', 'not slow'] : [])])],
    ['TypeScript tests', () => run('npm', ['run', '--silent', 'test:unit'])],
  ];
  if (!quick) stages.push(['editor tests', () => testInEditor(notices)]);
  const results = [];
  for (const [name, body] of stages) results.push(await timed(name, body));
  say('');
  for (const { name, code, seconds } of results) say(`${code === 0 ? 'passed' : 'FAILED'}  ${name} (${seconds.toFixed(0)} s)`);
  for (const notice of notices) say(`notice: ${notice}`);
  return results.every(({ code }) => code === 0) ? 0 : 1;
}

function readOptions() {
  try {
    return parseArgs({ options: { quick: { type: 'boolean', default: false } } }).values;
  } catch (error) {
    throw new StepFailed(`${error.message}\nusage: npm test [-- --quick]`, 2);
  }
}

async function timed(name, body) {
  say(`\n== ${name}`);
  const started = performance.now();
  const code = await body();
  return { name, code, seconds: (performance.now() - started) / 1000 };
}

/** Run tests/editor; where no browser is installed, leave them out with a notice, except in CI, where that is a failure. */
async function testInEditor(notices) {
  const chromium = process.env.CHROMIUM ?? which('chromium') ?? which('chromium-browser') ?? which('google-chrome');
  if (chromium === null) {
    const line = 'the editor tests need Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM to its path';
    if (process.env.CI) throw new StepFailed(line, 7);
    notices.push(`editor tests NOT run; ${line}`);
    return 0;
  }
  await ensureCodeServer();
  await packageExtension();
  mkdirSync(join(repository, 'test-results'), { recursive: true });
  const files = readdirSync(editorTests).filter((name) => name.endsWith('.test.mjs')).sort();
  const args = ['--test', '--test-reporter=spec', '--test-concurrency=1', ...files.map((name) => join(editorTests, name))];
  return run(process.execPath, args, { env: { ...process.env, CHROMIUM: chromium, TINYLM_PACKAGED: '1' } });
}

if (isProgram(import.meta.url)) await main(test);
