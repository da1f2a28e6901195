// npm test: everything a change must pass, in the order in which it is cheapest to fail.
//   types, lint, structure, words and the build side by side → tests
// It brings what the tests need beside npm (cabextract, Chromium, …, scripts/test-tools.ts) or says what is missing.
// Arguments after -- narrow the run to test files whose path holds one of them: npm test -- formats/cab
import { spawn } from 'node:child_process';
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

/** Its name on the screen, and the program that does it. */
type Step = [what: string, command: string, args: readonly string[]];

const checks: Step[] = [
  ['types', 'tsc', []],
  ['types of the console', 'tsc', ['-p', 'packages/console']],
  ['lint and format', 'biome', ['check', '--error-on-warnings', '.']],
  ['structure', 'node', ['scripts/check-structure.ts']],
  ['citations', 'node', ['scripts/check-citations.ts']],
  ['words', 'node', ['scripts/check-words.ts']],
  ['exports', 'node', ['scripts/check-exports.ts']],
];
const build: Step = ['build', 'node', ['scripts/build.ts']];
await takeSteps(filters.length === 0 ? [...checks, build] : [build]);
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
  // Tests wait for servers, browsers and Wine a third of their time: two more than there are processors.
  concurrency: Math.max(2, availableParallelism()) + 2,
  timeoutMs: 900_000,
  // A test's time limit does not end what it left running: this does, in each file's own process.
  execArgv: [`--import=${new URL('test-deadline.ts', import.meta.url).href}`],
  out: process.stdout,
});
if (!passed) fail('tests');
sayFine('tests', started);

/** All of them, as many at once as there are processors. The output of each comes in one piece, when it is over. */
async function takeSteps(steps: readonly Step[]): Promise<void> {
  const open = [...steps];
  const take = async () => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) await takeStep(next);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, take));
}

async function takeStep([what, command, args]: Step): Promise<void> {
  const started = performance.now();
  const child = spawn(command, args, { cwd: root, shell: process.platform === 'win32' });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => said.push(piece));
  const end = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? '' : `${signal ?? `exit ${code}`}`));
  });
  console.log(`\n=== ${what}\n${Buffer.concat(said).toString().trimEnd()}`);
  if (end !== '') fail(`${what}: ${end}`);
  sayFine(what, started);
}

function sayFine(what: string, started: number): void {
  console.log(`=== ${what}: fine (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

function fail(why: string): never {
  console.error(`\nnpm test failed at: ${why}`);
  process.exit(1);
}
