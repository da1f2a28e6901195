// Authenticode: who made this file, and is it still the file they made?
//
// Threat model. Files and the certificates inside them come from strangers. The only thing believed is the list of
// certificates that the caller hands over. An attacker can: change any byte, including those that no digest covers.
// Move a signature to another file. Put data where nobody looks (behind the signature, in its padding, in unsigned
// attributes). Send certificates that lie, loop or are too large to check. And own a real certificate of another purpose,
// or one that has expired. Each is a problem in the report, with its own code. Not defended against: a stolen key
// inside its validity (there is no revocation here, take the CA off the list), and a stolen key that claims an earlier
// signing time, unless `acceptClaimedTime` is false: without time stamps the signer's word is all there is, and for
// agents whose clocks may be wrong it is worth more than the clock.
//
// Whose work is it? Containers, digests and Microsoft's attributes are ours. X.509 and all mathematics are OpenSSL's,
// through node:crypto. CMS is written by pkijs, certificates are made by @peculiar/x509. CMS is read by a lazy reader of
// our own (der.ts), since signatures are made over exact bytes, catalogs have millions of elements, and the agent
// carries this: `@moult/formats/authenticode/verify` is the part it takes, without any library.

import type { CertificateOptions, SigningIdentity } from './operator-certificates.ts';
import type { ServerCertificateOptions } from './server-certificate.ts';
import type { SignOptions } from './sign.ts';

export { verifyInCatalog } from './catalogs/index.ts';
export type { SigningIdentity } from './operator-certificates.ts';
export type { RequestTimestamp } from './timestamp-request.ts';
export * from './verify/index.ts';

// The libraries behind these take longer to load than a verification takes: they come when they are needed.

/** Makes a root for the operator: RSA-3072, 30 years, allowed to issue end certificates only. */
export async function createOperatorCa(options: CertificateOptions): Promise<SigningIdentity> {
  return (await import('./operator-certificates.ts')).createOperatorCa(options);
}

/** Makes a code-signing certificate under `ca`: RSA-3072, 10 years, but never longer than the CA itself. */
export async function createOperatorSigner(ca: SigningIdentity, options: CertificateOptions): Promise<SigningIdentity> {
  return (await import('./operator-certificates.ts')).createOperatorSigner(ca, options);
}

/** Makes a certificate for HTTPS under `ca`: ECDSA P-256, for these names alone, never longer than the CA itself. */
export async function createServerCertificate(
  ca: SigningIdentity,
  options: ServerCertificateOptions,
): Promise<SigningIdentity> {
  return (await import('./server-certificate.ts')).createServerCertificate(ca, options);
}

/**
 * The file with one SHA-256 signature by `identity`, which takes the place of any present one. Cabinets get room for it
 * when they have none. Throws FormatError for a file that cannot carry one, for a key that is not the certificate's,
 * and for a time-stamp authority's answer that cannot be used.
 */
export async function signFile(
  bytes: Uint8Array,
  identity: SigningIdentity,
  options: SignOptions,
): Promise<Uint8Array> {
  return (await import('./sign.ts')).signFile(bytes, identity, options);
}
