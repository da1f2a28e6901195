// A cabinet as a value: the checked contents of its headers (MS-CAB 2.1 to 2.4), before anything is unpacked.

import { defaultCabinetLimits } from '../bounds.ts';
import { ByteReader } from '../bytes.ts';
import { FormatError } from '../errors.ts';
import { fromDosTime } from './dos-time.ts';
import { type CabinetHeader, readCabinetHeader } from './header.ts';
import { type CabinetLimits, checkClaims } from './limits.ts';
import { decodeName, maxNameBytes } from './names.ts';
import { type ByteSource, bytesSource } from './source.ts';

export type Compression =
  | { method: 'none' }
  | { method: 'mszip' }
  | { method: 'quantum'; level: number; windowBits: number }
  | { method: 'lzx'; windowBits: number }
  /** One that no document describes: its members are refused, those of other folders are not. */
  | { method: 'unknown'; number: number };

export interface CabinetMember {
  /** As stored, with backslashes between folders. Not safe as a path: see toPathSegments. */
  name: string;
  sizeBytes: number;
  /** DOS local time read as UTC. Undefined for a date that does not exist. */
  modified: Date | undefined;
  /** MS-CAB 2.4: 1 read-only, 2 hidden, 4 system, 0x20 archive, 0x40 run after extraction, 0x80 name is UTF-8. */
  attributes: number;
  /** Index in the cabinet's folders. */
  folder: number;
  /** The offset of its entry in its file. */
  entryOffset: number;
  /** The offset of the member in its unpacked folder. */
  folderOffset: number;
  /** Whether its bytes began in the cabinet before this one or end in the one after, in a spanned set. */
  continues: { fromPrevious: boolean; toNext: boolean };
  /** Why it cannot be read, though others can: its place cannot be. Only of a cabinet that was opened as `damaged`. */
  fault?: FormatError;
}

/** The blocks of one folder that lie in one cabinet file. */
export interface FolderPart {
  source: ByteSource;
  /** The offset of the source in its file, for errors. */
  baseOffset: number;
  firstBlock: number;
  blockCount: number;
  blockReserve: number;
  /** No block may reach beyond this offset. */
  end: number;
}

export interface CabinetFolder {
  compression: Compression;
  /** Whether its first bytes lie in a cabinet of the set that was not given. */
  beginsEarlier: boolean;
  parts: FolderPart[];
  reserve: Uint8Array;
  /** Why none of its members can be read. Only of a cabinet that was opened as `damaged`. */
  fault?: FormatError;
}

export interface NeighbourCabinet {
  cabinet: string;
  disk: string;
}

export interface Cabinet {
  /** Size by its own header. In a file, an Authenticode signature may lie behind it. */
  sizeBytes: number;
  setId: number;
  /** Place in a spanned set, from 0. */
  setIndex: number;
  previous: NeighbourCabinet | undefined;
  next: NeighbourCabinet | undefined;
  /** The header's reserved area. In a signed cabinet it says where the signature lies. */
  reserve: Uint8Array;
  folders: CabinetFolder[];
  members: CabinetMember[];
  /** The file ends before the cabinet does. Only of a cabinet that was opened as `damaged`. */
  fault?: FormatError;
}

export interface ReadOptions {
  limits?: CabinetLimits;
  /** For names not marked as UTF-8. A WHATWG encoding label. Default windows-1252. */
  legacyEncoding?: string;
  /** The offset of the source in its file. Errors add it to their offsets. */
  baseOffset?: number;
  /**
   * `refuse` (the default): one lie in the tables, or a missing byte, refuses the cabinet. `keep`: it costs only the
   * members that it concerns, and is their `fault`.
   */
  damaged?: 'refuse' | 'keep';
}

/** Opens a cabinet held in memory. Throws FormatError (with offset) for anything malformed or over `limits`. */
export function readCabinet(bytes: Uint8Array, limits: CabinetLimits = defaultCabinetLimits): Cabinet {
  return readCabinetFrom(bytesSource(bytes), { limits });
}

