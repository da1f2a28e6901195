// One delegated role that the server itself keeps: signed with the keys that are here, and published alone.
import { canonicalBytes, sha256Hex } from '../metadata/signatures.ts';
import type { Metadata, TargetsSigned } from '../metadata/types.ts';
import { delegatedRoles } from './edits.ts';
import { encodeMetadata, type Published } from './folder.ts';
import { signOnline } from './online.ts';
import { graceMs, type Repository } from './repository.ts';
import { progressOf, withSignature } from './signing.ts';

/** How many versions of a role with a new version for each decision stay on the disk. */
const versionsKept = 20;

/** With the signatures of the keys in the folder that may sign this role, and have not. */
export function signedWithOwnKeys(
  repository: Repository,
  role: string,
  metadata: Metadata<TargetsSigned>,
): Metadata<TargetsSigned> {
  const demands = repository.demands(role);
  const allowed = new Set(demands.flatMap(({ roleKeys }) => roleKeys.keyids));
  const had = new Set(metadata.signatures.map(({ keyid }) => keyid));
  const open = repository.folder.keys().filter(({ keyid }) => allowed.has(keyid) && !had.has(keyid));
  const bytes = canonicalBytes(metadata.signed);
  return open.reduce(
    (signed, { keyid, owner, sign }) =>
      withSignature(role, signed, demands, { keyid, owner, sig: sign(bytes), sha256: sha256Hex(bytes) }),
    metadata,
  );
}

/** Publishes this role and nothing else: what people are collecting signatures for goes on waiting. */
export function publishAlone(
  { folder }: Repository,
  published: Published,
  role: string,
  metadata: Metadata<TargetsSigned>,
  now: Date,
): void {
  if (!published.root) return;
  const targets = new Map([...published.targets, [role, metadata] as const]);
  const online = signOnline({ root: published.root.signed, published, targets, now, keys: folder.keys() });
  folder.publish(`${metadata.signed.version}.${role}.json`, encodeMetadata(metadata));
  folder.publish(`${online.snapshot.signed.version}.snapshot.json`, online.snapshotBytes);
  folder.publish('timestamp.json', encodeMetadata(online.timestamp));
  folder.unstage(role);
  folder.prune(['targets', 'snapshot', ...delegatedRoles], now, graceMs, versionsKept);
}

/**
 * Signs a staged role with the keys that are here and publishes it alone. Those must be enough, and no signatures for
 * the roles above it may be pending. Answers whether it is published.
 */
export function publishStaged(repository: Repository, role: string, now: Date): boolean {
  return repository.folder.locked(() => {
    const { published, staged } = repository.state();
    const metadata = staged.targets.get(role);
    if (!published.root || !metadata || staged.root || staged.targets.has('targets')) return false;
    const ready = signedWithOwnKeys(repository, role, metadata);
    if (!progressOf(ready, repository.demands(role)).complete) return false;
    publishAlone(repository, published, role, ready, now);
    return true;
  });
}
