// Update files: fetched in ranges, resumed where they stopped, and taken only with the size, SHA-1 and SHA-256 that the
// metadata names. The metadata is not signed, so its sizes are not believed: nothing is held in memory, the disk keeps a
// reserve for self-updates, and what is left unfinished goes when it is not needed any more.
import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { UpdateFile } from '@moult/catalog';
import { renameWhenFree } from '@moult/disk';
import { AgentError } from '../../errors.ts';
import { asDiskError } from '../../machine/disk-error.ts';
import type { MachineRoot } from '../../machine/machine-root.ts';
import { hresult } from '../../transport/hresult.ts';
import { type RequestLimits, sendExpecting } from '../../transport/request.ts';

export interface DownloadParts {
  root: MachineRoot;
  limits: RequestLimits;
  userAgent: string;
  content: ContentLimits;
}

export interface ContentLimits {
  /** The largest file that is fetched. */
  maxFileBytes: number;
  /** Free space that stays for self-updates. */
  reserveBytes: number;
}

/** As native clients ask: closed ranges of one mebibyte. */
const pieceBytes = 1024 * 1024;

/**
 * The file in SoftwareDistribution\Download, verified. Throws AgentError AGENT_DOWNLOAD_BAD_DIGEST,
 * AGENT_DOWNLOAD_TOO_LARGE, AGENT_HOST_DISK or AGENT_TRANSPORT_…. What arrived so far stays for the next try, unless its
 * digest was wrong.
 */
export async function downloadFile(parts: DownloadParts, url: string, file: UpdateFile): Promise<string> {
  mkdirSync(parts.root.downloadFolder, { recursive: true });
  const target = join(parts.root.downloadFolder, nameOf(file));
  if (existsSync(target) && isRight(target, file)) return target;
  requireTakeable(parts, url, file);
  const partial = `${target}.partial`;
  if (existsSync(partial) && statSync(partial).size > file.sizeBytes) rmSync(partial);
  await fetchAll(parts, url, file, partial);
  if (!isRight(partial, file)) {
    rmSync(partial, { force: true });
    const text = `${file.fileName} from ${url} is not the file that the metadata names (digest or size); it was thrown away.`;
    throw new AgentError('AGENT_DOWNLOAD_BAD_DIGEST', text, { hresult: hresult.downloadBadHash, url });
  }
  renameWhenFree(partial, target);
  return target;
}

/** Removes unfinished downloads that none of `needed` will go on with. */
export function dropUnneeded({ downloadFolder }: MachineRoot, needed: readonly UpdateFile[]): void {
  if (!existsSync(downloadFolder)) return;
  const kept = new Set(needed.map((file) => `${nameOf(file)}.partial`));
  for (const name of readdirSync(downloadFolder)) {
    if (name.endsWith('.partial') && !kept.has(name)) rmSync(join(downloadFolder, name), { force: true });
  }
}

function nameOf(file: UpdateFile): string {
  return Buffer.from(file.sha1, 'base64').toString('hex');
}

function requireTakeable({ root, content }: DownloadParts, url: string, { fileName, sizeBytes }: UpdateFile): void {
  const { maxFileBytes, reserveBytes } = content;
  const { bavail, bsize } = statfsSync(root.downloadFolder);
  const free = bavail * bsize;
  const why =
    sizeBytes > maxFileBytes
      ? `the limit is ${maxFileBytes} bytes (MaxContentMegabytes)`
      : sizeBytes + reserveBytes > free
        ? `${free} bytes are free, and ${reserveBytes} of them stay for the agent's own updates`
        : undefined;
  if (why === undefined) return;
  const text = `${fileName} is not fetched: the metadata says that it has ${sizeBytes} bytes, and ${why}.`;
  throw new AgentError('AGENT_DOWNLOAD_TOO_LARGE', text, { hresult: hresult.diskFull, url });
}

async function fetchAll(parts: DownloadParts, url: string, file: UpdateFile, partial: string): Promise<void> {
  const handle = openSync(partial, 'a');
  try {
    let received = statSync(partial).size;
    while (received < file.sizeBytes) received += await fetchPiece(parts, url, file.sizeBytes, received, handle);
    fsyncSync(handle);
  } catch (error) {
    throw asDiskError(error, parts.root.downloadFolder);
  } finally {
    closeSync(handle);
  }
}

/** Appends what comes, as it comes. A server without ranges answers 200 with everything: its beginning is passed over. */
async function fetchPiece(
  { limits, userAgent }: DownloadParts,
  url: string,
  sizeBytes: number,
  from: number,
  handle: number,
): Promise<number> {
  const to = Math.min(from + pieceBytes, sizeBytes) - 1;
  let toSkip = 0;
  let expected = 0;
  let written = 0;
  const wrong = (what: string) => {
    const text = `${url} answered bytes ${from}-${to} with ${what}.`;
    return new AgentError('AGENT_DOWNLOAD_BAD_DIGEST', text, { hresult: hresult.downloadBadHash, url });
  };
  const begin = (status: number, headers: IncomingHttpHeaders) => {
    const inPlace = status === 200 || String(headers['content-range'] ?? '').startsWith(`bytes ${from}-`);
    if (!inPlace) throw wrong('bytes of another place');
    toSkip = status === 200 ? from : 0;
    expected = (status === 200 ? sizeBytes - 1 : to) - from + 1;
  };
  const take = (piece: Buffer) => {
    const skipped = Math.min(toSkip, piece.length);
    toSkip -= skipped;
    const rest = piece.subarray(skipped);
    if (written + rest.length > expected) throw wrong(`more than ${expected} bytes`);
    for (let done = 0; done < rest.length; ) done += writeSync(handle, rest, done);
    written += rest.length;
  };
  await sendExpecting(
    {
      url,
      userAgent,
      headers: { Range: `bytes=${from}-${to}`, 'Accept-Encoding': 'identity' },
      limits: { ...limits, maxBytes: sizeBytes },
      sink: { accepts: [200, 206], begin, take },
    },
    [200, 206],
  );
  if (written !== expected) throw wrong(`${written} bytes`);
  return written;
}

function isRight(path: string, { sizeBytes, sha1, sha256 }: UpdateFile): boolean {
  if (statSync(path).size !== sizeBytes) return false;
  const hashes = [createHash('sha1'), createHash('sha256')] as const;
  hashFile(path, hashes);
  const [first, second] = hashes.map((hash) => hash.digest('base64'));
  return first === sha1 && (sha256 === undefined || second === sha256);
}

function hashFile(path: string, hashes: readonly Hash[]): void {
  const handle = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(pieceBytes);
  try {
    for (let read = readSync(handle, buffer); read > 0; read = readSync(handle, buffer)) {
      for (const hash of hashes) hash.update(buffer.subarray(0, read));
    }
  } finally {
    closeSync(handle);
  }
}
