// The operator's own certificates: a root that clients pin, and a code-signing certificate under it that can be
// renewed without touching a client. Apart from verification because creating certificates needs a large library.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate with its key, PEM, and its issuers: the one that signed it first, the root last. */
export interface SigningIdentity {
  certificatePem: string;
  /** PKCS#8, not encrypted. */
  privateKeyPem: string;
  chainPem: string[];
}

export interface CertificateOptions {
  commonName: string;
  now: Date;
  /** From when on the certificate is valid. A day before `now` unless given. */
  validFrom?: Date;
}

// RSA-3072 with SHA-256: accepted by every Windows since XP SP3 and by every foreign tool, and good until 2030 and beyond.
export const keyKind = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 3072,
};

const dayMs = 24 * 60 * 60 * 1000;

/** See index.ts. */
export async function createOperatorCa(options: CertificateOptions): Promise<SigningIdentity> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerialNumber(),
      name: nameOf(options.commonName),
      ...validity(options, 30),
      signingAlgorithm: keyKind,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificatePem: pemText(certificate), privateKeyPem: await privateKeyPem(keys), chainPem: [] };
}

/** See index.ts. */
export async function createOperatorSigner(ca: SigningIdentity, options: CertificateOptions): Promise<SigningIdentity> {
  const issuer = new x509.X509Certificate(ca.certificatePem);
  const issuerKey = await webcrypto.subtle.importKey('pkcs8', fromPem(ca.privateKeyPem), keyKind, false, ['sign']);
  const keys = await generateKeys();
  const { notBefore, notAfter } = validity(options, 10);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerialNumber(),
      subject: nameOf(options.commonName),
      issuer: issuer.subjectName,
      notBefore: new Date(Math.max(Number(notBefore), Number(issuer.notBefore))),
      notAfter: new Date(Math.min(Number(notAfter), Number(issuer.notAfter))),
      signingAlgorithm: keyKind,
      publicKey: keys.publicKey,
      signingKey: issuerKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.codeSigning], false),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return {
    certificatePem: pemText(certificate),
    privateKeyPem: await privateKeyPem(keys),
    chainPem: [ca.certificatePem, ...ca.chainPem],
  };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keyKind, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}

/** From a day ago, so that a client whose clock is behind takes it. Whole seconds, as certificates hold them. */
function validity({ now, validFrom }: CertificateOptions, years: number): { notBefore: Date; notAfter: Date } {
  const dayBefore = wholeSecond(now.getTime() - dayMs);
  const notAfter = new Date(dayBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + years);
  return { notBefore: validFrom ? wholeSecond(validFrom.getTime()) : dayBefore, notAfter };
}

export function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

/** 16 random octets, positive and of full length. */
export function newSerialNumber(): string {
  const octets = randomBytes(16);
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40;
  return octets.toString('hex');
}

export function nameOf(commonName: string): x509.Name {
  return new x509.Name([{ CN: [commonName] }]);
}

export function pemText(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}

export async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return `${x509.PemConverter.encode(pkcs8, x509.PemConverter.PrivateKeyTag).trimEnd()}\n`;
}

export function fromPem(pem: string): ArrayBuffer {
  const [block] = x509.PemConverter.decode(pem);
  return block ?? new ArrayBuffer(0);
}
