// The console's site, put together for main.ts.
import type { ServerConfig } from '@moult/administration/config';
import type { Notice, Store } from '@moult/store';
import { serverVersion } from '@moult/store/version';
import type { SiteName } from './home-document.ts';
import type { ListenerName } from './http/site.ts';
import type { Logger } from './log/log.ts';
import { ownNames } from './own-names.ts';
import { type ConsoleSite, createConsoleSite } from './sites/console/index.ts';
import type { SelfUpdateHealthMonitor } from './sites/self-update/index.ts';

interface ConsoleNeeds {
  now(): Date;
  log: Logger;
  store: Store;
  health: { monitor?: SelfUpdateHealthMonitor; changed: () => void };
  urls: Partial<Record<ListenerName, string>>;
  startedAt: Date;
  notices(): Notice[];
}

/** Undefined when no files of the console are named. */
export function createConsole(config: ServerConfig, needs: ConsoleNeeds): ConsoleSite | undefined {
  const { store, health, urls, startedAt, notices, now, log } = needs;
  if (config.consoleDir === undefined) return undefined;
  return createConsoleSite({
    assetsDir: config.consoleDir,
    namesFor: config.homeNames,
    hosts: ownNames(config),
    now,
    server: () => ({
      version: serverVersion,
      startedAt,
      // The port of administration alone is for those who know it.
      addresses: Object.entries(urls)
        .filter(([site]) => site !== 'admin')
        .map(([site, url]) => ({ site: site as SiteName, url })),
    }),
    selfUpdateHealth: () => health.monitor?.facts() ?? { ports: [], releases: [] },
    notices,
    loadHomeFacts: (limit) => store.loadHomeFacts(limit),
    subscribe(changed) {
      health.changed = changed;
      return store.subscribe(changed);
    },
    failed: (error) => log.error({ err: error }, 'the home page could not be made'),
  });
}
