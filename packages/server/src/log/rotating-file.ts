// moult.log: written at once, and renamed to moult-YYYYMMDD_NNNN.log when its day is over or it is full.
import { closeSync, fstatSync, renameSync, type Stats, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openOwnToAppend } from '@moult/disk';
import { dayMs, dayOfName, logsIn, removeOutdated } from './retention.ts';

export interface RotatingFile {
  /** Writes a piece and answers how much. Throws what the system says. */
  write(bytes: Uint8Array): number;
  close(): void;
}

interface RotatingFileParts {
  folder: string;
  now(): Date;
  /** Undefined: the file belongs to another process (a server) and is only appended to. */
  retention: LogBounds | undefined;
}

export interface LogBounds {
  /** Files older than this are removed. */
  days: number;
  /** Of all files together. */
  budgetBytes: number;
  /** The time that the ages of files are counted by. Undefined while none may. */
  ageingNow(): Date | undefined;
}

const current = 'moult.log';

/** Opens the file, made when it is missing. Throws what the system says. */
export function openRotatingFile(parts: RotatingFileParts): RotatingFile {
  const { folder, now, retention } = parts;
  const path = join(folder, current);
  const segmentBytes = Math.min((retention?.budgetBytes ?? Infinity) / 8, 16 * 1_048_576);
  let file = open(path);
  let isAtLineEnd = true;

  const rotate = (today: number): void => {
    const older = logsIn(folder, rotatedName).filter(({ day }) => day === file.day);
    const sequence = 1 + Math.max(0, ...older.map((log) => log.sequence));
    try {
      renameSync(path, join(folder, nameOf(file.day, sequence)));
    } catch (error) {
      // Removed by somebody: a new one is made. A file that cannot be renamed is written on, for as much again and no
      // more.
      if (!isMissing(error) && file.size > 2 * segmentBytes) throw error;
      if (!isMissing(error)) return;
    }
    const next = open(path);
    closeSync(file.descriptor);
    file = { ...next, day: today };
    sweep();
  };
  const sweep = (): void => {
    if (!retention) return;
    const { budgetBytes, days } = retention;
    // The file that is being written may grow by a segment before the next look.
    const bounds = {
      budgetBytes: budgetBytes - segmentBytes,
      days,
      now: now(),
      ageingNow: retention.ageingNow(),
    };
    removeOutdated(logsIn(folder, rotatedName), bounds);
  };
  sweep();

  return {
    write(bytes) {
      const today = Math.floor(now().getTime() / dayMs);
      // An empty file is of the day of its first line.
      if (file.size === 0) file.day = today;
      const isDue = retention && file.size > 0 && (today !== file.day || file.size + bytes.length > segmentBytes);
      if (isDue && isAtLineEnd) rotate(today);
      const written = writeSync(file.descriptor, bytes);
      file.size += written;
      isAtLineEnd = written === 0 ? isAtLineEnd : bytes[written - 1] === 0x0a;
      return written;
    },
    close: () => closeSync(file.descriptor),
  };
}

function open(path: string): { descriptor: number; size: number; day: number } {
  const descriptor = openOwnToAppend(path, 0o640, isStream);
  const { size, mtimeMs } = fstatSync(descriptor);
  return { descriptor, size, day: Math.floor(mtimeMs / dayMs) };
}

/** A link to /dev/stdout or /dev/null is a habit of containers. */
function isStream(stats: Stats): boolean {
  return stats.isCharacterDevice() || stats.isFIFO();
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function nameOf(day: number, sequence: number): string {
  const digits = new Date(day * dayMs).toISOString().slice(0, 10).replaceAll('-', '');
  return `moult-${digits}_${String(sequence).padStart(4, '0')}.log`;
}

function rotatedName(name: string): { day: number; sequence: number } | undefined {
  const [, digits = '', sequence] = /^moult-(\d{8})_(\d{4,9})\.log$/.exec(name) ?? [];
  const day = dayOfName(digits);
  return day === undefined ? undefined : { day, sequence: Number(sequence) };
}
