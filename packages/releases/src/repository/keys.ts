// Signing keys: Ed25519, in files of mode 0600, sealed with a passphrase if one is given. Only the public half leaves the
// machine.
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  scryptSync,
  sign,
} from 'node:crypto';
import { ReleaseError } from '../errors.ts';
import { keyidOf } from '../metadata/signatures.ts';
import type { KeyJson } from '../metadata/types.ts';

export interface SigningKey {
  keyid: string;
  owner: string;
  key: KeyJson;
  /** Signature over the bytes, in hexadecimal. */
  sign(bytes: Uint8Array): string;
  /** PKCS #8, for the key's file only. */
  privateDer: Uint8Array;
}

const formats = { private: 'moult-signing-key-1', public: 'moult-public-key-1' };
/** 32 MiB and about 0.1 s a try. */
const scrypt = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const ownerPattern = /^[\p{L}\p{N}][\p{L}\p{N} .@_-]{0,63}$/u;

/** A new Ed25519 key of `owner` (1 to 64 letters, digits, blanks and `.@_-`). */
export function generateKey(owner: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return signingKey(owner, privateKey.export({ type: 'pkcs8', format: 'der' }), 'the new key');
}

/** The text of a key's file. With a passphrase the private half is sealed (scrypt, AES-256-GCM). */
export function encodeKeyFile({ owner, key, keyid, privateDer }: SigningKey, passphrase?: string): string {
  const secret =
    passphrase === undefined ? Buffer.from(privateDer).toString('base64') : seal(privateDer, keyid, passphrase);
  return `${JSON.stringify({ format: formats.private, owner, keyid, key, secret }, undefined, 2)}\n`;
}

/** The text of the file that is carried to the server. */
export function encodePublicKey({ owner, key, keyid }: SigningKey): string {
  return `${JSON.stringify({ format: formats.public, owner, keyid, key }, undefined, 2)}\n`;
}

/** Reads a key's file. `name`: for messages. Throws RELEASE_KEY_UNUSABLE, also for a passphrase that is missing or wrong. */
export function readKeyFile(text: string, name: string, passphrase?: string): SigningKey {
  const { owner, keyid, secret } = readFields(text, name, formats.private);
  const der = typeof secret === 'string' ? Buffer.from(secret, 'base64') : unseal(secret, keyid, name, passphrase);
  const key = signingKey(owner, der, name);
  if (key.keyid !== keyid) throw unusable(name, 'its two halves do not belong together');
  return key;
}

/** Reads the public half from a public or a private key's file. Throws RELEASE_KEY_UNUSABLE. */
export function readPublicKey(text: string, name: string): { keyid: string; owner: string; key: KeyJson } {
  const { owner, keyid, key } = readFields(text, name, formats.public, formats.private);
  if (keyidOf(key) !== keyid) throw unusable(name, 'its identifier is not that of its key');
  return { owner, keyid, key: { ...key, 'x-moult-owner': owner } };
}

function signingKey(owner: string, der: Uint8Array, name: string): SigningKey {
  if (!ownerPattern.test(owner)) throw unusable(name, `${JSON.stringify(owner)} is not a name of an owner`);
  try {
    const privateKey = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
    const hex = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
    const key: KeyJson = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: hex }, 'x-moult-owner': owner };
    return {
      keyid: keyidOf(key),
      owner,
      key,
      privateDer: der,
      sign: (bytes) => sign(null, bytes, privateKey).toString('hex'),
    };
  } catch (cause) {
    throw unusable(name, 'it holds no private key', cause);
  }
}

interface Sealed {
  N: number;
  r: number;
  p: number;
  salt: string;
  nonce: string;
  tag: string;
  data: string;
}

function seal(secret: Uint8Array, keyid: string, passphrase: string): Sealed {
  const [salt, nonce] = [randomBytes(16), randomBytes(12)];
  const cipher = createCipheriv('aes-256-gcm', scryptSync(passphrase, salt, 32, scrypt), nonce).setAAD(
    Buffer.from(keyid),
  );
  const data = Buffer.concat([cipher.update(secret), cipher.final()]);
  const text = (bytes: Buffer) => bytes.toString('base64');
  const { N, r, p } = scrypt;
  return { N, r, p, salt: text(salt), nonce: text(nonce), tag: text(cipher.getAuthTag()), data: text(data) };
}

function unseal(sealed: Sealed, keyid: string, name: string, passphrase: string | undefined): Uint8Array {
  if (passphrase === undefined) throw unusable(name, 'it is sealed with a passphrase, and none was given');
  try {
    const bytes = (text: string) => Buffer.from(text, 'base64');
    const secret = scryptSync(passphrase, bytes(sealed.salt), 32, scrypt);
    const cipher = createDecipheriv('aes-256-gcm', secret, bytes(sealed.nonce), { authTagLength: 16 });
    cipher.setAAD(Buffer.from(keyid)).setAuthTag(bytes(sealed.tag));
    return Buffer.concat([cipher.update(bytes(sealed.data)), cipher.final()]);
  } catch (cause) {
    throw unusable(name, 'the passphrase is wrong, or the file is damaged', cause);
  }
}

function readFields(text: string, name: string, ...accepted: string[]) {
  try {
    const fields = JSON.parse(text);
    if (!accepted.includes(fields.format)) throw unusable(name, `it is not a ${accepted[0]} file`);
    const { owner, keyid, key, secret } = fields;
    const isKey =
      typeof key?.keytype === 'string' && typeof key.scheme === 'string' && typeof key.keyval?.public === 'string';
    if (typeof owner !== 'string' || typeof keyid !== 'string' || !isKey) throw unusable(name, 'a field is missing');
    if (!ownerPattern.test(owner)) throw unusable(name, 'its owner has no usable name');
    const { keytype, scheme, keyval } = key;
    return { owner, keyid, key: { keytype, scheme, keyval: { public: keyval.public } } as KeyJson, secret };
  } catch (cause) {
    throw cause instanceof ReleaseError ? cause : unusable(name, 'it is not a key file', cause);
  }
}

function unusable(name: string, why: string, cause?: unknown): ReleaseError {
  return new ReleaseError('RELEASE_KEY_UNUSABLE', `The key ${name} cannot be used: ${why}.`, { cause });
}
