// Errors that PostgreSQL sent.
import type { DatabaseError } from 'pg';

/**
 * True for an error that PostgreSQL itself sent: only those have a severity. This does not ask for the class of pg, so commands
 * on SQLite never load pg. To load it takes a sixth of the start of a command.
 */
export function isFromPostgres(error: unknown): error is DatabaseError {
  return error instanceof Error && 'severity' in error;
}
