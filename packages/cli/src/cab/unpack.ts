// Testing and extracting: every member read through, in the order in which the cabinet holds them. A damaged or refused
// member is reported and the rest goes on.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { byPlace, type CabinetMember, isSamePlace, MemberReader } from '@moult/formats/cab';
import type { ExtractionTarget } from './extraction-target.ts';
import type { OpenedCabinet } from './open-cabinets.ts';
import { type Progress, startProgress } from './progress.ts';
import { type Complaint, toComplaint } from './report.ts';

interface UnpackedMember {
  name: string;
  sizeBytes: number;
  /** The place that it was written to. Not for a test. */
  path?: string;
}

export interface Unpacked {
  file: string;
  offset: number;
  members: UnpackedMember[];
  complaints: Complaint[];
}

/** Reads all members. */
export async function testCabinet(opened: OpenedCabinet): Promise<Unpacked> {
  return passThrough(opened, 'testing', opened.cabinet.members, async (_member, pieces) => {
    for (const _piece of pieces) {
      // Reading is the test.
    }
    return undefined;
  });
}

/** Writes the members that `isWanted` to `target`. */
export async function extractCabinet(
  opened: OpenedCabinet,
  target: ExtractionTarget,
  isWanted: (name: string) => boolean,
): Promise<Unpacked> {
  const places = new Map<CabinetMember, string[]>();
  const refused: Complaint[] = [];
  for (const member of opened.cabinet.members) {
    if (!isWanted(member.name)) continue;
    try {
      places.set(member, target.reserve(member));
    } catch (error) {
      refused.push({ ...toComplaint(opened.file, error, member.name), offset: member.entryOffset });
    }
  }
  const result = await passThrough(opened, 'extracting', [...places.keys()], (member, pieces) =>
    target.write(member, places.get(member) ?? [], pieces),
  );
  return { ...result, complaints: [...refused, ...result.complaints] };
}

async function passThrough(
  { file, offset, cabinet }: OpenedCabinet,
  what: string,
  members: readonly CabinetMember[],
  take: (member: CabinetMember, pieces: Iterable<Uint8Array>) => Promise<string | undefined>,
): Promise<Unpacked> {
  const reader = new MemberReader(cabinet);
  const total = members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const progress = startProgress(`${what} ${file}`, total);
  const result: Unpacked = { file, offset, members: [], complaints: [] };
  if (cabinet.fault) result.complaints.push(toComplaint(file, cabinet.fault));
  let before: { member: CabinetMember; path: string } | undefined;
  for (const member of members.toSorted(byPlace)) {
    try {
      const isCopy = before !== undefined && isSamePlace(before.member, member);
      const pieces = isCopy && before ? piecesOfFile(before.path, member.sizeBytes) : reader.read(member);
      const path = await take(member, counted(pieces, progress));
      const { name, sizeBytes } = member;
      result.members.push(path === undefined ? { name, sizeBytes } : { name, sizeBytes, path });
      if (path !== undefined && !isCopy) before = { member, path };
    } catch (error) {
      result.complaints.push(toComplaint(file, error, member.name));
    }
  }
  progress.done();
  return result;
}

/** The bytes that were just written, once more: the cabinet must be unpacked from the folder's beginning. */
function* piecesOfFile(path: string, sizeBytes: number): Generator<Uint8Array> {
  // Somebody may have put another file there meanwhile.
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.allocUnsafe(2 ** 16);
    for (let at = 0; at < sizeBytes; ) {
      const read = readSync(file, buffer, 0, Math.min(buffer.length, sizeBytes - at), at);
      if (read === 0) throw new Error(`${path} was changed while it was copied.`);
      at += read;
      yield buffer.subarray(0, read);
    }
  } finally {
    closeSync(file);
  }
}

function* counted(pieces: Iterable<Uint8Array>, progress: Progress): Generator<Uint8Array> {
  for (const piece of pieces) {
    yield piece;
    progress.add(piece.length);
  }
}
