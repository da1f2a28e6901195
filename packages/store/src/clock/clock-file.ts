// DIR/clock.json keeps the times that the data directory knows across restarts.
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import { writePrivateFile } from '../data-dir/private-files.ts';

export interface ClockMarks {
  /** The newest time of a clock that was believed. Undefined when none was yet. */
  newest: Date | undefined;
  /** How far what is deleted by age has come. Undefined like `newest`. */
  ageing: Date | undefined;
}

/** The marks. Undefined if the file is missing or unreadable. */
export function readClockMarks(dataDir: string): ClockMarks | undefined {
  try {
    const { newest, ageing } = JSON.parse(String(readOwnFile(clockFile(dataDir))));
    return { newest: dateIn(newest), ageing: dateIn(ageing) };
  } catch {
    return undefined;
  }
}

/** Writes the marks, whole or not at all. Throws what the file system says. */
export function writeClockMarks(dataDir: string, { newest, ageing }: ClockMarks): void {
  const text = JSON.stringify({ newest: newest ?? null, ageing: ageing ?? null });
  writePrivateFile(clockFile(dataDir), `${text}\n`);
}

function dateIn(text: unknown): Date | undefined {
  if (text === null) return undefined;
  const date = new Date(String(text));
  if (Number.isNaN(date.getTime())) throw new RangeError(`${text} is not a time`);
  return date;
}

function clockFile(dataDir: string): string {
  return join(dataDir, 'clock.json');
}
