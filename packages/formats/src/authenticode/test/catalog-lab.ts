// An unsigned security catalog, as makecat leaves it: PKCS#7 around a certificate trust list, no signers.

const oid = {
  signedData: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02],
  trustList: [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0a, 0x01],
  catalogList: [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0c, 0x01, 0x01],
  catalogMember: [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0c, 0x01, 0x02],
  indirectData: [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x04],
  portableExecutable: [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x0f],
  sha1: [0x2b, 0x0e, 0x03, 0x02, 0x1a],
  sha256: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
  nameValue: [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0c, 0x02, 0x01],
};

export interface CatalogEntry {
  algorithm: 'sha1' | 'sha256';
  digest: Uint8Array;
  /** As the oldest catalogs have it: the digest in hexadecimal is the entry's name, and nothing else says it. */
  isNameOnly?: boolean;
}

/** `memberCount` members that name nothing in particular, and `entries` among them. */
export function buildCatalog(memberCount: number, entries: readonly CatalogEntry[] = []): Uint8Array {
  const members = Array.from({ length: memberCount }, (_, index) => member(index));
  members.splice(memberCount >> 1, 0, ...entries.map(namedMember));
  const list = der(0x30, [
    der(0x30, [der(0x06, oid.catalogList)]),
    der(0x04, Buffer.alloc(16, 7)),
    der(0x17, Buffer.from('240101000000Z')),
    der(0x30, [der(0x06, oid.catalogMember), der(0x05, [])]),
    der(0x30, members),
  ]);
  const signedData = der(0x30, [
    der(0x02, [1]),
    der(0x31, []),
    der(0x30, [der(0x06, oid.trustList), der(0xa0, [list])]),
    der(0x31, []),
  ]);
  return new Uint8Array(der(0x30, [der(0x06, oid.signedData), der(0xa0, [signedData])]));
}

/** A TrustedSubject: the member's tag, and an attribute that names it. */
function member(index: number): Buffer {
  const name = Buffer.from(`member ${index}`, 'utf16le');
  const attribute = der(0x30, [der(0x06, oid.nameValue), der(0x31, [der(0x30, [der(0x04, name)])])]);
  return der(0x30, [der(0x04, Buffer.from(String(index))), der(0x31, [attribute])]);
}

/** SpcPeImageData with nothing in it. */
const imageData = Buffer.from('30090301 00a004a2028000'.replace(' ', ''), 'hex');

/** A TrustedSubject with SpcIndirectDataContent. */
function namedMember({ algorithm, digest, isNameOnly }: CatalogEntry): Buffer {
  const hex = Buffer.from(digest).toString('hex').toUpperCase();
  if (isNameOnly) return der(0x30, [der(0x04, Buffer.from(`${hex}\0`, 'utf16le'))]);
  const about = der(0x30, [der(0x06, oid.portableExecutable), imageData]);
  const kind = der(0x30, [der(0x06, oid[algorithm]), der(0x05, [])]);
  const indirect = der(0x30, [about, der(0x30, [kind, der(0x04, Buffer.from(digest))])]);
  const attribute = der(0x30, [der(0x06, oid.indirectData), der(0x31, [indirect])]);
  return der(0x30, [der(0x04, Buffer.from(hex, 'utf16le')), der(0x31, [attribute])]);
}

function der(tag: number, content: readonly Buffer[] | readonly number[] | Buffer): Buffer {
  const isList = Array.isArray(content) && content.some((each) => typeof each !== 'number');
  const body = isList ? Buffer.concat(content as Buffer[]) : Buffer.from(content as number[]);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(body.length)]), body]);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left & 0xff);
  return [0x80 | octets.length, ...octets];
}
