// Bytes from outside → metadata of the asked kind. Everything that a later step relies on is checked here, in time that
// grows with the size only: this runs before any signature is looked at.
import { ReleaseError } from '../errors.ts';
import {
  type DelegatedRole,
  type Metadata,
  type RoleKeys,
  type RoleKind,
  type SignatureJson,
  type SignedOf,
  topLevelRoles,
} from './types.ts';

type Json = Record<string, unknown>;

/** Reads a metadata file. Throws RELEASE_METADATA_MALFORMED, which names the field, for anything else. */
export function parseMetadata<K extends RoleKind>(kind: K, bytes: Uint8Array): Metadata<SignedOf[K]> {
  const check = new Checker(kind);
  const document = check.record(readJson(kind, bytes), 'the document');
  const signed = check.record(document.signed, 'signed');
  if (signed._type !== kind) check.fail(`its _type is ${JSON.stringify(signed._type)}`);
  checkCommon(check, signed);
  checkKind[kind](check, signed);
  return { signed: signed as unknown as SignedOf[K], signatures: signaturesOf(check, document.signatures) };
}

function readJson(kind: RoleKind, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ReleaseError('RELEASE_METADATA_MALFORMED', `The ${kind} metadata is not JSON.`, { cause, role: kind });
  }
}

function signaturesOf(check: Checker, value: unknown): SignatureJson[] {
  const seen = new Set<string>();
  return check.list(value, 'signatures').map((entry) => {
    const signature = check.record(entry, 'an entry of signatures');
    const keyid = check.text(signature.keyid, 'keyid of a signature');
    const sig = check.text(signature.sig, 'sig of a signature');
    if (seen.has(keyid)) check.fail(`it has two signatures of the key ${keyid}`);
    seen.add(keyid);
    return { keyid, sig };
  });
}

function checkCommon(check: Checker, signed: Json): void {
  const specification = check.text(signed.spec_version, 'spec_version');
  const parts = /^(\d+)\.(\d+)(\.\d+)?$/.exec(specification);
  if (parts?.[1] !== '1') check.fail(`spec_version ${JSON.stringify(specification)} is not of the 1.x family`);
  check.integer(signed.version, 'version', 1);
  const expires = check.text(signed.expires, 'expires');
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(expires) || Number.isNaN(Date.parse(expires))) {
    check.fail(`expires ${JSON.stringify(expires)} is not a date and time`);
  }
}

const checkKind: Record<RoleKind, (check: Checker, signed: Json) => void> = {
  root: (check, signed) => {
    const { consistent_snapshot: consistent } = signed; // left as it is: the signature covers that it is not there
    if (consistent !== undefined && typeof consistent !== 'boolean')
      check.fail('consistent_snapshot is not true or false');
    checkKeys(check, signed.keys);
    const roles = check.record(signed.roles, 'roles');
    for (const name of topLevelRoles) check.roleKeys(own(roles, name), `the role ${name}`);
  },
  timestamp: (check, signed) => {
    const meta = check.record(signed.meta, 'meta');
    checkMetaFile(check, own(meta, 'snapshot.json'), 'snapshot.json');
  },
  snapshot: (check, signed) => {
    for (const [name, file] of Object.entries(check.record(signed.meta, 'meta'))) checkMetaFile(check, file, name);
  },
  targets: (check, signed) => {
    for (const [path, value] of Object.entries(check.record(signed.targets, 'targets'))) {
      const file = check.record(value, `the target ${path}`);
      check.integer(file.length, `length of the target ${path}`, 0);
      checkHashes(check, file.hashes, `the target ${path}`);
    }
    if (signed.delegations !== undefined) checkDelegations(check, signed.delegations);
  },
};

function checkKeys(check: Checker, value: unknown): void {
  for (const [keyid, entry] of Object.entries(check.record(value, 'keys'))) {
    const key = check.record(entry, `the key ${keyid}`);
    check.text(key.keytype, `keytype of ${keyid}`);
    check.text(key.scheme, `scheme of ${keyid}`);
    const keyval = check.record(key.keyval, `keyval of ${keyid}`);
    if (keyval.public !== undefined) check.text(keyval.public, `public part of ${keyid}`);
  }
}

