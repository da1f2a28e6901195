// Restore: the tables of a backup in place of those that are there, in one transaction, whichever engine they came from.
// A running server notices, and tells its clients ServerChanged: their ids may mean something else now.
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createZstdDecompress } from 'node:zlib';
import { type Kysely, sql } from 'kysely';
import { writeNotedHead } from '../audit-head.ts';
import { ServerError } from '../errors.ts';
import { type Author, recordAudit } from '../store/audit.ts';
import { type AuditHead, watchHead } from '../store/audit-chain.ts';
import { openDatabase } from '../store/database.ts';
import { applySteps } from '../store/migrate.ts';
import { migrations } from '../store/migrations/index.ts';
import type { Tables } from '../store/schema.ts';
import { transact } from '../store/transact.ts';
import { digestsIn } from './backup.ts';
import {
  type BackedUpTable,
  type BackupManifest,
  backedUpTables,
  decodeRow,
  keyFiles,
  manifestName,
  tableFile,
} from './format.ts';

export interface RestoreOptions {
  database: string;
  dataDir: string;
  source: string;
  author: Author;
}

/** Reads and checks a backup. Throws SERVER_BAD_BACKUP for one that is damaged, incomplete or of a newer Moult. */
export async function readBackup(source: string): Promise<BackupManifest> {
  const manifest = await readManifest(source);
  const unknown = manifest.migrations.filter((name) => !migrations.some((known) => known.name === name));
  if (unknown.length > 0 || manifest.format !== 1) {
    throw badBackup(source, `it was made by a newer Moult (${manifest.version}).`);
  }
  const digests = await digestsIn(source);
  for (const [name, digest] of Object.entries(manifest.files)) {
    if (digests[name] === undefined) throw badBackup(source, `${name} is missing.`);
    if (digests[name] !== digest) throw badBackup(source, `${name} is damaged.`);
  }
  return manifest;
}

/** Replaces everything by what the backup holds, or changes nothing. Throws as readBackup does, and SERVER_DATABASE. */
export async function restore({ database: address, dataDir, source, author }: RestoreOptions): Promise<BackupManifest> {
  const manifest = await readBackup(source);
  await mkdir(dataDir, { recursive: true });
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
        if (manifest.rows[table] !== undefined) await readTable(transaction, table, join(source, tableFile(table)));
      }
      if (database.engine === 'postgres') await continueIdentities(transaction);
      await applySteps(transaction, database.engine, migrations, author.at);
      await startNewLife(transaction, manifest, author, { serverId, restoredBefore });
    });
  } finally {
    await database.close();
  }
  if (head) writeNotedHead(dataDir, { serverId, ...head, at: author.at.toISOString() });
  await restoreKeys(source, dataDir);
  return manifest;
}

/** MS-WUSP 3.1.5: after a restore the server is another one, and says so to cookies of before. */
async function startNewLife(
  transaction: Kysely<Tables>,
  { madeAt }: BackupManifest,
  author: Author,
  { serverId, restoredBefore }: { serverId: string; restoredBefore: number },
): Promise<void> {
  for (const [name, value] of [
    ['server-id', serverId],
    ['restored-at', author.at.toISOString()],
  ] as const) {
    await transaction
      .insertInto('configuration')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
  }
  await recordAudit(transaction, author, { action: 'restore', subject: 'server', after: { backupMadeAt: madeAt } });
  // The counters of before came back with the rest; only this one is sure to differ from what a running server saw.
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
  const tables = ['migrations', ...backedUpTables].reverse();
  for (const table of tables) await sql.raw(`drop table if exists ${table}`).execute(transaction);
}

const rowsPerInsert = 100;

async function readTable(transaction: Kysely<Tables>, table: BackedUpTable, file: string): Promise<void> {
  if (!existsSync(file)) return;
  const lines = createInterface({ input: createReadStream(file).pipe(createZstdDecompress()), crlfDelay: Infinity });
  let batch: Record<string, unknown>[] = [];
  const write = async () => {
    if (batch.length > 0)
      await transaction
        .insertInto(table)
        .values(batch as never)
        .execute();
    batch = [];
  };
  for await (const line of lines) {
    if (line === '') continue;
    batch.push(decodeRow(line));
    // Groups refer to each other in any order: they go in together, and are few.
    if (batch.length >= rowsPerInsert && table !== 'target_groups') await write();
  }
  await write();
}

/** PostgreSQL counts on from what it gave itself; restored ids it did not give. */
async function continueIdentities(transaction: Kysely<Tables>): Promise<void> {
  for (const [table, column] of [
    ['revisions', 'revision_id'],
    ['deployments', 'deployment_id'],
    ['reporting_events', 'event_id'],
    ['self_update_events', 'event_id'],
    ['audit', 'audit_id'],
  ] as const) {
    await sql
      .raw(
        `select setval(pg_get_serial_sequence('${table}', '${column}'), coalesce((select max(${column}) from ${table}), 0) + 1, false)`,
      )
      .execute(transaction);
  }
}

async function restoreKeys(source: string, dataDir: string): Promise<void> {
  const folder = join(dataDir, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of keyFiles) {
    if (!existsSync(join(source, 'keys', name))) continue;
    await copyFile(join(source, 'keys', name), join(folder, name));
    await chmod(join(folder, name), 0o600);
  }
}

async function readManifest(source: string): Promise<BackupManifest> {
  try {
    return JSON.parse(await readFile(join(source, manifestName), 'utf8')) as BackupManifest;
  } catch (cause) {
    throw new ServerError('SERVER_BAD_BACKUP', `${source} is no backup: it has no readable ${manifestName}.`, {
      cause,
    });
  }
}

function badBackup(source: string, why: string): ServerError {
  return new ServerError('SERVER_BAD_BACKUP', `The backup ${source} cannot be restored: ${why}`);
}