/** Opens a cabinet wherever its bytes are. Reads only its headers. Throws FormatError as readCabinet does. */
export function readCabinetFrom(source: ByteSource, options: ReadOptions = {}): Cabinet {
  const { limits = defaultCabinetLimits, legacyEncoding = 'windows-1252', baseOffset = 0 } = options;
  const keepsDamaged = options.damaged === 'keep';
  const header = readCabinetHeader(source, baseOffset);
  if (header.truncated && !keepsDamaged) throw header.truncated;
  if (header.memberCount > limits.maxMembers) {
    const message = `The cabinet claims ${header.memberCount} members; the limit is ${limits.maxMembers}.`;
    throw new FormatError('FORMAT_OVER_LIMIT', message, { offset: baseOffset + 28 });
  }
  if (header.memberCount === 0) {
    throw new FormatError('FORMAT_BAD_HEADER', 'The cabinet has no members.', { offset: baseOffset + 28 });
  }
  const folders = readFolders(source, header, baseOffset);
  const { members, end } = readMembers(source, header, { baseOffset, legacyEncoding, folders, keepsDamaged });
  markFolderPlaces(folders, members, header, { end, baseOffset });
  const folderFault = folders.find(({ fault }) => fault)?.fault;
  if (folderFault && !keepsDamaged) throw folderFault;
  checkClaims(members.filter(isReadable(folders)), header.sizeBytes, limits);
  const { sizeBytes, setId, setIndex, previous, next, reserve, truncated } = header;
  const cabinet: Cabinet = { sizeBytes, setId, setIndex, previous, next, reserve, folders, members };
  return truncated ? { ...cabinet, fault: truncated } : cabinet;
}

/** Limits do not count members that are not read. */
function isReadable(folders: readonly CabinetFolder[]): (member: CabinetMember) => boolean {
  return ({ fault, folder }) => !fault && !folders[folder]?.fault;
}

function readFolders(source: ByteSource, header: CabinetHeader, baseOffset: number): CabinetFolder[] {
  const entryBytes = 8 + header.folderReserve;
  const table = source.read(header.foldersAt, header.folderCount * entryBytes);
  const reader = new ByteReader(table, baseOffset + header.foldersAt);
  const folders: CabinetFolder[] = [];
  for (let index = 0; index < header.folderCount; index++) {
    const firstBlock = reader.u32();
    const blockCount = reader.u16();
    const offset = reader.offset;
    const compression = toCompression(reader.u16(), offset);
    const reserve = new Uint8Array(reader.bytes(header.folderReserve));
    const { blockReserve, sizeBytes: end } = header;
    folders.push({
      compression,
      beginsEarlier: false,
      reserve,
      parts: [{ source, baseOffset, firstBlock, blockCount, blockReserve, end }],
    });
  }
  return folders;
}

/**
 * MS-CAB 2.2 typeCompress: method in the low four bits, Quantum's level in the next four, the window in the next five.
 */
function toCompression(typeCompress: number, offset: number): Compression {
  const windowBits = (typeCompress >> 8) & 0x1f;
  switch (typeCompress & 15) {
    case 0:
      return { method: 'none' };
    case 1:
      return { method: 'mszip' };
    case 2:
      return { method: 'quantum', level: (typeCompress >> 4) & 15, windowBits };
    case 3:
      if (windowBits >= 15 && windowBits <= 21) return { method: 'lzx', windowBits };
      throw new FormatError('FORMAT_BAD_HEADER', `An LZX window of ${windowBits} bits is not 15 to 21.`, { offset });
    default:
      return { method: 'unknown', number: typeCompress & 15 };
  }
}

interface MemberContext {
  baseOffset: number;
  legacyEncoding: string;
  folders: CabinetFolder[];
  keepsDamaged: boolean;
}

function readMembers(
  source: ByteSource,
  header: CabinetHeader,
  context: MemberContext,
): { members: CabinetMember[]; end: number } {
  const most = header.memberCount * (16 + maxNameBytes + 1);
  const table = source.read(header.membersAt, Math.min(most, header.sizeBytes - header.membersAt));
  const reader = new ByteReader(table, context.baseOffset + header.membersAt);
  const members: CabinetMember[] = [];
  for (let index = 0; index < header.memberCount; index++) members.push(readMember(reader, context));
  markPlaces(members, context.folders, context.baseOffset + header.membersAt);
  if (!context.keepsDamaged) refuseFaults(members);
  return { members, end: reader.offset - context.baseOffset };
}

function readMember(reader: ByteReader, { legacyEncoding, folders }: MemberContext): CabinetMember {
  const offset = reader.offset;
  const sizeBytes = reader.u32();
  const folderOffset = reader.u32();
  const folderField = reader.u16();
  const modified = fromDosTime(reader.u16(), reader.u16());
  const attributes = reader.u16();
  const name = decodeName(reader.untilNul(maxNameBytes), attributes, legacyEncoding);
  if (name === '') throw new FormatError('FORMAT_BAD_HEADER', 'A member has no name.', { offset });
  const { folder, continues } = toFolderIndex(folderField, folders.length);
  const member = { name, sizeBytes, modified, attributes, folder, entryOffset: offset, folderOffset, continues };
  const holder = folders[folder];
  if (holder) {
    if (continues.fromPrevious) holder.beginsEarlier = true;
    return member;
  }
  const message = `Folder ${folderField} does not exist; the cabinet has ${folders.length}.`;
  return { ...member, fault: new FormatError('FORMAT_BAD_HEADER', message, { offset, member: name }) };
}

