// Finds the kind of a file, for messages about an unexpected file.

/** So many bytes from the beginning of a file are enough for fileKind. */
export const fileKindBytes = 512;

/** "a ZIP archive", by how the file begins. Undefined for what is not known here. */
export function fileKind(head: Uint8Array): string | undefined {
  const begin = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, fileKindBytes));
  if (begin.length === 0) return 'an empty file';
  const version = begin.length > 25 && begin.toString('latin1', 0, 4) === 'MSCF' ? begin[25] : undefined;
  if (version !== undefined && version !== 1) return `a cabinet of version ${version}.${begin[24]}; only 1.3 is known`;
  const text = begin.toString('latin1');
  for (const [beginsWith, kind] of kinds) if (text.startsWith(beginsWith)) return kind;
  if (text.startsWith('ustar', 257)) return 'a tar archive';
  if (/^\s*(?:<!doctype html|<html)/i.test(text)) return 'an HTML page';
  return /^(?:\xef\xbb\xbf)?\s*<\?xml/.test(text) ? 'an XML document' : undefined;
}

const kinds: readonly (readonly [string, string])[] = [
  ['PK\x03\x04', 'a ZIP archive'],
  ['PK\x05\x06', 'an empty ZIP archive'],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'an OLE file, as Windows Installer packages (.msi, .msp) are'],
  ['ISc(', 'a cabinet of InstallShield, which is another format'],
  ['MSCF', 'a cabinet'],
  ['MSWIM\0\0\0', 'a Windows image (.wim, .esd)'],
  ['PSTREAM', 'a patch storage file (.psf)'],
  ['MZ', 'a Windows program'],
  ['\x7fELF', 'a Linux program'],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive'],
  ['\x1f\x8b', 'a gzip file'],
  ['Rar!\x1a\x07', 'a RAR archive'],
  ['SZDD', 'a file of COMPRESS.EXE'],
  ['KWAJ', 'a file of COMPRESS.EXE'],
  ['%PDF-', 'a PDF document'],
  ['!<arch>', 'an ar archive, as .deb packages are'],
  ['\xed\xab\xee\xdb', 'an RPM package'],
  ['BZh', 'a bzip2 file'],
  ['\xfd7zXZ\0', 'an xz file'],
  ['\x28\xb5\x2f\xfd', 'a zstd file'],
];
