// Checks the database file of a running server once as a whole, beside the service, and reports faults.

import type { Notice } from '@moult/store';
import { checkInBackground, isPostgres, sqliteFileOf } from '@moult/store';
import type { Logger } from '../log/log.ts';

interface DatabaseWatch {
  notices(): Notice[];
  close(): void;
}

const limitMs = 30 * 60_000;

/**
 * Begins the check of an SQLite file. PostgreSQL has checksums of its own. `changed` is called when something was
 * found.
 */
export function watchDatabase(address: string, { log, changed }: { log: Logger; changed: () => void }): DatabaseWatch {
  if (isPostgres(address) || sqliteFileOf(address) === ':memory:') return { notices: () => [], close: () => undefined };
  const file = sqliteFileOf(address);
  const notices: Notice[] = [];
  const check = checkInBackground({
    file,
    limitMs,
    damaged(problem) {
      log.error({ file, problem }, 'the database is damaged: run moult database check');
      notices.push({
        headline: 'The database of this server is damaged.',
        cause: `SQLite says: ${problem.slice(0, 300)}`,
        remedy: 'Make a copy of the file, run "moult database check", and restore a backup: moult restore DIR --yes.',
      });
      changed();
    },
    undecided: (why) => log.warn({ why }, 'the database could not be checked; run moult database check'),
  });
  return { notices: () => notices, close: () => check.close() };
}
