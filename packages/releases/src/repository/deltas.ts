// The deltas of a release that is listed again: from the releases before it, and from nothing (the release,
// compressed).
import { isThere } from '@moult/disk';
import { readRegularFile, writeDurably } from '../client/durable-files.ts';
import { baseOf, emptySha256, makeDelta } from '../delta/index.ts';
import { type DeltaRecipe, type OurTarget, type ReleaseTarget, readOurTarget } from '../metadata/custom.ts';
import { own } from '../metadata/parse.ts';
import { sha256Hex } from '../metadata/signatures.ts';
import type { TargetFile, TargetsSigned } from '../metadata/types.ts';
import { compareReleases } from '../metadata/version.ts';
import { withTarget } from './edits.ts';
import type { RepositoryFolder } from './folder.ts';

/** So many releases back, of each generation, by default. */
export const deltasByItself = 3;

interface MadeDeltas {
  recipes: DeltaRecipe[];
  /** The targets to list beside the release. */
  targets: ReadonlyMap<string, TargetFile>;
}

const none: MadeDeltas = { recipes: [], targets: new Map() };

/**
 * The role with a target more. A release comes with its deltas from `count` releases before it, whose files are stored.
 * One that is listed already keeps those that it has. Throws as withTarget.
 */
export function withListed(
  folder: RepositoryFolder,
  signed: TargetsSigned,
  { path, bytes, ours, file }: { path: string; bytes: Uint8Array; ours: OurTarget; file: TargetFile },
  count: number,
): TargetsSigned {
  if (ours.kind !== 'release') return withTarget(signed, path, file, ours);
  const before = own(signed.targets, path);
  const listed = before && releaseIn(path, before);
  const made = listed ? none : makeDeltas(folder, signed, { path, bytes, ours }, count);
  const deltas = listed ? listed.deltas : [...ours.deltas, ...made.recipes];
  const next = withTarget(signed, path, file, { ...ours, deltas });
  return { ...next, targets: { ...Object.fromEntries(made.targets), ...next.targets } };
}

/**
 * Makes and stores the deltas of the release `path` from up to `count` older releases of each generation. These are
 * listed in `signed`. One that saves too little is left out.
 */
function makeDeltas(
  folder: RepositoryFolder,
  signed: TargetsSigned,
  { path, bytes, ours }: { path: string; bytes: Uint8Array; ours: ReleaseTarget },
  count: number,
): MadeDeltas {
  if (count === 0) return none;
  const bases = new Map<string, Uint8Array>([[emptySha256, new Uint8Array()]]);
  for (const older of olderReleases(signed, ours, count)) {
    const base = baseOfStored(folder, older);
    if (base) bases.set(sha256Hex(base), base);
  }
  const recipes: DeltaRecipe[] = [];
  const targets = new Map<string, TargetFile>();
  for (const [fromSha256, base] of bases) {
    const delta = makeDelta(base, bytes);
    if (!delta) continue;
    const target = `${path.replace(/\.[a-z0-9]+$/, '')}.from-${fromSha256.slice(0, 16)}.zst`;
    const sha256 = sha256Hex(delta.bytes);
    const stored = folder.targetFile(target, sha256);
    if (!isThere(stored)) writeDurably(stored, delta.bytes);
    targets.set(target, { length: delta.bytes.length, hashes: { sha256 }, custom: { moult: { kind: 'delta' } } });
    recipes.push({ fromSha256, target, algorithm: 'zstd-dictionary', windowLog: delta.windowLog });
  }
  return { recipes, targets };
}

interface Older {
  path: string;
  sha256: string;
  release: ReleaseTarget;
}

/** Newest first, so many of each generation. */
function olderReleases({ targets }: TargetsSigned, ours: ReleaseTarget, count: number): Older[] {
  const all = Object.entries(targets).flatMap(([path, file]): Older[] => {
    const release = releaseIn(path, file);
    const platforms = new Set([release?.platform, ours.platform]);
    const fits = release?.product === ours.product && (platforms.size === 1 || platforms.has('any'));
    const { sha256 } = file.hashes;
    if (!fits || !release || sha256 === undefined || compareReleases(release, ours) >= 0) return [];
    return [{ path, sha256, release }];
  });
  all.sort((a, b) => compareReleases(b.release, a.release));
  const taken = new Map<string, number>();
  return all.filter(({ release }) => {
    const before = taken.get(release.generation) ?? 0;
    taken.set(release.generation, before + 1);
    return before < count;
  });
}

function releaseIn(path: string, file: TargetFile): ReleaseTarget | undefined {
  try {
    const ours = readOurTarget(path, file);
    return ours?.kind === 'release' ? ours : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for a release whose file is gone: its machines fetch the whole. */
function baseOfStored(folder: RepositoryFolder, { path, sha256 }: Older): Uint8Array | undefined {
  try {
    return baseOf(readRegularFile(folder.targetFile(path, sha256)));
  } catch {
    return undefined;
  }
}
