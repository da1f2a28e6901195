// A rehearsal: on a copy, with the keys that are at hand, everything that an emergency needs. Nothing of the repository
// changes, and nothing of the copy stays.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRegularFile } from '../client/durable-files.ts';
import type { Fetch } from '../client/fetch.ts';
import { memoryStore } from '../client/store.ts';
import { UpdateClient } from '../client/updater.ts';
import { ReleaseError } from '../errors.ts';
import type { SigningKey } from './keys.ts';
import { offlineRoles, Repository } from './repository.ts';

export interface RehearsalStep {
  step: string;
  ok: boolean;
  /** Why not. */
  problem?: string;
}

/**
 * Renews every role, changes the online keys, publishes, and lets clients of the first and of the newest root follow.
 * `keys`: of people, beside those in the repository. Answers each step; a step that failed ends it.
 */
export async function rehearse(
  directory: string,
  keys: readonly SigningKey[],
  now: Date,
  passphrase?: string,
): Promise<RehearsalStep[]> {
  const copy = mkdtempSync(join(tmpdir(), 'moult-rehearsal-'));
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
    const isCopied = (file: string) =>
      !file.startsWith(original.folder.targets) && !file.startsWith(join(directory, 'lock'));
    cpSync(directory, copy, { recursive: true, filter: isCopied });
    const repository = new Repository(copy, passphrase);
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
      // A key that is not needed here, or that has signed already, is no failure of the rehearsal.
      if (!(error instanceof ReleaseError)) throw error;
    }
  }
}

function requireComplete(repository: Repository, role: string): void {
  const progress = repository.progress(role);
  if (progress && !progress.complete) {
    throw new Error(
      `${progress.have} of ${progress.need} signatures. The keys of these people are missing: ${progress.missing.join(', ')}.`,
    );
  }
}
