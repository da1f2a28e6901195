// Compound files made from the specification (MS-CFB), of any shape, honest or not: tests spoil them afterwards.

export interface NewEntry {
  name: string;
  content?: Uint8Array;
  children?: NewEntry[];
  classId?: Uint8Array;
}

export interface BuiltFile {
  bytes: Uint8Array;
  sectorBytes: number;
  /** First sectors, for those who want to spoil them. */
  fatAt: number;
  directoryAt: number;
}

const [endOfChain, fatMark, difatMark, none] = [0xfffffffe, 0xfffffffd, 0xfffffffc, 0xffffffff];

/** Class id of Windows Installer packages. */
export const packageClassId = Buffer.from('84100c0000000000c000000000000046', 'hex');

export function buildCompoundFile(
  children: NewEntry[],
  { version = 3, classId = packageClassId }: { version?: 3 | 4; classId?: Uint8Array } = {},
): BuiltFile {
  const sectorBytes = version === 3 ? 512 : 4096;
  const sectors: Buffer[] = [];
  const next: number[] = [];
  const append = (content: Uint8Array): number => {
    if (content.length === 0) return endOfChain;
    const first = sectors.length;
    for (let at = 0; at < content.length; at += sectorBytes) {
      const sector = Buffer.alloc(sectorBytes);
      sector.set(content.subarray(at, at + sectorBytes));
      sectors.push(sector);
      next.push(at + sectorBytes < content.length ? sectors.length : endOfChain);
    }
    return first;
  };
  const mini: Buffer[] = [];
  const miniNext: number[] = [];
  const appendMini = (content: Uint8Array): number => {
    const first = mini.length;
    for (let at = 0; at < content.length; at += 64) {
      const piece = Buffer.alloc(64);
      piece.set(content.subarray(at, at + 64));
      mini.push(piece);
      miniNext.push(at + 64 < content.length ? mini.length : endOfChain);
    }
    return content.length === 0 ? endOfChain : first;
  };

  const directory: Buffer[] = [];
  const add = ({ name, content, children: inner, classId: id }: NewEntry, type: number): number => {
    const entry = Buffer.alloc(128);
    const at = directory.push(entry) - 1;
    const written = Buffer.from(name, 'utf16le');
    entry.set(written);
    entry.writeUInt16LE(written.length + 2, 64);
    entry[66] = type;
    entry[67] = 1;
    for (const field of [68, 72, 76]) entry.writeUInt32LE(none, field);
    if (id) entry.set(id, 80);
    const size = content?.length ?? 0;
    entry.writeUInt32LE(size, 120);
    if (content) entry.writeUInt32LE(size < 4096 ? appendMini(content) : append(content), 116);
    let before: number | undefined;
    for (const child of inner ?? []) {
      const number = add(child, child.children ? 1 : 2);
      if (before === undefined) entry.writeUInt32LE(number, 76);
      else directory[before]?.writeUInt32LE(number, 72);
      before = number;
    }
    return at;
  };
  add({ name: 'Root Entry', children, classId }, 5);
  const root = directory[0] as Buffer;
  root.writeUInt32LE(append(Buffer.concat(mini)), 116);
  root.writeUInt32LE(mini.length * 64, 120);
  const miniFat = append(numbers(miniNext, sectorBytes));
  while (directory.length % (sectorBytes / 128) !== 0) directory.push(unusedEntry());
  const directoryAt = append(Buffer.concat(directory));

  const perSector = sectorBytes / 4;
  let [fatCount, difatCount] = [0, 0];
  for (let grown = true; grown; ) {
    const wanted = Math.ceil((sectors.length + fatCount + difatCount) / perSector);
    const wantedDifat = Math.ceil(Math.max(0, wanted - 109) / (perSector - 1));
    grown = wanted !== fatCount || wantedDifat !== difatCount;
    [fatCount, difatCount] = [wanted, wantedDifat];
  }
  const fatAt = sectors.length;
  const difatAt = fatAt + fatCount;
  for (let at = 0; at < fatCount; at++) next.push(fatMark);
  for (let at = 0; at < difatCount; at++) next.push(difatMark);
  const fat = numbers(next, sectorBytes);
  const fatSectors = Array.from({ length: fatCount }, (_, at) => fatAt + at);
  const difat = Array.from({ length: difatCount }, (_, at) => {
    const sector = numbers(fatSectors.slice(109 + at * (perSector - 1), 109 + (at + 1) * (perSector - 1)), sectorBytes);
    sector.writeUInt32LE(at + 1 < difatCount ? difatAt + at + 1 : endOfChain, sectorBytes - 4);
    return sector;
  });

  const header = Buffer.alloc(sectorBytes);
  header.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
  header.writeUInt16LE(0x3e, 24);
  header.writeUInt16LE(version, 26);
  header.writeUInt16LE(0xfffe, 28);
  header.writeUInt16LE(version === 3 ? 9 : 12, 30);
  header.writeUInt16LE(6, 32);
  if (version === 4) header.writeUInt32LE((directory.length * 128) / sectorBytes, 40);
  header.writeUInt32LE(fatCount, 44);
  header.writeUInt32LE(directoryAt, 48);
  header.writeUInt32LE(4096, 56);
  header.writeUInt32LE(miniFat, 60);
  header.writeUInt32LE(miniFat === endOfChain ? 0 : Math.ceil((miniNext.length * 4) / sectorBytes), 64);
  header.writeUInt32LE(difatCount > 0 ? difatAt : endOfChain, 68);
  header.writeUInt32LE(difatCount, 72);
  for (let at = 0; at < 109; at++) header.writeUInt32LE(fatSectors[at] ?? none, 76 + at * 4);
  const bytes = new Uint8Array(Buffer.concat([header, ...sectors, fat, ...difat]));
  return { bytes, sectorBytes, fatAt, directoryAt };
}

function unusedEntry(): Buffer {
  const entry = Buffer.alloc(128);
  for (const field of [68, 72, 76]) entry.writeUInt32LE(none, field);
  return entry;
}

/** Sector numbers as they lie in a table, filled up to whole sectors. */
function numbers(list: readonly number[], sectorBytes: number): Buffer {
  const table = Buffer.alloc(Math.ceil((list.length * 4) / sectorBytes) * sectorBytes, 0xff);
  for (const [at, value] of list.entries()) table.writeUInt32LE(value, at * 4);
  return table;
}
