// Checks signatures: thresholds of distinct keys over the canonical form. Keys and signature schemes (Ed25519, ECDSA
// P-256 and P-384, RSA-PSS) come from @tufjs/models. The containers do not (ADR 0021 says why).
import { createHash, createPublicKey, ECDH } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { Key, Signature } from '@tufjs/models';
import { ReleaseError } from '../errors.ts';
import { own } from './parse.ts';
import type { AnySigned, KeyJson, Metadata, RoleKeys, SignatureJson } from './types.ts';

/** The bytes that signatures cover. Throws RELEASE_METADATA_MALFORMED for what has no canonical form (a fraction). */
export function canonicalBytes(value: unknown): Uint8Array {
  try {
    return Buffer.from(canonicalize(value as Parameters<typeof canonicalize>[0]), 'utf8');
  } catch (cause) {
    throw new ReleaseError('RELEASE_METADATA_MALFORMED', 'The metadata has no canonical form.', { cause });
  }
}

/** The key identifier that we give: SHA-256 of the key's canonical form, without our own fields. */
export function keyidOf({ keytype, scheme, keyval }: KeyJson): string {
  return sha256Hex(canonicalBytes({ keytype, scheme, keyval: { public: keyval.public ?? '' } }));
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Throws RELEASE_METADATA_UNSIGNED unless a threshold of the role's distinct keys signed. `role`: for the message. */
export function requireThreshold(
  role: string,
  metadata: Metadata,
  { keyids, threshold }: RoleKeys,
  keys: Record<string, KeyJson>,
): void {
  const signers = validSigners(metadata, keyids, keys);
  if (signers.distinct >= threshold) return;
  const text = `The ${role} metadata has ${signers.distinct} of the ${threshold} signatures that it needs.`;
  throw new ReleaseError('RELEASE_METADATA_UNSIGNED', text, { role });
}

/** Which of `keyids` signed this, and how many distinct keys these are: one key under two names counts once. */
export function validSigners(
  metadata: Metadata,
  keyids: readonly string[],
  keys: Record<string, KeyJson>,
): { keyids: string[]; distinct: number } {
  const valid: string[] = [];
  const distinct = new Set<string>();
  for (const keyid of new Set(keyids)) {
    const key = own(keys, keyid);
    const signature = metadata.signatures.find((one) => one.keyid === keyid);
    if (!key || !signature || !isValidSignature(metadata.signed, key, signature)) continue;
    valid.push(keyid);
    distinct.add(identityOf(key));
  }
  return { keyids: valid, distinct: distinct.size };
}

/**
 * True when `signature` is the key's over `signed`. Never throws: a key of an unknown kind is a key that did not sign.
 */
export function isValidSignature(signed: AnySigned, json: KeyJson, { keyid, sig }: SignatureJson): boolean {
  if (!/^([0-9a-f]{2})+$/i.test(sig)) return false;
  try {
    const key = new Key({
      keyID: keyid,
      keyType: json.keytype,
      scheme: json.scheme,
      keyVal: { public: json.keyval.public ?? '' },
    });
    const signature = new Signature({ keyID: keyid, sig });
    // Of the metadata, verifySignature reads only these two. It makes the canonical form itself.
    key.verifySignature({ signatures: { [keyid]: signature }, signed: { toJSON: () => signed } } as never);
    return true;
  } catch {
    return false;
  }
}

/** The key behind its spelling: PEM or hexadecimal, in any case, points compressed or not. */
function identityOf({ keytype, scheme, keyval }: KeyJson): string {
  const text = keyval.public ?? '';
  try {
    if (text.startsWith('-----')) {
      const { kty, x = '', y = '', n = '', e = '' } = createPublicKey(text).export({ format: 'jwk' });
      if (kty === 'OKP') return `ed25519 ${base64UrlToHex(x)}`;
      return kty === 'EC' ? `ec 04${base64UrlToHex(x)}${base64UrlToHex(y)}` : `${kty} ${n} ${e}`;
    }
    if (keytype === 'ed25519') return `ed25519 ${text.toLowerCase()}`;
    const curve = scheme.endsWith('384') ? 'secp384r1' : 'prime256v1';
    return `ec ${ECDH.convertKey(text, curve, 'hex', 'hex', 'uncompressed').toString()}`;
  } catch {
    return text;
  }
}

function base64UrlToHex(text: string): string {
  return Buffer.from(text, 'base64url').toString('hex');
}
