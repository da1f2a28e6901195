// A data directory remembers that it had a database. A database that is gone, empty or cut off while its keys are there
// is an accident. An example is a missing mount. A new database in its place loses all computers and decisions.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { damagedDatabase } from '../damaged.ts';
import { isPostgres, sqliteFileOf, withoutPassword } from '../database.ts';
import { ServerError } from '../errors.ts';
import type { Store } from '../index.ts';
import type { Notice } from '../notice.ts';
import { headerProblem } from '../sqlite/header-check.ts';
import { auditHeadFile, notedServerId } from './audit-head.ts';

/**
 * Whether a server has worked with a database here. Keys that an administrator put there before the first start do not
 * tell.
 */
export function hadDatabase(dataDir: string): boolean {
  return existsSync(auditHeadFile(dataDir)) || existsSync(join(dataDir, 'keys', 'cookie.key'));
}

/**
 * Throws SERVER_DATABASE_LOST for an SQLite file that is missing or empty, and SERVER_DATABASE_DAMAGED for one that is
 * cut off. Ask PostgreSQL: see lostDatabase.
 */
export function requireDatabaseFile(dataDir: string, address: string): void {
  if (isPostgres(address)) return;
  const file = sqliteFileOf(address);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (hadDatabase(dataDir) && !size)
    throw lostDatabase(dataDir, address, size === undefined ? 'is missing' : 'is empty (0 bytes)');
  const problem = headerProblem(file);
  if (problem !== undefined) throw damagedDatabase(file, problem);
}

/** The notice that the database is not the one that this data directory worked with. */
export async function foreignDatabase(dataDir: string, store: Pick<Store, 'loadSetting'>): Promise<Notice[]> {
  const before = notedServerId(dataDir);
  const present = await store.loadSetting('server-id');
  if (before === undefined || present === undefined || before === present) return [];
  return [
    {
      headline: 'The database is another one than before.',
      cause: `This data directory worked with the database of server ${before}, and now it has that of ${present}.`,
      remedy: 'If you restored or moved the database, nothing needs to be done. Otherwise check --database.',
    },
  ];
}

/** The error for a database that is gone. `what`: `is missing`, `holds no Moult`. */
export function lostDatabase(dataDir: string, address: string, what: string): ServerError {
  return new ServerError(
    'SERVER_DATABASE_LOST',
    `The database ${withoutPassword(address)} ${what}, but ${dataDir} holds the keys of a server that had one. ` +
      'Put it back (is a disk not mounted?), or restore a backup: moult restore DIR --yes. ' +
      'To start with an empty database on purpose: moult serve --new-database.',
  );
}
