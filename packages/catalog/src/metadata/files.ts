// Files and licence files: names, sizes, digests.
import { attributeOf, childElements, childNamed, textOf, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { namespaces } from '../namespaces.ts';
import type { EulaFile, UpdateFile } from './document.ts';
import { booleanAttribute, countAttribute, digestText, requiredAttribute } from './fields.ts';

/** `Update/Files/File` (MS-WUSP note 26). Two entries for one digest stay two entries. */
export function parseFiles(root: XmlElement): UpdateFile[] {
  const files = childNamed(root, 'Files', namespaces.update);
  if (!files) return [];
  return childElements(files)
    .filter((child) => child.local === 'File')
    .map(parseFile);
}

/** `LocalizedPropertiesCollection/EulaFile` (MS-WUSP note 44). */
export function parseEulaFile(element: XmlElement): EulaFile {
  const { fileName, sha1, sha256, sizeBytes } = parseFile(element);
  const geoId = attributeOf(element, 'GeoId')?.trim();
  return {
    language: requiredAttribute(element, 'Language'),
    geoId: geoId || undefined,
    fileName,
    sha1,
    sha256,
    sizeBytes,
  };
}

function parseFile(element: XmlElement): UpdateFile {
  const fileName = requiredAttribute(element, 'FileName');
  const sizeBytes = countAttribute(element, 'Size');
  if (sizeBytes === undefined) throw new CatalogError('CATALOG_MISSING_FIELD', `File ${fileName} has no Size.`);
  const algorithm = attributeOf(element, 'DigestAlgorithm') ?? 'SHA1';
  if (algorithm.toUpperCase() !== 'SHA1') {
    throw new CatalogError('CATALOG_BAD_FIELD', `File ${fileName} is named by ${algorithm}; only SHA1 names files.`);
  }
  const sha1 = digestText(requiredAttribute(element, 'Digest'), 20, `Digest of ${fileName}`);
  const additional = additionalDigests(element, fileName);
  return {
    fileName,
    sha1,
    sha256: additional.find((digest) => digest.algorithm.toUpperCase() === 'SHA256')?.value,
    digests: [{ algorithm, value: sha1 }, ...additional],
    sizeBytes,
    modified: attributeOf(element, 'Modified'),
    patchingType: attributeOf(element, 'PatchingType'),
    isEncrypted: booleanAttribute(element, 'IsEncrypted', false),
  };
}

function additionalDigests(element: XmlElement, fileName: string): { algorithm: string; value: string }[] {
  return childElements(element)
    .filter((child) => child.local === 'AdditionalDigest')
    .map((child) => {
      const algorithm = requiredAttribute(child, 'Algorithm');
      const value = textOf(child).trim();
      const isSha256 = algorithm.toUpperCase() === 'SHA256';
      return { algorithm, value: isSha256 ? digestText(value, 32, `SHA256 of ${fileName}`) : value };
    });
}
