// Zip archives. yauzl reads the directory at their end and unpacks one member after the other (ADR 0029).
import { closeSync } from 'node:fs';
import { openOutside } from '@moult/disk';
import yauzl from 'yauzl';
import { DoctorError } from '../../errors.ts';
import type { Container, ContainerLimits, MemberFile } from './member.ts';

/** True where a file begins as a zip archive does, an empty one too. */
export function isZip(head: Buffer): boolean {
  const mark = head.toString('latin1', 0, 4);
  return mark === 'PK\u0003\u0004' || mark === 'PK\u0005\u0006';
}

/** The members of the archive that `wanted` takes. Throws DoctorError CLI_DOCTOR_INPUT_UNREADABLE. */
export async function openZip(
  path: string,
  wanted: (name: string) => boolean,
  limits: ContainerLimits,
): Promise<Container> {
  const file = openOutside(path);
  try {
    const zip = await fromFd(file);
    return await listMembers(zip, file, path, wanted, limits);
  } catch (cause) {
    closeSync(file);
    throw unreadable(path, cause);
  }
}

async function listMembers(
  zip: yauzl.ZipFile,
  file: number,
  path: string,
  wanted: (name: string) => boolean,
  limits: ContainerLimits,
): Promise<Container> {
  const left: Container['left'] = [];
  const members: MemberFile[] = [];
  const spent = { bytes: 0 };
  if (zip.entryCount > limits.maxMembers)
    throw new Error(
      `it holds ${zip.entryCount} files; the limit is ${limits.maxMembers}. Unpack it, and name the folder`,
    );
  for await (const entry of entriesOf(zip)) {
    const name = entry.fileName;
    const place = `${path}/${name}`;
    if (name.endsWith('/') || !wanted(name)) continue;
    const why = whyNot(entry);
    if (why) left.push({ path: place, why: `${place}: ${why}` });
    else
      members.push({
        path: place,
        sizeBytes: entry.uncompressedSize,
        open: () => unpack(zip, entry, place, spent, limits),
      });
  }
  return { members, left, close: () => closeSync(file) };
}

function whyNot(entry: yauzl.Entry): string | undefined {
  if ((entry.generalPurposeBitFlag & 1) !== 0) return 'it is encrypted; unpack it with its password';
  const known = entry.compressionMethod === 0 || entry.compressionMethod === 8;
  return known
    ? undefined
    : `it is packed by method ${entry.compressionMethod}, which is not known here; unpack it first`;
}

async function* unpack(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  place: string,
  spent: { bytes: number },
  limits: ContainerLimits,
): AsyncGenerator<Uint8Array> {
  try {
    const stream = await openStream(zip, entry);
    for await (const piece of stream as AsyncIterable<Buffer>) {
      spent.bytes += piece.length;
      if (spent.bytes > limits.maxUnpackedBytes)
        throw new Error(
          `the archive unpacks to more than ${limits.maxUnpackedBytes} bytes. Unpack it, and name the folder`,
        );
      yield piece;
    }
  } catch (cause) {
    throw unreadable(place, cause);
  }
}

async function* entriesOf(zip: yauzl.ZipFile): AsyncGenerator<yauzl.Entry> {
  for (;;) {
    const entry = await nextEntry(zip);
    if (!entry) return;
    yield entry;
  }
}

function nextEntry(zip: yauzl.ZipFile): Promise<yauzl.Entry | undefined> {
  return new Promise((resolve, reject) => {
    const done = () => zip.removeAllListeners();
    zip.once('entry', (entry: yauzl.Entry) => {
      done();
      resolve(entry);
    });
    zip.once('end', () => {
      done();
      resolve(undefined);
    });
    zip.once('error', (error: Error) => {
      done();
      reject(error);
    });
    zip.readEntry();
  });
}

function fromFd(file: number): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    // The end is looked for in the last 64 KB. The claimed sizes of members are compared with the real ones.
    yauzl.fromFd(file, { lazyEntries: true, autoClose: false }, (error, zip) => (error ? reject(error) : resolve(zip)));
  });
}

function openStream(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<NodeJS.ReadableStream> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)));
  });
}

function unreadable(path: string, cause: unknown): DoctorError {
  if (cause instanceof DoctorError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DoctorError(
    'CLI_DOCTOR_INPUT_UNREADABLE',
    `${path}: a zip archive that cannot be read: ${why}; unpack it first`,
    { cause },
  );
}
