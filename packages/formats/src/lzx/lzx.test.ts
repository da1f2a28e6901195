import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CabinetMember, createCabinet, extractMember, MemberReader, readCabinet } from '../cab/index.ts';
import { cabinetOfBlocks, machineCode, noise, prose, run, scratchFolder } from '../cab/test/cabinet-lab.ts';
import { BitWriter } from './bit-writer.ts';
import { applyE8, undoE8 } from './e8.ts';
import { LzxDecoder } from './index.ts';
import { MatchFinder } from './match-finder.ts';

const modified = new Date('2024-05-06T07:08:10Z');

for (let windowBits = 15; windowBits <= 21; windowBits++) {
  test(`a window of ${windowBits} bits reads back here and in cabextract, whatever the data`, (context) => {
    const folder = scratchFolder(context);
    const far = prose(2 ** windowBits - 70_000 > 0 ? 2 ** windowBits - 70_000 : 1, 9);
    const plain = Buffer.concat([prose(150_000), noise(140_001), far, prose(150_000), machineCode(100_003)]);
    const bytes = createCabinet([{ name: 'a.bin', bytes: plain, modified }], { compression: 'lzx', windowBits });
    const file = join(folder, 'a.cab');
    writeFileSync(file, bytes);
    run('cabextract', ['-q', '-d', folder, file]);
    assert.equal(Buffer.compare(readFileSync(join(folder, 'a.bin')), plain), 0, 'cabextract');
    const cabinet = readCabinet(bytes);
    assert.deepEqual(cabinet.folders[0]?.compression, { method: 'lzx', windowBits });
    assert.equal(Buffer.compare(extractMember(cabinet, 'a.bin'), plain), 0, 'ours');
  });
}

test('programs get E8 translation, which cabextract undoes and which pays', (context) => {
  const folder = scratchFolder(context);
  const program = machineCode(400_000);
  const plain = program.with(0, 0);
  const pack = (bytes: Uint8Array) => createCabinet([{ name: 'a.exe', bytes, modified }], { compression: 'lzx' });
  const translated = pack(program);
  assert.ok(translated.length < pack(plain).length * 0.95);
  writeFileSync(join(folder, 'a.cab'), translated);
  run('cabextract', ['-q', '-d', folder, join(folder, 'a.cab')]);
  assert.equal(Buffer.compare(readFileSync(join(folder, 'a.exe')), program), 0);
  assert.equal(Buffer.compare(extractMember(readCabinet(translated), 'a.exe'), program), 0);
});

test('E8 translation is undone for any bytes at any place', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 11, maxLength: 80 }).map((bytes) => bytes.map((byte) => (byte < 60 ? 0xe8 : byte))),
      fc.nat({ max: 32767 }),
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      (frame, index, fileBytes) => {
        const copy = frame.slice();
        applyE8(copy, index * 32768, fileBytes);
        undoE8(copy, index * 32768, fileBytes);
        assert.deepEqual(copy, frame);
      },
    ),
  );
});

test('a match reaches back to four bytes less than the window, no farther', () => {
  for (const [distance, length] of [
    [2 ** 15 - 4, 8],
    [2 ** 15 - 3, 0],
  ] as const) {
    const bytes = new Uint8Array(distance + 9);
    bytes.set(Buffer.from('Hamlet, '));
    bytes.copyWithin(distance, 0, 8);
    const finder = new MatchFinder(15, 100);
    finder.append([bytes]);
    finder.find(0, 8);
    finder.find(distance, 8);
    assert.equal(finder.length, length);
  }
});

test('LZX gives back whatever it packed', () => {
  const parts = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat({ max: 400 })),
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(parts, fc.integer({ min: 15, max: 21 }), (made, windowBits) => {
      const plain = Buffer.concat(
        made.map((part) => (part instanceof Uint8Array ? part : Buffer.concat(Array(part[1]).fill(part[0])))),
      );
      const bytes = createCabinet([{ name: 'a', bytes: plain, modified }], { compression: 'lzx', windowBits });
      assert.equal(Buffer.compare(extractMember(readCabinet(bytes), 'a'), plain), 0);
    }),
    { numRuns: 60 },
  );
});

