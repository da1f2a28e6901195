import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeFolders } from './make-folders.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-folders-'));
after(() => rmSync(folder, { recursive: true }));

describe('a folder with those above it', () => {
  it('is made with its mode, and the first new one is named', () => {
    const first = join(folder, 'a');
    assert.equal(makeFolders(join(first, 'b', 'c'), { mode: 0o700 }), first);
    for (const one of [first, join(first, 'b'), join(first, 'b', 'c')])
      assert.equal(statSync(one).mode & 0o777, process.platform === 'win32' ? statSync(one).mode & 0o777 : 0o700);
    assert.equal(makeFolders(join(first, 'b', 'c')), undefined);
    assert.equal(makeFolders(join(first, 'b', 'd')), join(first, 'b', 'd'));
  });

  it('is not made where a file or a link to nothing is on the way', () => {
    writeFileSync(join(folder, 'file'), '');
    for (const path of ['file', 'file/below']) assert.throws(() => makeFolders(join(folder, path)), /EEXIST|ENOTDIR/);
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
    for (const path of ['link', 'link/below']) assert.throws(() => makeFolders(join(folder, path)), /EEXIST|ENOENT/);
    mkdirSync(join(folder, 'target'));
    symlinkSync(join(folder, 'target'), join(folder, 'good'));
    assert.equal(makeFolders(join(folder, 'good')), undefined);
    assert.equal(makeFolders(join(folder, 'good', 'below')), join(folder, 'good', 'below'));
  });

  it('is refused at once below a folder that cannot hold one', {
    skip: process.platform !== 'linux' && 'has no /proc',
  }, () => {
    // In a process of its own: Node's own way would go on for ever.
    const source = `import { makeFolders } from ${JSON.stringify(new URL('make-folders.ts', import.meta.url).href)};
      for (const path of ['/proc/nope', '/proc/nope/below', '/proc/self/fd/nope'])
        try { makeFolders(path); console.log('made'); } catch ({ code }) { console.log(code); }`;
    const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
      timeout: 20_000,
    });
    assert.equal(signal, null);
    assert.match(String(stdout), /^(ENOENT|EACCES|EPERM)\n(ENOENT|EACCES|EPERM)\n(ENOENT|EACCES|EPERM)\n$/);
  });
});
