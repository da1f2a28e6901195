// Archives that installers are: ar and tar for Debian packages, tar for Linux, ZIP for Windows.
export { arHeader, arMagic, arPadding } from './ar.ts';
export type { ArchivedFile, ArchiveEntry } from './entry.ts';
export { encodeTar, tarMember } from './tar.ts';
export { encodeZip } from './zip.ts';
