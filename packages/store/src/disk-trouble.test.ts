import assert from 'node:assert/strict';
import { it } from 'node:test';
import { asDiskTrouble, diskTroubleOf, withDiskTrouble } from './disk-trouble.ts';
import { isTemporary, ServerError } from './errors.ts';

const system = (code: string) => Object.assign(new Error(code), { code });
const sqlite = (errcode: number) => Object.assign(new Error('sqlite'), { code: 'ERR_SQLITE_ERROR', errcode });

it('every way in which a disk refuses is known, by whoever says it, and is temporary', () => {
  const refusals = [
    ...['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', '53100', '58030'].map(system),
    // SQLITE_FULL, SQLITE_IOERR and its kinds: read, write, fsync, truncate, shared memory.
    ...[13, 10, 266, 778, 1034, 1546, 4874, 5386].map(sqlite),
  ];
  for (const refusal of refusals) {
    assert.match(diskTroubleOf(refusal) ?? '', /disk|file system/, refusal.message);
    const told = asDiskTrouble(refusal, 'It cannot be written');
    assert.ok(isTemporary(told));
    assert.match((told as Error).message, /^It cannot be written: the .*\. Free some space/);
    assert.equal(diskTroubleOf(told), diskTroubleOf(refusal), 'whoever is told on knows why');
  }
});

it('every other error stays what it is', async () => {
  const others = [
    ...['ENOENT', 'EACCES', '23505'].map(system),
    ...[1, 5, 11, 19, 3082].map(sqlite),
    'a text',
    undefined,
  ];
  for (const other of others) {
    assert.equal(diskTroubleOf(other), undefined);
    assert.equal(asDiskTrouble(other, 'It'), other);
  }
  const known = new ServerError('SERVER_NOT_FOUND', 'nothing', { cause: system('ENOSPC') });
  await assert.rejects(
    withDiskTrouble('It', () => Promise.reject(known)),
    known,
  );
});
