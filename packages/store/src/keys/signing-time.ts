// The time that a signature states. An agent takes a signature whose certificates were valid at that time, and asks no
// clock. So a server with a wrong clock must not state a time outside their validity: every agent refuses the file.
import { X509Certificate } from 'node:crypto';
import type { SigningIdentity } from '@moult/formats/authenticode';

interface Validity {
  from: Date;
  to: Date;
}

/** The time within the validity of the signer and all its issuers that is nearest to `now`. */
export function signingTimeOf(identity: SigningIdentity, now: Date): Date {
  const { from, to } = validityOf(identity);
  return new Date(Math.max(from.getTime(), Math.min(to.getTime(), now.getTime())));
}

/** When the certificate and all its issuers are valid together. `from` is after `to` when they never are. */
export function validityOf({ certificatePem, chainPem }: SigningIdentity): Validity {
  const certificates = [certificatePem, ...chainPem].flatMap(certificatesIn);
  return {
    from: new Date(Math.max(...certificates.map(({ validFromDate }) => validFromDate.getTime()))),
    to: new Date(Math.min(...certificates.map(({ validToDate }) => validToDate.getTime()))),
  };
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
