// Text that an operator signs with the signing certificate of the server, so that other operators know whose it is.
import { sign, verify, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { readOutside } from '@moult/disk';
import { inspectClock } from '@moult/store/clock';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import * as z from 'zod';
import { AdministrationError } from '../errors.ts';
import { isThere } from '../is-there.ts';
import type { Administration } from '../open-server.ts';

const pem = z.string().max(10_000);

export const signatureShape = z.strictObject({ value: z.string().max(2000), signer: pem, authority: pem });

/** Base64, and two certificates as PEM. */
export type Signature = z.infer<typeof signatureShape>;

/**
 * Loads the keys of the server and answers what signs with them. Throws AdministrationError ADMINISTRATION_NO_KEYS, and what the
 * keys throw.
 */
export async function createSigner({
  server: { dataDir },
  author,
}: Pick<Administration, 'server' | 'author'>): Promise<{ authority: string; sign(text: Uint8Array): Signature }> {
  if (!isThere(authorityFile(dataDir)))
    throw new AdministrationError(
      'ADMINISTRATION_NO_KEYS',
      `The server in ${dataDir} has no keys to sign with: its first start makes them.`,
    );
  const isClockBelieved = inspectClock(dataDir, author.at).kind === 'right';
  const { ca, signer } = await loadOrCreateOperatorKeys(dataDir, { now: author.at, isClockBelieved });
  return {
    authority: fingerprintOf(new X509Certificate(ca.certificatePem)),
    sign: (text) => ({
      value: sign('sha256', text, signer.privateKeyPem).toString('base64'),
      ...{ signer: signer.certificatePem, authority: ca.certificatePem },
    }),
  };
}

/**
 * The SHA-256 of the authority under a signature. Or the reason why it does not count: `problem` is a sentence without its full
 * stop. `signedAt` reads the time that the text itself says, and is called when the text is known to be signed.
 */
export function checkSignature(
  text: Uint8Array,
  signature: Signature,
  signedAt: () => Date,
): { authority: string } | { problem: string } {
  const signer = certificateIn(signature.signer);
  const authority = certificateIn(signature.authority);
  if (!signer || !authority) return { problem: 'It has no certificate' };
  if (!isSigned(text, signature.value, signer, authority))
    return { problem: 'Its signature is not the one of its contents' };
  // The same authority is over the certificate of HTTPS, whose key more programs can read.
  if (!signer.keyUsage?.includes(codeSigning)) return { problem: 'Its certificate is not one for signing' };
  const at = signedAt().getTime();
  if (!(at >= Date.parse(signer.validFrom) - dayMs && at <= Date.parse(signer.validTo)))
    return { problem: 'Its certificate was not valid when it was signed' };
  return { authority: fingerprintOf(authority) };
}

function isSigned(text: Uint8Array, value: string, signer: X509Certificate, authority: X509Certificate): boolean {
  try {
    return (
      verify('sha256', text, signer.publicKey, Buffer.from(value, 'base64')) &&
      signer.checkIssued(authority) &&
      signer.verify(authority.publicKey) &&
      authority.ca
    );
  } catch {
    // A certificate of a stranger can have a key that signs otherwise, or one of an unknown kind. It is not ours.
    return false;
  }
}

/** The SHA-256 of the authority of this server. Undefined before its first start. */
export function ownAuthority(dataDir: string): string | undefined {
  const file = authorityFile(dataDir);
  const own = isThere(file) ? certificateIn(readOutside(file).toString('latin1')) : undefined;
  return own && fingerprintOf(own);
}

/** A fingerprint as people write it, in the form that this module has. */
export function plainFingerprint(text: string): string {
  return text.replaceAll(/[:\s]/g, '').toLowerCase();
}

function authorityFile(dataDir: string): string {
  return join(dataDir, 'keys', 'operator-ca.cer.pem');
}

function certificateIn(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}

function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Extended key usage: code signing. */
const codeSigning = '1.3.6.1.5.5.7.3.3';
const dayMs = 86_400_000;
