// A target's bytes: resumed, bounded by the signed length, verified, synced, and only then under their name.

import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  constants,
  createReadStream,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from '@moult/disk';
import { deltaLimits } from '../bounds.ts';
import { ReleaseError } from '../errors.ts';
import type { TargetFile } from '../metadata/types.ts';
import { openDraft, syncFolder } from './durable-files.ts';
import { type Fetch, joinUrl } from './fetch.ts';
import { createPace } from './pace.ts';
import type { FoundTarget } from './updater.ts';

export interface DownloadOptions {
  fetch: Fetch;
  /** The places of the targets, with mirrors in the order in which they are asked. */
  targetUrls: readonly string[];
  /** File names begin with a digest (`consistent_snapshot` of the root). */
  consistent: boolean;
  /** Keep what came before a connection broke, as FILE.part, and go on from there next time. */
  keepPartial: boolean;
  /** Milliseconds of a clock that never goes back. */
  clock?: () => number;
}

/**
 * The target is in `file` afterwards, every byte verified. A right file that is there already is not fetched again.
 * Throws RELEASE_TARGET_MISMATCH when every mirror serves something else, else the RELEASE_FETCH_… of the first.
 */
export async function downloadTarget(
  target: FoundTarget,
  file: string,
  options: DownloadOptions,
): Promise<'cached' | 'fetched'> {
  if (await isTarget(file, target.file)) return 'cached';
  makeFolders(dirname(file));
  const partial = `${file}.part`;
  let firstError: unknown;
  for (const base of options.targetUrls) {
    try {
      await fetchAll(partial, joinUrl(base, targetPath(target, options.consistent)), target, options);
      renameSync(partial, file);
      syncFolder(dirname(file));
      return 'fetched';
    } catch (error) {
      if (!options.keepPartial) rmSync(partial, { force: true });
      if (!(error instanceof ReleaseError)) throw error;
      firstError ??= error;
    }
  }
  throw firstError ?? new ReleaseError('RELEASE_FETCH_FAILED', `No address is known for the target ${target.path}.`);
}

/** As isTarget, of bytes in memory. */
export function isTargetBytes(bytes: Uint8Array, target: Pick<TargetFile, 'length' | 'hashes'>): boolean {
  const digests = new Digests(target);
  digests.update(bytes);
  return digests.mismatch() === undefined;
}

/** The path of a target below a target URL, percent-encoded. */
export function targetPath({ path, file }: FoundTarget, consistent: boolean): string {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  const [digest] = Object.values(file.hashes);
  return [...parts, consistent ? `${digest}.${name}` : name].map(encodeURIComponent).join('/');
}

/** True when `file` is there with the target's length and digests. */
export async function isTarget(file: string, target: TargetFile): Promise<boolean> {
  if (sizeOf(file) !== target.length) return false;
  const digests = new Digests(target);
  for await (const piece of createReadStream(file)) digests.update(piece);
  return digests.mismatch() === undefined;
}

/**
 * Goes on where a connection broke, as long as each try brings more. And once from the start when what was there is
 * another file.
 */
async function fetchAll(
  partial: string,
  url: string,
  target: FoundTarget,
  { fetch, keepPartial, clock = () => performance.now() }: DownloadOptions,
): Promise<void> {
  let startedOver = false;
  const pace = createPace(clock);
  for (let resumed = 0; ; ) {
    const before = sizeOf(partial) ?? 0;
    try {
      return await fetchInto(partial, url, target, fetch);
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      const isOther = error.code === 'RELEASE_TARGET_MISMATCH' || error.status === 416;
      if (isOther) rmSync(partial, { force: true });
      const mayStartOver = isOther && before > 0 && !startedOver;
      const isBroken = error.code === 'RELEASE_FETCH_FAILED' || error.code === 'RELEASE_FETCH_TOO_SLOW';
      const isWorthIt = isBroken && keepPartial && pace.isKept((sizeOf(partial) ?? 0) - before);
      const mayGoOn = isWorthIt && resumed < deltaLimits.maxResumptions;
      if (!mayStartOver && !mayGoOn) throw error;
      if (mayStartOver) startedOver = true;
      else resumed += 1;
    }
  }
}

async function fetchInto(partial: string, url: string, target: FoundTarget, fetch: Fetch): Promise<void> {
  const digests = new Digests(target.file);
  const offset = await resumeFrom(partial, target.file, digests);
  const handle =
    offset > 0 ? openSync(partial, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0)) : openDraft(partial, 0o644);
  let place = offset;
  let started = false;
  try {
    if (offset < target.file.length || target.file.length === 0) {
      // A server that ignores Range sends the whole: it is written over, from the start.
      const maxBytes = target.file.length;
      await fetch({
        url,
        maxBytes,
        offset,
        receive: (piece, answer) => {
          if (!started && answer.offset !== offset) {
            digests.restart();
            place = answer.offset;
          }
          started = true;
          if (place + piece.length > target.file.length) throw mismatch(target, 'it is longer');
          for (let written = 0; written < piece.length; )
            written += writeSync(handle, piece, written, undefined, place + written);
          place += piece.length;
          digests.update(piece);
        },
      });
    }
    const wrong = digests.mismatch();
    if (wrong !== undefined) throw mismatch(target, wrong);
    fsyncSync(handle);
  } catch (error) {
    if (error instanceof ReleaseError && error.code === 'RELEASE_FETCH_TOO_LARGE')
      throw mismatch(target, 'it is longer', error);
    throw error;
  } finally {
    closeSync(handle);
  }
}

/** How many bytes of an earlier try count. They are digested. Whether they are right shows at the end. */
async function resumeFrom(partial: string, target: TargetFile, digests: Digests): Promise<number> {
  const size = sizeOf(partial);
  if (size === undefined || size === 0 || size > target.length) return 0;
  for await (const piece of createReadStream(partial)) digests.update(piece);
  return size;
}

function sizeOf(file: string): number | undefined {
  // A link is not followed: the written bytes go to its target.
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : undefined;
}

function mismatch({ path }: FoundTarget, why: string, cause?: unknown): ReleaseError {
  return new ReleaseError('RELEASE_TARGET_MISMATCH', `${path} is not the signed file: ${why}.`, { cause });
}

/** Length and every digest of a target, as its bytes come. */
class Digests {
  readonly #target: Pick<TargetFile, 'length' | 'hashes'>;
  #hashes: Map<string, Hash | undefined>;
  length = 0;

  constructor(target: Pick<TargetFile, 'length' | 'hashes'>) {
    this.#target = target;
    this.#hashes = this.#fresh();
  }

  update(piece: Uint8Array): void {
    this.length += piece.length;
    for (const hash of this.#hashes.values()) hash?.update(piece);
  }

  restart(): void {
    this.length = 0;
    this.#hashes = this.#fresh();
  }

  /** The fault. Undefined when all is right. An algorithm that is not known here is wrong. */
  mismatch(): string | undefined {
    if (this.length !== this.#target.length) return `it has ${this.length} bytes in place of ${this.#target.length}`;
    for (const [algorithm, hash] of this.#hashes) {
      const digest = hash?.copy().digest('hex');
      if (digest !== this.#target.hashes[algorithm]) return `its ${algorithm} differs`;
    }
    return undefined;
  }

  #fresh(): Map<string, Hash | undefined> {
    return new Map(Object.keys(this.#target.hashes).map((algorithm) => [algorithm, newHash(algorithm)]));
  }
}

function newHash(algorithm: string): Hash | undefined {
  try {
    return createHash(algorithm);
  } catch {
    return undefined;
  }
}
