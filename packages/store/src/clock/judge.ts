// Judges whether the clock of the system is right, by two times that no clock can undo: the date of this program, and
// the newest time that this data directory knows. Pure.
import type { Notice } from '../notice.ts';

const dayMs = 86_400_000;
const yearMs = 365.25 * dayMs;

/** Corrections and mistaken time zones stay below this. */
const toleranceMs = dayMs;
/** A server that was off for longer than this is asked whether its clock is right. */
const longestPauseMs = 180 * dayMs;
/** A program may be installed so long after it was made. */
const oldestProgramMs = 5 * yearMs;

interface ClockEvidence {
  /** When this program was made. */
  programDate: Date;
  /** The newest time that the data directory knows of a clock that was believed. Undefined for a new one. */
  newest: Date | undefined;
}

/**
 * `behind-program`: earlier than the program. `behind-data`: earlier than what the data directory knows.
 * `ahead`: so far ahead of both that it is not believed.
 */
export type ClockState =
  | { kind: 'right' }
  | { kind: 'behind-program' | 'behind-data' | 'ahead'; now: Date; reference: Date };

/** The worth of `now`. */
export function judgeClock(now: Date, { programDate, newest }: ClockEvidence): ClockState {
  if (now.getTime() < programDate.getTime() - toleranceMs)
    return { kind: 'behind-program', now, reference: programDate };
  if (newest && now.getTime() < newest.getTime() - toleranceMs) return { kind: 'behind-data', now, reference: newest };
  const reference = newest && newest > programDate ? newest : programDate;
  const allowed = newest ? longestPauseMs : oldestProgramMs;
  return now.getTime() > reference.getTime() + allowed ? { kind: 'ahead', now, reference } : { kind: 'right' };
}

/** The notice about a clock that is not believed. Undefined for one that is. */
export function clockNotice(state: ClockState): Notice | undefined {
  if (state.kind === 'right') return undefined;
  const now = day(state.now);
  const then = day(state.reference);
  const setIt = 'Set the clock (timedatectl set-ntp true).';
  const accept = 'If the clock is right, run "moult clock --accept".';
  if (state.kind === 'behind-program') {
    return {
      isForAll: true,
      headline: `The clock of this server is wrong: it shows ${now}.`,
      cause: `This version of Moult was made on ${then}, which is later.`,
      remedy: `${setIt} Nothing else needs to be done.`,
    };
  }
  if (state.kind === 'behind-data') {
    return {
      isForAll: true,
      headline: `The clock of this server went back: it shows ${now}.`,
      cause: `The data directory holds entries of ${then}. Either the clock is wrong now, or it was wrong then.`,
      remedy: `${setIt} ${accept}`,
    };
  }
  return {
    isForAll: true,
    headline: `The clock of this server may be far ahead: it shows ${now}.`,
    cause: `The newest time that this data directory knows is ${then}. Until this is settled Moult renews no certificate.`,
    remedy: `${setIt} ${accept}`,
  };
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
