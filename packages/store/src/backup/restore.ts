// Restore puts the tables of a backup in place of the present ones, in one transaction, between any two engines. The
// files follow (pending-restore.ts). A running server notices and tells its clients ServerChanged, because their ids
// may have another meaning now.

import { randomUUID } from 'node:crypto';
import { makeFolders } from '@moult/disk';
import { type Kysely, sql } from 'kysely';
import { recordAudit } from '../audit.ts';
import { watchHead } from '../audit-chain.ts';
import { readClockMarks, writeClockMarks } from '../clock/clock-file.ts';
import type { AuditHead, Author } from '../contract/index.ts';
import { writeNotedHead } from '../data-dir/audit-head.ts';
import { takeGuard } from '../data-dir/guard.ts';
import { openDatabase, withoutPassword } from '../database.ts';
import { DatabaseAway, ServerError } from '../errors.ts';
import { applySteps } from '../migrate.ts';
import { migrations } from '../migrations/index.ts';
import { isRefusedRow } from '../refused-rows.ts';
import type { Tables } from '../schema.ts';
import { type BackedUpTable, backedUpTables, derivedTables, identityColumns } from '../tables.ts';
import { transact } from '../transact.ts';
import { badBackup, readBackup } from './check-backup.ts';
import type { BackupManifest } from './format.ts';
import {
  discardFiles,
  placeFiles,
  prepareFiles,
  restoreGuard,
  restoreTokenName,
  settleRestore,
} from './pending-restore.ts';
import { readRows } from './table-rows.ts';

interface RestoreOptions {
  database: string;
  dataDir: string;
  source: string;
  author: Author;
}

/**
 * Replaces everything by what the backup holds, or changes nothing: database, keys, agent releases, imported tree. The
 * next command or start finishes or removes a killed restore (settleRestore). Throws as readBackup does, SERVER_IN_USE
 * while another restore runs, and SERVER_DATABASE.
 */
export async function restore(options: RestoreOptions): Promise<BackupManifest> {
  const { dataDir, source, author } = options;
  const backup = await readBackup(source);
  makeFolders(dataDir, { mode: 0o700 });
  const settled = await settleRestore(dataDir, options.database, author.at);
  // Its files are the only copy of the keys that belong to the database, if that was in place already.
  if (settled?.kind === 'waiting')
    throw new DatabaseAway(withoutPassword(options.database), 'a restore that was cut off waits for it');
  const guard = takeGuard(restoreGuard(dataDir));
  if (!guard)
    throw new ServerError('SERVER_IN_USE', `Another process restores a backup into ${dataDir}. Wait until it is done.`);
  try {
    const token = await prepareFiles(dataDir, source, backup, author.at);
    try {
      await restoreDatabase(options, backup.manifest, token);
    } catch (error) {
      discardFiles(dataDir);
      throw error;
    }
    placeFiles(dataDir, author.at);
    placeClock(dataDir, backup.manifest);
  } finally {
    guard.release();
  }
  return backup.manifest;
}

/**
 * A new data directory knows of time what the server of the backup knew: the clock of this machine may be wrong, and
 * must not age everything. Without it, of an earlier backup, the server learns from the database.
 */
function placeClock(dataDir: string, { clock }: BackupManifest): void {
  if (!clock || readClockMarks(dataDir)) return;
  const dateOf = (text: string | null) => (text === null ? undefined : new Date(text));
  writeClockMarks(dataDir, { newest: dateOf(clock.newest), ageing: dateOf(clock.ageing) });
}

