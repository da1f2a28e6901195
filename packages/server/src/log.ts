// The structured log: JSON lines in DIR/logs/moult.log, and on stdout too where that was asked for.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { visibleJson } from '@moult/formats/text';
import pino, { type Logger } from 'pino';
import { ServerError } from './errors.ts';

export type { Logger } from 'pino';

export interface LogOptions {
  dataDir: string;
  level: string;
  /** Write to stdout as well. */
  toStdout: boolean;
}

/** Opens the log, and makes the data directory when there is none. Throws ServerError SERVER_DATA_DIR. */
export function openLog({ dataDir, level, toStdout }: LogOptions): { log: Logger; close(): void } {
  const file = openFile(dataDir);
  const streams = [{ stream: file, level: 'trace' as const }];
  const destination = toStdout
    ? pino.multistream([...streams, { stream: pino.destination({ dest: 1, sync: true }), level: 'trace' as const }])
    : file;
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Names and paths of strangers are in it, and people read it on terminals.
      hooks: { streamWrite: visibleJson },
      // Nothing here is meant to log one of these; if something ever does, it stays unreadable.
      redact: ['cookie', '*.cookie', '*.encryptedData', '*.cookieData', 'password', '*.password', '*.privateKeyPem'],
    },
    destination,
  );
  return { log, close: () => file.end() };
}

function openFile(dataDir: string) {
  const folder = join(dataDir, 'logs');
  try {
    mkdirSync(folder, { recursive: true });
    // Refusals and failures only, never one line per request: written at once, so that a crash cannot take the last ones.
    return pino.destination({ dest: join(folder, 'moult.log'), sync: true });
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? reasons[String(error.code)] : undefined;
    throw new ServerError(
      'SERVER_DATA_DIR',
      `The data directory ${dataDir} cannot be used: ${why ?? String(error)}. Give another with --data-dir.`,
      { cause: error },
    );
  }
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'there is a file of this name',
  ENOTDIR: 'a part of its path is a file',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it is on a file system that is read-only',
  ENOSPC: 'the disk is full',
  EISDIR: 'its logs/moult.log is a folder',
};
