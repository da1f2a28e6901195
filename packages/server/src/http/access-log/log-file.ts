// Lines into u_exYYMMDD.log: gathered for at most a second, one file per UTC day, directives at each start and in each
// new file. A file that is full is followed by u_exYYMMDD_0002.log and so on. The file is opened for each write, so
// that it may be moved or removed at any time.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolders, requireRegular } from '@moult/disk';
import { httpBounds } from '../../bounds.ts';
import { dayMs, dayOfName, type KeptLog, type LogRetention, logsIn, removeOutdated } from '../../log/retention.ts';

interface LogFile {
  append(day: string, line: string): void;
  /** While held, lines are counted and not written. */
  hold(isHeld: boolean): void;
  close(): Promise<void>;
}

/** Bounds of the access logs of all listeners together. */
export interface AccessLogBounds {
  /** Asked before old files are removed: bytes of all folders, days, and the clocks. */
  retention(): LogRetention;
  /** The folders of all listeners. */
  folders: readonly string[];
}

interface LogFileOptions {
  folder: string;
  directives: () => string;
  /** Asked once for what is written together: a line more at its end. */
  remark: () => string | undefined;
  onTrouble: (message: string) => void;
  /** Undefined: files grow and stay. */
  bounds?: AccessLogBounds | undefined;
}

const flushMs = 1000;
const flushLength = 256 * 1024;

interface Batch {
  day: string;
  lines: string[];
  length: number;
}

export function createLogFile({ folder, directives, remark, onTrouble, bounds }: LogFileOptions): LogFile {
  const budgetBytes = bounds?.retention().budgetBytes ?? Number.POSITIVE_INFINITY;
  const segmentBytes = Math.min(budgetBytes / 16, 64 * 1_048_576);
  // Lines that are written together must fit into a file.
  const mostWaiting = Math.min(httpBounds.maxAccessWaiting, segmentBytes);
  const place: Place = { day: undefined, sequence: 1, segmentBytes };
  let waiting: Batch[] = [];
  let waitingLength = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let isTroubled = false;
  let isHeld = false;
  let lost = 0;

  const write = async (batch: Batch): Promise<void> => {
    try {
      makeFolders(folder);
      const isNew = await appendTo(folder, place, batch, directives);
      if (isNew && bounds) sweep(bounds, segmentBytes);
      if (isTroubled)
        onTrouble(
          `The access log in ${folder} is written again; ${lost === 1 ? '1 line was' : `${lost} lines were`} lost.`,
        );
      isTroubled = false;
      lost = 0;
    } catch (error) {
      lost += batch.lines.length;
      // The file may end in half a line now: the next write looks, and starts with directives again.
      place.day = undefined;
      if (!isTroubled)
        onTrouble(`The access log in ${folder} cannot be written (${reasonOf(error)}). Serving goes on.`);
      isTroubled = true;
    }
  };

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const note = remark();
    if (note) waiting.at(-1)?.lines.push(note);
    const batches = waiting;
    waiting = [];
    for (const batch of batches) {
      await write(batch);
      waitingLength -= batch.length;
    }
  };
  const startFlush = (): Promise<void> => {
    writing ??= flush().finally(() => {
      writing = undefined;
      if (waiting.length > 0) timer ??= setTimeout(startFlush, flushMs).unref();
    });
    return writing;
  };

  return {
    append(day, line) {
      if (isHeld || waitingLength + line.length > mostWaiting) {
        lost++;
        if (!isTroubled && !isHeld) onTrouble(`The access log in ${folder} grows faster than the disk takes it.`);
        isTroubled = true;
        return;
      }
      let batch = waiting.at(-1);
      if (batch?.day !== day) {
        batch = { day, lines: [], length: 0 };
        waiting.push(batch);
      }
      batch.lines.push(line);
      batch.length += line.length;
      waitingLength += line.length;
      if (writing) return;
      if (waitingLength >= Math.min(flushLength, mostWaiting / 2)) startFlush();
      else timer ??= setTimeout(startFlush, flushMs).unref();
    },
    hold(held) {
      isHeld = held;
    },
    async close() {
      while (writing || waiting.length > 0) await startFlush();
    },
  };
}

interface Place {
  /** Of the last write. Undefined before the first, and after one that failed. */
  day: string | undefined;
  sequence: number;
  segmentBytes: number;
}

/** Appends. Directives before the lines at a start, and always in a file that is new. Answers whether it is new. */
async function appendTo(
  folder: string,
  place: Place,
  { day, lines, length }: Batch,
  directives: () => string,
): Promise<boolean> {
  const isStart = day !== place.day;
  if (isStart) place.sequence = lastSequence(folder, day);
  let handle = await openFile(join(folder, nameOf(day, place.sequence)));
  try {
    let { size } = await handle.stat();
    if (size > 0 && size + length > place.segmentBytes) {
      await handle.close();
      place.sequence++;
      handle = await openFile(join(folder, nameOf(day, place.sequence)));
      size = (await handle.stat()).size;
    }
    const lineEnd = isStart && size > 0 ? await missingLineEnd(handle, size) : '';
    await handle.appendFile(lineEnd + (isStart || size === 0 ? directives() : '') + lines.join(''));
    place.day = day;
    return size === 0;
  } finally {
    await handle.close();
  }
}

/** A pipe takes the lines until it is full, and then holds a thread for ever. A link to a file leads anywhere. */
async function openFile(path: string): Promise<FileHandle> {
  const handle = await open(
    path,
    constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0),
    0o666,
  );
  const stats = await handle.stat();
  if (stats.isFile()) return handle;
  await handle.close();
  requireRegular(path, stats);
  return handle;
}

/** The files that are being written may grow by a segment each before the next look. */
function sweep({ retention, folders }: AccessLogBounds, segmentBytes: number): void {
  const bounds = retention();
  const today = Math.floor(bounds.now.getTime() / dayMs);
  const logs = folders.flatMap((folder) => withoutCurrent(logsIn(folder, placeOf), today));
  removeOutdated(logs, { ...bounds, budgetBytes: bounds.budgetBytes - segmentBytes * folders.length });
}

/** The newest of a folder is being written, or the last thing that is known of its port: it counts, and it stays. */
function withoutCurrent(logs: KeptLog[], today: number): KeptLog[] {
  const [newest] = logs
    .filter(({ day = 0 }) => day <= today)
    .sort((a, b) => (b.day ?? 0) - (a.day ?? 0) || b.sequence - a.sequence);
  return logs.map((log) => (log === newest ? { ...log, day: undefined } : log));
}

function lastSequence(folder: string, day: string): number {
  const wanted = dayOfName(day);
  const sequences = logsIn(folder, placeOf).flatMap((log) => (log.day === wanted ? [log.sequence] : []));
  return Math.max(1, ...sequences);
}

/** `_` sorts behind `.`: by name they are in the order of their writing. */
function nameOf(day: string, sequence: number): string {
  return `u_ex${day}${sequence === 1 ? '' : `_${String(sequence).padStart(4, '0')}`}.log`;
}

function placeOf(name: string): { day: number; sequence: number } | undefined {
  const [, digits = '', sequence = '1'] = /^u_ex(\d{6})(?:_(\d{4,9}))?\.log$/.exec(name) ?? [];
  const day = dayOfName(digits);
  return day === undefined ? undefined : { day, sequence: Number(sequence) };
}

// A process that was killed, or a full disk, leaves half a line.
async function missingLineEnd(handle: FileHandle, size: number): Promise<string> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a ? '' : '\r\n';
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
