// Finds the update, group or computer that a person types. An ambiguous text is an error that lists the candidates, never a
// guess.
import type { KnownComputer, ListedRevision, Store, TargetGroup } from '@moult/store';
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

/** The SusClientId that somebody typed, as it is kept; undefined for other text. */
export function guidIn(text: string): string | undefined {
  return /^\s*\{?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\}?\s*$/i.exec(text)?.[1]?.toLowerCase();
}

/**
 * An update by its GUID (with or without @revision), its KB number (`KB5034441`), its whole title, or a part of one
 * title only. Throws SERVER_NOT_FOUND, naming the candidates when there are several.
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
    const article = /^KB(\d{1,9})$/i.exec(text)?.[1];
    const found = article === undefined ? await withTitle(store, text) : await ofArticle(store, article);
    const exact = found.filter(({ title }) => title.toLowerCase() === text.toLowerCase());
    const [only] = exact.length > 0 ? exact : found;
    if (only && (exact.length === 1 || found.length === 1)) return only;
    if (only) throw ambiguous(text, exact.length > 0 ? exact : found);
  }
  throw new AdministrationError('SERVER_NOT_FOUND', `There is no update "${typed}".`, { subject: 'update' });
}

/**
 * As findUpdate, of what an administrator decides on. Throws SERVER_REFUSED for a category or a detectoid: those go to
 * every client, whose scan ends without them.
 */
export async function findDecidable(store: Store, typed: string): Promise<ListedRevision> {
  const found = await findUpdate(store, typed);
  if (found.updateType === 'Software' || found.updateType === 'Driver') return found;
  throw new AdministrationError(
    'SERVER_REFUSED',
    `"${found.title}" (${found.updateId}) is a ${found.updateType.toLowerCase()}: only software and drivers are decided on.`,
  );
}

function withTitle(store: Store, text: string): Promise<ListedRevision[]> {
  return store.listUpdates({ search: text, limit: everything });
}

/** A group by its name, letter case aside, or its id. Throws AdministrationError SERVER_NOT_FOUND. */
export async function findGroup(store: Store, text: string): Promise<TargetGroup> {
  const key = text.trim().toLowerCase();
  const group = (await store.loadGroups()).find(({ groupId, name }) => name.toLowerCase() === key || groupId === key);
  if (group) return group;
  throw new AdministrationError('SERVER_NOT_FOUND', `There is no group "${text}".`, { subject: 'group' });
}

/** Updates with this number in their title, as Microsoft writes it there, or as their KBArticleID. */
async function ofArticle(store: Store, article: string): Promise<ListedRevision[]> {
  const inTitle = new RegExp(`\\bKB${article}\\b`, 'i');
  const asArticle = new RegExp(`<(?:\\w+:)?KBArticleID>\\s*(?:KB)?${article}\\s*<`, 'i');
  const updates = await store.listUpdates({ limit: everything });
  const found: ListedRevision[] = [];
  for (let start = 0; start < updates.length; start += updatesPerLook) {
    const some = updates.slice(start, start + updatesPerLook);
    const fragments = await store.loadFragments(
      'extended',
      some.map(({ revisionId }) => revisionId),
    );
    found.push(...some.filter((one) => inTitle.test(one.title) || asArticle.test(fragments.get(one.revisionId) ?? '')));
  }
  return found;
}

function ambiguous(text: string, found: readonly ListedRevision[]): AdministrationError {
  const named = found.slice(0, findBounds.maxCandidates).map(({ updateId, title }) => `${title} (${updateId})`);
  const more = found.length > findBounds.maxCandidates ? [`${found.length - findBounds.maxCandidates} more`] : [];
  const candidates = [...named, ...more].join(', ');
  return new AdministrationError(
    'SERVER_NOT_FOUND',
    `"${text}" fits several updates: ${candidates}. Name one by its id.`,
  );
}

const updatesPerLook = 500;
const everything = 1_000_000;
