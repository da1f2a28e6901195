// What a thief can serve who has one key of a role too few, or of another role, and the online keys of the server.

import { canonicalBytes, type SnapshotSigned, sha256Hex, type TimestampSigned } from '@moult/releases/metadata';
import type { Repository, SigningKey } from '@moult/releases/repository';
import { encodeMetadata } from '@moult/releases/repository';

/** The staged version of `role` with the signature of `thief` alone, listed by a snapshot and a timestamp that are genuine. */
export function forgeRole(repository: Repository, role: string, thief: SigningKey, now: Date): Map<string, Uint8Array> {
  const { published, staged } = repository.state();
  const signed = staged.targets.get(role)?.signed;
  const { snapshot, timestamp } = published;
  if (!signed || !snapshot || !timestamp) throw new Error('nothing is staged');
  const forged = encodeMetadata({
    signed,
    signatures: [{ keyid: thief.keyid, sig: thief.sign(canonicalBytes(signed)) }],
  });
  const metaOf = (bytes: Uint8Array, version: number) => ({
    version,
    length: bytes.length,
    hashes: { sha256: sha256Hex(bytes) },
  });
  const stamps = { 'x-moult-signed': now.toISOString().replace(/\.\d+Z$/, 'Z') };
  const nextSnapshot: SnapshotSigned = {
    ...structuredClone(snapshot.signed),
    ...stamps,
    version: snapshot.signed.version + 1,
    meta: { ...snapshot.signed.meta, [`${role}.json`]: metaOf(forged, signed.version) },
  };
  const sign = (kind: 'snapshot' | 'timestamp', value: SnapshotSigned | TimestampSigned): Uint8Array => {
    const keyids = repository.keysOf(kind)?.roleKeys.keyids ?? [];
    const keys = repository.folder.keys().filter(({ keyid }) => keyids.includes(keyid));
    const signatures = keys.map(({ keyid, sign: make }) => ({ keyid, sig: make(canonicalBytes(value)) }));
    return encodeMetadata({ signed: value, signatures });
  };
  const snapshotBytes = sign('snapshot', nextSnapshot);
  const nextTimestamp: TimestampSigned = {
    ...structuredClone(timestamp.signed),
    ...stamps,
    version: timestamp.signed.version + 1,
    meta: { 'snapshot.json': metaOf(snapshotBytes, nextSnapshot.version) },
  };
  return new Map([
    [`metadata/${signed.version}.${role}.json`, forged],
    [`metadata/${nextSnapshot.version}.snapshot.json`, snapshotBytes],
    ['metadata/timestamp.json', sign('timestamp', nextTimestamp)],
  ]);
}
