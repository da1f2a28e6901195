// Spanned sets: a folder that does not fit goes on in the next cabinet. Both cabinets list the members across the cut
// (MS-CAB 2.4 iFolder). Joined, a set is one cabinet whose folders have several parts.

import { defaultCabinetLimits } from '../bounds.ts';
import { FormatError } from '../errors.ts';
import {
  type Cabinet,
  type CabinetFolder,
  type CabinetMember,
  markPlaces,
  type ReadOptions,
  refuseFaults,
} from './cabinet.ts';
import { type CabinetLimits, checkClaims } from './limits.ts';

/**
 * The cabinets of one set, in any order, as one. Throws FORMAT_MISSING_CABINET for a gap, FORMAT_BAD_HEADER for
 * cabinets that do not belong together. A set that begins late or ends early is joined as far as it goes: what cannot
 * be unpacked says so when it is read.
 */
export function joinCabinets(
  cabinets: readonly Cabinet[],
  limits: CabinetLimits = defaultCabinetLimits,
  damaged: ReadOptions['damaged'] = 'refuse',
): Cabinet {
  const ordered = cabinets.toSorted((a, b) => a.setIndex - b.setIndex);
  const [first] = ordered;
  const last = ordered.at(-1);
  if (!first || !last) throw new FormatError('FORMAT_MISSING_CABINET', 'A set has at least one cabinet.');
  const joined: Cabinet = {
    ...first,
    next: last.next,
    sizeBytes: ordered.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    folders: first.folders.map(copyFolder),
    members: first.members.map((member) => ({ ...member })),
  };
  for (const [index, cabinet] of ordered.entries()) {
    const before = ordered[index - 1];
    if (!before) continue;
    checkNeighbours(before, cabinet);
    append(joined, cabinet);
  }
  markPlaces(joined.members, joined.folders, 0);
  if (damaged === 'refuse') refuseFaults(joined.members);
  checkClaims(joined.members, joined.sizeBytes, limits);
  return joined;
}

function checkNeighbours(before: Cabinet, cabinet: Cabinet): void {
  if (before.setId !== cabinet.setId) {
    const message = `Cabinets of set ${before.setId} and of set ${cabinet.setId} do not belong together.`;
    throw new FormatError('FORMAT_BAD_HEADER', message, { offset: 32 });
  }
  if (cabinet.setIndex === before.setIndex) {
    const message = `The set has two cabinets with number ${cabinet.setIndex}.`;
    throw new FormatError('FORMAT_BAD_HEADER', message, { offset: 34 });
  }
  if (cabinet.setIndex > before.setIndex + 1) {
    const name = before.next ? ` (${JSON.stringify(before.next.cabinet)})` : '';
    const message = `The set lacks its cabinet number ${before.setIndex + 1}${name}.`;
    throw new FormatError('FORMAT_MISSING_CABINET', message, { offset: 34 });
  }
}

function append(joined: Cabinet, cabinet: Cabinet): void {
  const lastIndex = joined.folders.length - 1;
  const last = joined.folders[lastIndex];
  const [head, ...rest] = cabinet.folders;
  const goesOn = last !== undefined && head?.beginsEarlier === true;
  if (goesOn) extend(last, head);
  joined.folders.push(...(goesOn ? rest : cabinet.folders).map(copyFolder));
  const shift = goesOn ? lastIndex : lastIndex + 1;
  const known = new Map(joined.members.filter(({ folder }) => folder === lastIndex).map((one) => [placeOf(one), one]));
  for (const member of cabinet.members) {
    const listedBefore = member.continues.fromPrevious ? known.get(placeOf(member)) : undefined;
    if (listedBefore) listedBefore.continues = { ...listedBefore.continues, toNext: member.continues.toNext };
    else joined.members.push({ ...member, folder: member.folder + shift });
  }
}

function extend(folder: CabinetFolder, more: CabinetFolder): void {
  if (JSON.stringify(folder.compression) !== JSON.stringify(more.compression)) {
    throw new FormatError('FORMAT_BAD_HEADER', 'A folder goes on in the next cabinet with another compression method.');
  }
  folder.parts.push(...more.parts);
}

function copyFolder(folder: CabinetFolder): CabinetFolder {
  return { ...folder, parts: [...folder.parts] };
}

function placeOf(member: CabinetMember): string {
  return `${member.folderOffset}/${member.sizeBytes}/${member.name}`;
}
