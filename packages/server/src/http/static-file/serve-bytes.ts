// Small files from memory: the self-update tree. Most requests are a plain GET or HEAD, and those must cost what bare
// node:http costs: headers made once, one writeHead, one end.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from '../site.ts';
import { type BodyPart, decideFileAnswer, wholeHeaders } from './answer.ts';
import type { FileFacts } from './facts.ts';

export interface MemoryFile {
  readonly bytes: Buffer;
  readonly facts: FileFacts;
  readonly headers: string[];
}

/** A file held in memory, ready to be served any number of times. `bytes` must not change afterwards. */
export function createMemoryFile(bytes: Uint8Array, facts: Omit<FileFacts, 'sizeBytes'>): MemoryFile {
  const digest = createHash('sha256').update(bytes).digest('base64');
  const complete = { ...facts, sizeBytes: bytes.length, reprDigest: `sha-256=:${digest}:` };
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return { bytes: view, facts: complete, headers: wholeHeaders(complete) };
}

/** Answers the exchange completely: HEAD, ranges, conditions, 405 for other methods. */
export function serveBytes(exchange: Pick<Exchange, 'request' | 'response' | 'receivedAt'>, file: MemoryFile): void {
  const { request, response, receivedAt } = exchange;
  const { method = 'GET', headers } = request;
  if (method === 'GET' && isPlain(headers)) {
    response.writeHead(200, file.headers);
    response.end(file.bytes);
    return;
  }
  const answer = decideFileAnswer(method, headers, file.facts, receivedAt);
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body.length === 0 ? undefined : Buffer.concat(answer.body.flatMap((part) => slices(part, file))));
}

function isPlain(headers: IncomingHttpHeaders): boolean {
  return (
    headers.range === undefined &&
    headers['if-none-match'] === undefined &&
    headers['if-modified-since'] === undefined &&
    headers['if-match'] === undefined &&
    headers['if-unmodified-since'] === undefined
  );
}

function slices({ preamble, range }: BodyPart, file: MemoryFile): Buffer[] {
  const bytes = range ? [file.bytes.subarray(range.first, range.last + 1)] : [];
  return preamble === '' ? bytes : [Buffer.from(preamble), ...bytes];
}
