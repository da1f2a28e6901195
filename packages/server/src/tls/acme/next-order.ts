// When the next order of a certificate is due. Pure.

/** How the last orders went. */
export interface Tries {
  /** In a row. */
  failures: number;
  /** ISO 8601, UTC. */
  failedAt?: string | undefined;
  why?: string | undefined;
}

interface OrderFacts {
  /** The one in use. Undefined without one. */
  certificate: { validFrom: Date; validTo: Date; names: readonly string[] } | undefined;
  /** Names that it has to have. */
  names: readonly string[];
  tries: Tries;
  now: Date;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Authorities bear some failed proofs of a name an hour. */
const firstPauseMs = 15 * minuteMs;

/**
 * True when an order is due: none is there, it lacks a name, or less than a third of its life is
 * left. After failures the pauses double, from 15 minutes to a day.
 */
export function isOrderDue(facts: OrderFacts): boolean {
  return isWanted(facts) && !isPausing(facts);
}

function isWanted({ certificate, names, now }: OrderFacts): boolean {
  if (!certificate) return true;
  const { validFrom, validTo } = certificate;
  if (!names.every((name) => certificate.names.includes(name))) return true;
  return validTo.getTime() - now.getTime() < (validTo.getTime() - validFrom.getTime()) / 3;
}

function isPausing({ tries: { failures, failedAt }, now }: OrderFacts): boolean {
  if (failures === 0 || failedAt === undefined) return false;
  const sinceMs = now.getTime() - Date.parse(failedAt);
  // A time ahead was written under a wrong clock: it does not hold an order back.
  return sinceMs >= 0 && sinceMs < Math.min(firstPauseMs * 2 ** (failures - 1), dayMs);
}
