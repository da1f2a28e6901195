// moult backup and moult restore: everything but the update files, from and into a server that may be running.
import { resolve } from 'node:path';
import { authorOf, keepFilesPrivate } from '@moult/administration';
import { makeBackup, type ShownBackups, showBackups } from '@moult/administration/backups';
import { counted } from '@moult/formats/text';
import { withoutPassword } from '@moult/store';
import { type BackupManifest, backUp, rehearseRestore, restore } from '@moult/store/backup';
import { readLockHolder } from '@moult/store/data-dir';
import { serverVersion } from '@moult/store/version';
import type { Command } from 'commander';
import { present } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer, doorParts, findServer, requireServer, serverFlags } from '../server-options.ts';
import { exitCode, UsageError } from '../terminal.ts';
import { untilSignal } from '../until-signal.ts';

export function register(program: Command): void {
  withServerOptions(
    program.command('backup').argument('[dir]', 'a new folder. Default: one in --backup-dir of the server'),
  )
    .description('back up the server into a folder: database, keys and releases. The server may run meanwhile')
    .option('--schedule', 'show the backups that the server makes by itself. Exit code 1 if one failed or is late')
    .action(runBackup);
  withServerOptions(program.command('restore').argument('<dir>', 'a backup'))
    .description('restore a backup: it replaces all current data')
    .option('--yes', 'confirm: replace all current data')
    .option('--rehearse', 'replace nothing: restore into a temporary folder, check everything there, and remove it')
    .option('--in <dir>', 'with --rehearse: folder with room for the temporary one. Default: the data directory')
    .action(runRestore);
}

interface BackupFlags extends AdministrationFlags {
  schedule?: true;
}

async function runBackup(target: string | undefined, flags: BackupFlags): Promise<void> {
  if (flags.schedule && target !== undefined)
    throw new UsageError('--schedule goes without a folder: it makes no backup.');
  if (flags.schedule) showSchedule(flags);
  else await (target === undefined ? runPlanned(flags) : backUpInto(target, flags));
}

function showSchedule(flags: AdministrationFlags): void {
  const shown = showBackups(requireServer(flags).dataDir, new Date());
  if (shown.health === 'failed' || shown.health === 'late') process.exitCode = exitCode.findings;
  present(shown, flags, scheduleLines);
}

function scheduleLines({ health, plan, last, failure, nextAt, kept }: ShownBackups): string[] {
  if (!plan) return ['The server makes no backups by itself. Start it with --backup-dir DIR.'];
  return [
    `${plan.folder}: every ${counted(plan.everyHours, 'hour')}, the newest ${plan.keep} stay. There are ${kept.length}.`,
    last
      ? `The last backup: ${last.name}, ${last.rows} rows, ${last.bytes} bytes, in ${last.seconds} seconds.`
      : 'There is no backup yet.',
    ...(failure
      ? [`It fails since ${failure.since} (${counted(failure.count, 'try', 'tries')}): ${failure.message}`]
      : []),
    ...(health === 'late' ? ['The next one is late. Does the server run?'] : []),
    ...(health === 'late' ? [] : [`The next one is due at ${nextAt}.`]),
  ];
}

async function runPlanned(flags: AdministrationFlags): Promise<void> {
  const { signal, done } = untilSignal();
  const report = await administer(flags, (administration) => makeBackup(administration, signal)).finally(done);
  present(report, flags, ({ folder, name, rows, bytes, removed }) => [
    `${folder}/${name}: ${rows} rows, ${bytes} bytes. It was read again and is whole.`,
    ...(removed.length > 0 ? [`Removed: ${removed.join(', ')}.`] : []),
  ]);
}

async function backUpInto(target: string, flags: AdministrationFlags): Promise<void> {
  // Opened once as every command does: says in plain words when there is nothing to back up.
  const { database, dataDir } = await administer(flags, async ({ server }) => server);
  const options = { database, dataDir, target: resolve(target), version: serverVersion, now: new Date() };
  const manifest = await backUp(options);
  present({ target: options.target, ...manifest }, flags, () => [
    `${options.target}: ${rowsIn(manifest)} rows as of ${manifest.madeAt}, keys, agent releases, imported tree and signed metadata.`,
    'Not in it: update files (copy the content folder), logs, settings, and the files of --tls-cert and --tls-key.',
    'It holds the private keys of this server: keep it as safe as those.',
  ]);
}

interface RestoreFlags extends AdministrationFlags {
  yes?: true;
  rehearse?: true;
  in?: string;
}

async function runRestore(source: string, flags: RestoreFlags): Promise<void> {
  if (flags.rehearse && flags.yes) throw new UsageError('Give --yes or --rehearse: a rehearsal replaces nothing.');
  if (flags.in !== undefined && !flags.rehearse) throw new UsageError('--in is for --rehearse.');
  await (flags.rehearse ? runRehearsal(source, flags) : replaceAll(source, flags));
}

async function runRehearsal(source: string, flags: RestoreFlags): Promise<void> {
  const { dataDir } = findServer(serverFlags(flags));
  const parent = resolve(flags.in ?? dataDir);
  const from = resolve(source);
  const { manifest, problems } = await rehearseRestore({ source: from, parent, author: authorOf(doorParts()) });
  if (problems.length > 0) process.exitCode = exitCode.findings;
  present({ rehearsed: from, ...manifest, problems }, flags, () =>
    problems.length > 0
      ? [...problems, `${from} cannot bring everything back. Make a new backup.`]
      : [
          `${from} can be restored: ${rowsIn(manifest)} rows as of ${manifest.madeAt}, keys and files. Nothing was replaced.`,
          'Update files, logs and settings are not in a backup.',
        ],
  );
}

async function replaceAll(source: string, flags: RestoreFlags): Promise<void> {
  const { database, dataDir, config } = findServer(serverFlags(flags));
  keepFilesPrivate(dataDir);
  if (!flags.yes)
    throw new UsageError(
      `Everything in ${config.database === undefined ? dataDir : withoutPassword(database)} will be replaced. Say --yes if that is meant.`,
    );
  const author = authorOf(doorParts());
  const manifest = await restore({ database, dataDir, source: resolve(source), author });
  const holder = readLockHolder(dataDir);
  present({ restored: resolve(source), ...manifest }, flags, () => [
    `Restored ${rowsIn(manifest)} rows as of ${manifest.madeAt}. Clients are told that the server changed.`,
    'The keys that were there before stay in the folder keys, under names that end in ".replaced-" and the time.',
    ...(holder ? ['When the backup came from another server, restart this one: its keys changed.'] : []),
  ]);
}

function rowsIn({ rows }: BackupManifest): number {
  return Object.values(rows).reduce((sum, count) => sum + count, 0);
}
