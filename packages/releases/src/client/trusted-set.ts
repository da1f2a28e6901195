// The checks of the client workflow (specification 5.2 to 5.6) on bytes, in memory: no disk, no network, no clock of
// its own. Each update method either makes the new metadata trusted or throws and changes nothing.
import { createHash } from 'node:crypto';
import { ReleaseError } from '../errors.ts';
import { own, parseMetadata } from '../metadata/parse.ts';
import { keysOfDelegated } from '../metadata/paths.ts';
import { requireThreshold } from '../metadata/signatures.ts';
import type {
  AnySigned,
  Metadata,
  MetaFile,
  RootSigned,
  SnapshotSigned,
  TargetsSigned,
  TimestampSigned,
} from '../metadata/types.ts';

interface Trusted<S extends AnySigned> extends Metadata<S> {
  /** As served. */
  bytes: Uint8Array;
}

/** `strict`: metadata that has expired is refused. `alarm`: it is taken, and told. */
export type ExpiryMode = 'strict' | 'alarm';

export interface Expired {
  role: string;
  expires: string;
}

export class TrustedSet {
  root: Trusted<RootSigned>;
  timestamp: Trusted<TimestampSigned> | undefined;
  snapshot: Trusted<SnapshotSigned> | undefined;
  /** By role. `targets` and those it delegates to. */
  readonly targets = new Map<string, Trusted<TargetsSigned>>();
  /** Expired metadata that was taken all the same: in the mode `alarm` only. */
  readonly expired = new Map<string, Expired>();
  readonly #now: Date;
  readonly #mode: ExpiryMode;

  /** 5.2: the root that is trusted already. It may have expired. It must be signed by itself. `now` is fixed (5.1). */
  constructor(rootBytes: Uint8Array, now: Date, mode: ExpiryMode) {
    this.#now = now;
    this.#mode = mode;
    this.root = { ...parseMetadata('root', rootBytes), bytes: rootBytes };
    this.#requireSigned('root', this.root, this.root.signed);
  }

  /** 5.3.4 to 5.3.7: signed by the old and the new keys, and the very next version. */
  updateRoot(bytes: Uint8Array): void {
    const root = parseMetadata('root', bytes);
    this.#requireSigned('root', root, this.root.signed);
    const expected = this.root.signed.version + 1;
    if (root.signed.version !== expected) {
      throw rollback('root', `its version is ${root.signed.version} in place of ${expected}`);
    }
    this.#requireSigned('root', root, root.signed);
    this.root = { ...root, bytes };
  }

  /** 5.3.10: no more roots come. From here on the root must not have expired. */
  finishRoot(): void {
    this.#requireFresh('root', this.root.signed);
  }

  /** 5.4.2 to 5.4.4. Answers false when the timestamp is the one that is trusted already. */
  updateTimestamp(bytes: Uint8Array, final = true): boolean {
    const timestamp = parseMetadata('timestamp', bytes);
    this.#requireSigned('timestamp', timestamp, this.root.signed);
    const before = this.timestamp?.signed;
    const { version, meta } = timestamp.signed;
    if (before) {
      if (version < before.version) throw rollback('timestamp', `${version} came after ${before.version}`);
      if (version === before.version) {
        this.#requireFresh('timestamp', before);
        return false;
      }
      const [oldSnapshot, newSnapshot] = [before.meta['snapshot.json'].version, meta['snapshot.json'].version];
      if (newSnapshot < oldSnapshot) throw rollback('snapshot', `${newSnapshot} came after ${oldSnapshot}`);
    }
    if (final) this.#requireFresh('timestamp', timestamp.signed);
    this.timestamp = { ...timestamp, bytes };
    return true;
  }

  /** 5.5.2 to 5.5.6. `before`: the snapshot that was trusted until now, whose versions must not go down. */
  updateSnapshot(bytes: Uint8Array, before: SnapshotSigned | undefined): void {
    const expected = this.#requireTimestamp().signed.meta['snapshot.json'];
    requireSame('snapshot', bytes, expected);
    const snapshot = this.readSnapshot(bytes);
    if (snapshot.signed.version !== expected.version) {
      throw mismatch('snapshot', `its version is ${snapshot.signed.version} in place of ${expected.version}`);
    }
    for (const [name, { version }] of Object.entries(before?.meta ?? {})) {
      const now = own(snapshot.signed.meta, name)?.version;
      if (now === undefined) throw rollback('snapshot', `it no longer lists ${name}`);
      if (now < version) throw rollback('snapshot', `it lists version ${now} of ${name} after ${version}`);
    }
    this.#requireFresh('snapshot', snapshot.signed);
    this.snapshot = snapshot;
  }

