// How far a synchronisation is, what came of earlier ones, and what the next one asks for.
import type { CategoryContents, ServerRole, SyncFailure, SyncRun } from '@moult/store';
import { sealingOfFileKeys } from '../file-keys/index.ts';
import type { Administration } from '../open-server.ts';
import { listChoices } from './choices.ts';
import { askUpdates, filterOf } from './plan.ts';
import { upstreamUrl } from './run-sync.ts';

export interface SyncStatus {
  upstream: string;
  role: ServerRole;
  /** The newest run: under way, interrupted or done. */
  run: SyncRun | undefined;
  /** A process works on it now. */
  isRunning: boolean;
  /** Of the run: fetched and waiting to become a part of the catalog, or still to be fetched. */
  staged: number;
  wanted: number;
  /** Revisions that were passed over, and still are. */
  failures: SyncFailure[];
  products: number;
  classifications: number;
  languages: number;
  /** Files of the catalog that their publishers encrypted, and those of them without a key that this server can open. */
  encryptedFiles: number;
  missingKeys: number;
}

export async function readSyncStatus({ store, server, author }: Administration): Promise<SyncStatus> {
  const [run] = await store.listSyncRuns(1);
  const { staged, wanted } = await store.countSyncRevisions();
  const { encrypted, missing } = await store.countFileKeys((await sealingOfFileKeys(server.dataDir)).id);
  const choices = await store.loadSyncChoices();
  const count = (kind: string) => choices.filter((one) => one.kind === kind).length;
  return {
    ...{ upstream: upstreamUrl(server.config.upstream).origin, role: await store.loadRole(), run, staged, wanted },
    isRunning: run?.state === 'running' && run.leaseUntil > author.at,
    failures: await store.listSyncFailures(failuresTold),
    ...{ products: count('product'), classifications: count('classification'), languages: count('language') },
    ...{ encryptedFiles: encrypted, missingKeys: missing },
  };
}

const failuresTold = 100;

/** Newest first. */
export async function listSyncHistory({ store }: Administration, limit: number): Promise<SyncRun[]> {
  return store.listSyncRuns(limit);
}

export interface ExplainedProduct {
  id: string;
  name: string;
  isChosen: boolean;
  /** Its figures in the catalog. Undefined if no update of the catalog is in it. */
  contents: Omit<CategoryContents, 'categoryId'> | undefined;
}

/** Per product: whether it is chosen, and what the catalog has of it. Chosen ones first. */
export async function explainSync(administration: Administration): Promise<ExplainedProduct[]> {
  const { store } = administration;
  await store.readUpdateFacts();
  const contents = new Map((await store.countByCategory()).map(({ categoryId, ...rest }) => [categoryId, rest]));
  const products = (await listChoices(administration, 'product')).map(({ id, name, isChosen }) => ({
    ...{ id, name, isChosen, contents: contents.get(id) },
  }));
  const worthTelling = products.filter(({ isChosen, contents: has }) => isChosen || has);
  return worthTelling.sort((one, other) => Number(other.isChosen) - Number(one.isChosen));
}

export interface SyncPlan {
  upstream: string;
  /** Goes on with a run that was interrupted. */
  continues: SyncRun | undefined;
  /** Undefined: all of it. */
  configSince: string | undefined;
  /** Undefined while no product or no classification is chosen. */
  updates: { since: string | undefined; changesOf: string[]; allOf: string[] } | undefined;
  role: ServerRole;
}

/** The questions of the next run to the upstream. Sends none. */
export async function planSync({ store, server }: Administration): Promise<SyncPlan> {
  const role = await store.loadRole();
  const upstream = upstreamUrl(server.config.upstream).origin;
  const [run] = await store.listSyncRuns(1);
  const anchors = await store.loadSyncAnchors(upstream);
  const filter = filterOf(await store.loadSyncChoices(), role);
  const asked = filter && askUpdates(filter, anchors.updates);
  const ids = asked && [...asked.categories, ...asked.classifications, ...asked.languages];
  const namesOf = (delta: boolean) => (ids ?? []).filter((one) => one.delta === delta).map(({ id }) => String(id));
  return {
    ...{ upstream, role },
    continues:
      run && run.upstream === upstream && (run.state === 'running' || run.state === 'failed') ? run : undefined,
    configSince: anchors.config?.anchor,
    updates: asked && { since: asked.anchor, changesOf: namesOf(true), allOf: namesOf(false) },
  };
}
