// The documents of a server, in a form that two servers can compare. Revisions only ever come behind the last.
import { createHash } from 'node:crypto';
import type { ListedRevision, Store } from '@moult/store';
import type { CatalogState } from './format.ts';

const pageSize = 5000;

export type ExportedRevision = Pick<
  ListedRevision,
  'revisionId' | 'updateId' | 'revisionNumber' | 'updateType' | 'categoryType' | 'documentBytes'
>;

export interface CatalogContents {
  /** In the order in which they came. */
  revisions: ExportedRevision[];
  state: CatalogState;
  /** Of each category here, its type, as `Product`. */
  categoryTypes: ReadonlyMap<string, string>;
  /** Of all updates, also those before `since`. */
  updateIds: ReadonlySet<string>;
}

/**
 * The revisions behind `since`, and the state of all. Undefined when `since` is not a state of this server: it was restored,
 * or the state is another server's.
 */
export async function readContents(
  store: Pick<Store, 'listRevisions'>,
  since: CatalogState | undefined,
): Promise<CatalogContents | undefined> {
  const hash = createHash('sha256');
  const revisions: ExportedRevision[] = [];
  const categoryTypes = new Map<string, string>();
  const updateIds = new Set<string>();
  let position = 0;
  let isKnown = since === undefined || isSame(since, { position: 0, digest: hash.copy().digest('hex') });
  for (let after = 0; ; ) {
    const page = await store.listRevisions(after, pageSize);
    for (const {
      title: _title,
      importedAt: _importedAt,
      isDeclined: _isDeclined,
      isExpired: _isExpired,
      ...revision
    } of page) {
      hash.update(`${revision.updateId}@${revision.revisionNumber}\n`);
      position++;
      updateIds.add(revision.updateId);
      if (revision.categoryType !== undefined) categoryTypes.set(revision.updateId, revision.categoryType);
      if (isKnown) revisions.push(revision);
      else isKnown = position === since?.position && since.digest === hash.copy().digest('hex');
    }
    if (page.length < pageSize) break;
    after = page.at(-1)?.revisionId ?? after;
  }
  return isKnown ? { revisions, categoryTypes, updateIds, state: { position, digest: hash.digest('hex') } } : undefined;
}

export function isSame(one: CatalogState, other: CatalogState): boolean {
  return one.position === other.position && one.digest === other.digest;
}
