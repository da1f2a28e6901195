import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { groupTestFiles, sharesProcess } from './test-groups.ts';

test('a test file that changes something of its process has one of its own', () => {
  for (const text of [
    "process.env.MOULT_LANGUAGE = 'de';",
    "process.on('exit', () => undefined);",
    'afterEach(() => server.stop());',
    'beforeEach(() => clock.set(0));',
    "import { mock } from 'node:test';",
    "import { spawn } from 'node:child_process';",
    'globalThis.fetch = stub;',
    'using _ = overrideBounds(bounds, { most: 1 });',
    "import { startPostgres } from '../test/postgres.ts';",
  ])
    assert.equal(sharesProcess(text), false, text);
  assert.ok(sharesProcess("test('a cabinet', () => assert.equal(process.platform, 'linux'));"));
  assert.ok(sharesProcess('after(() => server.stop());'));
  assert.ok(sharesProcess("describe('a store', () => {\n  beforeEach(() => store.empty());\n});"));
});

test('each test file is in one process, and only files of packages other than the agent share', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'moult-groups-'));
  t.after(() => rmSync(root, { recursive: true }));
  const pure = Array.from({ length: 40 }, (_, at) => `packages/formats/src/${at}.test.ts`);
  const files = [...pure, 'packages/formats/src/env.test.ts', 'packages/agent/src/one.test.ts'];
  for (const folder of ['packages/formats/src', 'packages/agent/src'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const file of files) writeFileSync(join(root, file), file.includes('env') ? 'process.env.X = 1;' : 'test();');
  const processes = groupTestFiles(root, files, join(root, 'groups'));
  const groups = processes.filter((file) => file.startsWith(join(root, 'groups')));
  assert.deepEqual(processes.slice(groups.length), files.slice(40));
  const imported = groups.flatMap((group) =>
    [...readFileSync(group, 'utf8').matchAll(/import "([^"]+)"/g)].map(([, path]) => path),
  );
  assert.deepEqual(
    imported,
    pure.map((file) => join(root, file)),
  );
});
