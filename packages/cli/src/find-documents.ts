// The documents that `show` and `fragment` speak of: from the store, or straight from files.

import { findUpdateOrRule } from '@moult/administration';
import { readDocuments } from '@moult/administration/imports';
import {
  CatalogError,
  formatIdentity,
  parseUpdateDocument,
  toUpdateId,
  type UpdateDocument,
  type UpdateId,
} from '@moult/catalog';
import type { ServerOptions } from './server-flags.ts';
import { administer } from './server-options.ts';
import { UsageError } from './terminal.ts';

interface WantedUpdate {
  updateId: UpdateId;
  /** Absent: the highest there is. */
  revisionNumber: number | undefined;
}

/** Reads `UUID` or `UUID@REVISION`. Undefined for a KB number or a title. Throws UsageError for a wrong revision. */
function wantedIn(text: string): WantedUpdate | undefined {
  const [id = '', revision, ...rest] = text.split('@');
  const updateId = toUpdateId(id.replaceAll(/[{}]/g, ''));
  if (!updateId) return undefined;
  if (rest.length > 0 || (revision !== undefined && !/^\d{1,10}$/.test(revision)))
    throw new UsageError(`"${text}" is not an update: give a GUID, or GUID@REVISION.`);
  return { updateId, revisionNumber: revision === undefined ? undefined : Number(revision) };
}

/**
 * The document and its text, by GUID, GUID@REVISION, and of the catalog also by KB number or title. Throws CatalogError
 * CATALOG_NOT_FOUND for an id that is nowhere, and as findUpdateOrRule and UsageError.
 */
export async function findDocument(
  text: string,
  flags: ServerOptions & { from?: string[] },
): Promise<{ document: UpdateDocument; xml: string }> {
  const wanted = wantedIn(text) ?? (await named(text, flags));
  const xml = flags.from ? await findInFiles(wanted, flags.from) : await findInStore(wanted, flags);
  if (xml === undefined) {
    const name =
      wanted.revisionNumber === undefined
        ? wanted.updateId
        : formatIdentity({ ...wanted, revisionNumber: wanted.revisionNumber });
    const where = flags.from ? `in ${flags.from.join(', ')}` : 'in the catalog';
    throw new CatalogError('CATALOG_NOT_FOUND', `Update ${name} is not ${where}.`);
  }
  return { document: parseUpdateDocument(xml), xml };
}

async function named(text: string, flags: ServerOptions & { from?: string[] }): Promise<WantedUpdate> {
  if (flags.from) throw new UsageError(`"${text}" is not an update: in files give a GUID, or GUID@REVISION.`);
  const { updateId } = await administer(flags, ({ store }) => findUpdateOrRule(store, text));
  return { updateId: updateId as UpdateId, revisionNumber: undefined };
}

async function findInStore(wanted: WantedUpdate, flags: ServerOptions): Promise<string | undefined> {
  return administer(flags, async ({ store }) => {
    const revisions = await store.findRevisions(wanted.updateId);
    const found =
      wanted.revisionNumber === undefined
        ? revisions.at(-1)
        : revisions.find(({ revisionNumber }) => revisionNumber === wanted.revisionNumber);
    return found && (await store.loadDocuments([found.revisionId])).get(found.revisionId);
  });
}

async function findInFiles(
  { updateId, revisionNumber }: WantedUpdate,
  paths: readonly string[],
): Promise<string | undefined> {
  let best: { xml: string; revisionNumber: number } | undefined;
  const refusals: string[] = [];
  for await (const found of readDocuments(paths, process.stdin)) {
    if ('refused' in found) {
      refusals.push(`${found.name}: ${found.refused.message}`);
      continue;
    }
    if ('passedOver' in found) continue;
    const xml = 'xml' in found ? found.xml : (await Array.fromAsync(found.pieces)).join('');
    // Parsing costs far more than looking for the id first.
    if (!xml.toLowerCase().includes(updateId)) continue;
    const identity = identityOf(xml);
    if (identity?.updateId !== updateId) continue;
    if (revisionNumber !== undefined && identity.revisionNumber !== revisionNumber) continue;
    if (!best || identity.revisionNumber > best.revisionNumber) best = { xml, revisionNumber: identity.revisionNumber };
  }
  if (!best) for (const refusal of refusals) console.error(refusal);
  return best?.xml;
}

/** undefined for another text: it cannot be the one that is looked for. */
function identityOf(xml: string) {
  try {
    return parseUpdateDocument(xml).identity;
  } catch {
    return undefined;
  }
}
