// Finds a category or a detectoid that a person types, beside updates.
import type { ListedRevision, Store } from '@moult/store';
import { findBounds } from './bounds.ts';
import { AdministrationError } from './errors.ts';
import { findUpdate } from './find.ts';

/**
 * As findUpdate. If no update fits, a category or a detectoid by its title, or a part of it. It reads the list of the whole
 * catalog then: for commands, not for requests.
 */
export async function findUpdateOrRule(store: Store, typed: string): Promise<ListedRevision> {
  try {
    return await findUpdate(store, typed);
  } catch (error) {
    if (!(error instanceof AdministrationError) || error.subject !== 'update') throw error;
    const rule = await findRule(store, typed);
    if (rule) return rule;
    throw error;
  }
}

async function findRule(store: Store, typed: string): Promise<ListedRevision | undefined> {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return undefined;
  const named = new Map<string, ListedRevision>();
  for await (const one of rules(store)) if (one.title.toLowerCase().includes(wanted)) named.set(one.updateId, one);
  const parts = [...named.values()];
  const whole = parts.filter(({ title }) => title.toLowerCase() === wanted);
  const fitting = whole.length > 0 ? whole : parts;
  if (fitting.length <= 1) return fitting[0];
  const shown = fitting.slice(0, findBounds.maxCandidates).map(({ updateId, title }) => `${title} (${updateId})`);
  const more = fitting.length > shown.length ? [`${fitting.length - shown.length} more`] : [];
  throw new AdministrationError(
    'SERVER_NOT_FOUND',
    `"${typed}" fits several categories and detectoids: ${[...shown, ...more].join(', ')}. Name one by its id.`,
  );
}

/** Older revisions first. */
async function* rules(store: Store): AsyncGenerator<ListedRevision> {
  const pageSize = 5000;
  for (let after = 0; ; ) {
    const page = await store.listRevisions(after, pageSize);
    yield* page.filter(({ updateType }) => updateType === 'Category' || updateType === 'Detectoid');
    if (page.length < pageSize) return;
    after = page.at(-1)?.revisionId ?? after;
  }
}
