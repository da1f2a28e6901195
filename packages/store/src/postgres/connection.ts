// One connection of the pool, as kysely uses it. Each error of the connection (not of a statement) becomes
// SERVER_DATABASE_AWAY. A connection in an unknown state is never used again.

import type { PostgresPoolClient } from 'kysely';
import { databaseBounds } from '../declared-bounds.ts';
import { asDiskTrouble } from '../disk-trouble.ts';
import { ServerError } from '../errors.ts';
import type { OpenedClient } from './connect.ts';
import { endsConnection, passingReason } from './trouble.ts';

interface ConnectionParts {
  /** As SessionLimits. */
  statementMs: number;
  error(reason: string, cause?: unknown): ServerError;
  released(): void;
  ended(): void;
  /** The host, not only this connection, is of no use any more. */
  unusable(reason: string): void;
}

export class Connection implements PostgresPoolClient {
  readonly #opened: OpenedClient;
  readonly #parts: ConnectionParts;
  #askedAt: number | undefined;
  #deadBecause: string | undefined;
  /** When it was given back last. */
  since = performance.now();

  constructor(opened: OpenedClient, parts: ConnectionParts) {
    this.#opened = opened;
    this.#parts = parts;
    opened.client.on('error', (error: Error) => this.kill(passingReason(error) ?? error.message));
    opened.client.once('end', () => this.kill('the connection ended'));
  }

  silentFor(now: number): number {
    return this.#askedAt === undefined ? 0 : now - this.#askedAt;
  }

  killWhenTooLate(now: number): void {
    const { statementMs } = this.#parts;
    if (statementMs === 0 || this.silentFor(now) < statementMs + databaseBounds.graceMs) return;
    const reason = `it did not answer for ${Math.round(this.silentFor(now) / 1000)} seconds`;
    this.kill(reason);
    this.#parts.unusable(reason);
  }

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<QueryResult<Row>>;
  query<Row>(cursor: never): Row;
  query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<QueryResult<Row>> {
    return this.#ask(sql, parameters);
  }

  async #ask<Row>(sql: string, parameters: readonly unknown[]): Promise<QueryResult<Row>> {
    if (this.#deadBecause !== undefined) throw this.#parts.error(this.#deadBecause);
    this.#askedAt = performance.now();
    try {
      return (await this.#opened.client.query(sql, parameters as unknown[])) as unknown as QueryResult<Row>;
    } catch (error) {
      if (isStatementPooling(error)) throw statementPooling(error);
      // Killed by us, what pg says of it is not the reason.
      const reason = this.#deadBecause ?? passingReason(error);
      if (reason === undefined) throw asDiskTrouble(error, 'The database cannot be written');
      if (endsConnection(error)) this.kill(reason);
      if (isReadOnly(error)) this.#parts.unusable(reason);
      throw this.#parts.error(reason, error);
    } finally {
      this.#askedAt = undefined;
    }
  }

  release(discard?: boolean | Error): void {
    this.since = performance.now();
    if (this.#deadBecause !== undefined) return;
    // In the middle of a transaction, or of an answer, it is of no use to the next.
    const { client } = this.#opened as { client: { getTransactionStatus?(): string | null } };
    const isClean = (client.getTransactionStatus?.() ?? 'I') === 'I' && this.#askedAt === undefined;
    if (discard || !isClean) this.kill('the connection was discarded');
    else this.#parts.released();
  }

  /** Says good-bye, and does not wait for long. */
  leave(): void {
    const { client, socket } = this.#opened;
    const cut = setTimeout(() => socket.destroy(), 1000).unref();
    client.end().then(
      () => clearTimeout(cut),
      () => undefined,
    );
  }

  kill(reason: string): void {
    if (this.#deadBecause !== undefined) return;
    this.#deadBecause = reason;
    this.#opened.socket.destroy();
    this.#parts.ended();
  }
}

type QueryResult<Row> = { command: 'UPDATE' | 'DELETE' | 'INSERT' | 'SELECT' | 'MERGE'; rowCount: number; rows: Row[] };

function isReadOnly(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '25006';
}

/** pgbouncer with pool_mode = statement: another statement may go to another connection. */
function isStatementPooling(error: unknown): boolean {
  return error instanceof Error && /not allowed in statement pooling mode/.test(error.message);
}

function statementPooling(cause: unknown): ServerError {
  const message = 'pgbouncer pools single statements. Moult needs pool_mode = transaction or session in pgbouncer.ini.';
  return new ServerError('SERVER_DATABASE', message, { cause });
}
