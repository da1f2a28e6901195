// One update as the rules of deciding see it: the revision, and all that it bundles.
import {
  type DecidedRevision,
  decodeSummary,
  formatIdentity,
  type LicenseTerms,
  parseUpdateDocument,
  readDecidedTerms,
  termsOf,
  type UpdateIdentity,
} from '@moult/catalog';
import { type Author, acceptedTerms, type ListedRevision, type MissingFile, type Store } from '@moult/store';

export interface DecidedUpdate {
  update: DecidedRevision;
  /** All that it bundles and that is here, at every depth. */
  members: DecidedRevision[];
  /** The server's ids of all of them. */
  revisionIds: number[];
}

/** Throws nothing but what the store throws. */
export async function loadDecided(
  store: Store,
  { revisionId }: Pick<ListedRevision, 'revisionId'>,
): Promise<DecidedUpdate> {
  return (await loadDecidedAll(store, [revisionId])).get(revisionId) ?? noSuch(revisionId);
}

/** As loadDecided, of several revisions with as many questions as one needs. Revisions that are not there are left out. */
export async function loadDecidedAll(
  store: Store,
  revisionIds: readonly number[],
): Promise<Map<number, DecidedUpdate>> {
  const found = new Map<number, DecidedRevision>();
  for (let next = [...revisionIds]; next.length > 0; ) {
    const fresh = await loadRevisions(store, next);
    for (const [id, one] of fresh) found.set(id, one);
    const inside = [...fresh.values()].flatMap(({ bundleClauses }) => bundleClauses.flat());
    next = await notYetFound(store, inside, found);
  }
  const ids = new Map([...found].map(([id, { identity }]) => [formatIdentity(identity), id]));
  const decided = new Map<number, DecidedUpdate>();
  for (const revisionId of revisionIds) {
    const update = found.get(revisionId);
    if (update) decided.set(revisionId, { update, ...membersOf(revisionId, found, ids) });
  }
  return decided;
}

function membersOf(
  revisionId: number,
  found: ReadonlyMap<number, DecidedRevision>,
  ids: ReadonlyMap<string, number>,
): Pick<DecidedUpdate, 'members' | 'revisionIds'> {
  const seen = new Set([revisionId]);
  // Grows while it is walked.
  for (const id of seen) {
    for (const identity of found.get(id)?.bundleClauses.flat() ?? []) {
      const inside = ids.get(formatIdentity(identity));
      if (inside !== undefined) seen.add(inside);
    }
  }
  const members = [...seen].flatMap((id) => (id === revisionId ? [] : (found.get(id) ?? [])));
  return { members, revisionIds: [...seen] };
}

/** Files of the update, and of what it bundles, that are not on this server. */
export function findMissing(store: Store, { revisionIds }: DecidedUpdate): Promise<MissingFile[]> {
  return store.findMissingFiles(revisionIds);
}

/** The license terms of the update and of its bundled updates that an administrator must still accept. */
export async function openTerms(store: Store, { update, members }: DecidedUpdate): Promise<LicenseTerms[]> {
  const open: LicenseTerms[] = [];
  for (const terms of termsOf(update, members)) {
    if ((await store.loadSetting(settingOf(terms))) === undefined) open.push(terms);
  }
  return open;
}

/** Accepts terms for every computer, as WSUS's administrators do. The acceptance goes on record. */
export async function acceptTerms(store: Store, terms: readonly LicenseTerms[], author: Author): Promise<void> {
  for (const one of terms) {
    const { eulaId, forRevision } = one;
    const after = forRevision ? { revision: formatIdentity(forRevision) } : {};
    await store.saveSetting(settingOf(one), `${author.at.toISOString()} ${author.name}`);
    await store.recordChange(author, { action: 'accept license terms', subject: eulaId, after });
  }
}

/** The files in which these terms can be read, as `name (SHA-1 …)`. */
export async function filesOfTerms(
  store: Store,
  { revisionIds }: DecidedUpdate,
  terms: readonly LicenseTerms[],
): Promise<string[]> {
  const wanted = new Set<string>(terms.map(({ eulaId }) => eulaId));
  const files = new Set<string>();
  for (const id of revisionIds) {
    const document = (await store.loadDocuments([id])).get(id);
    // Most parts of a bundle have no terms, and need not be parsed.
    if (document === undefined || !/<(?:\w+:)?EulaFile\b/.test(document)) continue;
    const { properties, eulaFiles } = parseUpdateDocument(document);
    if (!wanted.has(properties.eulaId ?? '')) continue;
    for (const { fileName, sha1 } of eulaFiles)
      files.add(`${fileName} (SHA-1 ${Buffer.from(sha1, 'base64').toString('hex')})`);
  }
  return [...files];
}

function settingOf({ eulaId, forRevision }: LicenseTerms): string {
  return `${acceptedTerms}${eulaId}${forRevision ? `:${formatIdentity(forRevision)}` : ''}`;
}

async function loadRevisions(store: Store, ids: readonly number[]): Promise<Map<number, DecidedRevision>> {
  const summaries = await store.loadSummaries(ids);
  const [cores, extendeds] = [await store.loadFragments('core', ids), await store.loadFragments('extended', ids)];
  return new Map(
    [...summaries].map(([id, encoded]) => {
      const { identity, updateType, explicitlyDeployable, isExpired, bundleClauses } = decodeSummary(encoded);
      const terms = readDecidedTerms(cores.get(id) ?? '', extendeds.get(id) ?? '');
      return [id, { identity, updateType, explicitlyDeployable, isExpired, bundleClauses, terms }];
    }),
  );
}

async function notYetFound(
  store: Store,
  identities: readonly UpdateIdentity[],
  found: ReadonlyMap<number, DecidedRevision>,
): Promise<number[]> {
  if (identities.length === 0) return [];
  const ids = await store.findRevisionIds(identities);
  return [...new Set(ids.values())].filter((id) => !found.has(id));
}

function noSuch(revisionId: number): never {
  throw new TypeError(`there is no summary of revision ${revisionId}`);
}
