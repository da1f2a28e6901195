// The XML members of a zip archive in memory. yauzl holds the sizes that members claim against what comes (ADR 0029).
import { CatalogError } from '@moult/catalog';
import yauzl from 'yauzl';

interface ZipLimits {
  maxMembers: number;
  maxTotalBytes: number;
  /** All members together against the archive. */
  maxRatio: number;
}

/** Names and bytes of the members that `isWanted` takes. Throws CATALOG_BAD_PACKAGE, CATALOG_OVER_LIMIT. */
export async function* zipMembers(
  bytes: Buffer,
  isWanted: (name: string) => boolean,
  limits: ZipLimits,
): AsyncGenerator<{ name: string; pieces: AsyncIterable<Uint8Array> }> {
  const zip = await settled<yauzl.ZipFile>((done) => yauzl.fromBuffer(bytes, { lazyEntries: true }, done));
  if (zip.entryCount > limits.maxMembers) throw overLimit(`${zip.entryCount} members`, limits.maxMembers);
  let total = 0;
  for (let entry = await nextEntry(zip); entry; entry = await nextEntry(zip)) {
    if (!isWanted(entry.fileName)) continue;
    total += entry.uncompressedSize;
    if (total > limits.maxTotalBytes)
      throw overLimit(`more than ${limits.maxTotalBytes} bytes unpacked`, limits.maxTotalBytes);
    if (total > bytes.length * limits.maxRatio)
      throw overLimit('members that unpack to too many times its size', limits.maxRatio);
    yield { name: entry.fileName, pieces: unpack(zip, entry) };
  }
}

/** Throws before more comes than the directory claims: yauzl counts. */
async function* unpack(zip: yauzl.ZipFile, entry: yauzl.Entry): AsyncGenerator<Uint8Array> {
  const stream = await settled<NodeJS.ReadableStream>((done) => zip.openReadStream(entry, done));
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) yield piece;
  } catch (cause) {
    throw damaged(cause);
  }
}

function nextEntry(zip: yauzl.ZipFile): Promise<yauzl.Entry | undefined> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      zip.removeAllListeners();
      settle();
    };
    zip.once('entry', (entry: yauzl.Entry) => end(() => resolve(entry)));
    zip.once('end', () => end(() => resolve(undefined)));
    zip.once('error', (cause: Error) => end(() => reject(damaged(cause))));
    zip.readEntry();
  });
}

function settled<Result>(start: (done: (error: Error | null, result: Result) => void) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error ? reject(damaged(error)) : resolve(result)));
  });
}

function damaged(cause: unknown): CatalogError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CatalogError('CATALOG_BAD_PACKAGE', `The zip archive cannot be read: ${why}.`, { cause });
}

function overLimit(what: string, limit: number): CatalogError {
  return new CatalogError('CATALOG_OVER_LIMIT', `The zip archive has ${what}; the limit is ${limit}.`);
}
