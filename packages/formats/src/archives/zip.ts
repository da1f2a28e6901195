// ZIP archives (APPNOTE 6.3): deflate, sizes behind each file, because they are known only when it is packed.
import { pipeline } from 'node:stream';
import { crc32, createDeflateRaw } from 'node:zlib';
import { FormatError } from '../errors.ts';
import { type ArchivedFile, bytesOf } from './entry.ts';

/** 2020-01-01 00:00 as MS-DOS writes it. */
const dosDate = ((2020 - 1980) << 9) | (1 << 5) | 1;
/** Sizes behind the file, names in UTF-8. */
const flags = 0x0808;
const maxBytes = 0xffff_ffff;

interface Packed {
  name: Buffer;
  isExecutable: boolean;
  crc: number;
  sizeBytes: number;
  packedBytes: number;
  offset: number;
}

/** The bytes of the archive. Throws FORMAT_UNSUPPORTED beyond 4 GiB: ZIP64 is not written. */
export async function* encodeZip(files: Iterable<ArchivedFile>, level: number): AsyncGenerator<Uint8Array> {
  const directory: Packed[] = [];
  let offset = 0;
  for (const file of files) {
    const packed: Packed = {
      ...{ name: Buffer.from(file.name), isExecutable: file.isExecutable },
      ...{ crc: 0, sizeBytes: file.sizeBytes, packedBytes: 0, offset },
    };
    const header = localHeader(packed);
    yield header;
    for await (const piece of deflated(file, level, packed)) {
      packed.packedBytes += piece.length;
      yield piece;
    }
    const behind = descriptor(packed);
    yield behind;
    offset += header.length + packed.packedBytes + behind.length;
    if (offset > maxBytes || packed.sizeBytes > maxBytes)
      throw new FormatError('FORMAT_UNSUPPORTED', `${file.name} does not fit into a ZIP archive of 4 GiB.`);
    directory.push(packed);
  }
  const listed = Buffer.concat(directory.map(centralHeader));
  yield listed;
  yield endOf(directory.length, listed.length, offset);
}

function deflated(file: ArchivedFile, level: number, packed: Packed): AsyncIterable<Uint8Array> {
  async function* seen() {
    for await (const piece of bytesOf(file)) {
      packed.crc = crc32(piece, packed.crc);
      yield piece;
    }
  }
  const deflate = createDeflateRaw({ level });
  // An error of the file ends the stream with it: whoever reads the stream meets it.
  return pipeline(seen, deflate, () => undefined);
}

function localHeader({ name }: Packed): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  common(header, 6);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

/** Flags, method, time and date. */
function common(header: Buffer, at: number): void {
  header.writeUInt16LE(flags, at);
  header.writeUInt16LE(8, at + 2);
  header.writeUInt16LE(dosDate, at + 6);
}

function descriptor({ crc, packedBytes, sizeBytes }: Packed): Buffer {
  const behind = Buffer.alloc(16);
  behind.writeUInt32LE(0x08074b50, 0);
  behind.writeUInt32LE(crc, 4);
  behind.writeUInt32LE(packedBytes, 8);
  behind.writeUInt32LE(sizeBytes, 12);
  return behind;
}

function centralHeader({ name, isExecutable, crc, packedBytes, sizeBytes, offset }: Packed): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  // Made on Unix: what unpacks there sees who may run a file.
  header.writeUInt16LE((3 << 8) | 20, 4);
  header.writeUInt16LE(20, 6);
  common(header, 8);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(packedBytes, 20);
  header.writeUInt32LE(sizeBytes, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt32LE(((isExecutable ? 0o100755 : 0o100644) << 16) >>> 0, 38);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, name]);
}

function endOf(count: number, listedBytes: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(listedBytes, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}
