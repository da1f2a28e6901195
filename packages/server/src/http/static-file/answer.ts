// From a request and the facts of the file to everything of the answer but the file's bytes. Pure.
import type { IncomingHttpHeaders } from 'node:http';
import { type ByteRange, parseByteRanges } from './byte-ranges.ts';
import type { FileFacts } from './facts.ts';
import { evaluatePreconditions, rangeApplies } from './preconditions.ts';

/** A stretch of the body: text of ours, then bytes of the file. */
export interface BodyPart {
  preamble: string;
  range: ByteRange | undefined;
}

interface FileAnswer {
  status: 200 | 206 | 304 | 405 | 412 | 416;
  /** Names and values in turn, as `writeHead` takes them. */
  headers: string[];
  /** Empty without a body: HEAD, 304, 405, 412, 416. */
  body: BodyPart[];
}

/** Decides the answer to `method` on a file. OPTIONS is answered as IIS does, other methods with 405. */
export function decideFileAnswer(
  method: string,
  headers: IncomingHttpHeaders,
  facts: FileFacts,
  now: Date,
): FileAnswer {
  if (method !== 'GET' && method !== 'HEAD') {
    return empty(method === 'OPTIONS' ? 200 : 405, ['Allow', 'OPTIONS, GET, HEAD']);
  }
  const precondition = evaluatePreconditions(headers, facts, now);
  if (precondition === 'failed') return empty(412, []);
  // 304 carries what a cache needs to refresh its copy, and no length (RFC 9110 15.4.5).
  if (precondition === 'not-modified') return { status: 304, headers: validators(facts), body: [] };
  if (method === 'HEAD') return { status: 200, headers: wholeHeaders(facts), body: [] };
  const ranges = askedRanges(headers, facts);
  if (ranges === undefined) return whole(facts);
  const [first] = ranges;
  if (first === undefined) return empty(416, ['Content-Range', `bytes */${facts.sizeBytes}`]);
  return ranges.length === 1 ? single(facts, first) : multiple(facts, ranges);
}

/** The headers of a complete answer. */
export function wholeHeaders(facts: FileFacts): string[] {
  const digest = facts.reprDigest === undefined ? [] : ['Repr-Digest', facts.reprDigest];
  return [
    'Content-Type',
    facts.contentType,
    'Content-Length',
    String(facts.sizeBytes),
    ...validators(facts),
    ...digest,
  ];
}

function validators(facts: FileFacts): string[] {
  const headers = ['Last-Modified', facts.lastModified.toUTCString(), 'ETag', facts.etag, 'Accept-Ranges', 'bytes'];
  if (facts.cacheControl !== undefined) headers.push('Cache-Control', facts.cacheControl);
  if (facts.vary !== undefined) headers.push('Vary', facts.vary);
  return headers;
}

function askedRanges(headers: IncomingHttpHeaders, facts: FileFacts): ByteRange[] | undefined {
  const { range } = headers;
  const ifRange = headers['if-range'];
  if (range === undefined || !rangeApplies(typeof ifRange === 'string' ? ifRange : undefined, facts)) return undefined;
  return parseByteRanges(range, facts.sizeBytes);
}

function whole(facts: FileFacts): FileAnswer {
  const range = facts.sizeBytes === 0 ? undefined : { first: 0, last: facts.sizeBytes - 1 };
  return { status: 200, headers: wholeHeaders(facts), body: [{ preamble: '', range }] };
}

function single(facts: FileFacts, range: ByteRange): FileAnswer {
  const headers = [
    ...['Content-Type', facts.contentType, 'Content-Length', String(lengthOf(range))],
    ...['Content-Range', contentRange(range, facts)],
    ...validators(facts),
  ];
  return { status: 206, headers, body: [{ preamble: '', range }] };
}

// RFC 9110 14.6: each part with its own Content-Range, in the order asked.
function multiple(facts: FileFacts, ranges: ByteRange[]): FileAnswer {
  const boundary = boundaryFor(facts);
  const body: BodyPart[] = ranges.map((range, index) => ({
    preamble:
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${facts.contentType}\r\n` +
      `Content-Range: ${contentRange(range, facts)}\r\n\r\n`,
    range,
  }));
  body.push({ preamble: `\r\n--${boundary}--\r\n`, range: undefined });
  const length = body.reduce((sum, { preamble, range }) => sum + preamble.length + (range ? lengthOf(range) : 0), 0);
  const type = `multipart/byteranges; boundary=${boundary}`;
  const headers = ['Content-Type', type, 'Content-Length', String(length), ...validators(facts)];
  return { status: 206, headers, body };
}

// Fixed for a file, so that the same request has the same answer. Never inside a part by more than chance.
function boundaryFor(facts: FileFacts): string {
  const tag = facts.etag.replace(/[^0-9A-Za-z]/g, '').slice(0, 32);
  return `moult-byteranges-${tag}-${facts.sizeBytes.toString(16)}`;
}

function contentRange({ first, last }: ByteRange, { sizeBytes }: FileFacts): string {
  return `bytes ${first}-${last}/${sizeBytes}`;
}

function lengthOf({ first, last }: ByteRange): number {
  return last - first + 1;
}

function empty(status: FileAnswer['status'], headers: string[]): FileAnswer {
  return { status, headers: [...headers, 'Content-Length', '0'], body: [] };
}
