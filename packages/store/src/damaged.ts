// The error for a database whose bytes are not as SQLite wrote them.
import { ServerError } from './errors.ts';

export function damagedDatabase(file: string, problem: string): ServerError {
  return new ServerError(
    'SERVER_DATABASE_DAMAGED',
    `The database ${file} is damaged: ${problem}. Keep a copy of it, and restore a backup: moult restore DIR --yes.`,
  );
}

/** SERVER_DATABASE_DAMAGED for what SQLite says of a damaged file, any other error as it is. */
export function asDamaged(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error;
  const kind = error.errcode & 0xff;
  return kind === sqliteCorrupt || kind === sqliteNotADatabase ? damagedDatabase(file, error.message) : error;
}

const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;