async function restoreDatabase(
  { database: address, dataDir, source, author }: RestoreOptions,
  manifest: BackupManifest,
  token: string,
): Promise<void> {
  // To put everything in its place takes longer than a statement of the service may.
  const database = await openDatabase(address, { limits: { statementMs: 0 } });
  let head: AuditHead | undefined;
  watchHead(database.tables, (left) => {
    head = left;
  });
  const serverId = randomUUID();
  try {
    await transact(database, async (transaction) => {
      const restoredBefore = await restoredMark(transaction);
      await dropEverything(transaction);
      const older = migrations.filter(({ name }) => manifest.migrations.includes(name));
      await applySteps(transaction, database.engine, older, author.at);
      await sql`delete from target_groups`.execute(transaction);
      for (const table of backedUpTables) {
        await readTable(transaction, table, readRows(source, manifest, table)).catch((cause) => {
          throw isRefusedRow(cause) || isUnknownColumn(cause) ? badRow(source, table, cause) : cause;
        });
      }
      if (database.engine === 'postgres') await continueIdentities(transaction);
      await applySteps(transaction, database.engine, migrations, author.at);
      await startNewLife(transaction, manifest, author, { serverId, restoredBefore, token });
    });
  } finally {
    await database.close();
  }
  if (head) writeNotedHead(dataDir, { serverId, ...head, at: author.at.toISOString() });
}

/** MS-WUSP 3.1.5: after a restore the server is another one, and says so to cookies of before. */
async function startNewLife(
  transaction: Kysely<Tables>,
  { madeAt }: BackupManifest,
  author: Author,
  { serverId, restoredBefore, token }: { serverId: string; restoredBefore: number; token: string },
): Promise<void> {
  for (const [name, value] of [
    ['server-id', serverId],
    ['restored-at', author.at.toISOString()],
    [restoreTokenName, token],
  ] as const) {
    await transaction
      .insertInto('configuration')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
  }
  await recordAudit(transaction, author, { action: 'restore', subject: 'server', after: { backupMadeAt: madeAt } });
  // The counters of before came back with the rest. Only this one is sure to differ from what a running server saw.
  const value = Math.max(author.at.getTime(), restoredBefore + 1);
  await transaction
    .insertInto('counters')
    .values({ name: 'change:restored', value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/** The mark of the restore before this one, whatever the clock said then. */
async function restoredMark(transaction: Kysely<Tables>): Promise<number> {
  const tables = await transaction.introspection.getTables();
  if (!tables.some(({ name }) => name === 'counters')) return 0;
  const row = await transaction
    .selectFrom('counters')
    .select('value')
    .where('name', '=', 'change:restored')
    .executeTakeFirst();
  return Number(row?.value ?? 0);
}

async function dropEverything(transaction: Kysely<Tables>): Promise<void> {
  const tables = [...derivedTables, ...['migrations', ...backedUpTables].reverse()];
  for (const table of tables) await sql.raw(`drop table if exists ${table}`).execute(transaction);
}

const rowsPerInsert = 100;

async function readTable(
  transaction: Kysely<Tables>,
  table: BackedUpTable,
  rows: AsyncIterable<Record<string, unknown>>,
): Promise<void> {
  let batch: Record<string, unknown>[] = [];
  const write = async () => {
    if (batch.length > 0)
      await transaction
        .insertInto(table)
        .values(batch as never)
        .execute();
    batch = [];
  };
  for await (const row of rows) {
    batch.push(row);
    // Groups refer to each other in any order: they go in together, and are few.
    if (batch.length >= rowsPerInsert && table !== 'target_groups') await write();
  }
  await write();
}

function isUnknownColumn(error: unknown): boolean {
  const { code, errcode } = Object(error);
  const [sqliteError, undefinedColumn] = [1, '42703'];
  return errcode === sqliteError || code === undefinedColumn;
}

function badRow(source: string, table: string, cause: unknown): ServerError {
  return badBackup(
    source,
    `the database refuses a row of ${table}: ${cause instanceof Error ? cause.message.replace(/\.$/, '') : cause}.`,
    cause,
  );
}

/** PostgreSQL counts on from what it gave itself. Restored ids it did not give. */
async function continueIdentities(transaction: Kysely<Tables>): Promise<void> {
  for (const { table, column } of identityColumns) {
    await sql
      .raw(
        `select setval(pg_get_serial_sequence('${table}', '${column}'), coalesce((select max(${column}) from ${table}), 0) + 1, false)`,
      )
      .execute(transaction);
  }
}
