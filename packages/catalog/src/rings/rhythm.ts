// How often a computer usually checks in, from its own check-ins. As TCP learns when an answer is late (RFC 6298): a mean
// of the gaps and their mean deviation. A computer that comes as it likes has a large deviation, and is hardly ever late.

/** Of one computer. Times in milliseconds. */
export interface Rhythm {
  /** Gaps that were seen. */
  gaps: number;
  gapMs: number;
  deviationMs: number;
  /** Time that the computer was connected, as its check-ins show it: of each gap, `connectedPerGapMs` at most. */
  connectedMs: number;
}

export const noRhythm: Rhythm = { gaps: 0, gapMs: 0, deviationMs: 0, connectedMs: 0 };

/** Requests that follow each other more closely are one check-in. */
export const oneCheckInMs = 600_000;
/** In a longer gap the computer may have been off. */
export const connectedPerGapMs = 6 * 3_600_000;
/** Gaps that a rhythm needs before it is known. */
const fewestGaps = 3;
/** A gap beyond this says nothing of a rhythm: a computer that was put away, or a clock that jumped. */
export const slowestGapMs = 14 * 86_400_000;

/** The rhythm after one more gap. A gap of less than one check-in, or of less than nothing, changes nothing. */
export function afterGap(rhythm: Rhythm, gapMs: number): Rhythm {
  if (!(gapMs >= oneCheckInMs)) return rhythm;
  const gap = Math.min(gapMs, slowestGapMs);
  const connectedMs = rhythm.connectedMs + Math.min(gap, connectedPerGapMs);
  if (rhythm.gaps === 0) return { gaps: 1, gapMs: gap, deviationMs: Math.round(gap / 2), connectedMs };
  return {
    gaps: Math.min(rhythm.gaps + 1, 1000),
    gapMs: Math.round(rhythm.gapMs + (gap - rhythm.gapMs) / 8),
    deviationMs: Math.round(rhythm.deviationMs + (Math.abs(gap - rhythm.gapMs) - rhythm.deviationMs) / 4),
    connectedMs,
  };
}

export type Presence =
  /** Too few check-ins to know its rhythm, or a rhythm too slow to miss it. */
  | 'unknown'
  | 'here'
  /** Later than usual. */
  | 'late'
  /** Much later than this computer ever varies. */
  | 'silent';

/** `sinceContactMs`: since its last check-in. A negative one, after a clock went back, does not count as a silence. */
export function presenceOf(rhythm: Rhythm, sinceContactMs: number): Presence {
  const missed = missedAfter(rhythm);
  if (!missed) return 'unknown';
  if (sinceContactMs > missed.silentMs) return 'silent';
  return sinceContactMs > missed.lateMs ? 'late' : 'here';
}

/** Times after a check-in at which this computer is late, and silent. Undefined when it is never missed. */
export function missedAfter({ gaps, gapMs, deviationMs }: Rhythm): { lateMs: number; silentMs: number } | undefined {
  if (gaps < fewestGaps) return undefined;
  const silentMs = Math.max(gapMs + 4 * deviationMs, leastSilentMs);
  if (silentMs > slowestSilentMs) return undefined;
  return { lateMs: gapMs + deviationMs + oneCheckInMs, silentMs };
}

const leastSilentMs = 3_600_000;
/** A silence that shows only after so long comes too late for a ring. */
const slowestSilentMs = 10 * 86_400_000;
