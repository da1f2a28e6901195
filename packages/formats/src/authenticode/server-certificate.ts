// A certificate for HTTPS under the operator's authority: for the names and addresses of one server, and for nothing else. It
// cannot sign a release, because it lacks the purpose of code signing.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import {
  fromPem,
  keyKind,
  nameOf,
  newSerialNumber,
  pemText,
  privateKeyPem,
  type SigningIdentity,
  wholeSecond,
} from './operator-certificates.ts';

export interface ServerCertificateOptions {
  /** DNS names and IP addresses. The first is the common name too. */
  names: readonly string[];
  validFrom: Date;
  validTo: Date;
}

const keyOfServer = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** See index.ts. */
export async function createServerCertificate(
  ca: SigningIdentity,
  { names, validFrom, validTo }: ServerCertificateOptions,
): Promise<SigningIdentity> {
  const issuer = new x509.X509Certificate(ca.certificatePem);
  const issuerKey = await webcrypto.subtle.importKey('pkcs8', fromPem(ca.privateKeyPem), keyKind, false, ['sign']);
  const keys = (await webcrypto.subtle.generateKey(keyOfServer, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const alternatives = names.map((value) => ({ type: isAddress(value) ? ('ip' as const) : ('dns' as const), value }));
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerialNumber(),
      subject: nameOf((names[0] ?? 'localhost').slice(0, 64)),
      issuer: issuer.subjectName,
      notBefore: wholeSecond(Math.max(validFrom.getTime(), issuer.notBefore.getTime())),
      notAfter: wholeSecond(Math.min(validTo.getTime(), issuer.notAfter.getTime())),
      signingAlgorithm: keyKind,
      publicKey: keys.publicKey,
      signingKey: issuerKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], false),
        new x509.SubjectAlternativeNameExtension(alternatives),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const chainPem = [ca.certificatePem, ...ca.chainPem];
  return { certificatePem: pemText(certificate), privateKeyPem: await privateKeyPem(keys), chainPem };
}

/** No DNS name has a colon, or ends in a number. */
function isAddress(name: string): boolean {
  return name.includes(':') || /^\d+(?:\.\d+){3}$/.test(name);
}
