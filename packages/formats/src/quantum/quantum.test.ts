import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { extractMember, readCabinet } from '../cab/index.ts';
import { cabinetOfBlocks, libmspackSample, noise, prose, run, scratchFolder } from '../cab/test/cabinet-lab.ts';
import { findTokens, QuantumEncoder, type Token } from './test/quantum-encoder.ts';

test('the Quantum member of a cabinet made elsewhere reads as its maker says', () => {
  const cabinet = readCabinet(libmspackSample('mszip_lzx_qtm.cab'));
  const text = Buffer.from(extractMember(cabinet, 'qtm.txt')).toString();
  assert.equal(text, 'If you can read this, the Quantum decompressor is working!\n');
});

for (const windowBits of [10, 15, 18, 21]) {
  test(`a Quantum folder with a window of ${windowBits} bits reads as cabextract reads it`, (context) => {
    const folder = scratchFolder(context);
    const plain = Uint8Array.from(Buffer.concat([prose(150_000), noise(40_000), prose(90_001, 5)]));
    const typeCompress = 2 | (7 << 4) | (windowBits << 8);
    const bytes = cabinetOfBlocks({ name: 'a.bin', sizeBytes: plain.length }, typeCompress, encode(plain, windowBits));
    const file = join(folder, 'quantum.cab');
    writeFileSync(file, bytes);
    run('cabextract', ['-q', '-d', folder, file]);
    assert.equal(Buffer.compare(readFileSync(join(folder, 'a.bin')), plain), 0, 'cabextract');
    assert.equal(Buffer.compare(extractMember(readCabinet(bytes), 'a.bin'), plain), 0, 'ours');
  });
}

function encode(plain: Uint8Array, windowBits: number): { packed: Uint8Array; sizeBytes: number }[] {
  const encoder = new QuantumEncoder(windowBits);
  const frames: Token[][] = [];
  let at = 0;
  for (const token of findTokens(plain, 2 ** windowBits)) {
    const frame = Math.floor(at / 32768);
    frames[frame] ??= [];
    frames[frame].push(token);
    at += 'byte' in token ? 1 : token.length;
  }
  return frames.map((tokens, index) => ({
    packed: encoder.encode(tokens),
    sizeBytes: Math.min(32768, plain.length - index * 32768),
  }));
}
