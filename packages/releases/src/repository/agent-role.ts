// The role `agent` as a server fills it: it lists each release of the server once. A release that is listed stays as it
// is, whoever listed it.
import { isThere } from '@moult/disk';
import { writeDurably } from '../client/durable-files.ts';
import { ReleaseError } from '../errors.ts';
import { type ReleaseTarget, readOurTarget } from '../metadata/custom.ts';
import { own } from '../metadata/parse.ts';
import { sha256Hex } from '../metadata/signatures.ts';
import { compareReleases } from '../metadata/version.ts';
import { deltasByItself, withListed } from './deltas.ts';
import { restamped } from './edits.ts';
import { publishAlone, signedWithOwnKeys } from './one-role.ts';
import { Repository } from './repository.ts';
import { progressOf } from './signing.ts';
import type { CoverState } from './updates-role.ts';

export interface CarriedRelease {
  /** The release: a cabinet. Made only when it is not listed yet. */
  bytes(): Uint8Array;
  ours: ReleaseTarget;
}

const role = 'agent';

/** The path under which a release is listed. `extension` begins with a point. */
export function releasePath(
  { product, generation, epoch, version, platform }: ReleaseTarget,
  extension: string,
): string {
  const folders: Record<string, string> = { 'moult-host': `host/${generation}`, 'moult-canary': 'agent/canary' };
  return `${folders[product] ?? `agent/${generation}`}/${epoch}-${version}-${platform}${extension}`;
}

/**
 * Lists these releases, by path, beside those that are listed. Signs with the keys in the folder and publishes when
 * they are enough. Else the role is staged, for `moult release sign`. Throws RELEASE_REPOSITORY_…, RELEASE_TARGET_….
 */
export function coverReleases(directory: string, carried: ReadonlyMap<string, CarriedRelease>, now: Date): CoverState {
  const repository = new Repository(directory);
  return repository.folder.locked(() => {
    const { published, staged } = repository.state();
    const base = staged.targets.get(role) ?? published.targets.get(role);
    if (!published.root || !base) {
      throw new ReleaseError('RELEASE_REPOSITORY_MISSING', `${directory} has published nothing yet.`);
    }
    let { signed } = base;
    // Oldest first: the deltas of a release start from those before it.
    const inOrder = [...carried].sort(([, a], [, b]) => compareReleases(a.ours, b.ours));
    for (const [path, { bytes: make, ours }] of inOrder) {
      if (own(signed.targets, path)) continue;
      const bytes = make();
      const file = { length: bytes.length, hashes: { sha256: sha256Hex(bytes) } };
      readOurTarget(path, { ...file, custom: { moult: ours } });
      const stored = repository.folder.targetFile(path, file.hashes.sha256);
      if (!isThere(stored)) writeDurably(stored, bytes);
      signed = withListed(repository.folder, signed, { path, bytes, ours, file }, deltasByItself);
    }
    const covered = Object.entries(signed.targets).filter(([path, file]) => readOurTarget(path, file)).length;
    let next = staged.targets.get(role);
    if (signed !== base.signed) {
      const version = Math.max((published.targets.get(role)?.signed.version ?? 0) + 1, base.signed.version);
      next = { signed: restamped(signed, version, now), signatures: [] };
    }
    if (!next) return { state: 'unchanged', missing: [], covered };
    const ready = signedWithOwnKeys(repository, role, next);
    if (ready !== staged.targets.get(role)) repository.folder.stage(role, ready);
    const { complete, missing } = progressOf(ready, repository.demands(role));
    // People who collect signatures for `targets`, or who staged something of their own, publish it themselves.
    const isTheirs = staged.targets.has('targets') || staged.targets.has(role);
    if (!complete || isTheirs) return { state: 'waits', missing, covered };
    publishAlone(repository, published, role, ready, now);
    return { state: 'published', missing: [], covered };
  });
}
