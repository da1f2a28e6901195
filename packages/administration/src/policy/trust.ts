// Policy settings that make a Windows client accept updates that the operator signed. They switch such updates on, and
// add the authority to the trusted roots and the signer to the trusted publishers. Policy stores certificates as
// registry values.
import { X509Certificate } from 'node:crypto';
import { AdministrationError } from '../errors.ts';
import { type PolicySetting, policyKey } from './pointing.ts';

const certificatesKey = 'SOFTWARE\\Policies\\Microsoft\\SystemCertificates';

/**
 * The settings for these certificates (PEM or DER). Throws AdministrationError ADMINISTRATION_UNREADABLE for bytes that do
 * not contain a certificate.
 */
export function trustSettings(certificates: readonly { name: string; bytes: Uint8Array }[]): PolicySetting[] {
  if (certificates.length === 0) return [];
  return [
    { name: 'AcceptTrustedPublisherCerts', key: policyKey, data: 1 },
    ...certificates.map(({ name, bytes }) => certificateSetting(name, bytes)),
  ];
}

function certificateSetting(name: string, bytes: Uint8Array): PolicySetting {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(bytes);
  } catch (cause) {
    throw new AdministrationError('ADMINISTRATION_UNREADABLE', `${name} is not a certificate (PEM or DER).`, { cause });
  }
  const thumbprint = certificate.fingerprint.replaceAll(':', '');
  // One that signed itself is an authority. A publisher's is signed by one.
  const store = certificate.checkIssued(certificate) ? 'Root' : 'TrustedPublisher';
  const key = `${certificatesKey}\\${store}\\Certificates\\${thumbprint}`;
  return { name: 'Blob', key, data: serialized(certificate.raw, Buffer.from(thumbprint, 'hex')) };
}

/** Properties of a certificate as Windows keeps them: number, 1, length, bytes. 3 is the SHA-1, 32 the certificate itself. */
function serialized(raw: Uint8Array, sha1: Uint8Array): Uint8Array {
  return Buffer.concat([property(3, sha1), property(32, raw)]);
}

function property(number: number, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(number, 0);
  head.writeUInt32LE(1, 4);
  head.writeUInt32LE(bytes.length, 8);
  return Buffer.concat([head, bytes]);
}
