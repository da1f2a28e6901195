import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { waitUntil } from './wait-until.ts';

const deadline = new URL('test-deadline.ts', import.meta.url).href;

/** A file whose first test fails and leaves a server and a process, and whose second one takes longer than a file may linger. */
const red = `
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { it } from 'node:test';
it('is red', async () => {
  await new Promise((resolve) => createServer().listen(0, '127.0.0.1', resolve));
  console.error('child', spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 600_000)']).pid);
  assert.equal('the reason', '');
});
it('is slow', () => new Promise((resolve) => setTimeout(resolve, 2500)));
`;

it('a file with a red test that leaves a server and a process open ends in time, with the reason and both named', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'moult-deadline-'));
  const file = join(folder.path, 'red.test.ts');
  writeFileSync(file, red);
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--test', '--test-reporter=spec', `--import=${deadline}`, file],
    { env: { ...environment, TEST_LINGER_SECONDS: '1' }, encoding: 'utf8', timeout: 120_000 },
  );
  const said = stdout + stderr;
  assert.equal(status, 1, said);
  assert.match(said, /'the reason' !== ''/);
  assert.match(said, /✔ is slow/);
  assert.match(said, /has not ended 1 s after its last test\. Kept alive by: .*TCPServerWrap/);
  const pid = Number(/child (\d+)/.exec(said)?.[1]);
  if (process.platform === 'linux') await waitUntil('the child has ended', () => !isAlive(pid));
});

/** A dead process that its parent did not ask about yet (a zombie) is dead. */
function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !readFileSync(stat, 'utf8').includes(') Z ');
}
