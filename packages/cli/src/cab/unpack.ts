// Testing and extracting: every member read through, in the order in which the cabinet holds them; what is damaged or
// refused is complained about and the rest goes on.
import { byPlace, type CabinetMember, MemberReader } from '@moult/formats/cab';
import type { ExtractionTarget } from './extraction-target.ts';
import type { OpenedCabinet } from './open-cabinets.ts';
import { type Progress, startProgress } from './progress.ts';
import { type Complaint, toComplaint } from './report.ts';

interface UnpackedMember {
  name: string;
  sizeBytes: number;
  /** Where it was written; not for a test. */
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
  for (const member of members.toSorted(byPlace)) {
    try {
      const path = await take(member, counted(reader.read(member), progress));
      const { name, sizeBytes } = member;
      result.members.push(path === undefined ? { name, sizeBytes } : { name, sizeBytes, path });
    } catch (error) {
      result.complaints.push(toComplaint(file, error, member.name));
    }
  }
  progress.done();
  return result;
}

function* counted(pieces: Iterable<Uint8Array>, progress: Progress): Generator<Uint8Array> {
  for (const piece of pieces) {
    yield piece;
    progress.add(piece.length);
  }
}
