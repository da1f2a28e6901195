// The files that a security catalog names. It is a certificate trust list (CTL). Its entries contain
// SpcIndirectDataContent with the file's digest. In some old ones the entry's name alone is the digest. Programs,
// cabinets and Windows Installer files are named by their Authenticode digest. All other files are named by the digest
// of their bytes.
import { createHash } from 'node:crypto';
import { FormatError } from '../errors.ts';
import { badAsn1, childrenOf, type DerElement, eachChild, tags } from './der.ts';
import { DerCursor, readOctets, readOid } from './der-values.ts';
import { readIndirectData } from './indirect-data.ts';
import { type DigestAlgorithm, digestOfOid, oids } from './oids.ts';
import { openSignedFile } from './open-signed-file.ts';

const algorithms = ['sha256', 'sha1', 'sha384', 'sha512'] as const satisfies readonly DigestAlgorithm[];

/**
 * The best digest of the file in `list` (the CTL of a catalog). Undefined if the list does not name the file. Throws
 * FormatError.
 */
export function findCatalogMember(list: DerElement, bytes: Uint8Array): DigestAlgorithm | undefined {
  const wanted = wantedDigests(bytes).filter(({ digest }) => contains(list, digest));
  if (wanted.length === 0) return undefined;
  const found = new Set<DigestAlgorithm>();
  for (const member of eachChild(membersOf(list))) {
    for (const { algorithm, digest } of digestsOf(member)) {
      const isNamed = wanted.some((one) => (algorithm ?? one.algorithm) === one.algorithm && one.digest.equals(digest));
      if (!isNamed) continue;
      found.add(algorithm ?? (digest.length === 20 ? 'sha1' : 'sha256'));
    }
  }
  return algorithms.find((algorithm) => found.has(algorithm));
}

interface WantedDigest {
  algorithm: DigestAlgorithm;
  digest: Buffer;
}

function wantedDigests(bytes: Uint8Array): WantedDigest[] {
  const ofFile = digesterOf(bytes);
  return algorithms.flatMap((algorithm) => {
    const plain = { algorithm, digest: createHash(algorithm).update(bytes).digest() };
    return ofFile ? [plain, { algorithm, digest: Buffer.from(ofFile(algorithm)) }] : [plain];
  });
}

/** The function for the file's Authenticode digest, if its kind has one. */
function digesterOf(bytes: Uint8Array): ((algorithm: DigestAlgorithm) => Uint8Array) | undefined {
  try {
    const file = openSignedFile(bytes);
    return file.kind === 'catalog' ? undefined : file.digest;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** A catalog may have millions of entries: only one that holds the octets at all is read. */
function contains(list: DerElement, digest: Buffer): boolean {
  const content = Buffer.from(list.content.buffer, list.content.byteOffset, list.content.length);
  return content.includes(digest) || content.includes(asName(digest));
}

/** As entries of the old kind are named: hexadecimal digits in upper case, UTF-16LE. */
function asName(digest: Buffer): Buffer {
  return Buffer.from(digest.toString('hex').toUpperCase(), 'utf16le');
}

/** CTL: usage, [identifier], [number], times, algorithm, entries: of its SEQUENCEs the third. */
function membersOf(list: DerElement): DerElement {
  const members = childrenOf(list).filter(({ tag }) => tag === tags.sequence)[2];
  if (!members) throw badAsn1('the list of the catalog has no entries', list.offset);
  return members;
}

function digestsOf(member: DerElement): { algorithm: DigestAlgorithm | undefined; digest: Buffer }[] {
  const body = new DerCursor(member);
  const name = Buffer.from(readOctets(body.next()));
  const attributes = body.optional(tags.set);
  const digests = (attributes ? childrenOf(attributes) : []).flatMap((attribute) => {
    const cursor = new DerCursor(attribute);
    if (readOid(cursor.next()) !== oids.indirectData) return [];
    return childrenOf(cursor.next(tags.set)).map((value) => {
      const { digestOid, digest } = readIndirectData(value);
      return { algorithm: digestOfOid(digestOid), digest: Buffer.from(digest) };
    });
  });
  if (digests.length > 0) return digests.filter(({ algorithm }) => algorithm !== undefined);
  return nameAsDigest(name);
}

function nameAsDigest(name: Buffer): { algorithm: undefined; digest: Buffer }[] {
  const text = name.toString('utf16le').replace(/\0$/, '');
  const digest = /^(?:[\dA-F]{40}|[\dA-F]{64})$/i.test(text) ? Buffer.from(text, 'hex') : name;
  return digest.length === 20 || digest.length === 32 ? [{ algorithm: undefined, digest }] : [];
}
