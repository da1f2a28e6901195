// Certificates of any shape, honest or not, for tests. P-256 keys, because making them costs nothing.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
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
