// Several files as one ZIP archive without compression (APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16).

interface ZipFile {
  /** With `/` between folders. */
  name: string;
  bytes: Uint8Array;
}

/** The archive. For files of a few megabytes: sizes have 32 bits. */
export function zipOf(files: readonly ZipFile[]): Uint8Array<ArrayBuffer> {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const path = new TextEncoder().encode(name);
    const facts = [
      version,
      utf8,
      stored,
      0,
      firstDay,
      ...words(crc32(bytes)),
      ...words(bytes.length),
      ...words(bytes.length),
    ];
    const head = joined([littleEndian16([...words(0x04034b50), ...facts, path.length, 0]), path]);
    local.push(head, bytes);
    const entry = [...words(0x02014b50), version, ...facts, path.length, 0, 0, 0, 0, 0, 0, ...words(offset)];
    central.push(littleEndian16(entry), path);
    offset += head.length + bytes.length;
  }
  const directory = joined(central);
  const { length } = files;
  const end = littleEndian16([
    ...words(0x06054b50),
    0,
    0,
    length,
    length,
    ...words(directory.length),
    ...words(offset),
    0,
  ]);
  return joined([...local, directory, end]);
}

const version = 20;
const utf8 = 0x0800;
const stored = 0;
/** 1980-01-01. */
const firstDay = 0x0021;

/** Little-endian: the low half first. */
function words(value: number): [number, number] {
  return [value & 0xffff, value >>> 16];
}

function littleEndian16(values: readonly number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(values.length * 2));
  values.forEach((value, at) => {
    bytes.setUint16(at * 2, value, true);
  });
  return new Uint8Array(bytes.buffer);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
