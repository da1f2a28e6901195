// The entries of archives. The bytes of a file are read while the archive is written: a runtime has more than 100 MB.
import { FormatError } from '../errors.ts';

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface ArchivedFile {
  kind: 'file';
  /** With `/` between folders, relative. */
  name: string;
  sizeBytes: number;
  isExecutable: boolean;
  read(): Pieces;
}

interface ArchivedFolder {
  kind: 'folder';
  name: string;
}

interface ArchivedLink {
  kind: 'link';
  name: string;
  /** The target of the symbolic link. */
  to: string;
}

export type ArchiveEntry = ArchivedFile | ArchivedFolder | ArchivedLink;

/** Every file of an archive has this time: the same content gives the same archive. */
export const archiveTime = new Date('2020-01-01T00:00:00Z');

/** The bytes of the file. Throws FORMAT_BAD_DATA when they are more or fewer than `sizeBytes`. */
export async function* bytesOf({ name, sizeBytes, read }: ArchivedFile): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const piece of read()) {
    seen += piece.length;
    if (seen > sizeBytes) break;
    yield piece;
  }
  if (seen === sizeBytes) return;
  const text = `${name} has ${seen > sizeBytes ? 'more' : 'fewer'} than the ${sizeBytes} bytes that were announced: it changes while it is read.`;
  throw new FormatError('FORMAT_BAD_DATA', text, { member: name });
}
