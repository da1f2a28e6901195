// RFC 9110 section 13: conditional requests, in the order of 13.2.2.
import type { IncomingHttpHeaders } from 'node:http';
import type { FileFacts } from './facts.ts';

type Precondition = 'send' | 'not-modified' | 'failed';

/** The answer that the request's conditions ask for. If-Range is not among them: see `rangeApplies`. */
export function evaluatePreconditions(headers: IncomingHttpHeaders, facts: FileFacts, now: Date): Precondition {
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!listsTag(ifMatch, facts.etag, 'strong')) return 'failed';
  } else if (isBefore(headers['if-unmodified-since'], facts.lastModified)) return 'failed';
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) return listsTag(ifNoneMatch, facts.etag, 'weak') ? 'not-modified' : 'send';
  const since = httpDate(headers['if-modified-since']);
  // A date after now does not count (13.1.3): a server whose clock was ahead gave it, and what is newer has an older
  // one.
  if (since === undefined || since > seconds(now)) return 'send';
  return seconds(facts.lastModified) <= since ? 'not-modified' : 'send';
}

/** Whether Range counts: the request has no If-Range, or it names exactly this file. */
export function rangeApplies(ifRange: string | undefined, facts: FileFacts): boolean {
  if (ifRange === undefined) return true;
  const text = ifRange.trim();
  if (text.startsWith('"') || text.startsWith('W/')) return text === facts.etag;
  return httpDate(text) === seconds(facts.lastModified);
}

function listsTag(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  for (const [, weak, tag] of header.matchAll(/(W\/)?("[^"]*")/g)) {
    if (tag === etag && (comparison === 'weak' || weak === undefined)) return true;
  }
  return false;
}

function isBefore(header: string | undefined, lastModified: Date): boolean {
  const date = httpDate(header);
  return date !== undefined && seconds(lastModified) > date;
}

// A date that cannot be read makes its condition void (13.1.3). Clients from 2001 add ". Length=…" behind it.
function httpDate(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = Date.parse(header.replace(/;.*$/s, ''));
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
