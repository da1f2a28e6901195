import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { programBounds } from '../bounds.ts';
import { dropSentPing, keepPing, readUrlLog } from './url-log.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-urllog-'));
  file = join(folder, 'V4', 'urllog.dat');
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (query: string) => ({ statusServer: 'http://status', query });

describe('urllog.dat', () => {
  it('keeps pings oldest first, one per line, and is gone when the last one is', () => {
    keepPing(file, at('V=1&E=1&X=1'));
    keepPing(file, at('V=1&E=2&X=2'));
    assert.equal(readFileSync(file, 'latin1'), 'http://status\tV=1&E=1&X=1\r\nhttp://status\tV=1&E=2&X=2\r\n');
    dropSentPing(file, at('V=1&E=1&X=1'));
    assert.deepEqual(readUrlLog(file), [at('V=1&E=2&X=2')]);
    dropSentPing(file, at('V=1&E=2&X=2'));
    assert.ok(!existsSync(file));
  });

  it('keeps the first of pings that say the same one after another', () => {
    for (const time of ['1', '2', '3']) keepPing(file, at(`V=1&E=1&X=${time}`));
    assert.deepEqual(readUrlLog(file), [at('V=1&E=1&X=1')]);
    keepPing(file, { ...at('V=1&E=1&X=4'), statusServer: 'http://other' });
    assert.equal(readUrlLog(file).length, 2);
  });

  it('does not grow without end: the oldest go', () => {
    for (let index = 0; index < programBounds.maxKeptPings + 5; index++) keepPing(file, at(`V=1&E=${index}&X=1`));
    const kept = readUrlLog(file);
    assert.equal(kept.length, programBounds.maxKeptPings);
    assert.equal(kept[0]?.query, 'V=1&E=5&X=1');
  });

  it('is read however an editor saved it', () => {
    const text = 'http://status\tV=1&X=1\r\nhttp://status\tV=1&X=2\r\n';
    const wide = Buffer.from(`\ufeff${text}`, 'utf16le');
    mkdirSync(dirname(file));
    for (const bytes of [Buffer.from(`\ufeff${text}`), wide, Buffer.from(wide).swap16()]) {
      writeFileSync(file, bytes);
      assert.deepEqual(readUrlLog(file), [at('V=1&X=1'), at('V=1&X=2')]);
    }
    dropSentPing(file, at('V=1&X=1'));
    assert.deepEqual(readUrlLog(file), [at('V=1&X=2')]);
  });

  it('passes over lines that are damaged', () => {
    keepPing(file, at('V=1&X=1'));
    writeFileSync(file, `\0\0\0\r\nno tab\r\n${readFileSync(file, 'latin1')}ftp://x\ty\r\n`);
    assert.deepEqual(readUrlLog(file), [at('V=1&X=1')]);
  });
});
