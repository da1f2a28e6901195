// CFHEADER (MS-CAB 2.1): the fixed part, the reserve sizes, and the neighbours of a spanned cabinet.
import { ByteReader } from '../bytes.ts';
import { FormatError } from '../errors.ts';
import type { NeighbourCabinet } from './cabinet.ts';
import { decodeName } from './names.ts';
import type { ByteSource } from './source.ts';

export interface CabinetHeader {
  sizeBytes: number;
  setId: number;
  setIndex: number;
  folderCount: number;
  memberCount: number;
  foldersAt: number;
  membersAt: number;
  reserve: Uint8Array;
  folderReserve: number;
  blockReserve: number;
  previous: NeighbourCabinet | undefined;
  next: NeighbourCabinet | undefined;
  /** FORMAT_TRUNCATED, when the file ends before the cabinet does. */
  truncated: FormatError | undefined;
}

/** 'MSCF', little-endian. */
export const cabinetMagic = 0x4643534d;

const flag = { previous: 1, next: 2, reserve: 4 } as const;
// Fixed part, reserve sizes, a full reserve, four strings: no header is longer.
const longestHeader = 36 + 4 + 65535 + 4 * 256;

/**
 * Reads and checks the header. Throws FORMAT_BAD_SIGNATURE_BYTES, FORMAT_TRUNCATED for a header that is cut,
 * FORMAT_BAD_HEADER, FORMAT_UNSUPPORTED. The bytes after the header may be cut: see `truncated`.
 */
export function readCabinetHeader(source: ByteSource, baseOffset: number): CabinetHeader {
  const reader = new ByteReader(source.read(0, longestHeader), baseOffset);
  if (source.sizeBytes < 4 || reader.u32() !== cabinetMagic) {
    throw new FormatError('FORMAT_BAD_SIGNATURE_BYTES', "This is not a cabinet: it does not begin with 'MSCF'.", {
      offset: baseOffset,
    });
  }
  reader.u32();
  const sizeBytes = reader.u32();
  reader.u32();
  const membersAt = reader.u32();
  reader.u32();
  const minor = reader.u8();
  const major = reader.u8();
  const [folderCount, memberCount, flags] = [reader.u16(), reader.u16(), reader.u16()];
  const [setId, setIndex] = [reader.u16(), reader.u16()];
  if (major !== 1) {
    const message = `Cabinets of version ${major}.${minor} are not known; 1.3 is.`;
    throw new FormatError('FORMAT_UNSUPPORTED', message, { offset: baseOffset + 24 });
  }
  const reserves = readReserves(reader, flags);
  const previous = (flags & flag.previous) !== 0 ? readNeighbour(reader) : undefined;
  const next = (flags & flag.next) !== 0 ? readNeighbour(reader) : undefined;
  const foldersAt = reader.offset - baseOffset;
  const tableEnd = foldersAt + folderCount * (8 + reserves.folderReserve);
  if (tableEnd > sizeBytes || membersAt > sizeBytes || membersAt < tableEnd) {
    const message = `The tables of the cabinet do not fit into its ${sizeBytes} bytes.`;
    throw new FormatError('FORMAT_BAD_HEADER', message, { offset: baseOffset + 16 });
  }
  const counts = { folderCount, memberCount, foldersAt, membersAt };
  const truncated = truncation(sizeBytes, source.sizeBytes, baseOffset);
  return { sizeBytes, setId, setIndex, ...counts, ...reserves, previous, next, truncated };
}

function truncation(sizeBytes: number, there: number, baseOffset: number): FormatError | undefined {
  if (sizeBytes <= there) return undefined;
  const message = `The cabinet is ${sizeBytes} bytes by its header, but only ${there} are there.`;
  return new FormatError('FORMAT_TRUNCATED', message, { offset: baseOffset + there });
}

function readReserves(
  reader: ByteReader,
  flags: number,
): Pick<CabinetHeader, 'reserve' | 'folderReserve' | 'blockReserve'> {
  if ((flags & flag.reserve) === 0) return { reserve: new Uint8Array(), folderReserve: 0, blockReserve: 0 };
  const [headerReserve, folderReserve, blockReserve] = [reader.u16(), reader.u8(), reader.u8()];
  return { reserve: new Uint8Array(reader.bytes(headerReserve)), folderReserve, blockReserve };
}

function readNeighbour(reader: ByteReader): NeighbourCabinet {
  const text = () => decodeName(reader.untilNul(255), 0, 'windows-1252');
  return { cabinet: text(), disk: text() };
}
