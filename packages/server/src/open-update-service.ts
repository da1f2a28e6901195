// The update service of a database that is there: its cookies, its catalog, its caches.
import type { ServerConfig } from '@moult/administration/config';
import { openFileKeys } from '@moult/administration/file-keys';
import type { Store } from '@moult/store';
import { createFragments, openLiveCatalog } from '@moult/store/catalog';
import type { ServerClock } from '@moult/store/clock';
import { loadOrCreateCookieKey } from '@moult/store/keys';
import type { Closers } from './closers.ts';
import { createContacts } from './housekeeping/contacts.ts';
import type { Limits } from './http/limits/open-limits.ts';
import type { Logger } from './log/log.ts';
import { contentRoot } from './own-names.ts';
import { configText, createReadyUpdates } from './sites/client-web-service/index.ts';
import { createCookieJar } from './update-service/cookie.ts';
import { createServerCookieJar } from './update-service/server-cookie.ts';
import type { UpdateService } from './update-service/update-service.ts';

interface ServiceParts {
  now(): Date;
  clock: Pick<ServerClock, 'endingNow'>;
  log: Logger;
  store: Store;
  /** Known only when it is bound. */
  mainPort: { number: number };
  limits: Limits;
  requestFile(sha1: string): void;
}

/** Throws what the store and the data directory say. `closers` closes everything that it opens. */
export async function openUpdateService(
  config: ServerConfig,
  { now, clock, log, store, mainPort, limits, requestFile }: ServiceParts,
  closers: Closers,
): Promise<UpdateService> {
  const key = await loadOrCreateCookieKey(config.dataDir);
  const identity = await store.loadServerIdentity(configText(config), now());
  const contacts = createContacts(store, { now: store.now, log });
  closers.add(() => contacts.close());
  // Half of it for fragments, half for what is made of them.
  const budgetBytes = (config.fragmentCacheMib * mebibyte) / 2;
  const fragments = createFragments(store, { budgetBytes });
  const catalog = await openLiveCatalog(store, {
    unapproved: config.unapproved,
    async onRestored() {
      Object.assign(identity, await store.loadServerIdentity(configText(config), now()));
      fragments.forget();
      log.warn('a backup was restored: clients are told that the server changed');
    },
    onConfigured: async () => void Object.assign(identity, await store.reloadServerIdentity()),
  });
  // The facts for lists of updates are read now, and not when a person waits for the home page. It may fail.
  store.readUpdateFacts().catch((error) => log.debug({ err: error }, 'facts of updates were not read yet'));
  return {
    store,
    fileKeys: openFileKeys(store, config.dataDir),
    catalog,
    fragments,
    readyUpdates: createReadyUpdates({ budgetBytes }),
    cookies: createCookieJar({ key, identity }),
    serverCookies: createServerCookieJar({ key, identity }),
    requestFile,
    identity,
    ...{ contacts, log },
    ...limits,
    config,
    contentRoot: (exchange) => contentRoot(exchange, config, mainPort.number),
    // The database's clock: a cookie of one server is opened by another.
    now: store.now,
    endingNow: () => clock.endingNow(store.now()),
  };
}

const mebibyte = 1_048_576;
