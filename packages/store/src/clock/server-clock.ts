// The clock of the server, and how far it is believed. Stamps take the clock of the system as it is. Deletion by age
// takes `ageingNow`: a clock that jumps ten years ahead must not delete ten years of events in one night.
import type { Log } from '../log.ts';
import { type Notice, noticeLine } from '../notice.ts';
import { type ClockMarks, readClockMarks, writeClockMarks } from './clock-file.ts';
import { type ClockState, clockNotice, judgeClock } from './judge.ts';

export interface ServerClock {
  /** The system's clock as it is: for stamps. */
  now(): Date;
  /**
   * The time that deletions and expiry go by: never later than now. It moves only while the server runs, at most four
   * times as fast. So it catches up after a pause, and a jump of the clock changes little.
   */
  ageingNow(): Date;
  /**
   * The time for the end of a hold or of the emergency stop. It is `now`. While the system's clock is not believed, it
   * is `ageingNow` at most. It does not look at the disk.
   */
  endingNow(now: Date): Date;
  /** Stamps later than this were made by a wrong clock. */
  newestBelievable(): Date;
  state(): ClockState;
  /** The notice for the administrator. Empty while the clock is believed. */
  notices(): Notice[];
  /**
   * The newest time that the database holds, undefined for an empty one. It counts where no marks were kept: in a data
   * directory of an earlier version, or one whose clock.json is lost.
   */
  learn(newest: Date | undefined): void;
  close(): void;
}

interface ServerClockParts {
  dataDir: string;
  now(): Date;
  programDate: Date;
  log: Log;
  /** Milliseconds that no change of the clock moves. */
  monotonicMs?: () => number;
  /** How often the clock is looked at, and how often the marks are written. Milliseconds. */
  everyMs?: number;
  writeEveryMs?: number;
}

const dayMs = 86_400_000;
const catchUpRate = 4;

/**
 * Opens the clock of a data directory. It never throws: a wrong clock, or marks that cannot be written, stop nothing.
 */
export function openServerClock(parts: ServerClockParts): ServerClock {
  const { dataDir, now, programDate, log, everyMs = 60_000, writeEveryMs = 600_000 } = parts;
  const monotonic = parts.monotonicMs ?? (() => performance.now());
  let kept = readClockMarks(dataDir);
  let marks: ClockMarks = kept ?? { newest: undefined, ageing: undefined };
  let seenAt = monotonic();
  let wallAt = now().getTime();
  let writtenAt = seenAt;
  let isSettled = kept !== undefined;
  let told: ClockState['kind'] = 'right';

  /** `moult clock --accept` writes the file of a running server. */
  const adopt = () => {
    const present = readClockMarks(dataDir);
    if (!present || (kept && sameMarks(present, kept))) return;
    kept = present;
    marks = present;
  };

  const stateNow = () => judgeClock(now(), { programDate, newest: marks.newest });

  const move = () => {
    const state = stateNow();
    const wall = now().getTime();
    const lived = Math.max(0, monotonic() - seenAt);
    noticeJump(wall - wallAt - lived);
    seenAt += lived;
    wallAt = wall;
    if (!isSettled) return state;
    const isRight = state.kind === 'right';
    if (marks.ageing) {
      const reached = marks.ageing.getTime() + lived * (isRight ? catchUpRate : 1);
      const ageing = new Date(Math.max(marks.ageing.getTime(), Math.min(reached, wall)));
      marks = { ...marks, ageing };
    } else if (isRight) marks = { ...marks, ageing: new Date(wall) };
    if (isRight && !(marks.newest && marks.newest.getTime() > wall)) marks = { ...marks, newest: new Date(wall) };
    return state;
  };

  const noticeJump = (jumpMs: number) => {
    if (Math.abs(jumpMs) < dayMs) return;
    const days = Math.round(jumpMs / dayMs);
    log.warn(`The clock moved by ${days} days while the server ran: it was set, it is wrong, or the machine slept.`);
  };

  const write = () => {
    const { newest, ageing } = marks;
    writtenAt = monotonic();
    try {
      writeClockMarks(dataDir, { newest, ageing });
      kept = { newest, ageing };
    } catch (error) {
      log.warn({ err: error }, 'clock.json cannot be written');
    }
  };

  const look = () => {
    adopt();
    const state = move();
    if (state.kind !== told) {
      const notice = clockNotice(state);
      if (notice) log.warn(noticeLine(notice));
      else log.info('The clock is believed again.');
      told = state.kind;
    }
    if (monotonic() - writtenAt >= writeEveryMs) {
      isSettled = true;
      write();
    }
    return state;
  };
  const timer = everyMs > 0 ? setInterval(look, everyMs).unref() : undefined;

  const aged = () => new Date(Math.min((marks.ageing ?? programDate).getTime(), now().getTime()));

  return {
    now,
    ageingNow() {
      move();
      return aged();
    },
    endingNow: (at) => (move().kind === 'right' ? at : new Date(Math.min(at.getTime(), aged().getTime()))),
    newestBelievable: () => new Date(Math.max(now().getTime(), marks.newest?.getTime() ?? 0) + dayMs),
    state: look,
    notices() {
      const notice = clockNotice(look());
      return notice ? [notice] : [];
    },
    learn(newest) {
      if (isSettled) return;
      if (newest) marks = { newest, ageing: new Date(Math.min(newest.getTime(), now().getTime())) };
      isSettled = true;
      look();
      write();
    },
    close() {
      clearInterval(timer);
      adopt();
      move();
      write();
    },
  };
}

function sameMarks(a: ClockMarks, b: ClockMarks): boolean {
  return a.newest?.getTime() === b.newest?.getTime() && a.ageing?.getTime() === b.ageing?.getTime();
}
