// The file of a vendor's package, as it is at the vendor's: its address, name, length and digests.
import { FormatError } from '@moult/formats';
import { toPathSegments } from '@moult/formats/paths';
import { attributeOf, childNamed, childrenNamed, textOf, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { countAttribute, digestText, requiredAttribute } from '../metadata/fields.ts';

export interface OriginFile {
  /** http or https, without a name and a password. */
  address: string;
  /** A file name alone, safe on every system. */
  fileName: string;
  sizeBytes: number;
  /** Lower-case hex. */
  sha1: string;
  /** Lower-case hex. Undefined where the vendor gives none. */
  sha256: string | undefined;
}

/** The OriginFile of an InstallableItem. Throws CATALOG_MISSING_FIELD, CATALOG_BAD_FIELD. */
export function readOriginFile(item: XmlElement): OriginFile {
  const element = childNamed(item, 'OriginFile');
  if (!element) throw new CatalogError('CATALOG_MISSING_FIELD', 'The installable item has no OriginFile.');
  const fileName = requiredAttribute(element, 'FileName');
  const sizeBytes = countAttribute(element, 'Size');
  if (sizeBytes === undefined) throw new CatalogError('CATALOG_MISSING_FIELD', 'The OriginFile has no Size.');
  const further = childrenNamed(element, 'AdditionalDigest').find(
    (digest) => attributeOf(digest, 'Algorithm')?.toUpperCase() === 'SHA256',
  );
  return {
    address: addressOf(requiredAttribute(element, 'OriginUri')),
    fileName: safeName(fileName),
    sizeBytes,
    sha1: hex(digestText(requiredAttribute(element, 'Digest'), 20, 'Digest of the OriginFile')),
    sha256: further && hex(digestText(textOf(further).trim(), 32, 'SHA-256 of the OriginFile')),
  };
}

function hex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

/** Clients unpack it under this name beside other files: it leads nowhere else. */
function safeName(name: string): string {
  try {
    if (toPathSegments(name).length === 1) return name;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new CatalogError('CATALOG_BAD_FIELD', `FileName: ${cause.message}`, { cause });
  }
  throw new CatalogError('CATALOG_BAD_FIELD', `FileName "${name.slice(0, 200)}" leads into another folder.`);
}

function addressOf(text: string): string {
  const url = URL.parse(text.trim());
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url && isWeb && url.username === '' && url.password === '') return url.href;
  throw new CatalogError('CATALOG_BAD_FIELD', `OriginUri "${text.slice(0, 200)}" is not an http or https address.`);
}
