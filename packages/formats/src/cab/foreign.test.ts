// Both ways with programs and files that are not ours.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FormatError } from '../errors.ts';
import {
  bytesSource,
  createCabinet,
  extractAll,
  extractMember,
  findCabinets,
  joinCabinets,
  readCabinet,
  readCabinetFrom,
  sliceSource,
} from './index.ts';
import { libmspackSample, machineCode, noise, prose, run, scratchFolder } from './test/cabinet-lab.ts';

const modified = new Date('2024-05-06T07:08:10Z');
const members = [
  { name: 'prose.txt', bytes: prose(300_000), modified },
  { name: 'noise.bin', bytes: noise(100_001), modified },
  { name: 'code.exe', bytes: machineCode(200_000), modified },
  { name: 'empty', bytes: new Uint8Array(), modified },
  { name: 'sub/Übung ☃.txt', bytes: prose(1000, 3), modified },
];

for (const compression of ['none', 'mszip', 'lzx'] as const) {
  for (const reader of ['cabextract', 'gcab'] as const) {
    test(`${reader} unpacks what we write with ${compression}, in several folders with reserves`, (context) => {
      const folder = scratchFolder(context);
      const reserve = { header: new Uint8Array(20), folderBytes: 4, blockBytes: 8 };
      // gcab does not read reserves in blocks of a size of their own.
      const options = { compression, folderBytes: 250_000, ...(reader === 'cabextract' ? { reserve } : {}) };
      writeFileSync(join(folder, 'ours.cab'), createCabinet(members, options));
      if (reader === 'cabextract') run('cabextract', ['-q', '-d', folder, join(folder, 'ours.cab')]);
      else run('gcab', ['-x', '-C', folder, join(folder, 'ours.cab')]);
      for (const { name, bytes } of members) {
        assert.equal(Buffer.compare(readFileSync(join(folder, name)), bytes), 0, name);
      }
    });
  }
}

test('cabextract agrees on names, sizes and times', (context) => {
  const folder = scratchFolder(context);
  const file = join(folder, 'ours.cab');
  writeFileSync(file, createCabinet(members));
  const lines = run('cabextract', ['-l', file]).split('\n');
  assert.ok(lines.includes('    300000 | 06.05.2024 07:08:10 | prose.txt'), lines.join('\n'));
  assert.ok(lines.includes('      1000 | 06.05.2024 07:08:10 | sub/Übung ☃.txt'), lines.join('\n'));
});

for (const option of ['-c', '-cz'] as const) {
  test(`we read what gcab writes with ${option}`, (context) => {
    const folder = scratchFolder(context);
    mkdirSync(join(folder, 'sub'));
    for (const { name, bytes } of members) {
      writeFileSync(join(folder, name), bytes);
      utimesSync(join(folder, name), modified, modified);
    }
    run('gcab', [option, 'theirs.cab', ...members.map(({ name }) => name)], folder);
    const cabinet = readCabinet(readFileSync(join(folder, 'theirs.cab')));
    assert.deepEqual(
      cabinet.members.map(({ name }) => name),
      members.map(({ name }) => name.replace('/', '\\')),
    );
    const unpacked = extractAll(cabinet);
    for (const { name, bytes } of members) {
      assert.equal(Buffer.compare(unpacked.get(name.replace('/', '\\')) ?? Buffer.of(1), bytes), 0, name);
    }
  });
}

test('MSZIP, LZX and Quantum from other makers read as they say they should', () => {
  const cabinet = readCabinet(libmspackSample('mszip_lzx_qtm.cab'));
  assert.deepEqual(
    cabinet.folders.map(({ compression }) => compression.method),
    ['mszip', 'lzx', 'quantum'],
  );
  const lzx = Buffer.from(extractMember(cabinet, 'lzx.txt')).toString();
  assert.match(lzx, /If you can read this, the LZX decompressor is working!/);
  const two = extractAll(readCabinet(libmspackSample('normal_2files_2folders.cab')));
  assert.deepEqual(
    [...two].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
    [
      ['mszip1.txt', 'This is compressed with MS-ZIP\n'],
      ['mszip2.txt', 'This also is compressed with MS-ZIP\n'],
      ['lzx1.txt', 'This is LZX compressed\n'],
      ['lzx2.txt', 'This is also LZX compressed\n'],
    ],
  );
});

