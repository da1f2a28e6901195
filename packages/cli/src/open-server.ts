// Administration works on the server's own store, whether the server runs or not: a running one sees each change within
// a tenth of a second. Nothing is made where nothing is: a mistyped folder must not become an empty server.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { administrator } from '@moult/administration';
import { type ConfigSources, loadConfig, type ServerConfig } from '@moult/administration/config';
import { isPostgres, openStore, type Store, sqliteFileOf, withoutPassword } from '@moult/store';
import { settleInterrupted } from '@moult/store/backup';
import { keepAuditHead } from '@moult/store/data-dir';
import { ServerError } from '@moult/store/errors';
import { type Command, Option } from 'commander';
import { readNamedFile } from './files/named-file.ts';
import { UsageError } from './terminal.ts';

export interface AdministrationFlags {
  dataDir?: string;
  database?: string;
  config?: string;
  json?: true;
}

/** Who makes a change, and when. */
export interface Author {
  name: string;
  at: Date;
}

export interface Administration {
  store: Store;
  config: ServerConfig;
  author: Author;
}

/** Adds the options that say which server is meant, as `moult serve` has them, and `--json`. */
export function withServerOptions(command: Command): Command {
  return command
    .addOption(new Option('--data-dir <dir>', "the server's data directory (MOULT_DATA_DIR) [./moult-data]"))
    .addOption(new Option('--database <url>', 'its database, when not in the data directory (MOULT_DATABASE)'))
    .addOption(new Option('--config <file>', 'its configuration file (MOULT_CONFIG)'))
    .addOption(new Option('--json', 'one JSON document on stdout'));
}

/** Opens the store, does `work`, closes it. Throws UsageError when there is no server at that place. */
export async function administer<Result>(
  flags: AdministrationFlags,
  work: (administration: Administration) => Promise<Result>,
): Promise<Result> {
  const config = configOf(flags);
  const address = config.database ?? join(config.dataDir, 'moult.sqlite');
  if (!isPostgres(address) && !existsSync(sqliteFileOf(address))) {
    throw new UsageError(
      config.database === undefined
        ? `There is no server in ${config.dataDir}. Name its folder with --data-dir.`
        : `There is no database ${withoutPassword(config.database)}.`,
    );
  }
  makePrivateFiles(config.dataDir);
  await settle(config.dataDir, address);
  const store = await openStore(address, { now: () => new Date(), ifEmpty: 'refuse' });
  const { dataDir } = config;
  const auditHead = keepAuditHead({ store, dataDir, now: () => new Date() });
  try {
    return await work({ store, config, author: { name: administrator(), at: new Date() } });
  } finally {
    await auditHead.close();
    await store.close();
  }
}

/**
 * From here on this process makes files for their owner only: those of a data directory. Root on a server of another user
 * leaves its files readable, behind the directory's own mode: that user has to read them.
 */
export function makePrivateFiles(dataDir: string): void {
  const isForeign = process.geteuid?.() === 0 && statSync(dataDir, { throwIfNoEntry: false })?.uid !== 0;
  if (!isForeign || !existsSync(dataDir)) process.umask(0o077);
}

/** A backup or a restore that was killed is finished or removed first, and said on standard error. */
export async function settle(dataDir: string, address: string): Promise<void> {
  const { said } = await settleInterrupted(dataDir, address, new Date());
  for (const sentence of said) console.error(sentence);
}

export function configOf({ dataDir, database, config }: AdministrationFlags): ServerConfig {
  return readConfigFile(config, (file) => {
    return loadConfig({ flags: { dataDir, database }, environment: process.env, file }).config;
  });
}

/** What `read` makes of the configuration file, if there is one: the given file, or that of MOULT_CONFIG. Throws UsageError. */
export function readConfigFile<Result>(
  given: string | undefined,
  read: (file: ConfigSources['file']) => Result,
): Result {
  const name = given ?? process.env.MOULT_CONFIG;
  try {
    return read(name ? { name, text: readNamedFile(name).toString('utf8') } : undefined);
  } catch (error) {
    if (error instanceof ServerError) throw new UsageError(error.message);
    throw error;
  }
}
