// One run: a machine, one fault, a start without it. Its seed says everything, so that the seed alone repeats it.
import { createHash } from 'node:crypto';
import { createRandom, type Random } from '../fuzz/mutate.ts';

export const kinds = ['power', 'kill', 'service', 'error', 'disk', 'clock', 'network', 'proxy', 'release'] as const;
export type Kind = (typeof kinds)[number];

/**
 * `first`: the SUS client becomes the WSUS client. `next`: a WSUS client becomes a newer one. `host`: the host, which
 * updates itself last, becomes a newer one under a version that stays.
 */
export const journeys = ['first', 'next', 'host'] as const;
export type JourneyName = (typeof journeys)[number];

/** The programs of a self-update: the host, the version that runs, the version that comes, the host that comes last. */
export const roles = ['host', 'old', 'new', 'newhost'] as const;
export type Role = (typeof roles)[number];

/** The programs that work in each journey. Under a new host the version that stays is started again: it is `new`. */
export const rolesOf: Record<JourneyName, readonly Role[]> = {
  first: ['host', 'old', 'new'],
  next: ['host', 'old', 'new'],
  host: ['host', 'new', 'newhost'],
};

export interface RunSeed {
  /** The whole seed: `kill/next/new/fsync/12`. */
  text: string;
  kind: Kind;
  journey: JourneyName;
  /** The rest of the seed. Each kind reads it in its own way. */
  rest: string[];
}

export interface RunResult {
  seed: string;
  /** The row of the table that it counts in. */
  row: string;
  /** False: the machine was done before the fault could come. Such a run is listed and not counted. */
  hit: boolean;
  /** Which version the machine was left with by the fault: `new` counts when it is whole and no longer on trial. */
  left: 'new' | 'old';
  /** The machine's own words about it, or how it was cut off. Empty only if `left` is `new`. */
  reason: string;
  /** The fault did not end by itself within its time: everything was ended as by a restart. */
  hung: boolean;
  /** Starts without the fault until the new version was the agent. */
  starts: number;
  /** Why the machine never came to the new version. Absent when it did. */
  stranded?: string;
  /** A fault that strands no machine: processes left over, no reason given. */
  complaint?: string;
  ms: number;
}

/** Throws if `text` is not a seed. */
export function parseSeed(text: string): RunSeed {
  const [kind, journey, ...rest] = text.split('/');
  const known = { kind: kinds.find((one) => one === kind), journey: journeys.find((one) => one === journey) };
  if (!known.kind || !known.journey || rest.length === 0) {
    throw new Error(`"${text}" is no seed. A seed is KIND/JOURNEY/…, for example kill/next/new/fsync/12.`);
  }
  return { text, kind: known.kind, journey: known.journey, rest };
}

/** The numbers of a seed: the same each time it is run. */
export function randomOf(seed: string): Random {
  return createRandom(createHash('sha256').update(seed).digest().readUInt32LE());
}

export function pick<T>(random: Random, all: readonly T[]): T {
  return all[random.below(all.length)] as T;
}
