// A lower bound of the time of day for machines whose clock is behind: signed data says when it was signed, and the
// program when it was made. It never moves time past the end of the metadata that says it.
import { parseMetadata } from '../metadata/parse.ts';
import type { MetadataStore } from './store.ts';

/** The latest moment that the stored metadata, or the program, proves to be past. 1970 when nothing does. */
export function lowerBoundOfTime(store: MetadataStore, builtAt: Date | undefined): Date {
  const moments = (['root', 'timestamp'] as const).flatMap((role) =>
    store.candidates(role).flatMap((bytes) => signingTime(role, bytes)),
  );
  return new Date(Math.max(0, builtAt?.getTime() ?? 0, ...moments));
}

function signingTime(role: 'root' | 'timestamp', bytes: Uint8Array): number[] {
  try {
    const { signed } = parseMetadata(role, bytes);
    const moment = Date.parse(signed['x-moult-signed'] ?? '');
    return moment < Date.parse(signed.expires) ? [moment] : [];
  } catch {
    return [];
  }
}
