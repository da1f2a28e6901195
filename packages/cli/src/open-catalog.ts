// The store that a catalog command works on: the server's own, found as the server finds it. A server may be running
// on it meanwhile; it sees what is written here within a second.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, type ServerConfig } from '@moult/administration/config';
import { openStore, type Store } from '@moult/store';
import { keepAuditHead, makePrivateFolder, requireDatabaseFile } from '@moult/store/data-dir';
import { type Command, Option } from 'commander';
import { readNamedFile } from './files/named-file.ts';
import { makePrivateFiles, settle } from './open-server.ts';
import { UsageError } from './terminal.ts';

export interface StoreFlags {
  dataDir?: string;
  database?: string;
  config?: string;
}

/** Adds `--data-dir`, `--database` and `--config` with the meaning they have for `moult serve`. */
export function withStoreOptions(command: Command): Command {
  return command
    .addOption(new Option('--data-dir <dir>', "the server's data directory (MOULT_DATA_DIR; default ./moult-data)"))
    .addOption(
      new Option('--database <url>', 'postgres://… or an SQLite file (MOULT_DATABASE; default DIR/moult.sqlite)'),
    )
    .addOption(new Option('--config <file>', 'the configuration file of the server (TOML)'));
}

export function storeConfig({ dataDir, database, config }: StoreFlags): ServerConfig {
  const file = config === undefined ? undefined : { name: config, text: readNamedFile(config).toString('utf8') };
  return loadConfig({ flags: { dataDir, database }, environment: process.env, file }).config;
}

/** Opens the store, does `work`, closes it. With `mustExist` an empty place is wrong usage, not a new database. */
export async function withStore<Result>(
  flags: StoreFlags,
  { mustExist }: { mustExist: boolean },
  work: (store: Store, config: ServerConfig) => Promise<Result>,
): Promise<Result> {
  const config = storeConfig(flags);
  const address = config.database ?? join(config.dataDir, 'moult.sqlite');
  if (config.database === undefined) {
    if (mustExist && !existsSync(address)) {
      throw new UsageError(
        `There is no catalog in ${config.dataDir}. Name the server's --data-dir, or read files with --from PATH.`,
      );
    }
    makePrivateFolder(config.dataDir);
  }
  makePrivateFiles(config.dataDir);
  await settle(config.dataDir, address);
  requireDatabaseFile(config.dataDir, address);
  const store = await openStore(address, { now: () => new Date(), ifEmpty: mustExist ? 'refuse' : 'make' });
  const { dataDir } = config;
  const auditHead = keepAuditHead({ store, dataDir, now: () => new Date() });
  try {
    return await work(store, config);
  } finally {
    await auditHead.close();
    await store.close();
  }
}
