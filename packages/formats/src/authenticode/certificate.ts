// An X.509 certificate as a signature's checks need it. OpenSSL (through node:crypto) reads it and does the
// mathematics. This adds the fields that Node does not give: the exact names, the serial's sign, the path length,
// critical extensions, and the algorithm it was signed with.

import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { signatureBounds } from '../bounds.ts';
import { FormatError } from '../errors.ts';
import { contextTag, type DerElement, readDer, tags } from './der.ts';
import { DerCursor, readOctets, readOid, readSmallInteger, readTime } from './der-values.ts';
import { oids } from './oids.ts';
import type { CertificateSummary } from './report.ts';
import { readAlgorithm } from './signed-data.ts';

export interface Certificate {
  raw: Uint8Array;
  x509: X509Certificate;
  publicKey: KeyObject;
  /** DER of the names and content octets of the serial number: what a SignerInfo points at. */
  subject: Uint8Array;
  issuer: Uint8Array;
  serial: Uint8Array;
  keyIdentifier: Uint8Array | undefined;
  signatureOid: string;
  extensions: CertificateExtensions;
  summary: CertificateSummary;
}

interface CertificateExtensions {
  /** False for certificates of version 1, which can have none. */
  any: boolean;
  isAuthority: boolean;
  pathLength: number | undefined;
  /** Bits of KeyUsage, first bit first. Undefined when the certificate does not restrict them. */
  keyUsage: boolean[] | undefined;
  purposes: string[] | undefined;
  /** Critical extensions that are not understood here: the certificate must not be relied on. */
  unknownCritical: string[];
}

/** Bits of KeyUsage (RFC 5280 4.2.1.3). */
export const keyUsageBits = { digitalSignature: 0, keyCertSign: 5 } as const;

/** Extensions that may be critical: enforced (constraints, usage, purposes), or harmless for this use. */
const understood = new Set<string>([
  oids.basicConstraints,
  oids.keyUsage,
  oids.extendedKeyUsage,
  oids.subjectKeyIdentifier,
  '2.5.29.35',
  '2.5.29.32',
  '2.5.29.17',
]);

/** Reads one certificate. Throws FormatError FORMAT_BAD_ASN1 for anything OpenSSL or this cannot read. */
export function readCertificate(raw: Uint8Array): Certificate {
  if (raw.length > signatureBounds.maxCertificateBytes)
    throw new FormatError('FORMAT_OVER_LIMIT', `A certificate of ${raw.length} bytes.`);
  let x509: X509Certificate;
  let publicKey: KeyObject;
  try {
    x509 = new X509Certificate(raw);
    publicKey = x509.publicKey;
  } catch (cause) {
    throw new FormatError('FORMAT_BAD_ASN1', 'A certificate cannot be read.', { cause });
  }
  const outer = new DerCursor(readDer(raw));
  const body = new DerCursor(outer.next());
  const signatureOid = readAlgorithm(outer.next()).oid;
  const version = body.optional(contextTag(0));
  const serial = body.next(tags.integer).content;
  body.next();
  const issuer = body.next().bytes;
  const [notBefore, notAfter] = readValidity(body.next());
  const subject = body.next().bytes;
  body.next();
  const list = body.rest().find((field) => field.tag === contextTag(3));
  const { extensions, keyIdentifier } = readExtensions(version && list);
  const summary: CertificateSummary = {
    subject: oneLine(x509.subject),
    issuer: oneLine(x509.issuer),
    serialNumber: x509.serialNumber,
    thumbprint: createHash('sha1').update(raw).digest('hex'),
    sha256: createHash('sha256').update(raw).digest('hex'),
    notBefore,
    notAfter,
  };
  return { raw, x509, publicKey, subject, issuer, serial, keyIdentifier, signatureOid, extensions, summary };
}

/** The readable ones among certificates that came with a message. Moult ignores the others. */
export function readHints(list: readonly Uint8Array[]): Certificate[] {
  return list.flatMap((raw) => {
    try {
      return [readCertificate(raw)];
    } catch (error) {
      if (error instanceof FormatError) return [];
      throw error;
    }
  });
}

/** All certificates of PEM texts. Throws FormatError when a text holds none. */
export function readPemCertificates(pems: readonly string[]): Certificate[] {
  return pems.flatMap((pem) => {
    const blocks = [...pem.matchAll(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([\s\S]*?)-----END/g)];
    if (blocks.length === 0) throw new FormatError('FORMAT_BAD_HEADER', 'This holds no PEM certificate.');
    return blocks.map((block) => readCertificate(new Uint8Array(Buffer.from(block[1] ?? '', 'base64'))));
  });
}

/** Whether `issuer` signed `certificate`. Never throws. */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  try {
    return certificate.x509.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function readValidity(element: DerElement): [Date, Date] {
  const body = new DerCursor(element);
  return [readTime(body.next()), readTime(body.next())];
}

function readExtensions(holder: DerElement | undefined): {
  extensions: CertificateExtensions;
  keyIdentifier: Uint8Array | undefined;
} {
  const extensions: CertificateExtensions = {
    any: holder !== undefined,
    isAuthority: false,
    pathLength: undefined,
    keyUsage: undefined,
    purposes: undefined,
    unknownCritical: [],
  };
  let keyIdentifier: Uint8Array | undefined;
  const list = holder ? new DerCursor(new DerCursor(holder, holder.tag).next()).rest() : [];
  for (const element of list) {
    const body = new DerCursor(element);
    const oid = readOid(body.next());
    const isCritical = (body.optional(tags.boolean)?.content[0] ?? 0) !== 0;
    const value = body.next(tags.octetString);
    const inner = () => readDer(value.content, value.contentOffset);
    if (oid === oids.basicConstraints) readConstraints(inner(), extensions);
    else if (oid === oids.keyUsage) extensions.keyUsage = readBits(inner());
    else if (oid === oids.extendedKeyUsage) extensions.purposes = new DerCursor(inner()).rest().map(readOid);
    else if (oid === oids.subjectKeyIdentifier) keyIdentifier = readOctets(inner());
    else if (isCritical && !understood.has(oid)) extensions.unknownCritical.push(oid);
  }
  return { extensions, keyIdentifier };
}

function readConstraints(element: DerElement, extensions: CertificateExtensions): void {
  const body = new DerCursor(element);
  extensions.isAuthority = (body.optional(tags.boolean)?.content[0] ?? 0) !== 0;
  const pathLength = body.optional(tags.integer);
  if (pathLength) extensions.pathLength = readSmallInteger(pathLength);
}

function readBits(element: DerElement): boolean[] {
  const [, ...octets] = element.content;
  return octets.flatMap((octet) => Array.from({ length: 8 }, (_, bit) => (octet & (0x80 >> bit)) !== 0));
}

/** Node prints a name as one line per part. Parts are joined, the most specific first. */
function oneLine(name: string): string {
  return name.split('\n').reverse().join(', ');
}
