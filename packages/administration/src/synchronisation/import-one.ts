// Imports one update from the upstream server with everything that it needs. Its id or its KB number names it.
// No anchor moves and no choice changes: later revisions come only when somebody asks again, or chooses the product.
import { toUpdateId } from '@moult/catalog';
import type { ListedIdentity } from '@moult/protocol/server-sync';
import { articlesIn, type ExpiredUpdate, type FileKey, type SyncFilter } from '@moult/store';
import { AdministrationError } from '../errors.ts';
import { sealingOfFileKeys } from '../file-keys/index.ts';
import { articleIn } from '../find.ts';
import type { Administration } from '../open-server.ts';
import { resolveChoices } from './choices.ts';
import { encryptedIn, fetchKeys, type KeyQuestions } from './fetch-keys.ts';
import {
  type FetchedRevision,
  type FetchedRevisions,
  fetchNeeded,
  fetchRevisions,
  type Lacking,
} from './fetch-needed.ts';
import { type OneSession, type UpstreamParts, withSession } from './one-session.ts';
import { lookupAt, type UpstreamLookup } from './upstream-lookup.ts';

export interface WantedUpdate {
  /** A GUID, also with @revision, or the number of a KB article. */
  update: string;
  /** Names or ids. A KB article is looked for in them. Default: the choices of the synchronisation. */
  products?: readonly string[] | undefined;
  classifications?: readonly string[] | undefined;
  isDryRun?: boolean | undefined;
}

export interface ImportedRevision {
  updateId: string;
  revisionNumber: number;
  updateType: string;
  title: string;
  /** It was not in the catalog. */
  isNew: boolean;
}

export interface UpstreamImport {
  upstream: string;
  isDryRun: boolean;
  /** The updates that were asked for. */
  updates: ImportedRevision[];
  /** Parts, prerequisites and categories of them. */
  needed: ImportedRevision[];
  /** Updates that wait, because the upstream server does not have what they need. */
  lacking: Lacking[];
  expired: ExpiredUpdate[];
  /** Documents that were read to find the KB article, and those of them that could not be read. */
  searched: number;
  unreadable: number;
  calls: number;
  bytes: number;
}

interface ImportParts extends Omit<UpstreamParts, 'store'> {
  /** Documents that were searched, and how many there are. */
  onProgress(searched: number, of: number): void;
}

/**
 * Imports the update, all of it in one transaction, on record. Throws AdministrationError ADMINISTRATION_UPSTREAM_UPDATE when it
 * is not found there, ADMINISTRATION_SYNC_CHOICE for a product that is not known, and ADMINISTRATION_UPSTREAM_….
 */
export async function importFromUpstream(
  { store, author }: Pick<Administration, 'store' | 'author'>,
  wanted: WantedUpdate,
  parts: ImportParts,
): Promise<UpstreamImport> {
  const asked = readAsked(wanted.update);
  const filter = await filterOfSearch({ store }, wanted);
  return withSession({ ...parts, store }, async (one) => {
    const { maxUpdates, maxDecryptionUpdates } = await one.session.call('GetConfigData', {});
    const lookup = lookupAt(one, filter);
    const searching = { ...one, store, lookup, maxUpdates: Math.max(1, maxUpdates), onProgress: parts.onProgress };
    const found = await find(searching, asked, wanted);
    const needed = await fetchNeeded(searching, found.revisions);
    const revisions = [...needed.revisions, ...found.revisions].sort((first, other) => rankOf(first) - rankOf(other));
    const known = await store.findRevisionIds(revisions.map(identityOf));
    const added = revisions.filter((revision) => !known.has(nameOf(revision)));
    // Addresses first: after a break in between, the revisions are not new any more.
    if (!wanted.isDryRun) {
      await store.noteContentSources([...found.sources, ...needed.sources]);
      await store.noteFileKeys(await keysOf(added, { ...one, maxUpdates: maxDecryptionUpdates }, parts.settings));
    }
    const results = wanted.isDryRun ? [] : await store.importRevisions(added, parts.now());
    if (!wanted.isDryRun && added.length > 0) {
      await store.readUpdateFacts();
      const after = { asked: wanted.update.slice(0, 100), from: one.upstream.origin, added: added.length };
      await store.recordChange(author, { action: 'import updates', subject: 'catalog', after });
    }
    const toImported = (revision: FetchedRevision) => ({
      ...identityOf(revision),
      ...{ updateType: revision.updateType, title: revision.title, isNew: !known.has(nameOf(revision)) },
    });
    return {
      ...{ upstream: one.upstream.origin, isDryRun: wanted.isDryRun === true, lacking: needed.lacking },
      ...{ updates: found.revisions.map(toImported), needed: needed.revisions.map(toImported) },
      expired: results.flatMap(({ expired }) => (expired ? [expired] : [])),
      ...{ searched: found.searched, unreadable: found.unreadable, ...one.counts },
    };
  });
}

async function keysOf(
  revisions: readonly FetchedRevision[],
  asking: Omit<KeyQuestions, 'sealing'>,
  { dataDir }: ImportParts['settings'],
): Promise<FileKey[]> {
  const files = encryptedIn(revisions);
  if (files.length === 0 || dataDir === undefined) return [];
  return fetchKeys({ ...asking, sealing: await sealingOfFileKeys(dataDir) }, files);
}

type Asked = { kind: 'id'; updateId: string; revision: number | undefined } | { kind: 'article'; article: string };

