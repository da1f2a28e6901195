import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { ServerError } from './errors.ts';
import { retried, wasInTheWay } from './transact.ts';

const atOnce = { attempts: 4, pauseMs: 1, random: () => 0 };
const failure = (code: string) => Object.assign(new Error(code), { code });

it('what was only in the way is tried again, and everything else is told at once', async () => {
  for (const code of ['40P01', '40001']) {
    let calls = 0;
    const result = await retried(async () => {
      if (++calls < 4) throw failure(code);
      return 'done';
    }, atOnce);
    assert.deepEqual([result, calls], ['done', 4]);
  }
  let calls = 0;
  const work = async () => {
    calls++;
    throw failure('23505');
  };
  await assert.rejects(retried(work, atOnce), { code: '23505' });
  assert.equal(calls, 1);
});

it('a hindrance that stays is told after the last attempt', async () => {
  let calls = 0;
  const work = async () => {
    calls++;
    throw new ServerError('SERVER_DATABASE', 'deadlock', { cause: failure('40P01') });
  };
  await assert.rejects(retried(work, atOnce), { code: 'SERVER_DATABASE' });
  assert.equal(calls, atOnce.attempts);
});

it('an SQLite file that another process writes to is one of them, a broken statement is not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-busy-'));
  const [one, other] = [1, 2].map(() => new DatabaseSync(join(folder, 'a.sqlite'), { timeout: 0 }));
  one?.exec('begin immediate');
  const errorOf = (statement: string) => {
    try {
      other?.exec(statement);
    } catch (error) {
      return error;
    }
    return undefined;
  };
  assert.equal(wasInTheWay(errorOf('begin immediate')), true);
  assert.equal(wasInTheWay(errorOf('select nothing')), false);
  one?.close();
  other?.close();
  rmSync(folder, { recursive: true });
});
