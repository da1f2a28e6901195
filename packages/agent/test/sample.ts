// A walk that is too long for npm test: there it is a sample, and its seed says which one. `npm run faults -- --walks` goes
// all the way (TEST_WALK=all).
import { createHash, randomBytes } from 'node:crypto';

export const walksAll = process.env.TEST_WALK === 'all';
const seed = process.env.TEST_SEED ?? randomBytes(4).toString('hex');

/** How the same sample is taken again. */
export const sampleNote = walksAll ? 'all of them' : `a sample, the same again with TEST_SEED=${seed}`;

/**
 * `count` of `all` by chance, and each that is `always` among them, in the order of `all`. The seed and the names decide: a
 * step that is new takes the place of at most one other.
 */
export function sampleOf<T>(
  all: readonly T[],
  { count, nameOf, always = () => false }: { count: number; nameOf: (one: T) => string; always?: (one: T) => boolean },
): T[] {
  if (walksAll) return [...all];
  const ranked = all
    .filter((one) => !always(one))
    .map((one) => ({
      one,
      rank: createHash('sha256')
        .update(`${seed} ${nameOf(one)}`)
        .digest('hex'),
    }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const chosen = new Set(ranked.slice(0, count).map(({ one }) => one));
  return all.filter((one) => chosen.has(one) || always(one));
}

/** Runs `walk`; what it fails with says how to take the same way again. */
export async function walking(walk: () => Promise<void>): Promise<void> {
  try {
    await walk();
  } catch (error) {
    if (error instanceof Error) error.message += `\n(${sampleNote})`;
    throw error;
  }
}
