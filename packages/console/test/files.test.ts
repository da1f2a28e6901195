// Files that go out of the console, and into it: archives, names of dropped files, and the time that work still takes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import yauzl from 'yauzl';
import { ownName, plainName } from '../src/console/kit/read-files.ts';
import { timeLeft } from '../src/console/kit/time-left.ts';
import { zipOf } from '../src/console/kit/zip.ts';

describe('an archive', () => {
  it('has its files with their folders, as another reader of ZIP sees them', async () => {
    const files = [
      { name: 'moult.admx', bytes: new TextEncoder().encode('<policy/>') },
      { name: 'en-US/Wörter.adml', bytes: new Uint8Array(70_000).fill(7) },
    ];
    const found: { name: string; bytes: Buffer }[] = [];
    const archive = await yauzl.fromBufferPromise(Buffer.from(zipOf(files)));
    for await (const entry of archive.eachEntry()) {
      const stream = await archive.openReadStreamPromise(entry);
      const pieces: Buffer[] = [];
      for await (const piece of stream) pieces.push(Buffer.from(piece));
      found.push({ name: entry.fileName, bytes: Buffer.concat(pieces) });
    }
    assert.deepEqual(
      found,
      files.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes) })),
    );
  });
});

describe('names of dropped files', () => {
  it('fit what the server takes, and each is another one', () => {
    const taken = /^[\w(][\w .()+-]*$/;
    for (const name of ['Windows Update#1.log', '../../etc/passwd', 'ä.log', '.hidden', 'x'.repeat(300)])
      assert.match(plainName(name), taken);
    assert.equal(ownName('a.log', new Set(['a.log', '(1) a.log'])), '(2) a.log');
  });
});

describe('the time that work still takes', () => {
  it('is told by the pace since somebody looks, and not before there is a pace', () => {
    const first = { done: 100, of: 1100, at: 0 };
    assert.equal(timeLeft(first, { done: 200, of: 1100, at: 1_000 }), undefined);
    assert.equal(timeLeft(first, { done: 200, of: 1100, at: 10_000 }), 90_000);
    assert.equal(timeLeft(first, { done: 100, of: 1100, at: 60_000 }), undefined);
    assert.equal(timeLeft(first, { done: 1100, of: 1100, at: 60_000 }), undefined);
  });
});
