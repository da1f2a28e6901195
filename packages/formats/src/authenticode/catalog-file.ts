// Security catalogs (.cat): a PKCS#7 message whose content is a list of digests of other files. The file is its
// own signature. Signing one again keeps the list byte for byte.
import { FormatError } from '../errors.ts';
import { oids } from './oids.ts';
import { readSignedData } from './signed-data.ts';
import type { CatalogFile } from './signed-file.ts';

/** Opens a catalog. Throws FormatError for anything that is not one. */
export function openCatalogFile(bytes: Uint8Array): CatalogFile {
  const message = readSignedData(bytes);
  const { content } = message;
  if (message.contentType !== oids.certificateTrustList || !content) {
    throw new FormatError('FORMAT_UNSUPPORTED', 'This PKCS#7 message is not a security catalog.', { offset: 0 });
  }
  return {
    kind: 'catalog',
    signatures: message.signers.length > 0 ? [bytes] : [],
    layout: [],
    remarks: [],
    prepare: () => ({ list: content.bytes, withSignature: (signature) => signature }),
  };
}
