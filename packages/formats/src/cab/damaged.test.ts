// Cabinets with one fault: it costs what it concerns, and the rest comes out.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../errors.ts';
import {
  type Cabinet,
  createCabinet,
  extractAll,
  extractMember,
  MemberReader,
  readCabinet,
  readCabinetFrom,
} from './index.ts';
import { bytesSource } from './source.ts';
import { noise, patched, prose } from './test/cabinet-lab.ts';

const modified = new Date('2024-05-06T07:08:10Z');
const three = ['one', 'two', 'three'].map((name, index) => ({ name, bytes: noise(5000, index + 1), modified }));
/** Each member in a folder of its own. */
const apart = createCabinet(three, { compression: 'mszip', folderBytes: 5000 });
const entryBytes = 16;
const membersAt = new DataView(apart.buffer).getUint32(16, true);

function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`../../../../fixtures/files/${name}`, import.meta.url));
}

function keep(bytes: Uint8Array): Cabinet {
  return readCabinetFrom(bytesSource(bytes), { damaged: 'keep' });
}

/** What comes out: a name with its size, or with the code of its error. */
function outcome(cabinet: Cabinet): Record<string, number | string> {
  const reader = new MemberReader(cabinet);
  return Object.fromEntries(
    cabinet.members.map((member) => {
      try {
        return [member.name, [...reader.read(member)].reduce((sum, piece) => sum + piece.length, 0)];
      } catch (error) {
        assert.ok(error instanceof FormatError && error.member === member.name, String(error));
        return [member.name, error.code];
      }
    }),
  );
}

test('members in one and the same place, as WiX and MakeCAB store files that are alike, all come out', () => {
  const all = extractAll(readCabinet(fixture('shared-bytes-like-wix.cab')));
  assert.deepEqual([...all.keys()], ['a.txt', 'copy-of-a.txt']);
  assert.equal(Buffer.compare(all.get('a.txt') ?? Buffer.of(), all.get('copy-of-a.txt') ?? Buffer.of(1)), 0);
  assert.equal(all.get('a.txt')?.length, 105_000);
});

test('copies far behind in their folder are refused when unpacking it again and again would be more than the limit', () => {
  const many = Array.from({ length: 200 }, (_, index) => ({
    name: `m${index}`,
    bytes: prose(index < 1 ? 2_000_000 : 1),
    modified,
  }));
  const bytes = createCabinet(many, { compression: 'lzx' });
  const view = new DataView(bytes.buffer);
  let at = view.getUint32(16, true);
  const places: number[] = [];
  for (let index = 0; index < many.length; index++) {
    places.push(at);
    at += entryBytes + (many[index]?.name.length ?? 0) + 1;
  }
  const copies = new Uint8Array(bytes);
  for (const place of places.slice(1)) new DataView(copies.buffer).setUint32(place + 4, 2_000_000, true);
  const limits = { maxMembers: 1000, maxTotalBytes: 10_000_000, maxRatio: 100 };
  assert.equal(readCabinet(bytes, limits).members.length, 200);
  assert.throws(() => readCabinet(copies, limits), { code: 'FORMAT_OVER_LIMIT' });
});

test('the folder of an empty file may say what it likes', () => {
  assert.deepEqual(
    extractAll(readCabinet(fixture('empty-file-one-block-at-eof.cab'))),
    new Map([['empty.txt', new Uint8Array()]]),
  );
});

test('names with folders that mean "here" are the names without them', () => {
  const cabinet = readCabinet(fixture('dotslash.cab'));
  assert.deepEqual([...extractAll(cabinet).keys()], ['a.txt', 'sub\\b.txt']);
  assert.equal(extractMember(cabinet, 'sub/b.txt').length, 55_000);
  assert.equal(extractMember(cabinet, '.\\SUB\\.\\b.txt').length, 55_000);
});

test('two names that differ by a folder that means "here" are one name twice', () => {
  const bytes = createCabinet(['xxb', 'b'].map((name) => ({ name, bytes: noise(10), modified })));
  const clash = patched(bytes, membersOf(bytes) + entryBytes, [...Buffer.from('./b')]);
  assert.throws(() => extractAll(readCabinet(clash)), { code: 'FORMAT_UNSAFE_NAME' });
});

function membersOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(16, true);
}

const rows: [string, Uint8Array, Record<string, number | string>][] = [
  [
    'a member in a folder that is not there',
    patched(apart, membersAt + 8, [9, 0]),
    { one: 'FORMAT_BAD_HEADER', two: 5000, three: 5000 },
  ],
  [
    'a member beyond its folder',
    patched(apart, membersAt + 4, [0, 0, 1, 0]),
    { one: 'FORMAT_BAD_HEADER', two: 5000, three: 5000 },
  ],
  [
    'a folder that begins in the tables',
    patched(apart, 36 + 8, [1, 0, 0, 0]),
    { one: 5000, two: 'FORMAT_BAD_HEADER', three: 5000 },
  ],
  [
    'a folder that claims blocks it has no room for',
    patched(apart, 36 + 16 + 4, [0xff, 0xff]),
    { one: 5000, two: 5000, three: 'FORMAT_TRUNCATED' },
  ],
  [
    'a file that is cut in its last folder',
    apart.subarray(0, apart.length - 100),
    { one: 5000, two: 5000, three: 'FORMAT_TRUNCATED' },
  ],
  [
    'a file that is cut in its second folder',
    apart.subarray(0, apart.length - 5200),
    { one: 5000, two: 'FORMAT_TRUNCATED', three: 'FORMAT_TRUNCATED' },
  ],
];
for (const [what, bytes, expected] of rows) {
  test(`${what} costs only its members, and the cabinet is refused where damage is not wanted`, () => {
    assert.deepEqual(outcome(keep(bytes)), expected);
    assert.throws(() => extractAll(readCabinet(bytes)), FormatError);
  });
}

test('members that share a part of their bytes cost the second of them', () => {
  const one = createCabinet(three, { compression: 'none' });
  const second = membersOf(one) + entryBytes + 'one'.length + 1;
  const bytes = patched(one, second + 4, [0, 1, 0, 0]);
  assert.deepEqual(outcome(keep(bytes)), { one: 5000, two: 'FORMAT_BAD_HEADER', three: 5000 });
});

test('a cabinet with any bytes changed, or cut anywhere, is read or refused, never anything else', () => {
  const change = fc.tuple(fc.nat({ max: apart.length - 1 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), fc.nat({ max: apart.length }), (changes, length) => {
      const mutant = new Uint8Array(apart);
      for (const [at, value] of changes) mutant[at] = value;
      let cabinet: Cabinet;
      try {
        cabinet = keep(mutant.subarray(0, length));
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
        return;
      }
      outcome(cabinet);
    }),
    { numRuns: 3000 },
  );
});
