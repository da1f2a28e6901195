// moult database check: is the whole database readable and consistent?
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkDatabase, type DatabaseCheck, isPostgres, sqliteFileOf, withoutPassword } from '@moult/store';
import type { Command } from 'commander';
import { type AdministrationFlags, configOf, withServerOptions } from '../open-server.ts';
import { present } from '../output.ts';
import { exitCode, UsageError } from '../terminal.ts';

export function register(program: Command): void {
  const database = program.command('database').description('the database of the server');
  withServerOptions(database.command('check'))
    .description('read the whole database and check it, while the server runs or not; changes nothing')
    .action(check);
}

async function check(flags: AdministrationFlags): Promise<void> {
  const config = configOf(flags);
  const address = config.database ?? join(config.dataDir, 'moult.sqlite');
  if (!isPostgres(address) && !existsSync(sqliteFileOf(address)))
    throw new UsageError(`There is no database ${sqliteFileOf(address)}. Name its server with --data-dir.`);
  const found = await checkDatabase(address);
  if (found.problems.length > 0) process.exitCode = exitCode.findings;
  present({ database: withoutPassword(address), ...found }, flags, lines);
}

function lines({ database, engine, problems, rows }: DatabaseCheck & { database: string }): string[] {
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
  if (problems.length === 0) return [`${database} (${engine}): ${total} rows, everything is in order.`];
  return [
    ...problems,
    `${database} (${engine}) is damaged. Make a copy of it, and restore a backup: moult restore DIR --yes.`,
  ];
}
