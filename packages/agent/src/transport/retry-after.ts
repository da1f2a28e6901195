// Retry-After: when a server that is busy wants to be asked again. Bounded, so that no answer silences an agent for
// long.
import type { IncomingHttpHeaders } from 'node:http';
import { transportBounds } from '../bounds.ts';

/**
 * Milliseconds until the time that the server names, in seconds or as a date. Undefined without a header that can be
 * read. A date counts from the server's own clock (`Date`) if it names one. So a wrong clock here does no harm.
 */
export function retryAfterMs(
  headers: IncomingHttpHeaders,
  now: Date,
  mostMs = transportBounds.maxRetryAfterMs,
): number | undefined {
  const written = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,10}$/.test(written)) return Math.min(Number(written) * 1000, mostMs);
  const at = parseHttpDate(written);
  if (at === undefined) return undefined;
  const from = parseHttpDate(headers.date ?? '') ?? now.getTime();
  return Math.min(Math.max(0, at - from), mostMs);
}

/** The three forms of RFC 9110, 5.6.7. Anything else that Date.parse guesses does not count. */
function parseHttpDate(written: string): number | undefined {
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\w :-]+$/.test(written)) return undefined;
  const time = Date.parse(/ GMT$/.test(written) ? written : `${written} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
