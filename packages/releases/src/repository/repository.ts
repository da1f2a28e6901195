// The operator's repository: staged changes, signatures of people on other machines, publication, renewal. Each method
// takes the lock, and the time as an argument.

import { isThere } from '@moult/disk';
import { counted } from '@moult/formats/text';
import { clientLimits } from '../bounds.ts';
import { writeDurably } from '../client/durable-files.ts';
import { ReleaseError } from '../errors.ts';
import { type OurTarget, type Recall, readOurTarget } from '../metadata/custom.ts';
import { canonicalBytes, sha256Hex } from '../metadata/signatures.ts';
import {
  type AnySigned,
  type Metadata,
  type RootSigned,
  type TargetsSigned,
  topLevelRoles,
} from '../metadata/types.ts';
import { withListed } from './deltas.ts';
import {
  changeDelegation,
  changeRootRole,
  delegatedRoles,
  type PublicKey,
  type RoleChange,
  restamped,
  withRecall,
} from './edits.ts';
import { encodeMetadata, type Published, RepositoryFolder, type Staged } from './folder.ts';
import { generateKey, type SigningKey } from './keys.ts';
import { onlineDue, signOnline } from './online.ts';
import { type Demand, type DetachedSignature, type Progress, progressOf, withSignature } from './signing.ts';

export interface RoleSetup {
  keys: readonly PublicKey[];
  threshold: number;
}

/** Roles whose keys people hold, in the order in which they are published. */
export const offlineRoles = ['root', 'targets', ...delegatedRoles] as const;
export type OfflineRole = (typeof offlineRoles)[number];
/** Clients that started before a publication finish with what it replaced. */
export const graceMs = 24 * 3600_000;

export class Repository {
  readonly folder: RepositoryFolder;
  readonly #passphrase: string | undefined;

  /** `passphrase`: of the sealed keys in the folder. Throws RELEASE_REPOSITORY_MISSING. */
  constructor(directory: string, passphrase?: string, folder = new RepositoryFolder(directory)) {
    this.folder = folder;
    this.#passphrase = passphrase;
    if (this.folder.exists()) return;
    throw new ReleaseError('RELEASE_REPOSITORY_MISSING', `There is no repository in ${directory}.`);
  }

  /** The published and the waiting metadata. */
  state(): { published: Published; staged: Staged } {
    const published = this.folder.published();
    const staged = this.folder.staged();
    // A publication that was interrupted after the timestamp left its staged files behind.
    if (staged.root && staged.root.signed.version <= (published.root?.signed.version ?? 0)) staged.root = undefined;
    for (const [role, { signed }] of staged.targets) {
      if (signed.version <= (published.targets.get(role)?.signed.version ?? 0)) staged.targets.delete(role);
    }
    return { published, staged };
  }

  /**
   * Lists a file in a role and keeps its bytes. A release with deltas from so many before. Throws
   * RELEASE_TARGET_EXISTS, …_MALFORMED.
   */
  add(role: 'agent' | 'updates', path: string, bytes: Uint8Array, ours: OurTarget, now: Date, deltas = 0): void {
    const file = { length: bytes.length, hashes: { sha256: sha256Hex(bytes) } };
    if (!targetPathPattern.test(path)) {
      throw new ReleaseError('RELEASE_TARGET_MALFORMED', `${JSON.stringify(path)} is not a path of a target.`);
    }
    readOurTarget(path, { ...file, custom: { moult: ours } });
    this.folder.locked(() => {
      const stored = this.folder.targetFile(path, file.hashes.sha256);
      const keep = () => {
        if (!isThere(stored)) writeDurably(stored, bytes);
      };
      this.#edit(role, now, (signed) => withListed(this.folder, signed, { path, bytes, ours, file }, deltas), { keep });
    });
  }

  /** Marks a release as recalled. The role `agent` is staged. */
  recall(path: string, recalled: Recall, now: Date): void {
    this.changeAgent((signed) => withRecall(signed, path, recalled), now);
  }

