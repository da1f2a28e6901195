// Update files: fetched in ranges, resumed where they stopped, and taken only with the size, SHA-1 and SHA-256 that the
// metadata names. Ours from the first byte on: the file lies in the agent's own folder before it is checked.
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { UpdateFile } from '@moult/catalog';
import { AgentError } from '../../errors.ts';
import type { MachineRoot } from '../../root/machine-root.ts';
import { hresult } from '../../transport/hresult.ts';
import { type RequestLimits, sendExpecting } from '../../transport/request.ts';

export interface DownloadParts {
  root: MachineRoot;
  limits: RequestLimits;
  userAgent: string;
}

/** As native clients ask: closed ranges of one mebibyte. */
const pieceBytes = 1024 * 1024;

/**
 * The file in SoftwareDistribution\Download, verified. Throws AgentError AGENT_DOWNLOAD_BAD_DIGEST or
 * AGENT_TRANSPORT_…; what arrived so far is kept for the next try, unless its digest was wrong.
 */
export async function downloadFile(parts: DownloadParts, url: string, file: UpdateFile): Promise<string> {
  mkdirSync(parts.root.downloadFolder, { recursive: true });
  const target = join(parts.root.downloadFolder, Buffer.from(file.sha1, 'base64').toString('hex'));
  if (existsSync(target) && isRight(target, file)) return target;
  const partial = `${target}.partial`;
  if (existsSync(partial) && statSync(partial).size > file.sizeBytes) rmSync(partial);
  const handle = openSync(partial, 'a');
  try {
    let received = statSync(partial).size;
    while (received < file.sizeBytes) received += await fetchPiece(parts, url, file.sizeBytes, received, handle);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  if (!isRight(partial, file)) {
    rmSync(partial, { force: true });
    const text = `${file.fileName} from ${url} is not the file that the metadata names (digest or size); it was thrown away.`;
    throw new AgentError('AGENT_DOWNLOAD_BAD_DIGEST', text, { hresult: hresult.downloadBadHash, url });
  }
  renameSync(partial, target);
  return target;
}

/** Appends what came; a server without ranges answers 200 with everything. */
async function fetchPiece(
  { limits, userAgent }: DownloadParts,
  url: string,
  sizeBytes: number,
  from: number,
  handle: number,
): Promise<number> {
  const to = Math.min(from + pieceBytes, sizeBytes) - 1;
  const { status, headers, body } = await sendExpecting(
    {
      url,
      userAgent,
      headers: { Range: `bytes=${from}-${to}`, 'Accept-Encoding': 'identity' },
      limits: { ...limits, maxBytes: sizeBytes },
    },
    [200, 206],
  );
  const piece = status === 200 ? body.subarray(from) : body;
  const expected = status === 200 ? sizeBytes - from : to - from + 1;
  const inPlace = status === 200 || String(headers['content-range'] ?? '').startsWith(`bytes ${from}-`);
  if (piece.length !== expected || !inPlace) {
    const text = `${url} answered bytes ${from}-${to} with ${piece.length} bytes of something else.`;
    throw new AgentError('AGENT_DOWNLOAD_BAD_DIGEST', text, { hresult: hresult.downloadBadHash, url });
  }
  for (let written = 0; written < piece.length; ) written += writeSync(handle, piece, written);
  return piece.length;
}

function isRight(path: string, { sizeBytes, sha1, sha256 }: UpdateFile): boolean {
  if (statSync(path).size !== sizeBytes) return false;
  const bytes = readFileSync(path);
  const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('base64');
  return digest('sha1') === sha1 && (sha256 === undefined || digest('sha256') === sha256);
}
