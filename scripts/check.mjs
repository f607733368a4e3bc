// `npm run check`: formatting, lint and types of both languages. All of them run, so that one sees every complaint at once.

import { setup } from './setup.mjs';
import { isProgram, main, run, say } from './steps.mjs';

/** Run every check; returns how many failed. */
export async function check(python) {
  const module = (...args) => run(python, ['-m', ...args]);
  const checks = [
    ['ruff format', () => module('ruff', 'format', '--check', '--quiet', '.')],
    ['ruff', () => module('ruff', 'check', '--quiet', '.')],
    ['mypy', () => module('mypy')],
    ['eslint', () => run('npm', ['run', '--silent', 'lint'])],
    ['tsc', () => run('npm', ['run', '--silent', 'types'])],
  ];
  let failed = 0;
  for (const [name, body] of checks) {
    const code = await body();
    say(`${name}: ${code === 0 ? 'ok' : `failed (exit code ${code})`}`);
    if (code !== 0) failed += 1;
  }
  return failed;
}

if (isProgram(import.meta.url)) await main(async () => ((await check(await setup('dev'))) === 0 ? 0 : 1));
