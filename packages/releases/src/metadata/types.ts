// TUF metadata as it is on the wire (specification 1.0.33, section 4). Field names are the specification's own. Fields
// that the specification does not know stay where they are: the signature covers them.

export type RoleKind = 'root' | 'timestamp' | 'snapshot' | 'targets';
export const topLevelRoles = ['root', 'timestamp', 'snapshot', 'targets'] as const satisfies readonly RoleKind[];

/** A public key. `keyid` is the name under which metadata lists it. It need not be a digest. */
export interface KeyJson {
  keytype: string;
  scheme: string;
  keyval: { public?: string };
  /** Our own: who holds the key. */
  'x-moult-owner'?: string;
}

export interface RoleKeys {
  keyids: string[];
  threshold: number;
}

export interface DelegatedRole extends RoleKeys {
  name: string;
  terminating: boolean;
  paths?: string[];
  path_hash_prefixes?: string[];
}

export interface SuccinctRoles extends RoleKeys {
  bit_length: number;
  name_prefix: string;
}

export interface Delegations {
  keys: Record<string, KeyJson>;
  roles?: DelegatedRole[];
  succinct_roles?: SuccinctRoles;
}

/** The timestamp's words about the snapshot, and the snapshot's about each targets role. */
export interface MetaFile {
  version: number;
  length?: number;
  hashes?: Record<string, string>;
}

export interface TargetFile {
  length: number;
  hashes: Record<string, string>;
  custom?: Record<string, unknown>;
}

interface SignedBase {
  spec_version: string;
  version: number;
  /** ISO 8601, UTC. */
  expires: string;
  /** Our own: when it was signed, the lower bound of time for clients whose clock is behind. */
  'x-moult-signed'?: string;
}

export interface RootSigned extends SignedBase {
  _type: 'root';
  /** Not there means false. */
  consistent_snapshot?: boolean;
  keys: Record<string, KeyJson>;
  roles: Record<RoleKind, RoleKeys>;
}

export interface TimestampSigned extends SignedBase {
  _type: 'timestamp';
  meta: { 'snapshot.json': MetaFile };
}

export interface SnapshotSigned extends SignedBase {
  _type: 'snapshot';
  meta: Record<string, MetaFile>;
}

export interface TargetsSigned extends SignedBase {
  _type: 'targets';
  targets: Record<string, TargetFile>;
  /** Of the role `agent`: read it with readPins. */
  'x-moult-pins'?: unknown;
  delegations?: Delegations;
}

export interface SignedOf {
  root: RootSigned;
  timestamp: TimestampSigned;
  snapshot: SnapshotSigned;
  targets: TargetsSigned;
}

export type AnySigned = SignedOf[RoleKind];

export interface SignatureJson {
  keyid: string;
  /** Hexadecimal. */
  sig: string;
}

/** One metadata file: what is signed, and the signatures over its canonical form. */
export interface Metadata<S extends AnySigned = AnySigned> {
  signed: S;
  signatures: SignatureJson[];
}
