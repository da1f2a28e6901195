// Cabinets from people who mean harm: always an answer or a FormatError with code and offset, with little work and
// little memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { FormatError, type FormatErrorCode } from '../errors.ts';
import { toPathSegments } from '../paths/index.ts';
import { type CabinetMember, createCabinet, extractAll, extractMember, MemberReader, readCabinet } from './index.ts';
import { cabinetOfBlocks, libmspackSample, noise, patched, prose } from './test/cabinet-lab.ts';

const modified = new Date('2024-05-06T07:08:10Z');
const small = [
  { name: 'one.txt', bytes: prose(3000), modified },
  { name: 'two.bin', bytes: noise(300), modified },
];
const samples: Record<string, Uint8Array> = {
  none: createCabinet(small, { compression: 'none', reserve: { header: new Uint8Array(20), blockBytes: 3 } }),
  mszip: createCabinet(small, { compression: 'mszip', folderBytes: 3000 }),
  lzx: createCabinet(small, { compression: 'lzx' }),
  foreign: libmspackSample('mszip_lzx_qtm.cab'),
};

for (const [kind, bytes] of Object.entries(samples)) {
  test(`every truncation of a good ${kind} cabinet is refused with code and offset`, () => {
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(
        () => extractAll(readCabinet(bytes.subarray(0, length))),
        (error) => isFormatError(error) && error.offset <= length,
        `${length} of ${bytes.length} bytes`,
      );
    }
  });

  test(`a ${kind} cabinet with any bytes changed is read or refused, never anything else`, () => {
    const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const mutant = new Uint8Array(bytes);
        for (const [at, value] of changes) mutant[at] = value;
        try {
          const cabinet = readCabinet(mutant);
          const reader = new MemberReader(cabinet);
          for (const member of cabinet.members) for (const _piece of reader.read(member)) assert.ok(_piece.length > 0);
        } catch (error) {
          assert.ok(isFormatError(error), String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
}

for (const compression of ['none', 'mszip'] as const) {
  test(`damage in a ${compression} folder is named by member and offset; members that do not need it still read`, () => {
    const parts = [noise(32_768), noise(32_768, 2), noise(40_000, 3), noise(10, 4)];
    const names = ['before', 'damaged', 'after', 'last'];
    const bytes = createCabinet(
      parts.map((part, index) => ({ name: names[index] ?? '', bytes: part, modified })),
      { compression },
    );
    const firstBlock = new DataView(bytes.buffer).getUint32(36, true);
    const secondBlock = firstBlock + 8 + new DataView(bytes.buffer).getUint16(firstBlock + 4, true);
    const cabinet = readCabinet(patched(bytes, secondBlock + 100, [1, 2, 3]));
    const reader = new MemberReader(cabinet);
    // Stored blocks stand alone; MSZIP blocks need all before them.
    const lost = compression === 'none' ? ['damaged'] : ['damaged', 'after', 'last'];
    for (const name of ['damaged', 'after', 'last', 'before', 'damaged', 'last']) {
      const member = cabinet.members[names.indexOf(name)];
      assert.ok(member);
      if (lost.includes(name)) {
        const expected = { code: 'FORMAT_BAD_CHECKSUM', member: name, offset: secondBlock };
        assert.throws(() => readWhole(reader, member), expected);
      } else {
        assert.equal(Buffer.compare(readWhole(reader, member), parts[names.indexOf(name)] ?? Buffer.of()), 0, name);
      }
    }
  });
}

test('members read in any order, each as it is', () => {
  const many = Array.from({ length: 20 }, (_, index) => ({
    name: `m${index}`,
    bytes: prose(7000 + index * 1000, index + 1),
    modified,
  }));
  for (const compression of ['none', 'mszip', 'lzx'] as const) {
    const cabinet = readCabinet(createCabinet(many, { compression, folderBytes: 100_000 }));
    const reader = new MemberReader(cabinet);
    for (const index of [19, 3, 3, 4, 0, 12, 11, 18, 1]) {
      const member = cabinet.members[index];
      assert.ok(member);
      const read = readWhole(reader, member);
      assert.equal(Buffer.compare(read, many[index]?.bytes ?? Buffer.of()), 0, `${compression} m${index}`);
    }
  }
});

test('a few bytes that claim gigabytes are refused before any memory is taken', () => {
  const one = createCabinet([{ name: 'a', bytes: prose(100), modified }]);
  const folderAt = 36;
  const memberAt = folderAt + 8;
  // cCFData, then cbFile of nearly 2 GB.
  const claims = patched(patched(one, folderAt + 4, [0xff, 0xff]), memberAt, [0, 0, 0xff, 0x7f]);
  refuses(() => readCabinet(claims), 'FORMAT_TRUNCATED');
  refuses(() => readCabinet(patched(one, memberAt, [0, 0, 0xff, 0x7f])), 'FORMAT_BAD_HEADER');
});

test('a bomb is refused by size and by ratio', () => {
  const bomb = createCabinet([{ name: 'zeros', bytes: new Uint8Array(20_000_000), modified }]);
  const limits = { maxMembers: 10, maxTotalBytes: 30_000_000, maxRatio: 2000 };
  assert.equal(readCabinet(bomb, limits).members.length, 1);
  refuses(() => readCabinet(bomb, { ...limits, maxTotalBytes: 19_999_999 }), 'FORMAT_OVER_LIMIT');
  refuses(() => readCabinet(bomb, { ...limits, maxRatio: 100 }), 'FORMAT_OVER_LIMIT');
  refuses(() => readCabinet(samples.none ?? bomb, { ...limits, maxMembers: 1 }), 'FORMAT_OVER_LIMIT');
});

test('an MSZIP block that goes on and on is stopped at the size it was given', () => {
  const packed = Buffer.concat([Buffer.from('CK'), deflateRawSync(new Uint8Array(60_000_000))]).subarray(0, 65_535);
  for (const sizeBytes of [1, 100, 32_768]) {
    const bytes = cabinetOfBlocks({ name: 'zeros', sizeBytes }, 1, [{ packed, sizeBytes }]);
    refuses(() => extractMember(readCabinet(bytes), 'zeros'), 'FORMAT_BAD_DATA');
  }
});

test('blocks without a size do not go round for ever', () => {
  const empty = { packed: new Uint8Array(), sizeBytes: 0 };
  const bytes = cabinetOfBlocks({ name: 'a', sizeBytes: 5 }, 1, Array(1000).fill(empty));
  refuses(() => extractMember(readCabinet(bytes), 'a'), 'FORMAT_BAD_DATA');
});

test('folders that share their data are refused, and so are members that share theirs', () => {
  const two = createCabinet(small, { compression: 'none', folderBytes: 3000 });
  const view = new DataView(two.buffer);
  const secondFolder = 36 + 8;
  const shared = patched(two, secondFolder, [...two.subarray(36, 40)]);
  refuses(() => readCabinet(shared), 'FORMAT_BAD_HEADER');
  // Half-way into the first folder's block: then the first folder runs into the second.
  const into = view.getUint32(36, true) + 1000;
  const overlapping = patched(two, secondFolder, [into & 0xff, into >> 8, 0, 0]);
  refuses(() => extractAll(readCabinet(overlapping)), 'FORMAT_TRUNCATED');
  const one = createCabinet(small, { compression: 'none' });
  const secondMember = 36 + 8 + 16 + 'one.txt'.length + 1;
  refuses(() => readCabinet(patched(one, secondMember + 4, [0, 0, 0, 0])), 'FORMAT_BAD_HEADER');
});

test('a folder packed by an unknown method costs its own members only', () => {
  const bytes = createCabinet(small, { compression: 'none', folderBytes: 3000 });
  const secondFolder = 36 + 8;
  const dataAt = new DataView(bytes.buffer).getUint32(secondFolder, true);
  const cabinet = readCabinet(patched(bytes, secondFolder + 6, [4]));
  const expected = { code: 'FORMAT_UNSUPPORTED', member: 'two.bin', offset: dataAt };
  assert.throws(() => extractMember(cabinet, 'two.bin'), expected);
  assert.equal(Buffer.compare(extractMember(cabinet, 'one.txt'), small[0]?.bytes ?? Buffer.of()), 0);
});

test('folders whose data lie over the tables are refused', () => {
  const one = createCabinet(small);
  for (const place of [0, 36, 50]) {
    refuses(() => readCabinet(patched(one, 36, [place, 0, 0, 0])), 'FORMAT_BAD_HEADER');
  }
});

const unsafeNames = [
  '..\\up.txt',
  'a\\..\\..\\up.txt',
  '../up.txt',
  '..',
  '. .',
  '\\root.txt',
  '/root.txt',
  '\\\\server\\share\\x',
  'C:\\windows\\x.txt',
  'c:x.txt',
  'file.txt:stream',
  'CON',
  'sub\\nul.txt',
  'aux .log',
  'COM1',
  'lpt9.x',
  'com¹',
  'conin$',
  'a\\\\b',
  'a\\',
  'tab\there',
  'new\nline',
  'esc\x1b[2J',
  'setup.exe.',
  'sub. .\\x',
  'x ',
];
for (const name of unsafeNames) {
  test(`the name ${JSON.stringify(name)} may not be written`, () => {
    refuses(() => toPathSegments(name), 'FORMAT_UNSAFE_NAME');
    refuses(() => createCabinet([{ name, bytes: noise(1), modified }]), 'FORMAT_UNSAFE_NAME');
  });
}

for (const name of ['a.b.txt', 'console.log', 'com10', 'sub/.hidden', '..a', 'nul-and-void', 'ünï', "it's (1).txt"]) {
  test(`the name ${JSON.stringify(name)} may be written`, () => {
    assert.deepEqual(toPathSegments(name), name.split('/'));
  });
}

test('names that are one file to some file systems do not go together', () => {
  for (const [first, second] of [
    ['a.txt', 'A.TXT'],
    ['dir/é', 'DIR\\E\u0301'],
  ] as const) {
    const pair = [first, second].map((name) => ({ name, bytes: noise(1), modified }));
    refuses(() => createCabinet(pair), 'FORMAT_UNSAFE_NAME');
  }
  const two = createCabinet([
    { name: 'a.txt', bytes: noise(1), modified },
    { name: 'b.txt', bytes: noise(1), modified },
  ]);
  refuses(
    () => extractAll(readCabinet(patched(two, two.indexOf('b'.charCodeAt(0), 60), [0x41]))),
    'FORMAT_UNSAFE_NAME',
  );
});

/** Pieces are copied one by one: each is overwritten by the next. */
function readWhole(reader: MemberReader, member: CabinetMember): Buffer {
  const pieces: Buffer[] = [];
  for (const piece of reader.read(member)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

function refuses(work: () => unknown, code: FormatErrorCode): void {
  assert.throws(work, (error) => {
    assert.ok(isFormatError(error), String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

function isFormatError(error: unknown): error is FormatError {
  return error instanceof FormatError && Number.isSafeInteger(error.offset) && error.offset >= 0;
}
