// Downloads the file of a release in the fewest bytes: a delta from a file that this machine has, or the whole file.
// The signed digest decides in either case, and any fault of a delta leads to the whole file.
import { lstatSync, rmSync } from 'node:fs';
import { applyDelta, deltaLimits, emptySha256 } from '../delta/index.ts';
import { ReleaseError } from '../errors.ts';
import type { DeltaRecipe } from '../metadata/custom.ts';
import { sha256Hex } from '../metadata/signatures.ts';
import { type DownloadOptions, downloadTarget, isTarget, isTargetBytes } from './download.ts';
import { readRegularFile, writeDurably } from './durable-files.ts';
import type { FoundTarget } from './updater.ts';

interface ReleaseDownload extends DownloadOptions {
  deltas: readonly DeltaRecipe[];
  /** The other targets of the role that names the release, by path. */
  targets: ReadonlyMap<string, FoundTarget>;
  /** Files of this machine that a delta may start from, whatever they are. */
  bases: readonly string[];
  /** Hears why a delta was of no use. */
  note?(text: string): void;
}

interface DownloadedRelease {
  how: 'cached' | 'delta' | 'fetched';
  /** The signed length of the fetched file. */
  bytes: number;
}

/** `file` is the release afterwards, every byte verified. Throws as downloadTarget. */
export async function downloadRelease(
  target: FoundTarget,
  file: string,
  options: ReleaseDownload,
): Promise<DownloadedRelease> {
  if (await isTarget(file, target.file)) return { how: 'cached', bytes: 0 };
  const delta = chooseDelta(target, file, options);
  if (delta) {
    try {
      await fetchDelta(target, file, delta, options);
      rmSync(`${file}.part`, { force: true });
      return { how: 'delta', bytes: delta.found.file.length };
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      options.note?.(`The delta ${delta.found.path} is of no use, the whole release is fetched: ${error.message}`);
    }
  }
  await downloadTarget(target, file, options);
  for (const left of [`${file}.delta`, `${file}.delta.part`]) rmSync(left, { force: true });
  return { how: 'fetched', bytes: target.file.length };
}

interface ChosenDelta {
  recipe: DeltaRecipe;
  found: FoundTarget;
  base: Uint8Array;
}

/** The smallest whose base is here. Undefined when what is missing of the whole is less. */
function chooseDelta(target: FoundTarget, file: string, options: ReleaseDownload): ChosenDelta | undefined {
  if (target.file.length > deltaLimits.maxFileBytes || options.deltas.length === 0) return undefined;
  const missing = target.file.length - (lstatSync(`${file}.part`, { throwIfNoEntry: false })?.size ?? 0);
  const known = basesByDigest(options.bases);
  const usable = options.deltas.flatMap((recipe): ChosenDelta[] => {
    const found = options.targets.get(recipe.target);
    const base = known.get(recipe.fromSha256);
    if (!found || !base || found.role !== target.role || found.file.length >= missing) return [];
    return [{ recipe, found, base }];
  });
  return usable.sort((a, b) => a.found.file.length - b.found.file.length)[0];
}

function basesByDigest(files: readonly string[]): Map<string, Uint8Array> {
  const known = new Map<string, Uint8Array>([[emptySha256, new Uint8Array()]]);
  for (const file of files) {
    try {
      const { size } = lstatSync(file);
      if (size > deltaLimits.maxFileBytes) continue;
      const bytes = readRegularFile(file);
      known.set(sha256Hex(bytes), bytes);
    } catch {
      // not there, or no file: no base
    }
  }
  return known;
}

async function fetchDelta(
  { path, file: { length, hashes } }: FoundTarget,
  file: string,
  { recipe, found, base }: ChosenDelta,
  options: ReleaseDownload,
): Promise<void> {
  const fetched = `${file}.delta`;
  await downloadTarget(found, fetched, options);
  try {
    const made = applyDelta(base, readRegularFile(fetched), { length, windowLog: recipe.windowLog });
    if (!isTargetBytes(made, { length, hashes })) {
      throw new ReleaseError('RELEASE_DELTA_UNUSABLE', `The delta ${found.path} makes something else than ${path}.`);
    }
    writeDurably(file, made);
  } finally {
    rmSync(fetched, { force: true });
  }
}
