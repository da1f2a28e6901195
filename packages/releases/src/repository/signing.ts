// Threshold signing with keys on several machines: the keys that must sign a staged file, those that have signed, and
// signatures in files of their own.
import { ReleaseError } from '../errors.ts';
import { canonicalBytes, isValidSignature, sha256Hex, validSigners } from '../metadata/signatures.ts';
import type { AnySigned, KeyJson, Metadata, RoleKeys } from '../metadata/types.ts';
import type { SigningKey } from './keys.ts';

/** One set of keys that a file needs a threshold of. A root needs two: the one before, and its own. */
export interface Demand {
  roleKeys: RoleKeys;
  keys: Record<string, KeyJson>;
}

/** A signature apart from the file that it signs. */
export interface DetachedSignature {
  format: 'moult-signature-1';
  role: string;
  version: number;
  /** Of the signed part, in canonical form. */
  sha256: string;
  keyid: string;
  owner: string;
  sig: string;
}

export interface Progress {
  complete: boolean;
  have: number;
  need: number;
  /** Owners of keys that have not signed and could. */
  missing: string[];
}

/** Signs a metadata file away from its repository. Nothing is checked but its form: the repository does that. */
export function signDetached(role: string, { signed }: Metadata, key: SigningKey): DetachedSignature {
  const bytes = canonicalBytes(signed);
  const { keyid, owner } = key;
  return {
    format: 'moult-signature-1',
    ...{ role, version: signed.version, sha256: sha256Hex(bytes), keyid, owner, sig: key.sign(bytes) },
  };
}

/** Reads a detached signature. `name`: for messages. Throws RELEASE_SIGNATURE_WRONG. */
export function readDetached(text: string, name: string): DetachedSignature {
  const fail = (cause?: unknown) =>
    new ReleaseError('RELEASE_SIGNATURE_WRONG', `${name} is not the file of a signature.`, { cause });
  let value: DetachedSignature;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fail(cause);
  }
  const texts = [value?.role, value?.sha256, value?.keyid, value?.owner, value?.sig];
  if (value?.format !== 'moult-signature-1' || !texts.every((one) => typeof one === 'string')) throw fail();
  return value;
}

/**
 * The file with one signature more. Throws RELEASE_SIGNER_WRONG, RELEASE_SIGNER_REPEATED or RELEASE_SIGNATURE_WRONG,
 * with the owner's name.
 */
export function withSignature<S extends AnySigned>(
  role: string,
  metadata: Metadata<S>,
  demands: readonly Demand[],
  { keyid, owner, sig, sha256 }: Pick<DetachedSignature, 'keyid' | 'owner' | 'sig' | 'sha256'>,
): Metadata<S> {
  const key = demands.filter(({ roleKeys }) => roleKeys.keyids.includes(keyid)).map(({ keys }) => keys[keyid])[0];
  if (!key) {
    const text = `The key ${keyid.slice(0, 12)} of ${shown(owner)} may not sign ${role}. Those who may: ${ownersOf(demands).join(', ')}.`;
    throw new ReleaseError('RELEASE_SIGNER_WRONG', text, { role });
  }
  const name = key['x-moult-owner'] ?? owner;
  if (validSigners(metadata, [keyid], { [keyid]: key }).distinct > 0) {
    const { missing } = progressOf(metadata, demands);
    const text = `${name} has signed ${role} version ${metadata.signed.version} already. Still missing: ${missing.join(', ') || 'none'}.`;
    throw new ReleaseError('RELEASE_SIGNER_REPEATED', text, { role });
  }
  const same = sha256 === sha256Hex(canonicalBytes(metadata.signed));
  if (!same || !isValidSignature(metadata.signed, key, { keyid, sig })) {
    const text = `The signature of ${name} is not over the ${role} version ${metadata.signed.version} that waits here.`;
    throw new ReleaseError('RELEASE_SIGNATURE_WRONG', text, { role });
  }
  const signatures = [...metadata.signatures.filter((one) => one.keyid !== keyid), { keyid, sig }];
  return { signed: metadata.signed, signatures };
}

/** How far a file is from being signed. `have` and `need` are of the demand that is least met. */
export function progressOf(metadata: Metadata, demands: readonly Demand[]): Progress {
  const each = demands.map(({ roleKeys, keys }) => {
    const signers = validSigners(metadata, roleKeys.keyids, keys);
    const missing = roleKeys.keyids.filter((keyid) => !signers.keyids.includes(keyid));
    const open = signers.distinct < roleKeys.threshold;
    return {
      open,
      have: signers.distinct,
      need: roleKeys.threshold,
      missing: missing.map((keyid) => ownerOf(keyid, keys)),
    };
  });
  const open = each.filter((one) => one.open);
  const [least] = (open.length > 0 ? open : each).sort((a, b) => a.have - a.need - (b.have - b.need));
  return {
    complete: open.length === 0,
    have: least?.have ?? 0,
    need: least?.need ?? 0,
    missing: [...new Set(open.flatMap(({ missing }) => missing))],
  };
}

/** The owner as metadata names it, else the first digits of the key. */
function ownerOf(keyid: string, keys: Record<string, KeyJson>): string {
  const owner: unknown = keys[keyid]?.['x-moult-owner'];
  return typeof owner === 'string' ? shown(owner) : keyid.slice(0, 12);
}

function ownersOf(demands: readonly Demand[]): string[] {
  return [...new Set(demands.flatMap(({ roleKeys, keys }) => roleKeys.keyids.map((keyid) => ownerOf(keyid, keys))))];
}

/** A name from a file of somebody else's, for one line of a message. */
function shown(owner: string): string {
  return owner.replaceAll(/[^\p{L}\p{N} .@_-]/gu, '?').slice(0, 64);
}