  /** Stages the role `agent` as `change` makes it. */
  changeAgent(change: (signed: TargetsSigned) => TargetsSigned, now: Date): void {
    this.folder.locked(() => this.#edit('agent', now, change));
  }

  /**
   * Other keys or another threshold for a role. Stages the roles to sign: the root for a top-level role, `targets` for
   * a delegated one, the role itself if its signatures do not count.
   */
  changeKeys(role: string, change: RoleChange, now: Date): void {
    this.folder.locked(() => this.#changeKeys(role, change, now));
  }

  /** Takes a key out of every role that has it, with `replacement` in its place if given. Answers the roles. */
  revoke(keyid: string, replacement: PublicKey | undefined, now: Date): string[] {
    return this.folder.locked(() => {
      const roles = [...topLevelRoles, ...delegatedRoles].filter((role) =>
        this.keysOf(role)?.roleKeys.keyids.includes(keyid),
      );
      if (roles.length === 0) throw new ReleaseError('RELEASE_KEY_UNKNOWN', `No role has the key ${keyid}.`);
      for (const role of roles) {
        const fresh = replacement ?? (isOnline(role) ? this.#newOnlineKey(role) : undefined);
        this.#changeKeys(role, { remove: [keyid], ...(fresh ? { add: [fresh] } : {}) }, now);
      }
      return roles;
    });
  }

  /**
   * New keys for snapshot and timestamp, in place of all that they had: the answer to a server that was broken into.
   */
  renewOnlineKeys(now: Date): void {
    this.folder.locked(() => {
      for (const role of ['snapshot', 'timestamp'] as const) {
        const before = this.keysOf(role)?.roleKeys.keyids ?? [];
        this.#changeKeys(role, { remove: before, add: [this.#newOnlineKey(role)], threshold: 1 }, now);
      }
    });
  }

  /**
   * Stages the next version of a role with nothing changed but its end of validity. `skip`: leave out so many versions,
   * after a backup was restored (clients may have seen them). A root never skips one.
   */
  renew(role: OfflineRole, now: Date, skip = 0): void {
    this.folder.locked(() => {
      if (role === 'root') this.#editRoot(now, (root) => root);
      else this.#edit(role, now, (signed) => signed, { skip });
    });
  }

  /** Signs what is staged with every key that is in the folder. Answers role and owner of each signature. */
  signWithOwnKeys(): { role: string; owner: string }[] {
    return this.folder.locked(() => this.folder.keys(this.#passphrase).flatMap((key) => this.#signWith(key, false)));
  }

  /** Signs what is staged with a key of somebody's. Throws RELEASE_SIGNER_WRONG if it may sign no part of it. */
  signWith(key: SigningKey, roles?: readonly string[]): { role: string; owner: string }[] {
    return this.folder.locked(() => this.#signWith(key, true, roles));
  }

  /**
   * Takes in a signature that was made elsewhere. Throws RELEASE_SIGNER_…, RELEASE_SIGNATURE_WRONG, RELEASE_NOT_STAGED.
   */
  import(signature: DetachedSignature): void {
    this.folder.locked(() => {
      const metadata = this.#staged(signature.role);
      if (metadata)
        return this.folder.stage(
          signature.role,
          withSignature(signature.role, metadata, this.demands(signature.role), signature),
        );
      throw new ReleaseError('RELEASE_NOT_STAGED', `Nothing of ${signature.role} waits for signatures.`);
    });
  }

  /** The missing signatures of a staged role. Undefined if no part of it is staged. */
  progress(role: string): Progress | undefined {
    const metadata = this.#staged(role);
    return metadata && progressOf(metadata, this.demands(role));
  }

  /**
   * Publishes what is staged: files first, then the roles, the snapshot and the timestamp. A new root comes after them:
   * the timestamp has signatures of the keys of before as well, so that clients with either root follow. Throws
   * RELEASE_SIGNATURES_MISSING, with nothing written. `checkFiles` false: for a rehearsal. `skip`: of the versions of
   * snapshot and timestamp, as in renew.
   */
  publish(now: Date, { checkFiles = true, skip = 0 } = {}): { roles: string[] } {
    return this.folder.locked(() => {
      const { published, staged } = this.state();
      const root = staged.root ?? published.root;
      if (!root) throw new ReleaseError('RELEASE_REPOSITORY_MISSING', 'The repository has no root.');
      const targets = new Map([...published.targets, ...staged.targets]);
      this.#requireSigned(root, targets, checkFiles);
      const online = signOnline({
        root: root.signed,
        published,
        targets,
        now,
        keys: this.folder.keys(this.#passphrase),
        skip,
      });
      this.folder.setPublishing(true);
      for (const [role, metadata] of staged.targets) {
        this.folder.publish(`${metadata.signed.version}.${role}.json`, encodeMetadata(metadata));
      }
      this.folder.publish(`${online.snapshot.signed.version}.snapshot.json`, online.snapshotBytes);
      this.folder.publish('timestamp.json', encodeMetadata(online.timestamp));
      if (staged.root) this.folder.publish(`${root.signed.version}.root.json`, encodeMetadata(staged.root));
      const roles = [...(staged.root ? ['root'] : []), ...staged.targets.keys()];
      for (const role of roles) this.folder.unstage(role);
      this.folder.setPublishing(false);
      this.#dropOldKeys(root.signed);
      this.folder.prune(['targets', 'snapshot', ...delegatedRoles], now, graceMs);
      return { roles };
    });
  }

  /**
   * Signs snapshot and timestamp again when half of their time is over, and finishes a publication that was
   * interrupted. Answers whether it did. For the server's timer.
   */
  renewOnline(now: Date): boolean {
    if (this.folder.isPublishing()) {
      this.publish(now);
      return true;
    }
    return this.folder.locked(() => {
      const published = this.folder.published();
      if (!published.root || !onlineDue(published, now)) return false;
      const { root, targets } = published;
      const online = signOnline({
        root: root.signed,
        published,
        targets,
        now,
        keys: this.folder.keys(this.#passphrase),
      });
      this.folder.publish(`${online.snapshot.signed.version}.snapshot.json`, online.snapshotBytes);
      this.folder.publish('timestamp.json', encodeMetadata(online.timestamp));
      this.folder.prune(['targets', 'snapshot', ...delegatedRoles], now, graceMs);
      return true;
    });
  }

  /** Keys and threshold of a role as they will be after the next publication. */
  keysOf(role: string): Demand | undefined {
    const { published, staged } = this.state();
    const root = (staged.root ?? published.root)?.signed;
    const top = topLevelRoles.find((one) => one === role);
    if (top) return root && { roleKeys: root.roles[top], keys: root.keys };
    const delegations = (staged.targets.get('targets') ?? published.targets.get('targets'))?.signed.delegations;
    const roleKeys = delegations?.roles?.find(({ name }) => name === role);
    return delegations && roleKeys && { roleKeys, keys: delegations.keys };
  }

  /** The signers of the staged version of a role. */
  demands(role: string): Demand[] {
    const next = this.keysOf(role);
    if (!next) throw new ReleaseError('RELEASE_ROLE_UNKNOWN', `${role} is not a role of this repository.`);
    const before = this.folder.published().root?.signed;
    return role === 'root' && before ? [{ roleKeys: before.roles.root, keys: before.keys }, next] : [next];
  }

  #changeKeys(role: string, change: RoleChange, now: Date): void {
    const top = topLevelRoles.find((one) => one === role);
    if (top) this.#editRoot(now, (root) => changeRootRole(root, top, change));
    else this.#edit('targets', now, (targets) => changeDelegation(targets, role, change));
    if (role === 'root' || isOnline(role)) return;
    const present = this.#staged(role) ?? this.state().published.targets.get(role);
    if (present && !progressOf(present, this.demands(role)).complete) this.#edit(role, now, (signed) => signed);
  }

  #newOnlineKey(role: string): SigningKey {
    const key = generateKey(`server ${role}`);
    this.folder.saveKey(role, key); // never sealed: the server signs with it by itself
    return key;
  }

  #editRoot(now: Date, change: (root: RootSigned) => RootSigned): void {
    const { published, staged } = this.state();
    const base = staged.root ?? published.root;
    if (!base) throw new ReleaseError('RELEASE_REPOSITORY_MISSING', 'The repository has no root.');
    const version = (published.root?.signed.version ?? 0) + 1;
    this.folder.stage('root', unsigned(restamped(change(base.signed), version, now)));
  }

  #edit(
    role: string,
    now: Date,
    change: (signed: TargetsSigned) => TargetsSigned,
    { keep, skip = 0 }: EditOptions = {},
  ): void {
    const { published, staged } = this.state();
    const base = staged.targets.get(role) ?? published.targets.get(role);
    if (!base) throw new ReleaseError('RELEASE_ROLE_UNKNOWN', `${role} is not a role of this repository.`);
    const version = (published.targets.get(role)?.signed.version ?? 0) + 1 + skip;
    const next = restamped(change(base.signed), Math.max(version, base.signed.version), now);
    const size = encodeMetadata(unsigned(next)).length + roomForSignatures;
    if (size > clientLimits.targetsBytes) {
      const text = `${role} would have ${size} bytes, and clients take ${clientLimits.targetsBytes}. Nothing was changed.`;
      throw new ReleaseError('RELEASE_TARGET_MALFORMED', text, { role });
    }
    keep?.();
    this.folder.stage(role, unsigned(next));
  }

  #signWith(key: SigningKey, strict: boolean, roles?: readonly string[]): { role: string; owner: string }[] {
    const { staged } = this.state();
    const all = [...(staged.root ? ['root'] : []), ...staged.targets.keys()];
    const asked = roles ?? all.filter((role) => this.#allows(role, key.keyid));
    const open = asked.filter((role) => !this.#hasSigned(role, key.keyid));
    if (strict && all.length === 0) throw new ReleaseError('RELEASE_NOT_STAGED', 'Nothing waits for signatures.');
    // The error that #sign throws names the owner and those who may sign, or who have not yet.
    if (strict && open.length === 0) this.#sign(asked[0] ?? all[0] ?? 'root', key);
    for (const role of open) this.#sign(role, key);
    return open.map((role) => ({ role, owner: key.owner }));
  }

  #allows(role: string, keyid: string): boolean {
    return this.demands(role).some(({ roleKeys }) => roleKeys.keyids.includes(keyid));
  }

  #hasSigned(role: string, keyid: string): boolean {
    return this.#staged(role)?.signatures.some((one) => one.keyid === keyid) ?? false;
  }

  #sign(role: string, { keyid, owner, sign }: SigningKey): void {
    const metadata = this.#staged(role);
    if (!metadata) throw new ReleaseError('RELEASE_NOT_STAGED', `Nothing of ${role} waits for signatures.`);
    const bytes = canonicalBytes(metadata.signed);
    const signature = { keyid, owner, sig: sign(bytes), sha256: sha256Hex(bytes) };
    this.folder.stage(role, withSignature(role, metadata, this.demands(role), signature));
  }

  #staged(role: string): Metadata | undefined {
    const { staged } = this.state();
    return role === 'root' ? staged.root : staged.targets.get(role);
  }

  #requireSigned(
    root: Metadata<RootSigned>,
    targets: ReadonlyMap<string, Metadata<TargetsSigned>>,
    checkFiles: boolean,
  ): void {
    this.#requireComplete('root', root);
    for (const role of ['targets', ...delegatedRoles]) {
      const metadata = targets.get(role);
      if (!metadata) throw new ReleaseError('RELEASE_ROLE_UNKNOWN', `The repository has no ${role}.`, { role });
      this.#requireComplete(role, metadata);
      if (checkFiles) this.folder.requireFiles(metadata.signed);
    }
  }

  #requireComplete(role: string, metadata: Metadata): void {
    const { complete, have, need, missing } = progressOf(metadata, this.demands(role));
    if (complete) return;
    const text = `${role} version ${metadata.signed.version} has ${have} of ${counted(need, 'signature')}. Not signed yet: ${missing.join(', ')}.`;
    throw new ReleaseError('RELEASE_SIGNATURES_MISSING', text, { role });
  }

  /** Keys of snapshot and timestamp that the published root no longer names are useful only to a thief. */
  #dropOldKeys({ roles }: RootSigned): void {
    const used = [...roles.snapshot.keyids, ...roles.timestamp.keyids];
    this.folder.dropOnlineKeys(used);
  }
}

interface EditOptions {
  /** The files that must be on the disk before the staged file names them. */
  keep?: () => void;
  skip?: number;
}

/** For 16 keys of the largest kind. */
const roomForSignatures = 20_000;
const targetPathPattern = /^[a-z]+\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\/[A-Za-z0-9][A-Za-z0-9._-]{0,149}$/;

export function unsigned<S extends AnySigned>(signed: S): Metadata<S> {
  return { signed, signatures: [] };
}

function isOnline(role: string): boolean {
  return role === 'snapshot' || role === 'timestamp';
}
