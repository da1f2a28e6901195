// The structured log: JSON lines in DIR/logs/moult.log, and on stdout too where that was asked for. Bounded in bytes
// and days, and in lines of one kind. A disk that takes no lines is heard of, and never ends the server.

import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '@moult/disk';
import { visibleJson } from '@moult/formats/text';
import { diskTroubleOf } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import pino, { type Logger } from 'pino';
import { writeBounds } from '../bounds.ts';
import { createLineWriter, type LineWriter } from './line-writer.ts';
import { createRepeatedLines } from './repeated-lines.ts';
import { boundedByDisk } from './retention.ts';
import { type LogBounds, openRotatingFile, type RotatingFile } from './rotating-file.ts';

export type { Logger } from 'pino';

interface LogOptions {
  dataDir: string;
  level: string;
  /** Write to stdout as well. */
  toStdout: boolean;
  /** For the server, which owns the files. Never more than a tenth of the disk. Commands append only. */
  retention?: Omit<LogBounds, 'ageingNow'>;
  now?: () => Date;
  /** Milliseconds in which lines of one kind are counted together. */
  repeatedMs?: number;
}

export interface OpenLog {
  log: Logger;
  /** While held (little space is left), lines of the file are counted and not written. */
  hold(isHeld: boolean): void;
  /** Files go by their age only after this was called, and by this time. */
  age(ageingNow: () => Date): void;
  close(): void;
}

/** Opens the log, and makes the data directory if it is missing. Throws ServerError SERVER_DATA_DIR. */
export function openLog(options: LogOptions): OpenLog {
  const { level, toStdout, repeatedMs = 60_000 } = options;
  let ageingNow = (): Date | undefined => undefined;
  const file = openFile(options, () => ageingNow());
  const lines = createLineWriter({ write: (bytes) => file.write(bytes), lostLine });
  const destination = toStdout ? pino.multistream([lineStream(lines), lineStream(standardOutput())]) : lines;
  const repeated = createRepeatedLines({
    ...{ burst: writeBounds.logLinesOfAKind, mostKinds: writeBounds.logKinds },
    more(count, kind) {
      const { msg = 'kinds of lines', ...details } = kind === undefined ? {} : (JSON.parse(kind) as { msg?: string });
      log.warn({ ...details, more: count, [summary]: true }, `${count} more of the same in the last minute: ${msg}`);
    },
  });
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Nothing here is meant to log one of these. If something ever does, it stays unreadable.
      redact: ['cookie', '*.cookie', '*.encryptedData', '*.cookieData', 'password', '*.password', '*.privateKeyPem'],
      hooks: {
        // Names and paths of strangers are in it, and people read it on terminals.
        streamWrite: visibleJson,
        logMethod(given, method, number) {
          const kind = number >= infoNumber ? kindOf(given) : undefined;
          if (kind === undefined || repeated.admit(kind)) method.apply(this, given);
        },
      },
    },
    destination,
  );
  const timer = setInterval(() => repeated.flush(), repeatedMs).unref();
  return {
    log,
    hold: (isHeld) => lines.hold(isHeld),
    age: (by) => {
      ageingNow = by;
    },
    close() {
      clearInterval(timer);
      repeated.flush();
      file.close();
    },
  };
}

const infoNumber = 30;
const summary = Symbol('says how many more there were');

/** The marks that make two lines the same: the text, the refused thing, the client and the reason. Not the client. */
function kindOf(given: readonly unknown[]): string | undefined {
  const [first, second] = given;
  if (typeof first !== 'object' || first === null) return JSON.stringify({ msg: withoutNumbers(first) });
  const { site, operation, fault, status, err, [summary]: isSummary } = first as Record<string | symbol, unknown>;
  if (isSummary) return undefined;
  const why = err instanceof Error ? err.message.slice(0, 200) : undefined;
  return JSON.stringify({ msg: withoutNumbers(second), site, operation, fault, status, why });
}

function withoutNumbers(text: unknown): string {
  return String(text).replace(/\d+/g, 'N');
}

function lineStream(stream: LineWriter) {
  return { stream, level: 'trace' as const };
}

function standardOutput(): LineWriter {
  return createLineWriter({ write: (bytes) => writeSync(1, bytes), lostLine });
}

function lostLine(lost: number, why: string): string {
  const msg = `${lost} ${lost === 1 ? 'line' : 'lines'} of this log could not be written (${why}) and ${lost === 1 ? 'is' : 'are'} lost`;
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), lost, msg })}\n`;
}

function openFile(
  { dataDir, retention, now = () => new Date() }: LogOptions,
  ageingNow: () => Date | undefined,
): RotatingFile {
  const folder = join(dataDir, 'logs');
  const open = () => {
    const bounds = retention && {
      ...{ ...retention, ageingNow },
      budgetBytes: boundedByDisk(retention.budgetBytes, folder),
    };
    return openRotatingFile({ folder, now, retention: bounds });
  };
  try {
    makeFolders(folder);
    return open();
  } catch (error) {
    // Nothing can be made here now: the server runs, and the log begins when it can.
    if (diskTroubleOf(error)) return openLater(open);
    const why = error instanceof Error && 'code' in error ? reasons[String(error.code)] : undefined;
    throw new ServerError(
      'SERVER_DATA_DIR',
      `The data directory ${dataDir} cannot be used: ${why ?? String(error)}. Give another with --data-dir.`,
      { cause: error },
    );
  }
}

function openLater(open: () => RotatingFile): RotatingFile {
  let file: RotatingFile | undefined;
  return {
    write(bytes) {
      file ??= open();
      return file.write(bytes);
    },
    close: () => file?.close(),
  };
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'there is a file of this name',
  ENOTDIR: 'a part of its path is a file',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EISDIR: 'its logs/moult.log is a folder',
};
