// Certificates of any shape, honest or not, for tests. P-256 keys, because making them costs nothing.
import 'reflect-metadata';
import { generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { SigningIdentity } from '../index.ts';

export interface Shape {
  commonName: string;
  isAuthority?: boolean;
  pathLength?: number;
  /** Object identifiers of ExtendedKeyUsage; none writes no extension. */
  purposes?: string[];
  usages?: number;
  notBefore?: Date;
  notAfter?: Date;
  serialNumber?: string;
  extra?: x509.Extension[];
  keys?: webcrypto.CryptoKeyPair;
}

export const keyUsages = x509.KeyUsageFlags;

/** An extension that nobody understands and everybody must. */
export function criticalExtension(oid: string): x509.Extension {
  return new x509.Extension(oid, true, new Uint8Array([5, 0]));
}

export interface LabIdentity extends SigningIdentity {
  keys: webcrypto.CryptoKeyPair;
  subject: string;
}

const keyKind = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export const codeSigning = '1.3.6.1.5.5.7.3.3';
export const timeStamping = '1.3.6.1.5.5.7.3.8';

export function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keyKind, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}

/** A code signer with an RSA key of any size; OpenSSL makes it, since WebCrypto has its own idea of sizes. */
export async function issueWithRsa(modulusLength: number, issuer: LabIdentity): Promise<SigningIdentity> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const privateKeyPem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { certificatePem: await certifyRsa(publicKey, issuer), privateKeyPem, chainPem: [] };
}

/** A code-signing certificate for any RSA key; PEM. */
export async function certifyRsa(publicKey: KeyObject, issuer: LabIdentity): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: '77',
      subject: 'CN=RSA signer',
      issuer: issuer.subject,
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2049-01-01T00:00:00Z'),
      signingAlgorithm: keyKind,
      publicKey: new x509.PublicKey(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))),
      signingKey: issuer.keys.privateKey,
      extensions: extensionsOf({ commonName: '', purposes: [codeSigning] }),
    },
    webcrypto,
  );
  return certificate.toString('pem');
}

/** A certificate under `issuer`, or a self-signed one. */
export async function issue(
  shape: Shape,
  issuer?: { subject: string; keys: webcrypto.CryptoKeyPair; chainPem?: string[]; certificatePem?: string },
): Promise<LabIdentity> {
  const keys = shape.keys ?? (await newKeys());
  const subject = `CN=${shape.commonName}`;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: shape.serialNumber ?? `5${webcrypto.randomUUID().replaceAll('-', '')}`.slice(0, 16),
      subject,
      issuer: issuer?.subject ?? subject,
      notBefore: shape.notBefore ?? new Date('2020-01-01T00:00:00Z'),
      notAfter: shape.notAfter ?? new Date('2049-01-01T00:00:00Z'),
      signingAlgorithm: keyKind,
      publicKey: keys.publicKey,
      signingKey: (issuer?.keys ?? keys).privateKey,
      extensions: extensionsOf(shape),
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificatePem: certificate.toString('pem'),
    privateKeyPem: x509.PemConverter.encode(pkcs8, x509.PemConverter.PrivateKeyTag),
    chainPem: issuer?.certificatePem ? [issuer.certificatePem, ...(issuer.chainPem ?? [])] : [],
    keys,
    subject,
  };
}

function extensionsOf({ isAuthority, pathLength, purposes, usages, extra }: Shape): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(isAuthority ?? false, pathLength, true),
    ...(purposes ? [new x509.ExtendedKeyUsageExtension(purposes, purposes[0] === timeStamping)] : []),
    ...(usages === undefined ? [] : [new x509.KeyUsagesExtension(usages, true)]),
    ...(extra ?? []),
  ];
}
