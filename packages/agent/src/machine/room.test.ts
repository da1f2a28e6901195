// Room is taken before the first byte of a release is written, and let go of when state needs it.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encodeRelease, releaseFileName } from '@moult/protocol/self-update';
import { mountSmallDisk, type SmallDisk } from '../../../server/test/small-disk.ts';
import { readCurrent } from '../host/current.ts';
import { CurrentKeeper } from '../host/current-keeper.ts';
import { type OpenedRelease, stageRelease } from '../self-update/release-cabinet.ts';
import { machineRoot } from './machine-root.ts';
import { holdRoom, roomFor } from './room.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-room-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const space = (freeBytes: number) => () => ({ freeBytes, blockBytes: 4096 });

describe('room for a release', () => {
  const sizes = [10_000, 1];
  const needed = roomFor(sizes, { blockBytes: 4096 });

  it('with one byte less than needed nothing is written, and the message names both numbers', () => {
    const place = join(folder, 'versions', '7.9.0.2.room-1');
    assert.throws(() => holdRoom(place, sizes, 'Version 7.9.0.2', space(needed - 1)), {
      code: 'AGENT_SELFUPDATE_DISK',
      hresult: 0x80070070,
      message: `Version 7.9.0.2 needs ${needed} bytes in ${join(folder, 'versions')}, and only ${needed - 1} are free. Nothing was written.`,
    });
    assert.ok(!existsSync(join(folder, 'versions')));
  });

  it('with just enough it is taken in bytes, given back file by file, and gone at the end', () => {
    const place = join(folder, 'held');
    const room = holdRoom(place, sizes, 'x', space(needed));
    assert.equal(statSync(place).size, needed);
    assert.ok(statSync(place).blocks * 512 >= needed, 'it is no hole');
    room.release(10_000);
    assert.equal(statSync(place).size, needed - roomFor([10_000], { blockBytes: 4096 }));
    room.release(1);
    room.close();
    assert.deepEqual(existsSync(place), false);
  });
});

describe('a release that is staged', () => {
  const bytes = Buffer.alloc(100_000, 1);
  const release = {
    ...({ product: 'moult-agent', generation: 'wsus', version: '7.9.0.2', entry: 'agent.mjs' } as const),
    files: [{ name: 'agent.mjs', sizeBytes: bytes.length, sha256: '0'.repeat(64) }],
  };
  const opened: OpenedRelease = {
    release,
    files: new Map([
      ['agent.mjs', bytes],
      [releaseFileName, Buffer.from(encodeRelease(release))],
    ]),
  };

  it('leaves nothing behind when there is too little room, and no room file when there is enough', () => {
    const root = machineRoot(join(folder, 'machine'));
    assert.throws(
      () => stageRelease(root, opened, { spaceOf: space(99_999) }),
      /needs \d+ bytes .* only 99999 are free/,
    );
    assert.ok(!existsSync(root.versionsFolder));
    stageRelease(root, opened);
    assert.deepEqual(readdirSync(root.versionsFolder), ['7.9.0.2']);
    assert.equal(readFileSync(join(root.versionsFolder, '7.9.0.2', 'agent.mjs')).length, 100_000);
  });

  it('drops downloaded updates when that makes the room', () => {
    const root = machineRoot(join(folder, 'machine-2'));
    mkdirSync(join(root.downloadFolder, 'x'), { recursive: true });
    const spaceOf = () => ({ freeBytes: existsSync(root.downloadFolder) ? 0 : 1e9, blockBytes: 4096 });
    stageRelease(root, opened, { spaceOf });
    assert.deepEqual([existsSync(root.downloadFolder), readdirSync(root.versionsFolder)], [false, ['7.9.0.2']]);
  });
});

describe('a disk that is full to the last byte', () => {
  let disk: SmallDisk | undefined;
  before(() => {
    disk = mountSmallDisk(join(folder, 'disk'), 4);
  });
  after(() => disk?.unmount());

  it('still takes the line of state that decides which version starts, and is tried again when it takes nothing', (test) => {
    if (!disk) return;
    const root = machineRoot(disk.path);
    mkdirSync(root.agentFolder, { recursive: true });
    const told: string[] = [];
    const keeper = new CurrentKeeper(root, (text) => told.push(text), 3_600_000);
    test.after(() => keeper.close());
    const current = { version: '7.9.0.2', generation: 'wsus', state: 'committed', failed: [] } as const;
    disk.fill();
    assert.equal(keeper.write({ ...current, failed: [] }), true);
    assert.deepEqual([readCurrent(root)?.version, told], ['7.9.0.2', []]);
    disk.fill();
    assert.equal(keeper.write({ ...current, failed: [], version: '7.9.0.3' }), false);
    assert.equal(keeper.write({ ...current, failed: [], version: '7.9.0.4' }), false);
    assert.equal(told.length, 1, told.join('\n'));
    assert.deepEqual([readCurrent(root)?.version, keeper.pending?.version], ['7.9.0.2', '7.9.0.4']);
    disk.free();
    keeper.close();
    assert.equal(readCurrent(root)?.version, '7.9.0.4');
  });
});
