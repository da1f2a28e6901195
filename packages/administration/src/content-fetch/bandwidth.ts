// How fast files of updates may arrive, by the time of the day. All downloads of a process share it.

export interface Throttle {
  /** Waits until so many more bytes may arrive. */
  take(bytes: number): Promise<void>;
}

interface Span {
  /** Minutes of the day. `until` may be before `from`: over midnight. */
  from: number;
  until: number;
  kibPerSecond: number;
}

/** Bytes a second at this time of the server's day. Undefined without a limit. `setting`: off, KIB, or HH:MM-HH:MM=KIB,… */
export function bytesPerSecondAt(setting: string, at: Date): number | undefined {
  if (setting === 'off') return undefined;
  if (/^\d+$/.test(setting)) return Number(setting) * 1024;
  const minute = at.getHours() * 60 + at.getMinutes();
  const span = setting
    .split(',')
    .map(toSpan)
    .find((one) => isWithin(one, minute));
  return span && span.kibPerSecond * 1024;
}

function toSpan(text: string): Span {
  const [, fromHour, fromMinute, untilHour, untilMinute, kib] =
    /^(\d\d):(\d\d)-(\d\d):(\d\d)=(\d+)$/.exec(text)?.map(Number) ?? [];
  return {
    from: (fromHour ?? 0) * 60 + (fromMinute ?? 0),
    until: (untilHour ?? 0) * 60 + (untilMinute ?? 0),
    kibPerSecond: kib ?? 0,
  };
}

function isWithin({ from, until }: Span, minute: number): boolean {
  return from <= until ? minute >= from && minute < until : minute >= from || minute < until;
}

interface ThrottleParts {
  setting: string;
  now(): Date;
  /** Waits so many milliseconds, or until the work is stopped. */
  wait(ms: number): Promise<void>;
  isStopped(): boolean;
}

/** While the limit is 0, everybody waits, and looks again each minute. */
export function createThrottle({ setting, now, wait, isStopped }: ThrottleParts): Throttle {
  let freeAt = 0;
  return {
    async take(bytes) {
      const pauseMs = 60_000;
      let limit = bytesPerSecondAt(setting, now());
      for (; limit === 0 && !isStopped(); limit = bytesPerSecondAt(setting, now())) await wait(pauseMs);
      if (limit === undefined || limit === 0) return;
      const ms = now().getTime();
      // A clock that was set back must not hold a download for hours.
      const begins = Math.max(ms, Math.min(freeAt, ms + pauseMs));
      freeAt = begins + (bytes / limit) * 1000;
      if (freeAt > ms) await wait(freeAt - ms);
    },
  };
}