function checkMetaFile(check: Checker, value: unknown, name: string): void {
  const file = check.record(value, `meta of ${name}`);
  check.integer(file.version, `version of ${name}`, 1);
  if (file.length !== undefined) check.integer(file.length, `length of ${name}`, 0);
  if (file.hashes !== undefined) checkHashes(check, file.hashes, name);
}

function checkHashes(check: Checker, value: unknown, name: string): void {
  const hashes = Object.entries(check.record(value, `hashes of ${name}`));
  if (hashes.length === 0) check.fail(`${name} has no hash`);
  for (const [algorithm, digest] of hashes) check.text(digest, `${algorithm} of ${name}`);
}

function checkDelegations(check: Checker, value: unknown): void {
  const delegations = check.record(value, 'delegations');
  checkKeys(check, delegations.keys);
  if (delegations.roles !== undefined && delegations.succinct_roles !== undefined) {
    check.fail('delegations has both roles and succinct_roles');
  }
  if (delegations.succinct_roles !== undefined) checkSuccinct(check, delegations.succinct_roles);
  if (delegations.roles === undefined) return;
  const names = new Set<string>();
  for (const entry of check.list(delegations.roles, 'roles of delegations')) {
    const { name } = checkDelegatedRole(check, entry);
    if (names.has(name)) check.fail(`it delegates to ${name} twice`);
    names.add(name);
  }
}

function checkDelegatedRole(check: Checker, value: unknown): DelegatedRole {
  const role = check.record(value, 'a delegated role');
  const name = check.text(role.name, 'name of a delegated role');
  const taken: readonly string[] = topLevelRoles;
  if (name === '' || taken.includes(name)) check.fail(`${JSON.stringify(name)} is not a name for a delegated role`);
  check.roleKeys(role, `the role ${name}`);
  if (typeof role.terminating !== 'boolean') check.fail(`terminating of ${name} is not true or false`);
  if (role.paths !== undefined) check.texts(role.paths, `paths of ${name}`);
  if (role.path_hash_prefixes !== undefined) check.texts(role.path_hash_prefixes, `path_hash_prefixes of ${name}`);
  if (role.paths !== undefined && role.path_hash_prefixes !== undefined) {
    check.fail(`the role ${name} has both paths and path_hash_prefixes`);
  }
  return role as unknown as DelegatedRole;
}

function checkSuccinct(check: Checker, value: unknown): void {
  const role = check.record(value, 'succinct_roles');
  check.roleKeys(role, 'succinct_roles');
  const bits = check.integer(role.bit_length, 'bit_length', 1);
  if (bits > 32) check.fail('bit_length is more than 32');
  check.text(role.name_prefix, 'name_prefix');
}

/** The value of an own property: what Object.prototype has does not count. */
export function own<T>(record: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

class Checker {
  readonly kind: RoleKind;

  constructor(kind: RoleKind) {
    this.kind = kind;
  }

  fail(why: string): never {
    throw new ReleaseError('RELEASE_METADATA_MALFORMED', `The ${this.kind} metadata cannot be used: ${why}.`, {
      role: this.kind,
    });
  }

  record(value: unknown, what: string): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail(`${what} is not an object`);
    return value as Json;
  }

  list(value: unknown, what: string): unknown[] {
    if (!Array.isArray(value)) this.fail(`${what} is not a list`);
    return value;
  }

  text(value: unknown, what: string): string {
    if (typeof value !== 'string') this.fail(`${what} is not a text`);
    return value;
  }

  texts(value: unknown, what: string): string[] {
    return this.list(value, what).map((entry) => this.text(entry, `an entry of ${what}`));
  }

  integer(value: unknown, what: string, least: number): number {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
      this.fail(`${what} is not a whole number from ${least} to 2^53 - 1`);
    }
    return value;
  }

  roleKeys(value: unknown, what: string): RoleKeys {
    const role = this.record(value, what);
    const keyids = this.texts(role.keyids, `keyids of ${what}`);
    if (new Set(keyids).size !== keyids.length) this.fail(`${what} lists a key twice`);
    this.integer(role.threshold, `threshold of ${what}`, 1);
    return role as unknown as RoleKeys;
  }
}
