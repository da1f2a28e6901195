// Fetches revisions with everything that they need and the catalog lacks: parts of bundles in their exact revisions, and of
// prerequisites the newest ones.
import { decodeSummary, type UpdateIdentity } from '@moult/catalog';
import type { ListedIdentity } from '@moult/protocol/server-sync';
import type { PackedRevision, RevisionToImport, StagedBatch, Store } from '@moult/store';
import { AdministrationError } from '../errors.ts';
import { countRefusals, fetchBatch } from './fetch-batch.ts';
import type { OneSession } from './one-session.ts';
import type { UpstreamLookup } from './upstream-lookup.ts';

export type FetchedRevision = RevisionToImport | PackedRevision;

export interface FetchedRevisions {
  revisions: FetchedRevision[];
  failures: StagedBatch['failures'][number][];
  sources: StagedBatch['sources'][number][];
}

/** An update that waits for others, because the upstream server does not have any of them. */
export interface Lacking {
  update: string;
  /** Ids, or an id with its revision. */
  anyOf: string[];
}

/** Fetches these revisions, and gives what each answer brings. */
export async function* fetchRevisions(
  { session, upstream, limits }: OneSession,
  identities: readonly ListedIdentity[],
  maxUpdates: number,
): AsyncGenerator<FetchedRevisions> {
  const refusals = countRefusals(upstream, limits.refusals);
  const size = Math.min(maxUpdates, limits.updatesPerCall);
  for (let at = 0; at < identities.length; at += size) {
    const options = { session, upstream, limits, refusals };
    for await (const { revisions, failures, sources } of fetchBatch(options, identities.slice(at, at + size)))
      yield { revisions: [...revisions], failures: [...failures], sources: [...sources] };
  }
}

interface Needing extends OneSession {
  store: Store;
  lookup: UpstreamLookup;
  maxUpdates: number;
}

/** Everything that these revisions need, directly or by others, and the catalog lacks. */
export async function fetchNeeded(
  parts: Needing,
  first: readonly FetchedRevision[],
): Promise<Pick<FetchedRevisions, 'revisions' | 'sources'> & { lacking: Lacking[] }> {
  const { store, lookup, limits } = parts;
  const got = new Map(first.map((one) => [one.updateId, one]));
  const exact = new Set(first.map(nameOf));
  const added: FetchedRevision[] = [];
  const sources: FetchedRevisions['sources'] = [];
  const lacking: Lacking[] = [];
  /** Revisions and updates that were asked for, found or not. */
  const asked = new Set<string>();
  for (let turn = [...first]; turn.length > 0; ) {
    const bundled = turn.flatMap(partsOf).filter((one) => !exact.has(nameOf(one)) && !asked.has(nameOf(one)));
    const needed = await neededBy(store, turn, got);
    const found = await lookup.newest([...needed].filter((id) => !asked.has(id)));
    const identities = [...(await unknownOf(store, bundled)), ...found.values()].filter(
      (one) => !exact.has(nameOf(one)),
    );
    for (const one of [...bundled.map(nameOf), ...needed]) asked.add(one);
    if (added.length + identities.length > limits.neededUpdates) throw tooMany(first, limits.neededUpdates);
    const next: FetchedRevision[] = [];
    for await (const fetched of fetchRevisions(parts, identities, parts.maxUpdates)) {
      next.push(...fetched.revisions);
      sources.push(...fetched.sources);
    }
    for (const one of next) {
      got.set(one.updateId, one);
      exact.add(nameOf(one));
    }
    added.push(...next);
    turn = next;
  }
  for (const one of [...first, ...added]) lacking.push(...(await lackingOf(store, one, got, exact)));
  return { revisions: added, sources, lacking };
}

const nameOf = ({ updateId, revisionNumber }: { updateId: string; revisionNumber: number }) =>
  `${updateId}@${revisionNumber}`;

function partsOf(one: FetchedRevision): UpdateIdentity[] {
  return decodeSummary(one.summary).bundleClauses.flat();
}

async function unknownOf(store: Store, identities: readonly UpdateIdentity[]): Promise<ListedIdentity[]> {
  const known = await store.findRevisionIds(identities);
  const unknown = new Map(identities.filter((one) => !known.has(nameOf(one))).map((one) => [nameOf(one), one]));
  return [...unknown.values()];
}

/** The ids of all prerequisites that neither the catalog has nor `got`. */
async function neededBy(
  store: Store,
  revisions: readonly FetchedRevision[],
  got: ReadonlyMap<string, FetchedRevision>,
): Promise<Set<string>> {
  const ids = new Set(
    revisions.flatMap((one) => decodeSummary(one.summary).prerequisiteClauses.flatMap(({ anyOf }) => anyOf)),
  );
  const needed = new Set<string>();
  for (const id of ids) if (!got.has(id) && !(await isHere(store, id))) needed.add(id);
  return needed;
}

async function isHere(store: Store, updateId: string): Promise<boolean> {
  return (await store.findRevisions(updateId)).length > 0;
}

async function lackingOf(
  store: Store,
  one: FetchedRevision,
  got: ReadonlyMap<string, FetchedRevision>,
  exact: ReadonlySet<string>,
): Promise<Lacking[]> {
  const { prerequisiteClauses, bundleClauses } = decodeSummary(one.summary);
  const lacking: Lacking[] = [];
  for (const { anyOf } of prerequisiteClauses) {
    if (anyOf.some((id) => got.has(id))) continue;
    const here = await Promise.all(anyOf.map((id) => isHere(store, id)));
    if (!here.includes(true)) lacking.push({ update: nameOf(one), anyOf: [...anyOf] });
  }
  const known = await store.findRevisionIds(bundleClauses.flat());
  for (const part of bundleClauses.flat()) {
    if (!exact.has(nameOf(part)) && !known.has(nameOf(part)))
      lacking.push({ update: nameOf(one), anyOf: [nameOf(part)] });
  }
  return lacking;
}

function tooMany(first: readonly FetchedRevision[], most: number): AdministrationError {
  const named = first[0] ? nameOf(first[0]) : '';
  return new AdministrationError(
    'ADMINISTRATION_UPSTREAM_UPDATE',
    `Update ${named} needs more than ${most} others that are not here. Choose its product with "moult sync products", and synchronise.`,
  );
}
