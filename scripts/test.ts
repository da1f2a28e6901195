// npm test: everything a change must pass, in the order in which it is cheapest to fail.
//   types and lint → structure → words → build → tests
// It brings what the tests need beside npm (cabextract, Chromium, …, scripts/test-tools.ts) or says what is missing.
// Arguments after -- narrow the run to test files whose path holds one of them: npm test -- formats/cab
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTestFiles } from './run-test-files.ts';
import { groupTestFiles } from './test-groups.ts';
import { longestFirst } from './test-order.ts';
import { bringTestTools } from './test-tools.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const filters = process.argv.slice(2);

if (filters.length === 0) {
  step('types', 'tsc', []);
  step('types of the console', 'tsc', ['-p', 'packages/console']);
  step('lint and format', 'biome', ['check', '--error-on-warnings', '.']);
  step('structure', 'node', ['scripts/check-structure.ts']);
  step('citations', 'node', ['scripts/check-citations.ts']);
  step('words', 'node', ['scripts/check-words.ts']);
  step('exports', 'node', ['scripts/check-exports.ts']);
}
step('build', 'node', ['scripts/build.ts']);
bringTestTools();
// Tests start the program that administrators start. It also starts faster.
process.env.MOULT_BUNDLE = '1';
// Hundreds of processes load the same modules: each is stripped of its types and compiled once.
process.env.NODE_COMPILE_CACHE ??= `${root}node_modules/.cache/moult-tests`;

const files = globSync(['packages/*/{src,test}/**/*.test.ts', 'conformance/**/*.test.ts', 'scripts/*.test.ts'], {
  cwd: root,
})
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort();
if (files.length === 0) fail(`no test file matches ${filters.join(' ')}`);
// A run of one file is that file, as its writer started it.
const processes =
  filters.length === 0
    ? longestFirst(groupTestFiles(root, files, `${root}node_modules/.cache/moult-test-groups`))
    : files;
const started = performance.now();
console.log(`\n=== ${files.length} test files`);
const passed = await runTestFiles({
  files: processes.map((file) => resolve(root, file)),
  // Tests wait for servers, browsers and Wine a third of their time: one more than there are processors.
  concurrency: Math.max(2, availableParallelism()) + 1,
  timeoutMs: 900_000,
  // A test's time limit does not end what it left running: this does, in each file's own process.
  execArgv: [`--import=${new URL('test-deadline.ts', import.meta.url).href}`],
  out: process.stdout,
});
if (!passed) fail('tests');
sayFine('tests', started);

function step(what: string, command: string, args: string[]): void {
  const started = performance.now();
  console.log(`\n=== ${what}`);
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error || signal || status !== 0) fail(`${what}: ${error?.message ?? signal ?? `exit ${status}`}`);
  sayFine(what, started);
}

function sayFine(what: string, started: number): void {
  console.log(`=== ${what}: fine (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

function fail(why: string): never {
  console.error(`\nnpm test failed at: ${why}`);
  process.exit(1);
}
