// A TUF repository in memory whose every field a test can bend, with keys of any kind. It shares no code with what it
// tests but the canonical form, which @tufjs/canonical-json makes. Judge of the client, never part of the product.
import { createHash, constants as cryptoConstants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';

// biome-ignore lint/suspicious/noExplicitAny: tests bend every field, into shapes that no type allows.
export type Bent = any;

export interface Signer {
  keyid: string;
  key: Bent;
  sign(bytes: Uint8Array): string;
}

export type KeyKind = 'ed25519' | 'ecdsa' | 'rsa' | 'ecdsa-p384';
const kinds: Record<KeyKind, () => { privateKey: KeyObject; key: Bent; padding?: number; hash?: string }> = {
  ed25519: () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const hex = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
    return { privateKey, key: { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: hex } } };
  },
  ecdsa: () => elliptic('P-256', 'ecdsa-sha2-nistp256', 'sha256'),
  'ecdsa-p384': () => elliptic('P-384', 'ecdsa-sha2-nistp384', 'sha384'),
  rsa: () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const text = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const key = { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: text } };
    return { privateKey, key, padding: cryptoConstants.RSA_PKCS1_PSS_PADDING, hash: 'sha256' };
  },
};

function elliptic(namedCurve: string, scheme: string, hash: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  const text = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, key: { keytype: 'ecdsa', scheme, keyval: { public: text } }, hash };
}

/** A new key. `keyid`: a name of the test's choice in place of the digest. */
export function newSigner(kind: KeyKind = 'ed25519', keyid?: string): Signer {
  const { privateKey, key, padding, hash } = kinds[kind]();
  const input = padding === undefined ? privateKey : { key: privateKey, padding, saltLength: 32 };
  return {
    keyid: keyid ?? createHash('sha256').update(canonicalize(key)).digest('hex'),
    key,
    sign: (bytes) => sign(hash, bytes, input).toString('hex'),
  };
}

/** How a document becomes bytes: two spaces, as many tools write it. The digests are of these bytes, not of a canon. */
const encode = (document: unknown) => Buffer.from(JSON.stringify(document, undefined, 1));

export class RepositorySimulator {
  now: Date;
  // Without a prototype: a role may be called __proto__.
  signed: Record<string, Bent> = Object.create(null);
  signers: Record<string, Signer[]> = Object.create(null);
  /** What a server has: path below the metadata URL → bytes. */
  published = new Map<string, Uint8Array>();
  artifacts = new Map<string, Uint8Array>();
  /** Write length and digests into snapshot and timestamp. */
  withDigests = false;
  lastRequests: string[] = [];
  artifactRequests: string[] = [];
  prefixArtifacts = true;

  constructor(now = new Date('2026-06-01T00:00:00Z'), kind: KeyKind = 'ed25519') {
    this.now = now;
    const roles = Object.fromEntries(
      ['root', 'timestamp', 'snapshot', 'targets'].map((role) => {
        this.signers[role] = [newSigner(kind)];
        return [role, { keyids: this.keyids(role), threshold: 1 }];
      }),
    );
    this.signed.root = { ...this.base('root'), consistent_snapshot: true, keys: {}, roles };
    this.signed.targets = { ...this.base('targets'), targets: {} };
    this.signed.snapshot = { ...this.base('snapshot'), meta: { 'targets.json': { version: 1 } } };
    this.signed.timestamp = { ...this.base('timestamp'), meta: { 'snapshot.json': { version: 1 } } };
    for (const role of Object.keys(roles))
      for (const one of this.signers[role] ?? []) this.signed.root.keys[one.keyid] = one.key;
    for (const role of ['root', 'targets', 'snapshot', 'timestamp']) this.publish(role);
  }

  base(type: string) {
    return { _type: type, spec_version: '1.0.31', version: 1, expires: this.inDays(30) };
  }

  inDays(days: number): string {
    return new Date(this.now.getTime() + days * 86_400_000).toISOString().replace(/\.\d+Z/, 'Z');
  }

  keyids(role: string): string[] {
    return (this.signers[role] ?? []).map(({ keyid }) => keyid);
  }

