// For tests: a simulated upstream on a port, a store, and runs of a synchronisation between them.
import { createHash } from 'node:crypto';
import {
  createUpstreamServer,
  listen,
  type SimulatedUpdate,
  simulatedCatalog,
  simulatedClassifications,
  simulatedProduct,
  type UpstreamServer,
} from '@moult/simulator';
import { openStore, type Store } from '@moult/store';
import { runSync, type SyncParts, type SyncReport } from '../run-sync.ts';

export const author = { name: 'anna', at: new Date('2026-11-22T00:00:00Z') };

/** A clock that goes on a second with each look. */
export function steadyClock(): () => Date {
  let ms = Date.UTC(2026, 10, 22);
  return () => {
    ms += 1000;
    return new Date(ms);
  };
}

export interface Lab extends AsyncDisposable {
  upstream: UpstreamServer;
  url: string;
  store: Store;
  now: () => Date;
  /** Of the next runs; waits take no time. */
  sync(more?: Partial<SyncParts>): Promise<SyncReport>;
}

export interface LabOptions {
  kind?: 'wsus' | 'microsoft';
  updates?: number;
  products?: number;
  hugeCharacters?: number;
  /** Default: a database in memory. */
  address?: string;
  catalog?: readonly SimulatedUpdate[];
  /** Updates with an encrypted file, and those of them whose key nobody has. */
  encrypted?: number;
  missingKeys?: number;
  /** Where the key is that seals keys of files. Without it no key is asked for. */
  dataDir?: string;
}

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const { kind = 'wsus', updates = 60, products = 3, hugeCharacters = 0, address = ':memory:' } = options;
  const { encrypted = 0, missingKeys = 0, dataDir } = options;
  const now = steadyClock();
  const from = new Date('2026-10-01T00:00:00Z');
  const catalog =
    options.catalog ?? simulatedCatalog({ updates, products, from, hugeCharacters, encrypted, missingKeys });
  const upstream = createUpstreamServer({ kind, now, updates: catalog });
  const listening = await listen(upstream);
  const store = await openStore(address, { now });
  return {
    ...{ upstream, url: listening.url, store, now },
    sync: (more) => runSync({ ...partsOf(store, listening.url, now, dataDir), ...more }),
    async [Symbol.asyncDispose]() {
      await store.close();
      await listening.close();
    },
  };
}

export function partsOf(store: Store, upstream: string, now: () => Date, dataDir?: string): SyncParts {
  return {
    ...{ store, environment: {}, now, random: () => 0.5, onProgress: () => undefined },
    settings: { upstream, name: 'moult.example.test', dataDir },
    wait: async () => undefined,
    signal: new AbortController().signal,
    bounds: { updatesPerCall: 20, sessions: 2, attempts: 3 },
  };
}

/** Chooses the first products and all classifications. */
export async function chooseProducts(store: Store, products: number): Promise<void> {
  const chosen = Array.from({ length: products }, (_, at) => ({ kind: 'product' as const, id: simulatedProduct(at) }));
  const classes = Object.values(simulatedClassifications).map((id) => ({ kind: 'classification' as const, id }));
  await store.changeSyncChoices({ add: [...chosen, ...classes], remove: [] }, author);
}

/** Everything that the catalog holds, without the numbers that a store gives. */
export async function catalogHash(store: Store): Promise<string> {
  const lines: string[] = [];
  for (let after = 0; ; ) {
    const page = await store.loadDocumentsAfter(after, 500);
    lines.push(...page.map(({ document }) => createHash('sha256').update(document).digest('hex')));
    if (page.length < 500) break;
    after = page.at(-1)?.revisionId ?? after;
  }
  return createHash('sha256').update(lines.sort().join()).digest('hex');
}