function readAsked(text: string): Asked {
  const [, id = '', revision] = /^\s*\{?([\da-f-]{36})\}?(?:[@.](\d{1,9}))?\s*$/i.exec(text) ?? [];
  const updateId = toUpdateId(id);
  if (updateId) return { kind: 'id', updateId, revision: revision === undefined ? undefined : Number(revision) };
  const article = articleIn(text);
  if (article !== undefined) return { kind: 'article', article };
  throw notThere(`"${text.slice(0, 100)}" is neither the GUID of an update nor a KB number, as KB5034441.`);
}

interface Searching extends OneSession {
  store: Administration['store'];
  lookup: UpstreamLookup;
  maxUpdates: number;
  onProgress(searched: number, of: number): void;
}

type FoundUpdates = Pick<FetchedRevisions, 'revisions' | 'sources'> & { searched: number; unreadable: number };

async function find(parts: Searching, asked: Asked, wanted: WantedUpdate): Promise<FoundUpdates> {
  const { store, lookup, upstream } = parts;
  if (asked.kind === 'id') {
    const { updateId, revision } = asked;
    const identity =
      revision === undefined ? (await lookup.newest([updateId])).get(updateId) : { updateId, revisionNumber: revision };
    if (!identity) throw notThere(`The upstream server ${upstream.origin} has no update ${updateId}.`);
    return fetchAll(parts, [identity]);
  }
  const known = await store.pageUpdates({ article: asked.article }, { limit: updatesOfArticle });
  if (known.items.length > 0 && !wanted.products?.length && !wanted.classifications?.length) {
    const newest = await lookup.newest(known.items.map(({ updateId }) => updateId));
    return fetchAll(parts, [...newest.values()]);
  }
  return search(parts, asked.article);
}

const updatesOfArticle = 200;

/** All of them, or an error that says why not. */
async function fetchAll(parts: Searching, identities: readonly ListedIdentity[]): Promise<FoundUpdates> {
  const found: FoundUpdates = { revisions: [], sources: [], searched: 0, unreadable: 0 };
  for await (const { revisions, sources, failures } of fetchRevisions(parts, identities, parts.maxUpdates)) {
    const [failure] = failures;
    if (failure)
      throw notThere(`Update ${nameOf(failure)} cannot be had from ${parts.upstream.origin}: ${failure.message}`);
    found.revisions.push(...revisions);
    found.sources.push(...sources);
  }
  return found;
}

/** The upstream server cannot be asked for an article: every document that is not here is read. */
async function search(parts: Searching, article: string): Promise<FoundUpdates> {
  const { store, lookup, limits, upstream } = parts;
  const listed = await lookup.listed();
  const here = await store.findRevisionIds(listed.map(identityOf));
  // The newest revisions are at the end of most lists.
  const unknown = listed.filter((one) => !here.has(nameOf(one))).reverse();
  if (unknown.length > limits.searchedDocuments)
    throw notThere(
      `${unknown.length} updates at ${upstream.origin} must be read to find KB${article}, and the limit is ${limits.searchedDocuments}. Name its product with --product, or its GUID.`,
    );
  const found: FoundUpdates = { revisions: [], sources: [], searched: 0, unreadable: 0 };
  for await (const { revisions, sources, failures } of fetchRevisions(parts, unknown, parts.maxUpdates)) {
    found.searched += revisions.length + failures.length;
    found.unreadable += failures.length;
    const hits = revisions.filter((one) => articlesIn(one.title, 'xml' in one ? one.xml : '').includes(article));
    const files = new Set(hits.flatMap((one) => one.files.map(({ sha1 }) => sha1)));
    found.revisions.push(...hits);
    found.sources.push(...sources.filter(({ sha1 }) => files.has(sha1)));
    parts.onProgress(found.searched, unknown.length);
  }
  if (found.revisions.length > 0) return found;
  const where = listed.length === 0 ? 'It lists no update for these products and classifications.' : '';
  throw notThere(
    `None of ${unknown.length} updates at ${upstream.origin} is of KB${article}. ${where} Name another product with --product, or the GUID of the update.`,
  );
}

async function filterOfSearch(
  { store }: Pick<Administration, 'store'>,
  { products, classifications }: WantedUpdate,
): Promise<SyncFilter | undefined> {
  const choices = await store.loadSyncChoices();
  const chosen = (kind: 'product' | 'classification') => choices.filter((one) => one.kind === kind).map(({ id }) => id);
  const categories = products?.length ? await resolveChoices({ store }, 'product', products) : chosen('product');
  const wanted = classifications?.length
    ? await resolveChoices({ store }, 'classification', classifications)
    : chosen('classification');
  if (categories.length === 0) return undefined;
  // An upstream server answers a product without a classification with nothing.
  const all = wanted.length > 0 ? wanted : (await store.listCategories(['UpdateClassification'])).map(idOf);
  return all.length === 0 ? undefined : { categories, classifications: all, languages: [] };
}

const idOf = ({ categoryId }: { categoryId: string }) => categoryId;

/** Rules first, then categories, then updates. */
function rankOf({ updateType }: FetchedRevision): number {
  return updateType === 'Detectoid' ? 0 : updateType === 'Category' ? 1 : 2;
}

type Identity = Parameters<Administration['store']['findRevisionIds']>[0][number];

function identityOf({ updateId, revisionNumber }: ListedIdentity): Identity {
  return { updateId: updateId as Identity['updateId'], revisionNumber };
}

function nameOf({ updateId, revisionNumber }: ListedIdentity): string {
  return `${updateId}@${revisionNumber}`;
}

function notThere(message: string): AdministrationError {
  return new AdministrationError('ADMINISTRATION_UPSTREAM_UPDATE', message.replaceAll('  ', ' '));
}
