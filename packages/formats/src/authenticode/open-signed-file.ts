// Which kind of file is it? Decided by content, never by name.
import { FormatError } from '../errors.ts';
import { openCabinetFile } from './cabinet-file.ts';
import { openCatalogFile } from './catalog-file.ts';
import { openPortableExecutable } from './portable-executable-file.ts';
import type { SignedFile } from './signed-file.ts';

/** Recognises a file by its first bytes. Throws FormatError FORMAT_UNSUPPORTED for any other kind of file. */
export function openSignedFile(bytes: Uint8Array): SignedFile {
  if (startsWith(bytes, [0x4d, 0x53, 0x43, 0x46])) return openCabinetFile(bytes);
  if (startsWith(bytes, [0x4d, 0x5a])) return openPortableExecutable(bytes);
  if (startsWith(bytes, [0x30])) return openCatalogFile(bytes);
  throw new FormatError('FORMAT_UNSUPPORTED', 'This is no cabinet, no PE file and no security catalog.');
}

function startsWith(bytes: Uint8Array, expected: readonly number[]): boolean {
  return expected.every((octet, index) => bytes[index] === octet);
}
