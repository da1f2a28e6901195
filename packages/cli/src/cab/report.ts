// The output of `moult cab`: one document for programs, lines for people. A complaint always names file, member and offset.

import { FormatError } from '@moult/formats';
import type { Cabinet, CabinetMember, Compression } from '@moult/formats/cab';
import { counted, visibleText } from '@moult/formats/text';
import { paint } from '../terminal.ts';
import type { OpenedCabinet } from './open-cabinets.ts';

export interface Complaint {
  file: string;
  code: string;
  message: string;
  member?: string;
  offset?: number;
}

/** An error as a complaint about `file`. Errors of the system (disk full, no permission) keep their own code. */
export function toComplaint(file: string, error: unknown, member?: string): Complaint {
  const message = error instanceof Error ? error.message : String(error);
  const about = error instanceof FormatError ? (error.member ?? member) : member;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'CLI_INTERNAL';
  const complaint: Complaint = { file, code, message };
  if (about !== undefined) complaint.member = about;
  if (error instanceof FormatError) complaint.offset = error.offset;
  return complaint;
}

export function printComplaint({ file, code, message, member, offset }: Complaint): void {
  const place = [
    member === undefined ? '' : `, member ${JSON.stringify(member)}`,
    offset === undefined ? '' : `, offset ${offset}`,
  ];
  const text = visibleText(`${file}${place.join('')}: ${message}`);
  console.error(`${paint(['red', 'bold'], `moult: ${code}:`, process.stderr)} ${text}`);
}

/** A cabinet's listing, as JSON has it. Times are the maker's local time, without a zone. */
export function describeCabinet({ file, files, offset, cabinet, missing }: OpenedCabinet): object {
  const { sizeBytes, setId, setIndex, previous, next, reserve, folders, members } = cabinet;
  return {
    file,
    files,
    offset,
    sizeBytes,
    setId,
    setIndex,
    previous: previous?.cabinet,
    next: next?.cabinet,
    missing,
    reserveBytes: reserve.length,
    folders: folders.map(({ compression, parts }) => ({
      ...compression,
      blocks: parts.reduce((sum, { blockCount }) => sum + blockCount, 0),
    })),
    members: members.map((member) => ({
      name: member.name,
      sizeBytes: member.sizeBytes,
      modified: wallTime(member),
      attributes: member.attributes,
      folder: member.folder,
      compression: nameCompression(cabinet.folders[member.folder]?.compression),
    })),
  };
}

export function printListing({ file, files, offset, cabinet }: OpenedCabinet): void {
  const place = offset > 0 ? ` at offset ${offset}` : '';
  const set = files.length > 1 ? ` (${files.length} cabinets)` : '';
  console.log(paint('bold', `${file}${place}${set}`));
  console.log('        size  modified             attr   method    name');
  for (const member of cabinet.members) console.log(listLine(cabinet, member));
  const total = cabinet.members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  console.log(
    `${String(total).padStart(12)}  in ${counted(cabinet.members.length, 'member')}, packed in ${cabinet.sizeBytes} bytes\n`,
  );
}

function listLine(cabinet: Cabinet, member: CabinetMember): string {
  const flags = [
    [1, 'r'],
    [2, 'h'],
    [4, 's'],
    [0x20, 'a'],
    [0x40, 'x'],
  ] as const;
  const attributes = flags.map(([bit, letter]) => ((member.attributes & bit) !== 0 ? letter : '-')).join('');
  const method = nameCompression(cabinet.folders[member.folder]?.compression);
  const time = (wallTime(member) ?? '-').replace('T', ' ').padEnd(19);
  return `${String(member.sizeBytes).padStart(12)}  ${time}  ${attributes}  ${method.padEnd(8)}  ${visibleText(member.name)}`;
}

function nameCompression(compression: Compression | undefined): string {
  if (!compression) return 'none';
  if (compression.method === 'unknown') return `unknown:${compression.number}`;
  return 'windowBits' in compression ? `${compression.method}:${compression.windowBits}` : compression.method;
}

function wallTime({ modified }: CabinetMember): string | undefined {
  return modified?.toISOString().slice(0, 19);
}
