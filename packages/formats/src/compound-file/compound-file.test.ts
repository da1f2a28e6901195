import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FormatError } from '../errors.ts';
import { type CompoundStorage, readCompoundFile, streamBytes } from './index.ts';
import { type BuiltFile, buildCompoundFile, type NewEntry } from './test/build.ts';

const bytesOf = (length: number, seed: number) => Uint8Array.from({ length }, (_, at) => (at * 7 + seed) & 0xff);
const content: NewEntry[] = [
  { name: 'empty', content: new Uint8Array(0) },
  { name: 'tiny', content: bytesOf(1, 3) },
  { name: 'small', content: bytesOf(4095, 5) },
  { name: 'cutoff', content: bytesOf(4096, 7) },
  { name: 'large', content: bytesOf(70_001, 9) },
  {
    name: 'folder',
    children: [
      { name: 'inner', content: bytesOf(100, 11) },
      { name: 'deeper', children: [] },
    ],
  },
];

function flat(storage: CompoundStorage, path = ''): [string, number][] {
  return storage.children.flatMap((child): [string, number][] =>
    child.kind === 'storage' ? flat(child, `${path}${child.name}/`) : [[`${path}${child.name}`, child.sizeBytes]],
  );
}

describe('readCompoundFile', () => {
  for (const version of [3, 4] as const) {
    it(`reads every stream of a file of version ${version}`, () => {
      const { root, tail } = readCompoundFile(buildCompoundFile(content, { version }).bytes);
      assert.equal(tail.length, 0);
      const wanted = content.flatMap(({ name, content: own, children }) => [
        ...(own ? [[name, own.length]] : []),
        ...(children ?? []).flatMap((child) =>
          child.content ? [[`${name}/${child.name}`, child.content.length]] : [],
        ),
      ]);
      assert.deepEqual(flat(root).sort(), wanted.sort());
      for (const child of root.children) {
        const own = content.find(({ name }) => name === child.name)?.content;
        if (child.kind === 'stream' && own)
          assert.deepEqual(Buffer.from(streamBytes(child)), Buffer.from(own), child.name);
      }
    });
  }

  it('reads a file whose sector table needs sectors of its own', () => {
    const large = bytesOf(9_000_000, 1);
    const { root } = readCompoundFile(buildCompoundFile([{ name: 'large', content: large }]).bytes);
    const [stream] = root.children;
    assert.ok(stream?.kind === 'stream' && Buffer.from(large).equals(Buffer.from(streamBytes(stream))));
  });

  it('never reads outside of a file that is cut anywhere', () => {
    const { bytes } = buildCompoundFile(content);
    for (let length = 0; length < bytes.length; length += 97) refusedOrRead(bytes.subarray(0, length));
  });

  const spoil: [string, (file: BuiltFile) => void][] = [
    ['a chain that goes round', (file) => setNext(file, 0, 0)],
    ['a chain that leads to another one', (file) => setNext(file, 0, file.directoryAt)],
    ['a chain that leads out of the file', (file) => setNext(file, 0, 0x00ffffff)],
    ['a directory that goes round', (file) => setNext(file, file.directoryAt, file.directoryAt)],
    ['an entry that is its own sibling', (file) => viewOf(file).setUint32(entryAt(file, 1) + 72, 1, true)],
    ['an entry that is its own child', (file) => viewOf(file).setUint32(entryAt(file, 6) + 76, 6, true)],
    ['an entry that is not there', (file) => viewOf(file).setUint32(entryAt(file, 1) + 68, 100_000, true)],
    ['two streams with one chain', (file) => shareChains(file)],
    ['a stream larger than the file', (file) => viewOf(file).setUint32(entryAt(file, 5) + 120, 0x7fffffff, true)],
    ['a stream larger than its chain', (file) => viewOf(file).setUint32(entryAt(file, 5) + 120, 80_000, true)],
    ['a root larger than its chain', (file) => viewOf(file).setUint32(entryAt(file, 0) + 120, 60_000, true)],
    ['sectors of another size', (file) => viewOf(file).setUint16(30, 31, true)],
    ['another size for small streams', (file) => viewOf(file).setUint32(56, 0, true)],
    ['a name that is too long', (file) => viewOf(file).setUint16(entryAt(file, 1) + 64, 66, true)],
    ['a table of tables that goes round', (file) => viewOf(file).setUint32(68, 0, true)],
    ['an entry of an unknown type', (file) => viewOf(file).setUint8(entryAt(file, 1) + 66, 7)],
  ];
  for (const [what, change] of spoil) {
    it(`refuses ${what}`, () => {
      const file = buildCompoundFile(content);
      change(file);
      assert.throws(() => readCompoundFile(file.bytes), FormatError);
    });
  }

  it('takes time and memory by the size of the file, whatever its headers claim', () => {
    // Every number in it says something else; none of them may cost more than the 100 KB there are.
    const { bytes } = buildCompoundFile(content);
    const started = process.cpuUsage();
    for (let round = 0; round < 2000; round++) {
      const spoiled = Uint8Array.from(bytes);
      for (let at = 0; at < 8; at++) spoiled[(round * 7919 + at * 104_729) % spoiled.length] = (round * 31 + at) & 0xff;
      refusedOrRead(spoiled);
    }
    assert.ok(process.cpuUsage(started).user < 60_000_000);
  });

  it('refuses storages nested too deep', () => {
    let nested: NewEntry = { name: 'last', children: [] };
    for (let depth = 0; depth < 100; depth++) nested = { name: `d${depth}`, children: [nested] };
    assert.throws(() => readCompoundFile(buildCompoundFile([nested]).bytes), { code: 'FORMAT_OVER_LIMIT' });
  });

  it('gives what lies behind the last sector that belongs to anything', () => {
    const { bytes } = buildCompoundFile(content);
    const { tail } = readCompoundFile(Buffer.concat([bytes, Buffer.from('hidden')]));
    assert.equal(Buffer.from(tail).toString(), 'hidden');
  });
});

function refusedOrRead(bytes: Uint8Array): void {
  try {
    flat(readCompoundFile(bytes).root);
  } catch (error) {
    assert.ok(error instanceof FormatError, String(error));
  }
}

function viewOf({ bytes }: BuiltFile): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Entries lie in the order in which they were built: root, then each child with its own. */
function entryAt({ directoryAt, sectorBytes }: BuiltFile, number: number): number {
  return (directoryAt + 1) * sectorBytes + number * 128;
}

function setNext(file: BuiltFile, sector: number, next: number): void {
  viewOf(file).setUint32((file.fatAt + 1) * file.sectorBytes + sector * 4, next, true);
}

function shareChains(file: BuiltFile): void {
  const view = viewOf(file);
  view.setUint32(entryAt(file, 5) + 116, view.getUint32(entryAt(file, 4) + 116, true), true);
  view.setUint32(entryAt(file, 5) + 120, 4096, true);
}
