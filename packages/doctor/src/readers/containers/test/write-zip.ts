// Zip archives for tests, honest ones and those that lie.
import { crc32, deflateRawSync } from 'node:zlib';

export interface NewEntry {
  name: string;
  bytes: Uint8Array | string;
  /** 0 stored, 8 deflated (the default), or what is written there without being done. */
  method?: number;
  /** Bit 0: encrypted. */
  flags?: number;
  /** What the directory claims, where it is not so. */
  claimedBytes?: number;
}

export function writeZip(entries: readonly NewEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, method = 8, flags = 0, claimedBytes } of entries) {
    const raw = Buffer.from(bytes as Uint8Array);
    const packed = method === 8 ? deflateRawSync(raw) : raw;
    const title = Buffer.from(name, 'utf8');
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x800 | flags, 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc32(raw), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(claimedBytes ?? raw.length, 18);
    fields.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), fields, title, packed]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(offset, 10);
    const head = Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\0', 'latin1'), fields]);
    directory.push(head, central, title);
    parts.push(local);
    offset += local.length;
  }
  const table = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(entries.length & 0xffff, 8);
  end.writeUInt16LE(entries.length & 0xffff, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, table, end]);
}
