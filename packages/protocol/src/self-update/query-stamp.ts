// The ten digits that agents append to each self-update request so that no cache answers: YYMMDDhhmm, client's UTC
// clock. A server ignores them. The doctor reads a client's clock from them.

const tenDigits = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/;

/** The query (without `?`) for a request made at `now`. */
export function encodeQueryStamp(now: Date): string {
  const digits = now.toISOString().replace(/\D/g, '');
  return digits.slice(2, 12);
}

/** The client's clock, or undefined when `query` is not a stamp. Years are 2000 to 2099. */
export function parseQueryStamp(query: string): Date | undefined {
  const parts = tenDigits.exec(query.replace(/^\?/, ''))?.slice(1).map(Number);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts;
  const date = new Date(Date.UTC(2000 + year, month - 1, day, hour, minute));
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60;
  return isReal ? date : undefined;
}
