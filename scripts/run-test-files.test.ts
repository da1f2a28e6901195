import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { longest, longestFirst } from './test-order.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

test('a run is green if each test of each file passed, and its report ends with the files that took longest', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-run-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const fine = file('a.test.mjs', "import { test } from 'node:test'; test('is fine', () => {});");
  const red = file(
    'b.test.mjs',
    "import { test } from 'node:test'; test('is red', () => { throw new Error('as said'); });",
  );
  const crash = file('c.test.mjs', 'process.exit(3);');
  const green = reportOf(folder, [fine]);
  assert.ok(green.passed, green.text);
  assert.match(
    green.text,
    /✔ is fine[\s\S]*The 1 longest of 1 files \(\d+ s together\):\n +\d+\.\d s .*a\.test\.mjs\n/,
  );
  const both = reportOf(folder, [red, fine]);
  assert.equal(both.passed, false);
  assert.match(both.text, /✖ is red[\s\S]*✔ is fine[\s\S]*as said[\s\S]*The 2 longest of 2 files/);
  assert.equal(reportOf(folder, [crash, fine]).passed, false);
  assert.equal(reportOf(folder, []).passed, false, 'a run of nothing shows nothing');
});

test('the files that are known to be long are there, and start before the others', () => {
  assert.deepEqual(
    longest.filter((file) => !existsSync(join(root, file))),
    [],
  );
  assert.equal(new Set(longest).size, longest.length);
  const [first = '', second = ''] = longest;
  assert.deepEqual(longestFirst(['z.test.ts', second, 'a.test.ts', first]), [first, second, 'z.test.ts', 'a.test.ts']);
});

/** In a process of its own: node:test does not run files from within a test file. */
function reportOf(folder: string, files: readonly string[]): { passed: boolean; text: string } {
  const script = `
    import { runTestFiles } from ${JSON.stringify(new URL('run-test-files.ts', import.meta.url).href)};
    const files = ${JSON.stringify(files)};
    const passed = await runTestFiles({ files, concurrency: 1, timeoutMs: 60_000, execArgv: [], out: process.stdout });
    process.exitCode = passed ? 0 : 1;
  `;
  const program = join(folder, 'run.mjs');
  writeFileSync(program, script);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [program], {
    ...{ env, encoding: 'utf8', timeout: 60_000 },
  });
  return { passed: status === 0, text: stdout };
}