/** MS-CAB 2.4 iFolder: three values say that a member spans cabinets, and so is in the first or last folder. */
function toFolderIndex(field: number, folderCount: number): Pick<CabinetMember, 'folder' | 'continues'> {
  const fromPrevious = field === 0xfffd || field === 0xffff;
  const toNext = field === 0xfffe || field === 0xffff;
  const folder = fromPrevious ? 0 : toNext ? folderCount - 1 : field;
  return { folder, continues: { fromPrevious, toNext } };
}

/**
 * A member must be within its folder. Two members must be beside each other or in the same place: makers store files
 * that are alike once (MakeCAB, WiX). A member in any other place gets its `fault`. No known maker lets members share a
 * part, but bombs do.
 */
export function markPlaces(members: readonly CabinetMember[], folders: readonly CabinetFolder[], offset: number): void {
  const rooms = folders.map(({ parts }) => parts.reduce((sum, { blockCount }) => sum + blockCount * 32768, 0));
  let before: CabinetMember | undefined;
  for (const member of members.filter(({ sizeBytes, fault }) => sizeBytes > 0 && !fault).sort(byPlace)) {
    const fault = (message: string): FormatError =>
      new FormatError('FORMAT_BAD_HEADER', message, { offset, member: member.name });
    const end = member.folderOffset + member.sizeBytes;
    const folder = folders[member.folder];
    const room = rooms[member.folder] ?? 0;
    if (end > room && !folder?.beginsEarlier && !member.continues.toNext) {
      const claim = `bytes ${member.folderOffset} to ${end} of a folder that holds at most ${room}`;
      member.fault = fault(`The member claims ${claim}.`);
    } else if (before && sharesPart(before, member)) {
      member.fault = fault(`The member shares bytes with ${JSON.stringify(before.name)}.`);
    } else before = member;
  }
}

/** Throws the first fault. */
export function refuseFaults(members: readonly CabinetMember[]): void {
  for (const { fault } of members) if (fault) throw fault;
}

function sharesPart(before: CabinetMember, member: CabinetMember): boolean {
  const overlaps = before.folder === member.folder && before.folderOffset + before.sizeBytes > member.folderOffset;
  return overlaps && !isSamePlace(before, member);
}

/** Whether two members are one and the same bytes, stored once. */
export function isSamePlace(a: CabinetMember, b: CabinetMember): boolean {
  return byPlace(a, b) === 0 && a.sizeBytes > 0;
}

/** The order in which members lie in their folders: the order to unpack them in. */
export function byPlace(a: CabinetMember, b: CabinetMember): number {
  return a.folder - b.folder || a.folderOffset - b.folderOffset || a.sizeBytes - b.sizeBytes;
}

/**
 * Each folder's blocks begin behind the tables, and end where the next folder begins. A folder that no byte is read of
 * may say what it likes: makers leave one behind for empty files.
 */
function markFolderPlaces(
  folders: readonly CabinetFolder[],
  members: readonly CabinetMember[],
  header: CabinetHeader,
  { end: tablesEnd, baseOffset }: { end: number; baseOffset: number },
): void {
  const isUsed = new Set(members.filter(({ sizeBytes }) => sizeBytes > 0).map(({ folder }) => folder));
  const places = folders
    .filter((_, index) => isUsed.has(index))
    .flatMap((folder) => folder.parts.map((part) => ({ folder, part })))
    .filter(({ part }) => part.blockCount > 0)
    .sort((a, b) => a.part.firstBlock - b.part.firstBlock);
  const headEnd = header.foldersAt + header.folderCount * (8 + header.folderReserve);
  for (const [index, { folder, part }] of places.entries()) {
    const next = places[index + 1]?.part;
    const isInTables =
      part.firstBlock < headEnd || (part.firstBlock >= header.membersAt && part.firstBlock < tablesEnd);
    if (isInTables || part.firstBlock >= header.sizeBytes || next?.firstBlock === part.firstBlock) {
      const message = `A folder's data begins at ${part.firstBlock}, where it cannot.`;
      folder.fault ??= new FormatError('FORMAT_BAD_HEADER', message, { offset: baseOffset + header.foldersAt });
      continue;
    }
    const isBeforeMembers = part.firstBlock < header.membersAt;
    part.end = Math.min(next?.firstBlock ?? header.sizeBytes, isBeforeMembers ? header.membersAt : header.sizeBytes);
    const leastBytes = part.blockCount * (8 + part.blockReserve);
    if (leastBytes > part.end - part.firstBlock) {
      const message = `A folder claims ${part.blockCount} data blocks in ${part.end - part.firstBlock} bytes.`;
      folder.fault ??= new FormatError('FORMAT_TRUNCATED', message, { offset: baseOffset + part.end });
    }
  }
}
