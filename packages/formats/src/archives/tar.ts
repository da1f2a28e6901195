// Tape archives as POSIX.1-1988 has them (ustar): what dpkg, GNU tar, bsdtar and busybox read alike.
import { FormatError } from '../errors.ts';
import { type ArchiveEntry, archiveTime, bytesOf } from './entry.ts';

const blockBytes = 512;
/** Eleven octal digits. */
const maxSizeBytes = 0o77777777777;

/** The bytes of the archive. Everything in it belongs to root. Throws FORMAT_UNSUPPORTED for a name or size that ustar has no room for. */
export async function* encodeTar(entries: Iterable<ArchiveEntry>): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    yield headerOf(entry);
    if (entry.kind !== 'file') continue;
    yield* bytesOf(entry);
    const rest = entry.sizeBytes % blockBytes;
    if (rest > 0) yield Buffer.alloc(blockBytes - rest);
  }
  yield Buffer.alloc(2 * blockBytes);
}

/**
 * The bytes of one file of an archive. Undefined when it is not there. It reads plain names only, as npm packs them. Throws
 * FORMAT_TRUNCATED and FORMAT_BAD_HEADER.
 */
export function tarMember(archive: Uint8Array, name: string): Uint8Array | undefined {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.length);
  for (let at = 0; at + blockBytes <= bytes.length && bytes[at] !== 0; ) {
    const size = Number.parseInt(textAt(bytes, at + 124, 12), 8);
    if (!(size >= 0))
      throw new FormatError('FORMAT_BAD_HEADER', 'The size of a tar member is not a number.', { offset: at });
    const begin = at + blockBytes;
    if (begin + size > bytes.length)
      throw new FormatError('FORMAT_TRUNCATED', 'The tar archive ends within a member.', { offset: at });
    const prefix = textAt(bytes, at + 345, 155);
    const found = (prefix === '' ? '' : `${prefix}/`) + textAt(bytes, at, 100);
    if (found === name) return bytes.subarray(begin, begin + size);
    at = begin + Math.ceil(size / blockBytes) * blockBytes;
  }
  return undefined;
}

const modes = { folder: 0o755, link: 0o777 } as const;
const types = { file: '0', link: '2', folder: '5' } as const;

function headerOf(entry: ArchiveEntry): Uint8Array {
  const { kind, name } = entry;
  const block = Buffer.alloc(blockBytes);
  const [short, prefix] = splitName(kind === 'folder' ? `${name.replace(/\/$/, '')}/` : name);
  const sizeBytes = kind === 'file' ? entry.sizeBytes : 0;
  if (sizeBytes > maxSizeBytes) throw unsupported(name, 'is too large');
  block.write(short, 0, 'utf8');
  octal(block, 100, 7, kind === 'file' ? (entry.isExecutable ? 0o755 : 0o644) : modes[kind]);
  octal(block, 108, 7, 0);
  octal(block, 116, 7, 0);
  octal(block, 124, 11, sizeBytes);
  octal(block, 136, 11, archiveTime.getTime() / 1000);
  block.fill(' ', 148, 156);
  block.write(types[kind], 156);
  if (kind === 'link') {
    if (Buffer.byteLength(entry.to) > 100) throw unsupported(name, 'leads to a name that is too long');
    block.write(entry.to, 157, 'utf8');
  }
  block.write('ustar\0', 257);
  block.write('00', 263);
  block.write('root', 265);
  block.write('root', 297);
  block.write(prefix, 345, 'utf8');
  block.write(`${sumOf(block).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** The part that fits into the name's field, and the part before it. */
function splitName(name: string): [short: string, prefix: string] {
  if (Buffer.byteLength(name) <= 100) return [name, ''];
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
    const [prefix, short] = [name.slice(0, at), name.slice(at + 1)];
    if (short !== '' && Buffer.byteLength(short) <= 100 && Buffer.byteLength(prefix) <= 155) return [short, prefix];
  }
  throw unsupported(name, 'is too long');
}

function octal(block: Buffer, at: number, digits: number, value: number): void {
  block.write(value.toString(8).padStart(digits, '0'), at);
}

function sumOf(block: Uint8Array): number {
  return block.reduce((sum, byte) => sum + byte, 0);
}

function textAt(bytes: Buffer, at: number, length: number): string {
  return bytes
    .toString('utf8', at, at + length)
    .replace(/\0.*$/s, '')
    .trim();
}

function unsupported(name: string, why: string): FormatError {
  return new FormatError('FORMAT_UNSUPPORTED', `${name} ${why} for a tar archive.`, { member: name });
}
