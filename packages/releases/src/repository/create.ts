// A new repository, whole or not there at all.
import { ReleaseError } from '../errors.ts';
import { delegatedRoles, emptyTargets, firstRoot, firstTargets } from './edits.ts';
import { RepositoryFolder } from './folder.ts';
import { generateKey, type SigningKey } from './keys.ts';
import { type OfflineRole, type RoleSetup, unsigned } from './repository.ts';

/** A key that stays in the folder, as the file of a role. */
interface KeptKey {
  name: string;
  key: SigningKey;
  passphrase?: string | undefined;
}

/**
 * A new repository: the first version of every role is staged. Keys for snapshot and timestamp are made here. Those of
 * the other roles are given, and those of `kept` are written into the folder. Throws RELEASE_REPOSITORY_EXISTS or
 * …_DAMAGED. Answers the files of `kept`.
 */
export function createRepository(
  directory: string,
  roles: Record<OfflineRole, RoleSetup>,
  now: Date,
  kept: readonly KeptKey[] = [],
): string[] {
  const folder = new RepositoryFolder(directory);
  return folder.locked(() => {
    requireNone(folder);
    const [snapshot, timestamp] = [generateKey('server snapshot'), generateKey('server timestamp')];
    const online = (key: SigningKey) => ({ keys: [key], threshold: 1 });
    const top = {
      root: roles.root,
      targets: roles.targets,
      snapshot: online(snapshot),
      timestamp: online(timestamp),
    };
    const root = firstRoot(top, now);
    const made = [...kept, { name: 'snapshot', key: snapshot }, { name: 'timestamp', key: timestamp }];
    folder.withNewKeys(made, () => {
      for (const role of delegatedRoles) folder.stage(role, unsigned(emptyTargets(now)));
      folder.stage('targets', unsigned(firstTargets(roles, now)));
      folder.stage('root', unsigned(root)); // last: with it the repository is there
    });
    return kept.map(({ name, key }) => folder.keyFile(name, key));
  });
}

function requireNone(folder: RepositoryFolder): void {
  const { directory } = folder;
  if (folder.staged().root || folder.published().root) {
    const text = `${directory} holds a repository already. Nothing was changed. See moult release status.`;
    throw new ReleaseError('RELEASE_REPOSITORY_EXISTS', text);
  }
  if (!folder.hasMadeKeys()) return;
  const text =
    `${directory} holds keys of a repository and no root of it. Restore the folder from a backup: agents follow no other ` +
    `root. If there is no backup, move ${directory} away to make a new repository.`;
  throw new ReleaseError('RELEASE_REPOSITORY_DAMAGED', text);
}
