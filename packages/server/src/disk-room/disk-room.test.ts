import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { inspectDisks } from '@moult/administration';
import { reserveBytesOf } from '../../../store/src/data-dir/reserve.ts';
import { ServerError } from '../../../store/src/errors.ts';
import type { Store } from '../../../store/src/index.ts';
import { mountSmallDisk } from '../../test/small-disk.ts';
import { createBallast, releaseBallastWhenFull } from './ballast.ts';
import { createDiskWatch, type DiskState, type DiskWatchParts } from './disk-watch.ts';
import { withRoom } from './guarded-store.ts';

const mebibyte = 1_048_576;
const noSpace = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-disk-room-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A watch on two disks whose room the test sets. */
function watched(more: Partial<DiskWatchParts> = {}) {
  const free: Record<string, number> = { data: 1000, database: 1000 };
  const said: string[] = [];
  const kinds: string[] = [];
  let failing: Error | undefined;
  const watch = createDiskWatch({
    folders: [
      { holds: 'data', folder: '/srv/data' },
      { holds: 'database', folder: '/srv/database' },
    ],
    ...{ reserve: 100, everyMs: 1_000_000, everyMsWhenScarce: 1_000_000 },
    log: {
      warn: (facts: object, line: string) => said.push(`${JSON.stringify(facts)} ${line}`),
      info: (line: string) => said.push(line),
    } as never,
    async testWrite() {
      if (failing) throw failing;
    },
    changed: ({ kind }: DiskState) => kinds.push(kind),
    spaceOf: async (name) => ({
      freeBytes: (free[name.replace('/srv/', '')] ?? 0) * mebibyte,
      totalBytes: 10_000 * mebibyte,
    }),
    ...more,
  });
  const refuse = (error: Error | undefined) => {
    failing = error;
  };
  return { free, said, kinds, watch, refuse };
}

describe('the reserve', () => {
  it('is by itself 1 % of the disk, at most 200 MiB, and otherwise what is set', () => {
    assert.equal(reserveBytesOf('auto', { totalBytes: 8000 * mebibyte }), 80 * mebibyte);
    assert.equal(reserveBytesOf('auto', { totalBytes: 4_000_000 * mebibyte }), 200 * mebibyte);
    assert.equal(reserveBytesOf(0, { totalBytes: 1 }), 0);
    assert.equal(reserveBytesOf(500, { totalBytes: mebibyte }), 500 * mebibyte);
  });

  it('of any disk that is written to counts: the database may be on another than the data', async () => {
    const { free, watch, said, kinds } = watched();
    assert.equal((await watch.check()).kind, 'ample');
    watch.requireRoom();
    free.database = 99;
    assert.equal((await watch.check()).kind, 'low');
    assert.throws(() => watch.requireRoom(), {
      code: 'SERVER_DISK_FULL',
      message: /99 MiB are free for the database, /,
    });
    assert.doesNotMatch(JSON.stringify(watch.notices()), /srv/, 'who may only read is not told where');
    assert.match(said[0] ?? '', /srv.database/, 'the log is');
    await watch.check();
    assert.equal(said.length, 1, 'said once');
    free.database = 105;
    assert.equal((await watch.check()).kind, 'low', 'not at once back and forth');
    free.database = 111;
    assert.equal((await watch.check()).kind, 'ample');
    assert.deepEqual(kinds, ['low', 'ample']);
    assert.match(said.at(-1) ?? '', /room again/);
    watch.close();
  });

  it('is not fallen below when a disk cannot be asked: then only writes tell', async () => {
    const { watch } = watched({ spaceOf: () => Promise.reject(new Error('no statfs here')) });
    assert.equal((await watch.check()).kind, 'ample');
    watch.close();
  });
});

