// moult database check: is the whole database readable and consistent?
import { counted } from '@moult/formats/text';
import { checkDatabase, type DatabaseCheck, withoutPassword } from '@moult/store';
import type { Command } from 'commander';
import { present } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { findServer, requireDatabase, serverFlags } from '../server-options.ts';
import { exitCode } from '../terminal.ts';

export function register(program: Command): void {
  const database = program.command('database').description('check the database of the server');
  withServerOptions(database.command('check'))
    .description('read and check the whole database. Changes nothing. The server may run meanwhile')
    .action(check);
}

async function check(flags: AdministrationFlags): Promise<void> {
  const server = findServer(serverFlags(flags), { databaseOnly: true });
  requireDatabase(server);
  const address = server.database;
  const found = await checkDatabase(address);
  if (found.problems.length > 0) process.exitCode = exitCode.findings;
  present({ database: withoutPassword(address), ...found }, flags, lines);
}

function lines({ database, engine, problems, rows }: DatabaseCheck & { database: string }): string[] {
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
  if (problems.length === 0) return [`${database} (${engine}): ${counted(total, 'row')}, everything is in order.`];
  return [
    ...problems,
    `${database} (${engine}) is damaged. Make a copy of it, and restore a backup: moult restore DIR --yes.`,
  ];
}
