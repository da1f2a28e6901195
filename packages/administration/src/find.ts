// Finds the update, group or computer that a person types. An ambiguous text is an error that lists the candidates, never a
// guess.
import { decodeSummary, undecidableBecause } from '@moult/catalog';
import type { KnownComputer, ListedRevision, Page, PagedUpdate, Store, TargetGroup, UpdateFilter } from '@moult/store';
import { findBounds } from './bounds.ts';
import { AdministrationError } from './errors.ts';

/**
 * A computer by SusClientId, address or DNS name (whole or its first label). Throws AdministrationError SERVER_NOT_FOUND,
 * naming the candidates when there are several.
 */
export async function findComputer(store: Store, text: string): Promise<KnownComputer> {
  const found = await store.findComputers(guidIn(text) ?? text);
  const [only] = found;
  if (only && found.length === 1) return only;
  if (!only) {
    throw new AdministrationError('SERVER_NOT_FOUND', `There is no computer "${text}".`, { subject: 'computer' });
  }
  const candidates = found.map(({ computerId, dnsName }) => `${dnsName} (${computerId})`).join(', ');
  throw new AdministrationError(
    'SERVER_NOT_FOUND',
    `"${text}" fits several computers: ${candidates}. Name one by its id.`,
  );
}

/** The SusClientId in a typed text, as the store keeps it. Undefined for other text. */
export function guidIn(text: string): string | undefined {
  return /^\s*\{?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\}?\s*$/i.exec(text)?.[1]?.toLowerCase();
}

/**
 * Finds an update by its GUID (with or without @revision), its KB number (`KB5034441`) or its whole title. A part of a
 * title also works if only one title has it. A part of a bundle is found too. Throws SERVER_NOT_FOUND, naming the candidates if there are several.
 */
export async function findUpdate(store: Store, typed: string): Promise<ListedRevision> {
  const text = typed.trim();
  const guid = /^\{?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\}?(?:@(\d+))?$/i.exec(text);
  if (guid) {
    const revisions = await store.findRevisions((guid[1] ?? '').toLowerCase());
    const wanted =
      guid[2] === undefined ? revisions.at(-1) : revisions.find((one) => one.revisionNumber === Number(guid[2]));
    if (wanted) return wanted;
  } else if (text !== '') {
    // Lists omit parts of bundles. A bundle often has the title and the KB number of its parts, so it is asked first.
    const found = (await findNamed(store, text, {})) ?? (await findNamed(store, text, { withParts: true }));
    if (found) return found;
  }
  throw noUpdate(typed);
}

/**
 * As findUpdate, of what an administrator decides on. Throws SERVER_REFUSED for a category or a detectoid: those go to
 * every client, whose scan ends without them. Throws ADMINISTRATION_BUNDLE_MEMBER for a part of bundles.
 */
export async function findDecidable(store: Store, typed: string): Promise<ListedRevision> {
  const found = await findUpdate(store, typed);
  const newest = (await store.findRevisions(found.updateId)).at(-1) ?? found;
  const summary = (await store.loadSummaries([newest.revisionId])).get(newest.revisionId);
  const why = summary && undecidableBecause({ ...decodeSummary(summary) });
  if (why) throw await undecidable(store, found, why);
  return found;
}

/** The error that says why nothing is decided about it, and what is decided in its place. */
export async function undecidable(
  store: Store,
  { title, updateId, updateType }: Pick<ListedRevision, 'title' | 'updateId' | 'updateType'>,
  why: 'rule-only' | 'bundle-member',
): Promise<AdministrationError> {
  const named = `"${title}" (${updateId})`;
  if (why === 'rule-only') {
    const kind = updateType.toLowerCase();
    return new AdministrationError(
      'SERVER_REFUSED',
      `${named} is a ${kind}: only software and drivers are decided on.`,
    );
  }
  const bundles = await store.findBundlesOf(updateId);
  const shown = bundles.slice(0, findBounds.maxCandidates).map((one) => `"${one.title}" (${one.updateId})`);
  const more = bundles.length > shown.length ? [`${bundles.length - shown.length} more`] : [];
  const instead =
    bundles.length === 0
      ? 'No update in this catalog holds it.'
      : `Decide on the update that holds it: ${[...shown, ...more].join(', ')}.`;
  return new AdministrationError('ADMINISTRATION_BUNDLE_MEMBER', `${named} is a part of other updates. ${instead}`);
}

/** By KB number, by the whole title, or by a part of it. A bare number is a KB number only if no title has it. */
async function findNamed(store: Store, text: string, among: UpdateFilter): Promise<ListedRevision | undefined> {
  const article = articleIn(text);
  const byNumber = article === undefined ? [] : [{ article }];
  const filters =
    /^KB/i.test(text) && article !== undefined ? byNumber : [{ title: text }, { search: text }, ...byNumber];
  for (const filter of filters) {
    const found = await store.pageUpdates({ ...among, ...filter }, { limit: findBounds.maxCandidates });
    const [only] = found.items;
    if (only && found.total > 1) throw ambiguous(text, found);
    if (only) return newestOf(store, only.updateId);
  }
  return undefined;
}

async function newestOf(store: Store, updateId: string): Promise<ListedRevision> {
  const newest = (await store.findRevisions(updateId)).at(-1);
  if (!newest) throw noUpdate(updateId);
  return newest;
}

function noUpdate(typed: string): AdministrationError {
  return new AdministrationError('SERVER_NOT_FOUND', `There is no update "${typed}".`, { subject: 'update' });
}

/** The number of a KB article, typed with or without KB. Undefined for other text. */
export function articleIn(text: string): string | undefined {
  return /^\s*(?:KB)?(\d{1,9})\s*$/i.exec(text)?.[1];
}

/** A group by its name, letter case aside, or its id. Throws AdministrationError SERVER_NOT_FOUND. */
export async function findGroup(store: Store, text: string): Promise<TargetGroup> {
  const key = text.trim().toLowerCase();
  const group = (await store.loadGroups()).find(({ groupId, name }) => name.toLowerCase() === key || groupId === key);
  if (group) return group;
  throw new AdministrationError('SERVER_NOT_FOUND', `There is no group "${text}".`, { subject: 'group' });
}

function ambiguous(text: string, { items, total }: Page<PagedUpdate>): AdministrationError {
  const named = items.map(({ updateId, title }) => `${title} (${updateId})`);
  const more = total > items.length ? [`${total - items.length} more`] : [];
  return new AdministrationError(
    'SERVER_NOT_FOUND',
    `"${text}" fits several updates: ${[...named, ...more].join(', ')}. Name one by its id.`,
  );
}
