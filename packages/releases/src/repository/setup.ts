// The repository that a server makes at its first start: one command, every key on the server, threshold 1. It says so,
// and how to raise it.

import { createRepository } from './create.ts';
import { RepositoryFolder } from './folder.ts';
import { generateKey, type SigningKey } from './keys.ts';
import { type OfflineRole, offlineRoles, Repository, type RoleSetup } from './repository.ts';

/** How an operator takes the keys of the root off the server. */
export const raiseAdvice =
  'All keys of this repository are on the server. To raise the threshold of the root, let two people run ' +
  '`moult release key --owner NAME --out NAME.key`, and give their public files to `moult release rotate root`.';

/**
 * The set-up of a server at each start: makes the default repository if it is missing, and finishes an interrupted one.
 * Answers whether it is new.
 */
export function ensureRepository(directory: string, now: Date): boolean {
  const folder = new RepositoryFolder(directory);
  if (folder.exists() && folder.published().root) return false;
  if (folder.exists() && folder.staged().root) {
    // Somebody may be collecting signatures: with the keys that are here it is complete, or it waits.
    const repository = new Repository(directory);
    repository.signWithOwnKeys();
    if (offlineRoles.every((role) => repository.progress(role)?.complete !== false)) repository.publish(now);
    return false;
  }
  createDefault(directory, now);
  return true;
}

/** A published repository with keys of its own for every role. Answers the names of the key files. */
export function createDefault(directory: string, now: Date, passphrase?: string): string[] {
  const keys = new Map<OfflineRole, SigningKey>(offlineRoles.map((role) => [role, generateKey(`server ${role}`)]));
  return createWithKeys(
    directory,
    (role) => ({ keys: [keys.get(role)].filter((key) => key !== undefined), threshold: 1 }),
    now,
    passphrase,
  );
}

/** A repository whose keys are made here: `count` for the root with `threshold`, one for each other role. */
export function createWithThreshold(
  directory: string,
  threshold: number,
  count: number,
  now: Date,
  passphrase?: string,
): string[] {
  const rootKeys = Array.from({ length: count }, (_, index) => generateKey(`root ${index + 1}`));
  const others = new Map(offlineRoles.map((role) => [role, generateKey(`server ${role}`)]));
  const setup = (role: OfflineRole) => {
    if (role === 'root') return { keys: rootKeys, threshold };
    return { keys: [others.get(role)].filter((key) => key !== undefined), threshold: 1 };
  };
  return createWithKeys(directory, setup, now, passphrase);
}

function createWithKeys(
  directory: string,
  setup: (role: OfflineRole) => { keys: SigningKey[]; threshold: number },
  now: Date,
  passphrase: string | undefined,
): string[] {
  const setups = offlineRoles.map((role) => [role, setup(role)] as const);
  const setupsByRole = Object.fromEntries(setups) as unknown as Record<OfflineRole, RoleSetup>;
  const kept = setups.flatMap(([name, { keys }]) => keys.map((key) => ({ name, key, passphrase })));
  const files = createRepository(directory, setupsByRole, now, kept);
  const repository = new Repository(directory, passphrase);
  repository.signWithOwnKeys();
  repository.publish(now);
  return files;
}
