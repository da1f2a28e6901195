// The pace of requests that no person asked for. Every tab of every administrator sends them, so each tab has its own
// bound.

/** A page is fetched again in the background at most so often, on the average. */
const msPerPage = 4_000;
/** A tab occupies the server for at most a tenth of the time. */
const restPerWork = 9;
const mostMs = 120_000;

/** Milliseconds to rest after a fetch in the background that took `tookMs` for so many `pages`. At most two minutes. */
export function restAfter(tookMs: number, pages: number): number {
  return Math.min(mostMs, Math.max(msPerPage * pages, restPerWork * tookMs));
}

/**
 * Milliseconds until the next try to reach a server that is away: about `ms`, a half more or less, by `random` from 0 to 1.
 * All tabs saw it go at the same moment, and must not all come back at once.
 */
export function spread(ms: number, random: number): number {
  return ms * (0.5 + random);
}
