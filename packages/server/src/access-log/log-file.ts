// Lines into u_exYYMMDD.log: gathered for at most a second, one file per UTC day, directives at each start and in each new
// file. The file is opened for each write, so that it may be moved or removed at any time.
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

export interface LogFile {
  append(day: string, line: string): void;
  close(): Promise<void>;
}

export interface LogFileOptions {
  folder: string;
  directives: () => string;
  onTrouble: (message: string) => void;
}

const flushMs = 1000;
const flushLength = 256 * 1024;
/** What may wait while the disk is slow; beyond this lines are dropped and counted. */
const maxWaitingLength = 8 * 1024 * 1024;

interface Batch {
  day: string;
  lines: string[];
  length: number;
}

export function createLogFile({ folder, directives, onTrouble }: LogFileOptions): LogFile {
  let waiting: Batch[] = [];
  let waitingLength = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let lastDay: string | undefined;
  let isTroubled = false;
  let lost = 0;

  const write = async (batch: Batch): Promise<void> => {
    try {
      await mkdir(folder, { recursive: true });
      await appendTo(join(folder, `u_ex${batch.day}.log`), batch.lines, {
        directives,
        isStart: batch.day !== lastDay,
      });
      lastDay = batch.day;
      if (isTroubled) onTrouble(`The access log in ${folder} is written again; ${lost} lines were lost.`);
      isTroubled = false;
      lost = 0;
    } catch (error) {
      lost += batch.lines.length;
      // The file may end in half a line now: the next write looks, and starts with directives again.
      lastDay = undefined;
      if (!isTroubled)
        onTrouble(`The access log in ${folder} cannot be written (${reasonOf(error)}). Serving goes on.`);
      isTroubled = true;
    }
  };

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
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
      if (waitingLength > maxWaitingLength) {
        lost++;
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
      if (waitingLength >= flushLength) startFlush();
      else timer ??= setTimeout(startFlush, flushMs).unref();
    },
    async close() {
      while (writing || waiting.length > 0) await startFlush();
    },
  };
}

/** Appends; `directives` before the lines at a start, and always in a file that is new. */
async function appendTo(
  path: string,
  lines: string[],
  { directives, isStart }: { directives: () => string; isStart: boolean },
): Promise<void> {
  const handle = await open(path, 'a+');
  try {
    const { size } = await handle.stat();
    const lineEnd = isStart && size > 0 ? await missingLineEnd(handle, size) : '';
    await handle.appendFile(lineEnd + (isStart || size === 0 ? directives() : '') + lines.join(''));
  } finally {
    await handle.close();
  }
}

// A process that was killed, or a full disk, leaves half a line.
async function missingLineEnd(handle: FileHandle, size: number): Promise<string> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a ? '' : '\r\n';
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
