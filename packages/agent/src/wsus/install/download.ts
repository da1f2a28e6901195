// Downloads update files in ranges and resumes them. A file is taken only with the size, SHA-1 and SHA-256 that are
// signed. No file is held in memory, the disk keeps a reserve for self-updates, and unfinished files are bounded.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { UpdateFile } from '@moult/catalog';
import { isSurelyThere, makeFolders, renameWhenFree } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { createPace } from '@moult/releases/client';
import { transportBounds } from '../../bounds.ts';
import { AgentError } from '../../errors.ts';
import { syncFolder } from '../../machine/atomic-file.ts';
import { asDiskError } from '../../machine/disk-error.ts';
import type { MachineRoot } from '../../machine/machine-root.ts';
import type { RequestLimits } from '../../transport/request.ts';
import { boundPartials, nameOf } from './partial-downloads.ts';
import { fetchPiece, OtherFile, type PartialDownload } from './piece.ts';

export interface DownloadParts {
  root: MachineRoot;
  limits: RequestLimits;
  userAgent: string;
  content: ContentLimits;
  /** Waits for a busy server. A test passes its own. */
  sleep?(ms: number): Promise<void>;
  /** Milliseconds of a clock that never goes back. */
  clock?(): number;
}

export interface ContentLimits {
  /** The largest file that is fetched. */
  maxFileBytes: number;
  /** Free space that stays for self-updates. */
  reserveBytes: number;
  /** All unfinished downloads together. */
  maxPartialBytes: number;
}

/**
 * The file in SoftwareDistribution\Download, verified. Throws AgentError AGENT_DOWNLOAD_BAD_DIGEST,
 * AGENT_DOWNLOAD_TOO_LARGE, AGENT_HOST_DISK or AGENT_TRANSPORT_…. The bytes so far stay for the next try, unless their
 * digest was wrong. The rest of an earlier try of another file costs only its room: the download starts over.
 */
export async function downloadFile(parts: DownloadParts, url: string, file: UpdateFile): Promise<string> {
  const { root, content } = parts;
  makeFolders(root.downloadFolder);
  const target = join(root.downloadFolder, nameOf(file));
  if (isSurelyThere(target) && isRight(target, file)) return target;
  boundPartials(root, content.maxPartialBytes, nameOf(file));
  requireTakeable(parts, url, file);
  const partial = `${target}.partial`;
  if (sizeOf(partial) > file.sizeBytes) dropPartial(partial);
  for (let startedOver = false; ; startedOver = true) {
    const before = sizeOf(partial);
    if ((await fetchAll(parts, url, file, { partial, byTag: !startedOver })) && isRight(partial, file)) break;
    dropPartial(partial);
    if (before > 0 && !startedOver) continue;
    const text = `${file.fileName} from ${url} is not the file that the metadata names (digest or size); it was thrown away.`;
    throw new AgentError('AGENT_DOWNLOAD_BAD_DIGEST', text, { hresult: hresult.downloadBadHash, url });
  }
  renameWhenFree(partial, target);
  syncFolder(root.downloadFolder);
  rmSync(`${partial}.json`, { force: true });
  return target;
}

/** False when the server has another file now than the one whose beginning is here. */
async function fetchAll(
  parts: DownloadParts,
  url: string,
  file: UpdateFile,
  { partial, byTag }: Pick<PartialDownload, 'partial' | 'byTag'>,
): Promise<boolean> {
  const handle = openSync(partial, 'a');
  try {
    const download: PartialDownload = { url, partial, handle, file, byTag, received: statSync(partial).size };
    while (download.received < file.sizeBytes) {
      requireReserve(parts, url, file);
      await fetchWithRetries(parts, download);
    }
    fsyncSync(handle);
    return true;
  } catch (error) {
    if (error instanceof OtherFile) return false;
    throw asDiskError(error, parts.root.downloadFolder);
  } finally {
    closeSync(handle);
  }
}

/** One piece. A broken connection that brought something, and a busy server, are worth another try. */
async function fetchWithRetries(parts: DownloadParts, download: PartialDownload): Promise<void> {
  const pace = createPace(parts.clock ?? (() => performance.now()));
  for (let resumed = 0, busy = 0; ; ) {
    const before = download.received;
    try {
      return await fetchPiece(parts, download);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      const waitMs = error.retryAfterMs;
      const isBroken = error.code === 'AGENT_TRANSPORT_CUT' || error.code === 'AGENT_TRANSPORT_TIMEOUT';
      const isWorthIt = isBroken && pace.isKept(download.received - before);
      if (isWorthIt && resumed < transportBounds.maxResumptions) resumed += 1;
      else if (waitMs !== undefined && waitMs <= transportBounds.maxBusyWaitMs && busy < busyTries) {
        busy += 1;
        await (parts.sleep ?? pause)(waitMs);
      } else throw error;
    }
  }
}

const busyTries = 2;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function dropPartial(partial: string): void {
  for (const path of [partial, `${partial}.json`]) rmSync(path, { force: true });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function requireTakeable(parts: DownloadParts, url: string, { fileName, sizeBytes }: UpdateFile): void {
  const { maxFileBytes, reserveBytes } = parts.content;
  const free = freeBytesOf(parts.root);
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

/** Something else fills the disk meanwhile: what is here stays, and no more comes. */
function requireReserve(parts: DownloadParts, url: string, { fileName }: UpdateFile): void {
  const free = freeBytesOf(parts.root);
  if (free >= parts.content.reserveBytes) return;
  const text = `${fileName} is not fetched further: only ${free} bytes are free, and ${parts.content.reserveBytes} stay for the agent's own updates.`;
  throw new AgentError('AGENT_DOWNLOAD_TOO_LARGE', text, { hresult: hresult.diskFull, url });
}

function freeBytesOf({ downloadFolder }: MachineRoot): number {
  const { bavail, bsize } = statfsSync(downloadFolder);
  return bavail * bsize;
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
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  try {
    for (let read = readSync(handle, buffer); read > 0; read = readSync(handle, buffer)) {
      for (const hash of hashes) hash.update(buffer.subarray(0, read));
    }
  } finally {
    closeSync(handle);
  }
}
