// A rehearsal of an emergency on a copy, with the keys that are at hand. The repository does not change, and the copy does
// not stay. No key is copied to the disk: keys at hand and new keys stay in memory. The next rehearsal removes the rest of
// one that was killed.

import { cpSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isThere, temporaryFolder } from '@moult/disk';
import { counted } from '@moult/formats/text';
import { readRegularFile } from '../client/durable-files.ts';
import type { Fetch } from '../client/fetch.ts';
import { memoryStore } from '../client/store.ts';
import { UpdateClient } from '../client/updater.ts';
import { isReleaseError, ReleaseError } from '../errors.ts';
import { RepositoryFolder } from './folder.ts';
import type { SigningKey } from './keys.ts';
import { offlineRoles, Repository } from './repository.ts';

interface RehearsalStep {
  step: string;
  ok: boolean;
  /** Why not. */
  problem?: string;
}

/**
 * Renews every role, changes the online keys, publishes, and lets clients of the first and of the newest root follow.
 * `keys`: of people, beside those in the repository. Answers each step. A step that failed ends it.
 */
export async function rehearse(
  directory: string,
  keys: readonly SigningKey[],
  now: Date,
  passphrase?: string,
): Promise<RehearsalStep[]> {
  // Copies of Moult 0.1 held keys, and had no number of a process.
  const copy = temporaryFolder('moult-rehearsal', now);
  const steps: RehearsalStep[] = [];
  const run = async (step: string, work: () => void | Promise<void>) => {
    if (steps.some(({ ok }) => !ok)) return;
    try {
      await work();
      steps.push({ step, ok: true });
    } catch (error) {
      steps.push({ step, ok: false, problem: error instanceof Error ? error.message : String(error) });
    }
  };
  try {
    const original = new Repository(directory, passphrase);
    const newest = original.state().published.root?.signed.version ?? 0;
    copyWithoutSecrets(original, copy);
    const held = new KeysInMemory(copy, original.folder.keys(passphrase));
    const repository = new Repository(copy, passphrase, held);
    for (const role of offlineRoles) {
      await run(`renew ${role}`, () => {
        repository.renew(role, now);
        sign(repository, keys);
        requireComplete(repository, role);
      });
    }
    await run('change the online keys', () => {
      repository.renewOnlineKeys(now);
      sign(repository, keys);
    });
    await run('publish', () => void repository.publish(now, { checkFiles: false }));
    for (const version of new Set([1, newest])) {
      await run(`a client with root ${version} follows`, () => follow(repository, version, now));
    }
    return steps;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** A folder whose keys are never on a disk. */
class KeysInMemory extends RepositoryFolder {
  #keys: SigningKey[];

  constructor(directory: string, keys: readonly SigningKey[]) {
    super(directory);
    this.#keys = [...keys];
  }

  override exists(): boolean {
    return true;
  }

  override keys(): SigningKey[] {
    return this.#keys;
  }

  override saveKey(_name: string, key: SigningKey): string {
    this.#keys.push(key);
    return '';
  }

  override dropOnlineKeys(): void {
    // They go with the process.
  }
}

/** The published and the waiting state, as one if the folder can be locked. */
function copyWithoutSecrets({ folder }: Repository, copy: string): void {
  const work = () => {
    for (const source of [folder.metadata, join(folder.directory, 'staged')]) {
      const target = join(copy, relative(folder.directory, source));
      if (isThere(source)) cpSync(source, target, { recursive: true });
    }
  };
  try {
    folder.locked(work);
  } catch (error) {
    // A read-only copy can be rehearsed on as well.
    if (!isReleaseError(error, 'RELEASE_REPOSITORY_UNWRITABLE')) throw error;
    work();
  }
}

/** A client with the root of that version refreshes from the repository's own files. */
export async function follow(repository: Repository, version: number, now: Date): Promise<void> {
  const root = readRegularFile(join(repository.folder.metadata, `${version}.root.json`));
  const fetch = fetchFromFolder(repository.folder.metadata);
  const client = new UpdateClient({
    store: memoryStore(root),
    fetch,
    metadataUrls: ['file:'],
    now: () => now,
    mode: 'strict',
  });
  await client.refresh();
  for (const role of ['agent', 'updates']) await client.list(role);
}

/** A Fetch that reads the metadata folder: the last part of the address is the file's name. */
export function fetchFromFolder(folder: string): Fetch {
  return async ({ url, maxBytes, receive }) => {
    const name = url.slice(url.lastIndexOf('/') + 1);
    let bytes: Uint8Array;
    try {
      bytes = readRegularFile(join(folder, name));
    } catch {
      throw new ReleaseError('RELEASE_FETCH_STATUS', `${name} is not there.`, { status: 404 });
    }
    if (bytes.length > maxBytes)
      throw new ReleaseError('RELEASE_FETCH_TOO_LARGE', `${name} is larger than ${maxBytes} bytes.`);
    receive(bytes, { offset: 0 });
    return { offset: 0 };
  };
}

function sign(repository: Repository, keys: readonly SigningKey[]): void {
  repository.signWithOwnKeys();
  for (const key of keys) {
    try {
      repository.signWith(key);
    } catch (error) {
      // A key that is not needed here, or that has signed already, does not fail the rehearsal.
      if (!(error instanceof ReleaseError)) throw error;
    }
  }
}

function requireComplete(repository: Repository, role: string): void {
  const progress = repository.progress(role);
  if (progress && !progress.complete) {
    throw new Error(
      `${progress.have} of ${counted(progress.need, 'signature')}. The keys of these people are missing: ${progress.missing.join(', ')}.`,
    );
  }
}
