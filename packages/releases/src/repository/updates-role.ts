// The role `updates` as the server keeps it: the catalog's statements about covered updates, any number of changes in
// one new version. Targets that people added by hand (moult release add --update) stay as they are.

import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isThere, makeFolders } from '@moult/disk';
import { clientLimits } from '../bounds.ts';
import { syncFolder, writeDurably } from '../client/durable-files.ts';
import { ReleaseError } from '../errors.ts';
import { readOurTarget, type UpdateTarget } from '../metadata/custom.ts';
import { own } from '../metadata/parse.ts';
import { canonicalBytes, sha256Hex } from '../metadata/signatures.ts';
import type { Metadata, TargetFile, TargetsSigned } from '../metadata/types.ts';
import { restamped } from './edits.ts';
import { encodeMetadata, RepositoryFolder } from './folder.ts';
import { cannotChange, inDiskWords, withDiskWords } from './folder-lock.ts';
import { publishAlone, signedWithOwnKeys } from './one-role.ts';
import { Repository } from './repository.ts';
import { progressOf } from './signing.ts';

export interface CoveredUpdate {
  /** The core fragment. */
  bytes: Uint8Array;
  ours: UpdateTarget;
}

/** A covered update whose file is in place. */
export interface PlacedUpdate {
  length: number;
  sha256: string;
  ours: UpdateTarget;
}

export function placedUpdates(wanted: ReadonlyMap<string, CoveredUpdate>): Map<string, PlacedUpdate> {
  const placed = [...wanted].map(([path, { bytes, ours }]) => {
    return [path, { length: bytes.length, sha256: sha256Hex(bytes), ours }] as const;
  });
  return new Map(placed);
}

export interface CoverState {
  /** `waits`: staged, and not signed by enough keys of `updates`, or the delegation is about to change. */
  state: 'unchanged' | 'published' | 'waits';
  /** Owners of keys that have to sign. */
  missing: string[];
  covered: number;
}

const role = 'updates';

/**
 * Makes the role list these updates, by path, and none that the catalog had listed before. Signs with the keys in the
 * folder and publishes when they are enough. Else the role is staged, for `moult release sign`. Throws
 * RELEASE_REPOSITORY_…, RELEASE_TARGET_MALFORMED when the list is larger than clients take.
 */
export function coverUpdates(directory: string, wanted: ReadonlyMap<string, CoveredUpdate>, now: Date): CoverState {
  const folder = new RepositoryFolder(directory);
  withDiskWords(cannotChange(directory), () => {
    for (const [path, { bytes }] of wanted) {
      const file = folder.targetFile(path, sha256Hex(bytes));
      if (!isThere(file)) writeDurably(file, bytes);
    }
  });
  return coverPlaced(directory, placedUpdates(wanted), now);
}

/** As coverUpdates, for updates whose files are in place. `mostBytes`: the largest list that clients take. */
export function coverPlaced(
  directory: string,
  wanted: ReadonlyMap<string, PlacedUpdate>,
  now: Date,
  mostBytes = clientLimits.targetsBytes,
): CoverState {
  const repository = new Repository(directory);
  return repository.folder.locked(() => {
    const { published, staged } = repository.state();
    const base = staged.targets.get(role) ?? published.targets.get(role);
    if (!published.root || !base) {
      throw new ReleaseError('RELEASE_REPOSITORY_MISSING', `${directory} has published nothing yet.`);
    }
    const targets = nextTargets(base.signed, wanted);
    let next = staged.targets.get(role);
    if (targets) {
      const version = (published.targets.get(role)?.signed.version ?? 0) + 1;
      const edited = restamped({ ...base.signed, targets }, Math.max(version, base.signed.version), now);
      next = { signed: edited, signatures: [] };
      requireTakeable(next, mostBytes);
    }
    const covered = Object.keys((next ?? base).signed.targets).length;
    if (!next) return { state: 'unchanged', missing: [], covered };
    const signed = signedWithOwnKeys(repository, role, next);
    if (signed !== staged.targets.get(role)) repository.folder.stage(role, signed);
    const { complete, missing } = progressOf(signed, repository.demands(role));
    if (!complete || staged.targets.has('targets')) return { state: 'waits', missing, covered };
    publishAlone(repository, published, role, signed, now);
    return { state: 'published', missing: [], covered };
  });
}

/**
 * Puts the files of new targets into place, before coverUpdates names them: thousands of them take seconds, in which
 * the caller's thread is free. Throws RELEASE_REPOSITORY_UNWRITABLE when the disk takes nothing.
 */
export async function placeFiles(directory: string, wanted: ReadonlyMap<string, CoveredUpdate>): Promise<void> {
  const folder = new RepositoryFolder(directory);
  const missing = [...wanted].flatMap(([path, { bytes }]) => {
    const file = folder.targetFile(path, sha256Hex(bytes));
    return isThere(file) ? [] : [{ file, bytes }];
  });
  const places = missing.values();
  const work = async () => {
    for (const { file, bytes } of places) await place(file, bytes);
  };
  try {
    await Promise.all(Array.from({ length: 8 }, work));
  } catch (error) {
    throw inDiskWords(cannotChange(directory), error);
  }
}

async function place(file: string, bytes: Uint8Array): Promise<void> {
  makeFolders(dirname(file));
  const draft = await open(`${file}.new`, 'w', 0o644);
  try {
    await draft.writeFile(bytes);
    await draft.sync();
  } finally {
    await draft.close();
  }
  await rename(`${file}.new`, file);
  syncFolder(dirname(file));
}

/** Whether the catalog listed this target. Those of people are theirs to change. */
function isCatalogEntry({ custom }: TargetFile): boolean {
  const ours = custom?.moult as { from?: unknown } | undefined;
  return ours?.from === 'catalogue';
}

/** The targets as they should be. Undefined when they are so already. */
function nextTargets(
  { targets: before }: TargetsSigned,
  wanted: ReadonlyMap<string, PlacedUpdate>,
): Record<string, TargetFile> | undefined {
  const next: [string, TargetFile][] = Object.entries(before).filter(([, file]) => !isCatalogEntry(file));
  const byHand = new Set(next.map(([path]) => path));
  for (const path of [...wanted.keys()].sort()) {
    const update = wanted.get(path);
    if (!update || byHand.has(path)) continue;
    const { length, sha256, ours } = update;
    const entry: TargetFile = { length, hashes: { sha256 }, custom: { moult: { ...ours, from: 'catalogue' } } };
    readOurTarget(path, entry);
    next.push([path, entry]);
  }
  const targets = Object.fromEntries(next);
  return sameTargets(before, targets) ? undefined : targets;
}

function sameTargets(before: Record<string, TargetFile>, after: Record<string, TargetFile>): boolean {
  const paths = Object.keys(after);
  if (paths.length !== Object.keys(before).length) return false;
  const text = (file: TargetFile | undefined) => (file ? Buffer.from(canonicalBytes(file as never)) : Buffer.of());
  return paths.every((path) => text(own(before, path)).equals(text(after[path])));
}

function requireTakeable(metadata: Metadata<TargetsSigned>, mostBytes: number): void {
  const size = encodeMetadata(metadata).length + 20_000;
  if (size <= mostBytes) return;
  const text = `${role} would have ${size} bytes, and clients take ${mostBytes}. Decline updates that no computer needs.`;
  throw new ReleaseError('RELEASE_TARGET_MALFORMED', text, { role });
}