describe('a write that was refused', () => {
  it('counts until a test write succeeds, whatever the free space is said to be', async () => {
    const { watch, refuse, said, kinds } = watched();
    refuse(Object.assign(new Error('quota'), { code: 'EDQUOT' }));
    watch.noteError(new Error('something else'));
    assert.equal(watch.state.kind, 'ample');
    watch.noteError(new ServerError('SERVER_DISK_FULL', 'told on', { cause: noSpace() }));
    assert.equal(watch.state.kind, 'refusing', 'at once');
    assert.equal((await watch.check()).kind, 'refusing');
    assert.match(watch.notices()[0]?.cause ?? '', /EDQUOT/);
    refuse(undefined);
    assert.equal((await watch.check()).kind, 'ample');
    assert.deepEqual(watch.notices(), []);
    assert.deepEqual(kinds, ['refusing', 'ample']);
    assert.equal(said.length, 2);
    watch.close();
  });
});

describe('the store of the server', () => {
  function guarded(state: DiskState) {
    const calls: string[] = [];
    const noted: unknown[] = [];
    const full = new ServerError('SERVER_DISK_FULL', 'full');
    const disk = {
      state,
      check: async () => state,
      noteError: (error: unknown) => void noted.push(error),
      requireRoom() {
        if (disk.state.kind !== 'ample') throw full;
      },
    };
    const call = (name: string) => async () => void calls.push(name);
    const names = ['registerComputer', 'recordReportingEvents', 'recordSelfUpdateEvents', 'noteContacts'];
    const store = {
      ...Object.fromEntries(
        [...names, 'noteAuthorization', 'addToCounters', 'saveSetting'].map((name) => [name, call(name)]),
      ),
      removeOldEvents: async () => Promise.reject(noSpace()),
      findAcquaintance: async ({ dnsName }: { dnsName: string }) => (dnsName === 'known' ? 'known' : 'stranger'),
    } as unknown as Store;
    return { store: withRoom(store, disk as never), calls, noted, names };
  }
  const low: DiskState = { kind: 'low', holds: 'data', folder: '', freeBytes: 1, reserveBytes: 2 };

  it('takes nothing that strangers make grow while there is no room, and still cleans up and counts', async () => {
    const { store, calls, names } = guarded(low);
    for (const name of names) {
      const write = store[name as 'noteContacts'] as () => Promise<void>;
      await assert.rejects(write(), { code: 'SERVER_DISK_FULL' }, name);
    }
    await store.addToCounters({});
    assert.deepEqual(calls, ['addToCounters']);
  });

  it('lets a computer that is known go on, unwritten, and refuses a new one', async () => {
    const { store, calls } = guarded(low);
    await store.noteAuthorization({ dnsName: 'known' } as never, { assign: false });
    await assert.rejects(store.noteAuthorization({ dnsName: 'new' } as never, { assign: false }), {
      code: 'SERVER_DISK_FULL',
    });
    assert.deepEqual(calls, []);
  });

  it('passes all on while there is room, and tells the watch of what fails', async () => {
    const { store, calls, noted } = guarded({ kind: 'ample' });
    await store.noteContacts(new Map());
    await store.noteAuthorization({ dnsName: 'known' } as never, { assign: false });
    assert.deepEqual(calls, ['noteContacts', 'noteAuthorization']);
    await assert.rejects(store.removeOldEvents(new Date(), 1), { code: 'ENOSPC' });
    assert.equal(noted.length, 1);
  });
});

it('the ballast goes when the disk is full to the last block, and comes back when there is plenty', async () => {
  const disk = mountSmallDisk(join(folder, 'disk'), 16);
  if (!disk) return;
  try {
    const file = join(disk.path, 'moult.ballast');
    const ballast = createBallast(disk.path, 2);
    await ballast.keep();
    assert.equal(statSync(file).size, mebibyte);
    assert.equal(releaseBallastWhenFull(disk.path, 2), false);
    disk.fill();
    assert.equal(releaseBallastWhenFull(disk.path, 2), true);
    assert.equal(existsSync(file), false);
    const [figures] = await inspectDisks({
      dataDir: disk.path,
      database: undefined,
      contentDir: undefined,
      diskReserveMib: 2,
    });
    assert.ok(figures && figures.freeBytes >= mebibyte && figures.freeBytes < figures.reserveBytes);
    await ballast.keep();
    assert.equal(existsSync(file), false, 'not while there is little');
    disk.free();
    await ballast.keep();
    assert.equal(existsSync(file), true);
  } finally {
    disk.unmount();
  }
});
