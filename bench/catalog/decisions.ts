// One client in catalogs of any size. Its own 1,000 updates are the same in each; what grows is what concerns other
// machines (families it does not belong to), all of it approved for the client's group like its own.
import {
  CatalogIndex,
  DeploymentSet,
  decideSync,
  parseUpdateDocument,
  type RevisionId,
  type SyncRequest,
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
  const lists = scanToTheEnd(index, deployments);
  const half = lists.otherCached.slice(0, lists.otherCached.length >> 1);
  const decide = (more: Partial<SyncRequest>) => () => decideSync(index, deployments, { ...emptyRequest, ...more });
  return {
    updates: index.size,
    cachedIds: lists.installedNonLeaf.length + lists.otherCached.length,
    upToDateMs: timeOf(decide(lists)),
    freshMs: timeOf(decide({})),
    halfWayMs: timeOf(decide({ ...lists, otherCached: half })),
    everyRevisionMs: timeOf(() => checkEveryRevision(index, lists.installedNonLeaf)),
  };
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
function scanToTheEnd(index: CatalogIndex, deployments: DeploymentSet) {
  const installedNonLeaf: RevisionId[] = [];
  const otherCached: RevisionId[] = [];
  for (;;) {
    const { newRevisions } = decideSync(index, deployments, { ...emptyRequest, installedNonLeaf, otherCached });
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
