import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromDosTime, toDosTime } from './dos-time.ts';
import {
  bytesSource,
  createCabinet,
  extractAll,
  extractMember,
  type NewMember,
  readCabinet,
  readCabinetFrom,
  writeCabinet,
} from './index.ts';
import { machineCode, noise, patched, prose } from './test/cabinet-lab.ts';

const modified = new Date('2024-05-06T07:08:10Z');
const members: NewMember[] = [
  { name: 'play.txt', bytes: prose(250_000), modified },
  { name: 'empty.bin', bytes: new Uint8Array(), modified: new Date('1999-12-31T23:59:58Z'), attributes: 0x27 },
  { name: 'acts/Ünï.txt', bytes: noise(40_000), modified },
  { name: 'acts/run.exe', bytes: machineCode(100_000), modified, attributes: 0x60 },
];

for (const compression of ['none', 'mszip', 'lzx'] as const) {
  test(`a ${compression} cabinet gives back names, times, attributes and bytes`, () => {
    const cabinet = readCabinet(createCabinet(members, { compression, folderBytes: 260_000 }));
    assert.deepEqual(
      cabinet.members.map(({ name, sizeBytes, modified, attributes }) => [
        name,
        sizeBytes,
        modified,
        attributes & 0x7f,
      ]),
      members.map(({ name, bytes, modified, attributes = 0x20 }) => [
        name.replace('/', '\\'),
        bytes.length,
        modified,
        attributes,
      ]),
    );
    assert.equal(cabinet.folders.length, 2);
    const unpacked = extractAll(cabinet);
    for (const { name, bytes } of members) {
      assert.equal(Buffer.compare(unpacked.get(name.replace('/', '\\')) ?? Buffer.of(1), bytes), 0, name);
    }
    assert.equal(Buffer.compare(extractMember(cabinet, 'ACTS/üNÏ.TXT'), noise(40_000)), 0);
  });

  test(`the same members give the same ${compression} bytes, in memory or streamed, however the stream is cut`, async () => {
    const options = { compression, folderBytes: 260_000, reserve: { header: new Uint8Array(20), blockBytes: 2 } };
    const whole = createCabinet(members, options);
    assert.equal(Buffer.compare(createCabinet(members, options), whole), 0);
    for (const cut of [1000, 32_768, 70_001]) {
      const written = new Uint8Array(whole.length);
      const streamed = members.map(({ bytes, ...member }) => ({
        ...member,
        sizeBytes: bytes.length,
        isProgram: member.name.endsWith('.exe'),
        *open() {
          for (let at = 0; at < bytes.length; at += cut) yield bytes.slice(at, at + cut);
        },
      }));
      const sink = { write: async (offset: number, bytes: Uint8Array) => written.set(bytes, offset) };
      assert.equal(await writeCabinet(sink, streamed, options), whole.length);
      assert.equal(Buffer.compare(written, whole), 0, `cut at ${cut}`);
    }
  });
}

test('a streamed member that gives more or fewer bytes than it announced is refused', async () => {
  for (const given of [9, 11]) {
    const member = { name: 'a', sizeBytes: 10, modified, open: () => [new Uint8Array(given)] };
    const sink = { write: async () => undefined };
    await assert.rejects(writeCabinet(sink, [member]), { code: 'FORMAT_BAD_DATA', member: 'a' });
  }
});

test('the reserve of the header is kept as it was given', () => {
  const header = noise(20);
  assert.deepEqual(readCabinet(createCabinet(members, { reserve: { header } })).reserve, header);
});

test('what lies behind a cabinet, such as a signature, does not disturb it', () => {
  const bytes = Buffer.concat([createCabinet(members), noise(5000)]);
  assert.equal(readCabinet(bytes).sizeBytes, bytes.length - 5000);
  assert.equal(Buffer.compare(extractMember(readCabinet(bytes), 'play.txt'), prose(250_000)), 0);
});

test('names that are not UTF-8 are read in the code page that is said, windows-1252 unless said', () => {
  const bytes = createCabinet([{ name: 'ab.txt', bytes: noise(5), modified }]);
  const nameAt = Buffer.from(bytes).indexOf('ab.txt');
  const legacy = patched(bytes, nameAt, [0x83, 0x65]);
  assert.equal(readCabinet(legacy).members[0]?.name, 'ƒe.txt');
  const japanese = readCabinetFrom(bytesSource(legacy), { legacyEncoding: 'shift_jis' });
  assert.equal(japanese.members[0]?.name, 'テ.txt');
});

test('a stored member is read without reading what lies before it, so damage there does not matter', () => {
  const bytes = createCabinet(
    ['first', 'last'].map((name, index) => ({ name, bytes: noise(100_000, index + 1), modified })),
    { compression: 'none' },
  );
  const cabinet = readCabinet(patched(bytes, bytes.length - 190_000, [1, 2, 3]));
  assert.equal(Buffer.compare(extractMember(cabinet, 'last'), noise(100_000, 2)), 0);
  assert.throws(() => extractMember(cabinet, 'first'), { code: 'FORMAT_BAD_CHECKSUM', member: 'first' });
});

test('DOS times give back every even second they can hold, and only dates of the calendar', () => {
  const span = { min: new Date('1980-01-01T00:00:00Z'), max: new Date('2107-12-31T23:59:58Z'), noInvalidDate: true };
  fc.assert(
    fc.property(fc.date(span), (moment) => {
      const even = new Date(Math.floor(moment.getTime() / 2000) * 2000);
      const { date, time } = toDosTime(even);
      assert.deepEqual(fromDosTime(date, time), even);
    }),
  );
  assert.equal(fromDosTime(0, 0), undefined);
  assert.equal(fromDosTime((44 << 9) | (2 << 5) | 31, 0), undefined);
  assert.deepEqual(toDosTime(new Date('1970-01-01')), toDosTime(new Date('1980-01-01')));
});
