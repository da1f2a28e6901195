// What the helpers start ends with the test that started it. Else a red test would keep its file running until the limit of
// the whole run, and its reason would be the last thing that anybody sees.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('red-file.ts', import.meta.url));

it('a red test ends its file with its reason, and leaves no process and no folder behind', () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  // Nothing of it takes longer than the start of a server and a database; without an end it would take for ever.
  const run = spawnSync(process.execPath, ['--test', file], { encoding: 'utf8', env, timeout: 300_000 });
  assert.deepEqual([run.signal, run.status], [null, 1]);
  assert.match(run.stdout, /the reason of the test/);
  const [, pid, ...folders] = /started (\d+) at (\S+) (\S+) \d+/.exec(run.stdout) ?? [];
  assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
  assert.deepEqual(
    folders.map((folder) => existsSync(folder)),
    [false, false],
  );
});
