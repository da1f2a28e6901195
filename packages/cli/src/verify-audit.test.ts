// moult events verify as it is typed: what it says, and the exit code that a script goes by.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, it, mock } from 'node:test';
import { openStore } from '@moult/store';
import { auditHeadFile } from '@moult/store/data-dir';
import { run } from './run.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'moult-verify-'));
const file = join(dataDir, 'moult.sqlite');
before(async () => {
  await (await openStore(file, { now: () => new Date() })).close();
  for (const name of ['A', 'B', 'C']) await moult('groups', 'add', name);
});
after(() => rmSync(dataDir, { recursive: true }));

async function moult(...parts: string[]): Promise<{ code: number; stdout: string }> {
  let stdout = '';
  const log = mock.method(console, 'log', (text: unknown) => {
    stdout += `${text}\n`;
  });
  const error = mock.method(console, 'error', () => undefined);
  try {
    await run([...parts, '--data-dir', dataDir], { writeOut: () => undefined, writeErr: () => undefined });
    return { code: Number(process.exitCode ?? 0), stdout };
  } finally {
    log.mock.restore();
    error.mock.restore();
    process.exitCode = 0;
  }
}

function change(statement: string): void {
  using database = new DatabaseSync(file);
  database.exec(statement);
}

it('a chain that is whole: exit code 0, and the head that was noted beside it', async () => {
  const { code, stdout } = await moult('events', 'verify');
  assert.equal(code, 0);
  assert.match(stdout, /^intact: 3 audit records\nhead: record 3, [\da-f]{64}\nhead file: record 3 of /);
  const document = JSON.parse((await moult('events', 'verify', '--json')).stdout);
  assert.deepEqual([document.intact, document.records, document.headFile.records], [true, 3, 3]);
});

it('a head file that is none, and a wrong option: exit code 2', async () => {
  assert.equal((await moult('events', 'verify', '--bogus')).code, 2);
  writeFileSync(auditHeadFile(dataDir), '{');
  assert.equal((await moult('events', 'verify')).code, 2);
  rmSync(auditHeadFile(dataDir));
  const { code, stdout } = await moult('events', 'verify');
  assert.equal(code, 0);
  assert.match(stdout, /head file: none\. Records that were cut off at the end do not show/);
});

it('records that were cut off: exit code 1, and the first that is missing', async () => {
  await moult('groups', 'add', 'D');
  change("delete from audit where chain_number > 2; delete from configuration where name = 'audit-head'");
  const { code, stdout } = await moult('events', 'verify');
  assert.equal(code, 1);
  assert.match(stdout, /^broken: record 3 is missing\nintact before it: 2 audit records\nhead file: record 4 of /);
});

it('a record that was changed: exit code 1, and which it is', async () => {
  change("update audit set actor = 'eve' where chain_number = 2");
  const { code, stdout } = await moult('events', 'verify');
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^broken: record 2 \(id 2, [\d-]+ [\d:]+ UTC, eve: create group [\da-f-]{36}\) is not as it was written/,
  );
  const { broken } = JSON.parse((await moult('events', 'verify', '--json')).stdout);
  assert.deepEqual([broken.reason, broken.number, broken.record.actor], ['changed', 2, 'eve']);
});
