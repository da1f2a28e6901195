// Snapshot and timestamp: signed by the server itself, whenever something is published or half of their time is over.
import { ReleaseError } from '../errors.ts';
import { canonicalBytes, sha256Hex } from '../metadata/signatures.ts';
import type {
  Metadata,
  MetaFile,
  RootSigned,
  SnapshotSigned,
  TargetsSigned,
  TimestampSigned,
} from '../metadata/types.ts';
import { restamped } from './edits.ts';
import { encodeMetadata, type Published } from './folder.ts';
import type { SigningKey } from './keys.ts';

interface OnlineInput {
  /** The root that clients will have. */
  root: RootSigned;
  published: Published;
  /** Every targets role as it will be published. */
  targets: ReadonlyMap<string, Metadata<TargetsSigned>>;
  now: Date;
  keys: readonly SigningKey[];
  /** Versions to leave out. */
  skip?: number;
}

/** The next snapshot and timestamp. Throws RELEASE_SIGNATURES_MISSING when the keys for them are not here. */
export function signOnline(input: OnlineInput) {
  const { published, targets, now, skip = 0 } = input;
  const meta: Record<string, MetaFile> = {};
  for (const [role, metadata] of targets)
    meta[`${role}.json`] = metaOf(encodeMetadata(metadata), metadata.signed.version);
  const snapshotVersion = (published.timestamp?.signed.meta['snapshot.json'].version ?? 0) + 1 + skip;
  const blank = { spec_version: '', version: 0, expires: '' };
  const snapshot = signed(
    restamped<SnapshotSigned>({ ...blank, _type: 'snapshot', meta }, snapshotVersion, now),
    input,
  );
  const snapshotBytes = encodeMetadata(snapshot);
  const timestampVersion = (published.timestamp?.signed.version ?? 0) + 1 + skip;
  const listed = { 'snapshot.json': metaOf(snapshotBytes, snapshotVersion) };
  const unstamped: TimestampSigned = { ...blank, _type: 'timestamp', meta: listed };
  const timestamp = signed(restamped(unstamped, timestampVersion, now), input);
  return { snapshot, snapshotBytes, timestamp };
}

/** True when half of the time of snapshot or timestamp is over. */
export function onlineDue({ snapshot, timestamp }: Published, now: Date): boolean {
  if (!timestamp) return false;
  return [snapshot, timestamp].some((metadata) => {
    if (!metadata) return true; // damaged
    const expires = Date.parse(metadata.signed.expires);
    const from = Date.parse(metadata.signed['x-moult-signed'] ?? '');
    return !(now.getTime() < from + (expires - from) / 2);
  });
}

function metaOf(bytes: Uint8Array, version: number): MetaFile {
  return { version, length: bytes.length, hashes: { sha256: sha256Hex(bytes) } };
}

/** Signed by the keys of the root that clients will have, and of the root that they still have. */
function signed<S extends SnapshotSigned | TimestampSigned>(
  metadata: S,
  { root, published, keys }: OnlineInput,
): Metadata<S> {
  const role = metadata._type;
  const { keyids, threshold } = root.roles[role];
  const before = published.root?.signed.roles[role].keyids ?? [];
  const here = keys.filter(({ keyid }) => keyids.includes(keyid));
  if (here.length < threshold) {
    const text = `The keys of ${role} are not in this repository: ${here.length} of ${threshold} are here.`;
    throw new ReleaseError('RELEASE_SIGNATURES_MISSING', text, { role });
  }
  const bytes = canonicalBytes(metadata);
  const signers = keys.filter(({ keyid }) => keyids.includes(keyid) || before.includes(keyid));
  return { signed: metadata, signatures: signers.map(({ keyid, sign }) => ({ keyid, sig: sign(bytes) })) };
}
