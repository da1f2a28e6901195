// The facts of a running server for the commands beside it, in moult.lock.
import { resolve } from 'node:path';
import type { ServerConfig } from '@moult/administration/config';
import { isPostgres, sqliteFileOf, withoutPassword } from '@moult/store';
import type { RunningSettings } from '@moult/store/data-dir';

/** Facts that other commands cannot guess of a server that was started with flags. */
export function settingsOf(
  config: ServerConfig,
  parts: { address: string; contentFolder: string; selfUpdate: string | undefined },
): RunningSettings {
  const { address, contentFolder, selfUpdate } = parts;
  const port = selfUpdate === undefined ? config.selfUpdatePort : Number(new URL(selfUpdate).port || 80);
  return {
    database: isPostgres(address) ? withoutPassword(address) : resolve(sqliteFileOf(address)),
    contentDir: resolve(contentFolder),
    selfUpdatePort: port,
  };
}