// No encoder of ours ends an odd uncompressed block where a frame ends. The byte of padding may then be the last of
// that frame or the first of the next; cabextract, to which the folder is one stream, is the judge.
for (const place of ['at the end of its frame', 'at the beginning of the next frame'] as const) {
  test(`the padding of an odd uncompressed block is passed ${place}`, (context) => {
    const folder = scratchFolder(context);
    const plain = noise(65_536);
    const writer = new BitWriter();
    writer.write(0, 1);
    for (const [from, to] of [
      [0, 1],
      [1, 32_768],
    ] as const) {
      uncompressedHeader(writer, to - from);
      writer.bytes(plain.subarray(from, to));
      if (from === 0) writer.bytes(Uint8Array.of(0));
    }
    const first = writer.take();
    uncompressedHeader(writer, 32_768);
    writer.bytes(plain.subarray(32_768));
    const second = writer.take();
    const padding = Buffer.of(0);
    const isAtEnd = place === 'at the end of its frame';
    const blocks = [
      { packed: isAtEnd ? Buffer.concat([first, padding]) : first, sizeBytes: 32_768 },
      { packed: isAtEnd ? second : Buffer.concat([padding, second]), sizeBytes: 32_768 },
    ];
    const bytes = cabinetOfBlocks({ name: 'a', sizeBytes: 65_536 }, 3 | (16 << 8), blocks);
    writeFileSync(join(folder, 'a.cab'), bytes);
    run('cabextract', ['-q', '-d', folder, join(folder, 'a.cab')]);
    assert.equal(Buffer.compare(readFileSync(join(folder, 'a')), plain), 0, 'cabextract');
    assert.equal(Buffer.compare(extractMember(readCabinet(bytes), 'a'), plain), 0, 'ours');
  });
}

test('a block that begins behind an odd rest of an uncompressed block is read where it lies', (context) => {
  const folder = scratchFolder(context);
  const plain = noise(65_536, 9);
  const writer = new BitWriter();
  writer.write(0, 1);
  uncompressedHeader(writer, 32_767);
  writer.bytes(plain.subarray(0, 32_767));
  writer.bytes(Uint8Array.of(0));
  // Two bytes: one ends the first frame, the other is alone before the next header, whose words lie at odd places.
  uncompressedHeader(writer, 2);
  writer.bytes(plain.subarray(32_767, 32_768));
  const first = writer.take();
  writer.bytes(plain.subarray(32_768, 32_769));
  uncompressedHeader(writer, 32_767);
  writer.bytes(plain.subarray(32_769));
  writer.bytes(Uint8Array.of(0));
  const blocks = [first, writer.take()].map((packed) => ({ packed, sizeBytes: 32_768 }));
  const bytes = cabinetOfBlocks({ name: 'a', sizeBytes: 65_536 }, 3 | (16 << 8), blocks);
  writeFileSync(join(folder, 'a.cab'), bytes);
  run('cabextract', ['-q', '-d', folder, join(folder, 'a.cab')]);
  assert.equal(Buffer.compare(readFileSync(join(folder, 'a')), plain), 0, 'cabextract');
  assert.equal(Buffer.compare(extractMember(readCabinet(bytes), 'a'), plain), 0, 'ours');
});

test('folders of LZX unpack in turns, though they share one memory', () => {
  const texts = [prose(300_000, 21), Uint8Array.from(machineCode(300_000)), prose(300_000, 23)];
  const cabinets = texts.map((bytes) =>
    readCabinet(createCabinet([{ name: 'a', bytes, modified }], { compression: 'lzx' })),
  );
  const streams = cabinets.map((cabinet) => new MemberReader(cabinet).read(cabinet.members[0] as CabinetMember));
  const pieces: Buffer[][] = texts.map(() => []);
  for (let ended = false; !ended; ) {
    for (const [index, stream] of streams.entries()) {
      const { value, done } = stream.next();
      if (value) pieces[index]?.push(Buffer.from(value));
      ended = done === true;
    }
  }
  for (const [index, text] of texts.entries())
    assert.equal(Buffer.compare(Buffer.concat(pieces[index] ?? []), text), 0);
});

test('a frame behind a short one is refused', () => {
  const decoder = new LzxDecoder(15);
  const writer = new BitWriter();
  writer.write(0, 1);
  uncompressedHeader(writer, 100);
  writer.bytes(noise(100));
  const frame = writer.take();
  decoder.decode(frame, 50);
  assert.throws(() => decoder.decode(frame, 50), { code: 'FORMAT_BAD_DATA' });
});

function uncompressedHeader(writer: BitWriter, size: number): void {
  writer.write(3, 3);
  writer.write(size >>> 8, 16);
  writer.write(size & 0xff, 8);
  writer.align(true);
  writer.bytes(Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0));
}