for (const areas of ['---', '--D', '-F-', '-FD', 'H--', 'H-D', 'HF-', 'HFD']) {
  test(`a cabinet with the reserves ${areas} reads`, () => {
    const cabinet = readCabinet(libmspackSample(`reserve_${areas}.cab`));
    assert.equal(cabinet.reserve.length > 0, areas.includes('H'));
    assert.equal((cabinet.folders[0]?.reserve.length ?? 0) > 0, areas.includes('F'));
    assert.deepEqual(
      [...extractAll(cabinet)].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
      [
        ['test1.txt', 'TEST\n'],
        ['test2.txt', 'test\n'],
      ],
    );
  });
}

test('a spanned set, given in any order, reads as one cabinet', () => {
  const parts = [3, 1, 5, 2, 4].map((part) => readCabinet(libmspackSample(`multi_basic_pt${part}.cab`)));
  const line = (part: number) => `This is the data from cabinet part ${part}.\n`;
  assert.deepEqual(
    [...extractAll(joinCabinets(parts))].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
    [
      ['test1.txt', line(1) + line(2)],
      ['test2.txt', line(3)],
      ['test3.txt', line(4) + line(5)],
    ],
  );
});

test('a set with a gap says which cabinet is missing, and so do members that lie beyond its end or before its beginning', () => {
  const part = (number: number) => readCabinet(libmspackSample(`multi_basic_pt${number}.cab`));
  assert.throws(
    () => joinCabinets([part(1), part(2), part(4)]),
    (error) =>
      error instanceof FormatError && error.code === 'FORMAT_MISSING_CABINET' && /number 2/.test(error.message),
  );
  for (const half of [joinCabinets([part(1), part(2)]), part(1), part(2), joinCabinets([part(4), part(5)])]) {
    assert.throws(
      () => extractMember(half, 'test1.txt'),
      (error) =>
        error instanceof FormatError && error.code === 'FORMAT_MISSING_CABINET' && error.member === 'test1.txt',
    );
  }
});

test('cabinets inside other files are found, and look-alikes are passed over', () => {
  const places = (name: string) => [...findCabinets(bytesSource(libmspackSample(name)))].map(({ offset }) => offset);
  assert.deepEqual(places('search_basic.cab'), [6, 265]);
  assert.deepEqual(places('search_tricky1.cab'), [4]);
  const inner = createCabinet(members);
  const program = Uint8Array.from(Buffer.concat([machineCode(600_001), Buffer.from('MSCF'), inner, noise(5000)]));
  const [found] = findCabinets(bytesSource(program));
  assert.equal(found?.offset, 600_005);
  const cabinet = readCabinetFrom(sliceSource(bytesSource(program), found?.offset ?? 0), { baseOffset: 600_005 });
  assert.equal(Buffer.compare(extractMember(cabinet, 'prose.txt'), members[0]?.bytes ?? Buffer.of()), 0);
});

test('a file full of false beginnings is searched in one pass, and cabinets across any boundary are found', () => {
  const inner = createCabinet(members);
  const falseBeginnings = Buffer.from('MSCF'.repeat(2 ** 18));
  for (const shift of [0, 1, 18, 34, 35, 36, 37]) {
    const program = Uint8Array.from(Buffer.concat([Buffer.from('MZ'), falseBeginnings.subarray(0, -shift - 2), inner]));
    let bytesRead = 0;
    const source = {
      sizeBytes: program.length,
      read(offset: number, length: number) {
        const bytes = program.subarray(offset, offset + length);
        bytesRead += bytes.length;
        return bytes;
      },
    };
    assert.deepEqual([...findCabinets(source)], [{ offset: 2 ** 20 - shift }]);
    assert.ok(bytesRead < 2 * program.length, `${bytesRead} of ${program.length} bytes`);
  }
});

test('every sample of a foreign test suite is read or refused with a code, never anything else', () => {
  const folder = new URL('../../../../fixtures/libmspack/', import.meta.url);
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.cab'))) {
    try {
      extractAll(readCabinet(libmspackSample(name)));
      assert.ok(/^(normal|reserve|mszip)/.test(name), `${name} was read`);
    } catch (error) {
      assert.ok(error instanceof FormatError, `${name}: ${error}`);
    }
  }
});
