// Plans a new cabinet before any byte is packed: members sorted into folders, and the head that describes them. The
// size of the head is known at once. So the data can be streamed behind it and the head written last.
import { ByteWriter } from '../bytes.ts';
import { FormatError } from '../errors.ts';
import { collisionKey, toPathSegments } from '../paths/index.ts';
import { toDosTime } from './dos-time.ts';
import { blockBytes } from './folder-reader.ts';
import { cabinetMagic } from './header.ts';
import { encodeName } from './names.ts';

export interface PlannedMember {
  /** Folders with / or \. Stored with \. */
  name: string;
  sizeBytes: number;
  modified: Date;
  /** MS-CAB 2.4 attributes. Default 0x20, archive. */
  attributes?: number;
}

export interface CreateOptions {
  compression?: 'none' | 'mszip' | 'lzx';
  /** LZX window, 15 to 21. Default the smallest that holds the data. */
  windowBits?: number;
  /** zlib's 1 to 9 for MSZIP. Default 6. */
  level?: number;
  /**
   * A new folder begins when the one before has reached this many bytes. Members are not split. Default: one folder.
   */
  folderBytes?: number;
  /** Reserved areas. The header's is where a signature's place is written. */
  reserve?: { header?: Uint8Array; folderBytes?: number; blockBytes?: number };
  setId?: number;
}

export interface CabinetPlan<Member extends PlannedMember> {
  folders: { members: Member[]; sizeBytes: number; blockCount: number }[];
  typeCompress: number;
  headBytes: number;
  options: CreateOptions;
}

const maxFolderBytes = 65535 * blockBytes;
const compressionMethod = { none: 0, mszip: 1, lzx: 3 } as const;

/** Lays out a cabinet. Throws FORMAT_UNSAFE_NAME and FORMAT_OVER_LIMIT for what a cabinet cannot hold. */
export function planCabinet<Member extends PlannedMember>(
  members: readonly Member[],
  options: CreateOptions,
): CabinetPlan<Member> {
  if (members.length === 0) throw new FormatError('FORMAT_OVER_LIMIT', 'A cabinet holds at least one member.');
  if (members.length > 65535) throw new FormatError('FORMAT_OVER_LIMIT', 'A cabinet holds at most 65535 members.');
  checkNames(members);
  const folders = toFolders(members, Math.min(options.folderBytes ?? maxFolderBytes, maxFolderBytes));
  const largest = Math.max(...folders.map((folder) => folder.sizeBytes));
  const typeCompress = toTypeCompress(options, largest);
  const plan = { folders, typeCompress, headBytes: 0, options };
  const headBytes = encodeHead(
    plan,
    folders.map(() => 0),
    0,
  ).length;
  return { ...plan, headBytes };
}

/** The window of a plan's LZX folders, in bits. */
export function plannedWindowBits(plan: { typeCompress: number }): number {
  return plan.typeCompress >> 8;
}

/** CFHEADER, CFFOLDERs and CFFILEs, given where each folder's first block landed and how long the cabinet is. */
export function encodeHead(
  plan: CabinetPlan<PlannedMember>,
  firstBlocks: readonly number[],
  cabinetBytes: number,
): Uint8Array {
  if (cabinetBytes > 0xffffffff) throw new FormatError('FORMAT_OVER_LIMIT', 'A cabinet has at most 4 GB.');
  const { reserve = {}, setId = 0 } = plan.options;
  const headerReserve = reserve.header ?? new Uint8Array();
  const folderReserve = new Uint8Array(reserve.folderBytes ?? 0);
  const hasReserve = headerReserve.length + folderReserve.length + (reserve.blockBytes ?? 0) > 0;
  const memberCount = plan.folders.reduce((sum, folder) => sum + folder.members.length, 0);
  const fixedBytes = 36 + (hasReserve ? 4 + headerReserve.length : 0);
  const membersAt = fixedBytes + plan.folders.length * (8 + folderReserve.length);
  const writer = new ByteWriter(membersAt + memberCount * 64);
  writer.u32(cabinetMagic).u32(0).u32(cabinetBytes).u32(0).u32(membersAt).u32(0).u8(3).u8(1);
  writer
    .u16(plan.folders.length)
    .u16(memberCount)
    .u16(hasReserve ? 4 : 0)
    .u16(setId)
    .u16(0);
  if (hasReserve) {
    writer
      .u16(headerReserve.length)
      .u8(folderReserve.length)
      .u8(reserve.blockBytes ?? 0)
      .bytes(headerReserve);
  }
  for (const [index, folder] of plan.folders.entries()) {
    writer
      .u32(firstBlocks[index] ?? 0)
      .u16(folder.blockCount)
      .u16(plan.typeCompress)
      .bytes(folderReserve);
  }
  for (const [index, folder] of plan.folders.entries()) writeMembers(writer, folder.members, index);
  return writer.written();
}

function writeMembers(writer: ByteWriter, members: readonly PlannedMember[], folder: number): void {
  let folderOffset = 0;
  for (const member of members) {
    const { bytes, attribute } = encodeName(member.name);
    const { date, time } = toDosTime(member.modified);
    writer.u32(member.sizeBytes).u32(folderOffset).u16(folder).u16(date).u16(time);
    writer
      .u16(((member.attributes ?? 0x20) & 0x7f) | attribute)
      .bytes(bytes)
      .u8(0);
    folderOffset += member.sizeBytes;
  }
}

function toFolders<Member extends PlannedMember>(
  members: readonly Member[],
  folderBytes: number,
): CabinetPlan<Member>['folders'] {
  const folders: CabinetPlan<Member>['folders'] = [];
  for (const member of members) {
    if (member.sizeBytes > maxFolderBytes) {
      const message = `A member of a cabinet has at most ${maxFolderBytes} bytes; this one has ${member.sizeBytes}.`;
      throw new FormatError('FORMAT_OVER_LIMIT', message, { member: member.name });
    }
    let folder = folders.at(-1);
    if (!folder || (folder.sizeBytes > 0 && folder.sizeBytes + member.sizeBytes > folderBytes)) {
      folder = { members: [], sizeBytes: 0, blockCount: 0 };
      folders.push(folder);
    }
    folder.members.push(member);
    folder.sizeBytes += member.sizeBytes;
    folder.blockCount = Math.ceil(folder.sizeBytes / blockBytes);
  }
  if (folders.length > 0xfffc) throw new FormatError('FORMAT_OVER_LIMIT', 'A cabinet holds at most 65532 folders.');
  return folders;
}

function checkNames(members: readonly PlannedMember[]): void {
  const seen = new Set<string>();
  for (const { name } of members) {
    const key = collisionKey(toPathSegments(name));
    if (seen.has(key)) {
      const message = `Two members would be called ${JSON.stringify(name)}; letter case does not tell files apart.`;
      throw new FormatError('FORMAT_UNSAFE_NAME', message, { member: name });
    }
    seen.add(key);
  }
}

function toTypeCompress(options: CreateOptions, largestFolder: number): number {
  const method = options.compression ?? 'mszip';
  if (method !== 'lzx') return compressionMethod[method];
  const fitting = Math.min(21, Math.max(15, Math.ceil(Math.log2(Math.max(1, largestFolder)))));
  const windowBits = options.windowBits ?? fitting;
  if (!Number.isInteger(windowBits) || windowBits < 15 || windowBits > 21) {
    throw new FormatError('FORMAT_UNSUPPORTED', `An LZX window of ${windowBits} bits is not 15 to 21.`);
  }
  return compressionMethod.lzx | (windowBits << 8);
}
