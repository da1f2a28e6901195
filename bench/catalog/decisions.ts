// One client in catalogs of any size. Its own 1,000 updates are the same in each. A larger catalog has more updates for
// other machines (families that the client does not belong to). All are approved for the client's group like its own.
import {
  CatalogIndex,
  DeploymentSet,
  decide,
  nothingWithheld,
  type Offer,
  parseUpdateDocument,
  type RevisionId,
  type SyncRequest,
  type Withholding,
  type WithholdingSource,
} from '@moult/catalog';
import { generateCatalog } from '../../packages/catalog/test/generate-catalog.ts';

export interface Measured {
  updates: number;
  cachedIds: number;
  upToDateMs: number;
  freshMs: number;
  halfWayMs: number;
  /** The peer: prerequisites of every revision checked one by one, as without any index. */
  everyRevisionMs: number;
}

const own = 1_000;
const othersPerFamily = 9_900;

export function measure(updates: number): Measured {
  const index = new CatalogIndex();
  const add = (documents: Iterable<string>) => {
    for (const xml of documents) index.add((index.size + 1) as RevisionId, parseUpdateDocument(xml));
  };
  add(generateCatalog(own));
  for (let family = 1; index.size < updates; family++) {
    add(generateCatalog(Math.min(othersPerFamily, updates - index.size), 1, family));
  }
  const deployments = approveEverything(index);
  const withholding = holdsByModel(index);
  const state = { index, deployments, withholding };
  const lists = scanToTheEnd(decide(ownModel, state, now));
  const half = lists.otherCached.slice(0, lists.otherCached.length >> 1);
  // As a request does it: each time makes the decision again.
  const ask = (more: Partial<SyncRequest>) => () => decide(ownModel, state, now).sync({ ...emptyRequest, ...more });
  return {
    updates: index.size,
    cachedIds: lists.installedNonLeaf.length + lists.otherCached.length,
    upToDateMs: timeOf(ask(lists)),
    freshMs: timeOf(ask({})),
    halfWayMs: timeOf(ask({ ...lists, otherCached: half })),
    everyRevisionMs: timeOf(() => checkEveryRevision(index, lists.installedNonLeaf)),
  };
}

const now = new Date(0);
const ownModel = { model: 'Model 0' };

/** 1,000 models with a hold each: this client's model has one of them. */
function holdsByModel(index: CatalogIndex): WithholdingSource {
  const updates = [...index.updates()].filter(({ revisions }) => revisions[0]?.summary.explicitlyDeployable);
  const byModel = new Map(
    Array.from({ length: 1000 }, (_, at): [string, Withholding] => {
      const reason = { holdId: String(at), effect: 'hold' as const, says: 'known issue' };
      const held = updates[at % updates.length]?.updateId;
      return [
        `Model ${at}`,
        { updates: new Map(held ? [[held, [reason]]] : []), rings: new Map(), fingerprint: String(at) },
      ];
    }),
  );
  return { for: ({ model = '' }) => byModel.get(model) ?? nothingWithheld.for({}, now) };
}

const emptyRequest: SyncRequest = {
  installedNonLeaf: [],
  otherCached: [],
  filterCategoryIds: [],
  needTwoGroupOutOfScope: true,
  anchor: 1,
  maxNew: 200,
};

function approveEverything(index: CatalogIndex): DeploymentSet {
  const deployments = new DeploymentSet({ unapproved: 'hide' });
  let deploymentId = 1;
  for (const update of index.updates()) {
    const revision = update.revisions.at(-1);
    if (!revision?.summary.explicitlyDeployable) continue;
    deployments.set(revision.revisionId, { deploymentId: deploymentId++, action: 'Install', lastChangeTime: 1 });
  }
  return deployments;
}

/** A client on which everything of its own family is installed, and nothing of the others. */
function scanToTheEnd(offer: Offer) {
  const installedNonLeaf: RevisionId[] = [];
  const otherCached: RevisionId[] = [];
  for (;;) {
    const { newRevisions } = offer.sync({ ...emptyRequest, installedNonLeaf, otherCached });
    if (newRevisions.length === 0) return { installedNonLeaf, otherCached };
    for (const { revisionId, isLeaf } of newRevisions) {
      (!isLeaf && revisionId <= own ? installedNonLeaf : otherCached).push(revisionId);
    }
  }
}

function checkEveryRevision(index: CatalogIndex, installed: readonly RevisionId[]): number {
  const ids = new Set(installed.map((id) => index.get(id)?.summary.identity.updateId));
  let satisfied = 0;
  for (const { revisions } of index.updates()) {
    const clauses = revisions.at(-1)?.summary.prerequisiteClauses ?? [];
    if (clauses.every(({ anyOf }) => anyOf.some((id) => ids.has(id)))) satisfied++;
  }
  return satisfied;
}

/** The fastest tenth of many runs, after some to warm up: what it costs when nothing else runs on the machine. */
function timeOf(run: () => unknown): number {
  for (let turn = 0; turn < 200; turn++) run();
  const times = Array.from({ length: 1000 }, () => {
    const started = performance.now();
    run();
    return performance.now() - started;
  }).sort((a, b) => a - b);
  return times[Math.floor(times.length / 10)] ?? Number.NaN;
}
