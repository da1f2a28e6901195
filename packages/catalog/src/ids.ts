// The names of things. An UpdateId is global, a RevisionId is one server's private small number for one revision:
// it means nothing to another server.
import { CatalogError } from './errors.ts';

/** Lower-case GUID without braces. */
export type UpdateId = string & { readonly __brand: 'UpdateId' };

/** A server's int32 for one (UpdateId, revision number). Never used twice. */
export type RevisionId = number & { readonly __brand: 'RevisionId' };

/** The global name of one revision. */
export interface UpdateIdentity {
  updateId: UpdateId;
  revisionNumber: number;
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The GUID in lower case, braces dropped, or undefined for another text. */
export function toUpdateId(text: string): UpdateId | undefined {
  const bare = text
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .toLowerCase();
  return guid.test(bare) ? (bare as UpdateId) : undefined;
}

/** As toUpdateId. Throws CATALOG_BAD_FIELD, naming `what`, for another text. */
export function parseUpdateId(text: string, what = 'UpdateID'): UpdateId {
  const id = toUpdateId(text);
  if (!id) throw new CatalogError('CATALOG_BAD_FIELD', `${what} is not a GUID: "${text.slice(0, 80)}".`);
  return id;
}

/** Throws CATALOG_BAD_FIELD unless the number is a positive int32, as on the wire (MS-WUSP 2.2.2.2.4). */
export function toRevisionId(value: number): RevisionId {
  if (!Number.isInteger(value) || value < 1 || value > 0x7fffffff) {
    throw new CatalogError('CATALOG_BAD_FIELD', `A revision id is an integer from 1 to 2147483647, not ${value}.`);
  }
  return value as RevisionId;
}

/** `UpdateId@revision`, the way identities are written in messages and on the command line. */
export function formatIdentity({ updateId, revisionNumber }: UpdateIdentity): string {
  return `${updateId}@${revisionNumber}`;
}
