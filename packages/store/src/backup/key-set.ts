// Checks whether the keys of a backup belong together, and what they mean for the present keys.
import { X509Certificate } from 'node:crypto';
import type { SigningIdentity } from '@moult/formats/authenticode';
import { proveCa, proveSigner } from '../keys/index.ts';
import { keyFiles } from './format.ts';

type KeyFile = (typeof keyFiles)[number];
type KeySet = ReadonlyMap<string, Buffer>;

const operatorFiles = keyFiles.filter((name) => name !== 'cookie.key');
const cookieKeyBytes = 32;

/** The fault of the keys of a backup, as a sentence. Undefined if they are whole, or if the backup has none. */
export async function checkKeys(keys: KeySet): Promise<string | undefined> {
  const cookie = keys.get('cookie.key' satisfies KeyFile);
  if (cookie && cookie.length !== cookieKeyBytes) return `keys/cookie.key has ${cookie.length} bytes.`;
  const ca = textOf(keys, 'operator-ca.cer.pem');
  const others = operatorFiles.filter((name) => name !== 'operator-ca.cer.pem' && keys.has(name));
  if (ca === undefined)
    return others.length > 0 ? `keys/operator-ca.cer.pem is missing beside keys/${others[0]}.` : undefined;
  const caKey = textOf(keys, 'operator-ca.key.pem') ?? '';
  const authority: SigningIdentity = { certificatePem: ca, privateKeyPem: caKey, chainPem: [] };
  const problem = proveCa(authority);
  if (problem) return `keys/operator-ca.key.pem does not fit keys/operator-ca.cer.pem. ${problem.message}`;
  const certificatePem = textOf(keys, 'operator-signing.cer.pem');
  const privateKeyPem = textOf(keys, 'operator-signing.key.pem');
  if (certificatePem === undefined && privateKeyPem === undefined) return undefined;
  if (certificatePem === undefined || privateKeyPem === undefined)
    return 'keys/operator-signing.cer.pem and its key are not both there.';
  const signer: SigningIdentity = { certificatePem, privateKeyPem, chainPem: [ca] };
  // Certificates that a wrong clock made are in order here: the next start fixes them under the same authority.
  const broken = await proveSigner(signer, authority, new X509Certificate(certificatePem).validFromDate);
  const isTimeOnly = broken?.code === 'SIGNATURE_EXPIRED' || broken?.code === 'SIGNATURE_NOT_YET_VALID';
  return broken && !isTimeOnly ? `keys/operator-signing.cer.pem cannot be used. ${broken.message}` : undefined;
}

/**
 * How the key files change: all of an authority together, never the key of one beside the certificate of another. The
 * authority's key that is there stays when it is that of the backup's certificate. Keys that the backup lacks
 * altogether stay as they are.
 */
export function changeOfKeys(keys: KeySet, present: (name: string) => Buffer | undefined): Map<string, Buffer | null> {
  const change = new Map<string, Buffer | null>();
  const cookie = keys.get('cookie.key' satisfies KeyFile);
  if (cookie) change.set('cookie.key', cookie);
  const ca = keys.get('operator-ca.cer.pem');
  if (!ca) return change;
  for (const name of operatorFiles) change.set(name, keys.get(name) ?? null);
  const isSameAuthority = sameCertificate(present('operator-ca.cer.pem'), ca);
  if (isSameAuthority && !keys.has('operator-ca.key.pem')) change.delete('operator-ca.key.pem');
  return change;
}

function sameCertificate(a: Buffer | undefined, b: Buffer): boolean {
  try {
    return a !== undefined && new X509Certificate(a).raw.equals(new X509Certificate(b).raw);
  } catch {
    return false;
  }
}

function textOf(keys: KeySet, name: KeyFile): string | undefined {
  return keys.get(name)?.toString();
}
