// The built console in memory: a handful of small files, read once, sent with validators and compressed where that
// helps.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Exchange } from './site.ts';

interface Asset {
  type: string;
  cacheControl: string;
  bytes: Uint8Array;
  gzip: Uint8Array | undefined;
  etag: string;
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** URL path → file, for every file of the folder that has a known type. Empty if the folder is missing. */
export function readAssets(folder: string): Map<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const file of filesIn(folder)) {
    const type = types[extname(file)];
    if (type === undefined) continue;
    const path = `/${relative(folder, file).split(sep).join('/')}`;
    const bytes = readFileSync(file);
    assets.set(urlOf(path), {
      type,
      bytes,
      gzip: bytes.length > 1000 ? gzipSync(bytes) : undefined,
      etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`,
      // Assets carry their hash in their name. Pages are asked for again.
      cacheControl: path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
  }
  return assets;
}

/** Answers GET and HEAD with the file: 304 for a known one, gzip for who takes it. */
export function sendAsset({ request, response }: Exchange, asset: Asset): void {
  response.setHeader('etag', asset.etag);
  response.setHeader('cache-control', asset.cacheControl);
  response.setHeader('vary', 'accept-encoding');
  if (request.headers['if-none-match']?.includes(asset.etag)) {
    response.writeHead(304).end();
    return;
  }
  const gzip = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = gzip && asset.gzip ? asset.gzip : asset.bytes;
  if (body === asset.gzip) response.setHeader('content-encoding', 'gzip');
  response.writeHead(200, { 'content-type': asset.type, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function urlOf(path: string): string {
  return path.replace(/(^|\/)index\.html$/, '$1').replace(/\.html$/, '');
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
