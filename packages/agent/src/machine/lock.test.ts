import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { lockHolder, lockWaiting, tryLock } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-lock-'));
after(() => rmSync(folder, { recursive: true }));

describe('a lock', () => {
  it('is held once, names its holder, and is free again', () => {
    const file = join(folder, 'one.lock');
    const lock = tryLock(file);
    assert.ok('release' in lock);
    const second = tryLock(file);
    assert.ok('pid' in second && second.pid === process.pid);
    assert.equal(lockHolder(file)?.pid, process.pid);
    lock.release();
    assert.equal(lockHolder(file), undefined);
    const left = readdirSync(folder).filter((name) => !name.endsWith('.guard'));
    assert.deepEqual(left, [], 'nothing is left');
  });

  it('of a dead process is taken over', () => {
    const file = join(folder, 'dead.lock');
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(file, JSON.stringify({ pid, started: '1' }));
    assert.equal(lockHolder(file), undefined);
    assertTaken(file);
  });

  it('of a process that only has the same number is taken over', {
    skip: !['linux', 'win32'].includes(process.platform) && 'neither start times nor guards are known here',
  }, () => {
    const file = join(folder, 'reused.lock');
    writeFileSync(file, JSON.stringify({ pid: process.ppid, started: '1' }));
    assert.equal(lockHolder(file), undefined);
    assertTaken(file);
  });

  // Guards are of Windows: wine.test.ts runs this file there.
  if (process.platform === 'win32')
    it('that cannot be read has no holder when its guard is free', () => {
      const file = join(folder, 'unreadable.lock');
      // UV_FS_O_EXLOCK: nobody else reads the file, as with a bad sector.
      const handle = openSync(file, constants.O_RDWR | constants.O_CREAT | 0x1000_0000);
      try {
        assert.throws(() => readFileSync(file));
        assert.equal(lockHolder(file), undefined);
      } finally {
        closeSync(handle);
      }
      assertTaken(file);
    });

  it('that is half written is taken over', () => {
    const file = join(folder, 'half.lock');
    writeFileSync(file, '{"pid":');
    assertTaken(file);
  });

  it('that the disk did not let its holder remove is held by nobody, and taken again by the same process', () => {
    const file = join(folder, 'stuck.lock');
    const lock = tryLock(file);
    assert.ok('release' in lock);
    const kept = readFileSync(file);
    lock.release();
    // As after an unlink that failed: the file is there again, with a holder that lives.
    writeFileSync(file, kept);
    assert.equal(lockHolder(file), undefined);
    assertTaken(file);
  });

  it('is never held by two of many who want it', async () => {
    const file = join(folder, 'many.lock');
    const shared = join(folder, 'many.count');
    writeFileSync(shared, '0');
    const module = new URL('lock.ts', import.meta.url).href;
    const program = `
      import { readFileSync, writeFileSync } from 'node:fs';
      import { lockWaiting } from ${JSON.stringify(module)};
      for (let turn = 0; turn < 20; turn++) {
        const lock = lockWaiting(${JSON.stringify(file)}, 20000);
        if (!lock) process.exit(1);
        const count = Number(readFileSync(${JSON.stringify(shared)}, 'utf8'));
        writeFileSync(${JSON.stringify(shared)}, String(count + 1));
        lock.release();
      }`;
    const ends = Array.from({ length: 3 }, () => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
      return new Promise((resolve) => child.once('close', resolve));
    });
    assert.deepEqual(await Promise.all(ends), [0, 0, 0]);
    const lock = lockWaiting(file, 0);
    assert.ok(lock);
    lock.release();
    const { readFileSync } = await import('node:fs');
    assert.equal(readFileSync(shared, 'utf8'), '60');
  });
});

function assertTaken(file: string): void {
  const lock = tryLock(file);
  assert.ok('release' in lock);
  lock.release();
}
