// How far something is in rings, in lines: an update or an agent release.
import type { ShownRollout } from '@moult/administration/rings';

/** `what`: its name, as the beginning of a sentence. */
export function evidenceLines(
  what: string,
  { status, ring, ringCount, ringName, waitsFor, evidence }: Omit<ShownRollout, 'updateId' | 'title'>,
): string[] {
  const { members, ring: counts, control } = evidence;
  const wait = waitsFor ? `, waits for ${waitsFor}` : '';
  return [
    `${what} is ${status} in ring ${ring} of ${ringCount} (${ringName})${wait}.`,
    `Computers: ${members} in the ring, ${counts.offered} offered, ${counts.proven} good, ${counts.installed} installed and not seen since, ${counts.failed} failed, ${counts.silent} silent, ${counts.notNeeded} without a need, ${counts.away} away, ${counts.pending} open.`,
    `Control group: ${control.ring.watched} computers, ${control.ring.silent} silent.`,
  ];
}