  /** A snapshot that the root's keys signed, whatever the timestamp says. */
  readSnapshot(bytes: Uint8Array): Trusted<SnapshotSigned> {
    const snapshot = parseMetadata('snapshot', bytes);
    this.#requireSigned('snapshot', snapshot, this.root.signed);
    return { ...snapshot, bytes };
  }

  /** 5.6.2 to 5.6.5, for `targets` (from `root`) and for a role that `delegator` delegates to. */
  updateTargets(bytes: Uint8Array, role: string, delegator: string): void {
    const expected = this.expectedTargets(role);
    requireSame(role, bytes, expected);
    const targets = parseMetadata('targets', bytes);
    if (role === 'targets') this.#requireSigned('targets', targets, this.root.signed);
    else this.#requireDelegated(role, delegator, targets);
    if (targets.signed.version !== expected.version) {
      throw mismatch(role, `its version is ${targets.signed.version} in place of ${expected.version}`);
    }
    this.#requireFresh(role, targets.signed);
    this.targets.set(role, { ...targets, bytes });
  }

  /** Throws when a role that is loaded already is not signed as this delegator wants it. */
  requireDelegated(role: string, delegator: string): void {
    const loaded = this.targets.get(role);
    if (loaded && role !== 'targets') this.#requireDelegated(role, delegator, loaded);
  }

  /** The snapshot's words about a targets role. Throws RELEASE_ROLE_UNKNOWN when it is not listed. */
  expectedTargets(role: string): MetaFile {
    if (!this.snapshot) throw new Error('the snapshot comes before the targets');
    const expected = own(this.snapshot.signed.meta, `${role}.json`);
    if (expected) return expected;
    throw new ReleaseError('RELEASE_ROLE_UNKNOWN', `The snapshot does not list the role ${role}.`, { role });
  }

  #requireDelegated(role: string, delegator: string, targets: Metadata<TargetsSigned>): void {
    const delegations = this.targets.get(delegator)?.signed.delegations;
    const roleKeys = delegations && keysOfDelegated(delegations, role);
    if (!roleKeys) {
      throw new ReleaseError('RELEASE_ROLE_UNKNOWN', `${delegator} does not delegate to ${role}.`, { role });
    }
    requireThreshold(role, targets, roleKeys, delegations.keys);
  }

  #requireTimestamp(): Trusted<TimestampSigned> {
    if (!this.timestamp) throw new Error('the timestamp comes before the snapshot');
    return this.timestamp;
  }

  #requireSigned(role: 'root' | 'timestamp' | 'snapshot' | 'targets', metadata: Metadata, root: RootSigned): void {
    requireThreshold(role, metadata, root.roles[role], root.keys);
  }

  #requireFresh(role: string, { expires }: AnySigned): void {
    this.expired.delete(role);
    if (this.#now.getTime() < Date.parse(expires)) return;
    if (this.#mode === 'strict') {
      throw new ReleaseError('RELEASE_METADATA_EXPIRED', `The ${role} metadata expired at ${expires}.`, { role });
    }
    this.expired.set(role, { role, expires });
  }
}

/** Length and digests, where the listing role names them. */
function requireSame(role: string, bytes: Uint8Array, { length, hashes }: MetaFile): void {
  if (length !== undefined && bytes.length !== length) {
    throw mismatch(role, `it has ${bytes.length} bytes in place of ${length}`);
  }
  for (const [algorithm, expected] of Object.entries(hashes ?? {})) {
    if (digestOf(algorithm, bytes) !== expected) throw mismatch(role, `its ${algorithm} is not the listed one`);
  }
}

function digestOf(algorithm: string, bytes: Uint8Array): string | undefined {
  try {
    return createHash(algorithm).update(bytes).digest('hex');
  } catch {
    return undefined; // an algorithm that is not known here verifies nothing
  }
}

function rollback(role: string, why: string): ReleaseError {
  return new ReleaseError('RELEASE_METADATA_ROLLBACK', `The ${role} metadata goes back: ${why}.`, { role });
}

function mismatch(role: string, why: string): ReleaseError {
  return new ReleaseError('RELEASE_METADATA_MISMATCH', `The ${role} metadata is not the listed one: ${why}.`, { role });
}
