// Which kind of file is it? Decided by content, never by name.
import { isCompoundFile } from '../compound-file/index.ts';
import { FormatError } from '../errors.ts';
import { fileKind } from '../file-kind.ts';
import { openCabinetFile } from './cabinet-file.ts';
import { openCatalogFile } from './catalog-file.ts';
import { openPortableExecutable } from './portable-executable-file.ts';
import type { SignedFile } from './signed-file.ts';
import { openWindowsInstallerFile } from './windows-installer-file.ts';

/** Recognises a file by its first bytes. Throws FormatError FORMAT_UNSUPPORTED for any other kind of file. */
export function openSignedFile(bytes: Uint8Array): SignedFile {
  if (startsWith(bytes, [0x4d, 0x53, 0x43, 0x46])) return openCabinetFile(bytes);
  if (startsWith(bytes, [0x4d, 0x5a])) return openPortableExecutable(bytes);
  if (isCompoundFile(bytes)) return openWindowsInstallerFile(bytes);
  if (startsWith(bytes, [0x30])) return openCatalogFile(bytes);
  const kind = fileKind(bytes);
  throw new FormatError(
    'FORMAT_UNSUPPORTED',
    `This is ${kind ?? 'a file of an unknown kind'}. Cabinets, programs, Windows Installer files and security catalogs carry signatures.`,
  );
}

function startsWith(bytes: Uint8Array, expected: readonly number[]): boolean {
  return expected.every((octet, index) => bytes[index] === octet);
}