  /** New keys for a top-level role, in the next root (not published). */
  rotate(role: string, kind: KeyKind = 'ed25519', count = 1, threshold = 1): Signer[] {
    const before = this.signers[role] ?? [];
    const signers = Array.from({ length: count }, () => newSigner(kind));
    this.signers[role] = signers;
    this.signed.root.roles[role] = { keyids: this.keyids(role), threshold };
    for (const { keyid, key } of signers) this.signed.root.keys[keyid] = key;
    return before;
  }

  /** Signs what stands there now and hands it to the server, under its versioned name too. */
  publish(role: string, signers = this.signers[role] ?? [], document = this.document(role, signers)): Uint8Array {
    const bytes = encode(document);
    const name = encodeURIComponent(role);
    if (role === 'timestamp') this.published.set('timestamp.json', bytes);
    else {
      this.published.set(`${this.signed[role].version}.${name}.json`, bytes);
      this.published.set(`${name}.json`, bytes);
    }
    return bytes;
  }

  document(role: string, signers = this.signers[role] ?? []): Bent {
    const signed = this.signed[role];
    const canonical = Buffer.from(canonicalize(signed));
    const signatures = signers.map((one) => ({ keyid: one.keyid, sig: one.sign(canonical) }));
    return { signatures, signed: structuredClone(signed) };
  }

  /** A new version of root, signed by the keys of before too. */
  publishRoot(alsoSignedBy: Signer[] = []): void {
    this.signed.root.version += 1;
    const own = this.signers.root ?? [];
    this.publish('root', [...own, ...alsoSignedBy.filter((one) => !own.includes(one))]);
  }

  /** Next versions of the named targets roles, then of snapshot and timestamp. */
  publishAll(...roles: string[]): void {
    for (const role of roles) {
      this.signed[role].version += 1;
      this.publish(role);
    }
    this.updateSnapshot();
  }

  updateSnapshot(): void {
    const meta = this.signed.snapshot.meta;
    for (const role of Object.keys(this.signed)) {
      if (this.signed[role]._type === 'targets') meta[`${role}.json`] = this.metaOf(role);
    }
    this.signed.snapshot.version += 1;
    this.publish('snapshot');
    this.updateTimestamp();
  }

  updateTimestamp(): void {
    this.signed.timestamp.meta['snapshot.json'] = this.metaOf('snapshot');
    this.signed.timestamp.version += 1;
    this.publish('timestamp');
  }

  metaOf(role: string): Bent {
    const { version } = this.signed[role];
    const bytes = this.published.get(`${version}.${encodeURIComponent(role)}.json`);
    if (!this.withDigests || !bytes) return { version };
    return { version, length: bytes.length, hashes: { sha256: createHash('sha256').update(bytes).digest('hex') } };
  }

  addTarget(role: string, path: string, content: Uint8Array | string, custom?: Bent): void {
    const bytes = Buffer.from(content);
    const hashes = { sha256: createHash('sha256').update(bytes).digest('hex') };
    this.signed[role].targets[path] = { length: bytes.length, hashes, ...(custom ? { custom } : {}) };
    const parts = path.split('/');
    const name = parts.pop();
    this.artifacts.set([...parts, `${hashes.sha256}.${name}`].join('/'), bytes);
    this.artifacts.set(path, bytes);
  }

  /** Delegates from one role to a new one, with a key of its own. */
  delegate(
    from: string,
    name: string,
    how: Bent = { paths: ['*'] },
    terminating = false,
    kind: KeyKind = 'ed25519',
  ): void {
    const existing = this.signers[name];
    this.signers[name] = existing ?? [newSigner(kind)];
    this.signed[from].delegations ??= { keys: {}, roles: [] };
    const { delegations } = this.signed[from];
    for (const { keyid, key } of this.signers[name]) delegations.keys[keyid] = key;
    delegations.roles.push({ name, terminating, keyids: this.keyids(name), threshold: 1, ...how });
    if (existing) return;
    this.signed[name] = { ...this.base('targets'), targets: {} };
    this.publish(name);
  }

  /** What a server answers for a path below the repository: `metadata/…` or `targets/…`. */
  answer(path: string): Uint8Array | undefined {
    if (path.startsWith('metadata/')) {
      const name = path.slice('metadata/'.length);
      this.lastRequests.push(name);
      return this.published.get(name);
    }
    const name = path.slice('targets/'.length).split('/').map(decodeURIComponent).join('/');
    this.artifactRequests.push(name);
    return this.artifacts.get(name);
  }
}
