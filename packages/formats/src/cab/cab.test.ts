import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCabinet, extractAll, extractMember, readCabinet } from './index.ts';

const modified = new Date('2024-05-06T07:08:10Z');
const text = new TextEncoder().encode('All the world is a stage. '.repeat(9000));
const members = [
  { name: 'play.txt', bytes: text, modified },
  { name: 'empty.bin', bytes: new Uint8Array(), modified },
  { name: 'acts/Ünï.txt', bytes: text.subarray(5, 40_000), modified },
];

for (const compression of ['none', 'mszip', 'lzx'] as const) {
  test(`a ${compression} cabinet gives back names, times and bytes`, () => {
    const cabinet = readCabinet(createCabinet(members, { compression }));
    assert.deepEqual(
      cabinet.members.map(({ name, sizeBytes, modified }) => ({ name, sizeBytes, modified })),
      members.map(({ name, bytes }) => ({ name: name.replace('/', '\\'), sizeBytes: bytes.length, modified })),
    );
    assert.deepEqual(
      [...extractAll(cabinet).values()].map((bytes) => Buffer.from(bytes)),
      members.map(({ bytes }) => Buffer.from(bytes)),
    );
    assert.deepEqual(Buffer.from(extractMember(cabinet, 'ACTS/üNÏ.TXT')), Buffer.from(members[2]?.bytes ?? []));
  });

  test(`cabextract unpacks a ${compression} cabinet of several folders with reserves`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-cab-'));
    try {
      const file = join(folder, 'a.cab');
      const reserve = { header: new Uint8Array(20), folderBytes: 3, blockBytes: 5 };
      writeFileSync(file, createCabinet(members, { compression, folderBytes: 100_000, reserve }));
      execFileSync('cabextract', ['-q', '-d', folder, file]);
      for (const { name, bytes } of members) assert.deepEqual(readFileSync(join(folder, name)), Buffer.from(bytes));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
