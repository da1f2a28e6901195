// moult explain COMPUTER UPDATE, on a server's store with a real catalog.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '@moult/store';
import { inFolder } from '../../../doctor/src/test/diagnose.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const computerId = '6f9619ff-8b86-d011-b42d-00c04fc964ff';

describe('moult explain COMPUTER UPDATE', () => {
  it('says that an update which the server does not have is not offered, and ends with 1', () =>
    inFolder({}, async (folder) => {
      await using store = await openStore(join(folder, 'moult.sqlite'), { now: () => new Date() });
      await store.noteAuthorization(
        { computerId, dnsName: 'pc7.example', address: '10.0.0.7', requestedGroups: [], at: new Date() },
        { assign: false },
      );
      await store.close();
      const ask = (...args: string[]) =>
        spawnSync(process.execPath, [main, 'explain', ...args, '--data-dir', folder], { encoding: 'utf8' });
      const unknown = ask('PC7', '11111111-2222-3333-4444-555555555555', '--json');
      assert.equal(unknown.status, 1, unknown.stderr);
      const answer = JSON.parse(unknown.stdout) as { outcome: string; because: string };
      assert.equal(answer.outcome, 'not-offered');
      assert.ok(answer.because.length > 5);
      const other = ask('pc7.example', 'no such title');
      assert.deepEqual([other.status, /There is no update "no such title"/.test(other.stderr)], [1, true]);
      assert.equal(ask('10.0.0.7').status, 0);
      assert.equal(ask('somebody else').status, 1);
    }));
});
