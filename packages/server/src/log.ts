// The structured log: JSON lines in DIR/logs/moult.log, and on stdout too when nobody watches a terminal there.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pino, { type Logger } from 'pino';

export type { Logger } from 'pino';

export interface LogOptions {
  dataDir: string;
  level: string;
  /** Write to stdout as well. */
  toStdout: boolean;
}

/** Opens the log. */
export function openLog({ dataDir, level, toStdout }: LogOptions): { log: Logger; close(): void } {
  const folder = join(dataDir, 'logs');
  mkdirSync(folder, { recursive: true });
  // Refusals and failures only, never one line per request: written at once, so that a crash cannot take the last ones.
  const file = pino.destination({ dest: join(folder, 'moult.log'), sync: true });
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
      // Nothing here is meant to log one of these; if something ever does, it stays unreadable.
      redact: ['cookie', '*.cookie', '*.encryptedData', '*.cookieData', 'password', '*.password', '*.privateKeyPem'],
    },
    destination,
  );
  return { log, close: () => file.end() };
}
