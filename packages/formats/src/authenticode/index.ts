// Authenticode: who made this file, and is it still the file they made?
//
// Threat model. Files and the certificates inside them come from strangers. Moult only believes the list of
// certificates that the caller passes. An attacker can change any byte, including those that no digest covers. An
// attacker can move a signature to another file. Data can hide in unread places: behind the signature, in its padding,
// in unsigned attributes. Certificates can lie, loop or be too large to check. The attacker may own a real certificate
// of another purpose, or one that has expired. Each is a problem in the report, with its own code.
//
// Two attacks are not defended against. One is a stolen key inside its validity: Moult checks no revocation, so take
// the CA off the list. The other is a stolen key that claims an earlier signing time. `acceptClaimedTime: false`
// refuses such a claim. The default accepts it, because without time stamps only the signer tells the time. The
// signer's word is worth more than the clock of an agent, which may be wrong.
//
// Who does the work? Containers, digests and Microsoft's attributes are ours. X.509 and all mathematics are OpenSSL's,
// through node:crypto. pkijs writes CMS, and @peculiar/x509 makes certificates. A lazy reader of our own reads CMS
// (der.ts): signatures are made over exact bytes, catalogs have millions of elements, and the agent carries this code.
// The agent takes `@moult/formats/authenticode/verify`, which needs no library.

import type { CertificateOptions, SigningIdentity } from './operator-certificates.ts';
import type { ServerCertificateOptions } from './server-certificate.ts';
import type { SignOptions } from './sign.ts';

export { verifyInCatalog } from './catalogs/index.ts';
export { verifyLargeCabinet } from './large-cabinet.ts';
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
 * The file with one SHA-256 signature by `identity`, which replaces any present one. A cabinet without room for it gets
 * room.
 * Throws FormatError for a file that cannot carry a signature, and for a key that does not fit the certificate. Also
 * throws it for a time-stamp authority's answer that cannot be used.
 */
export async function signFile(
  bytes: Uint8Array,
  identity: SigningIdentity,
  options: SignOptions,
): Promise<Uint8Array> {
  return (await import('./sign.ts')).signFile(bytes, identity, options);
}
