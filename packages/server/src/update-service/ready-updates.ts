// Updates as SyncUpdates sends them, written once and kept within a budget of memory. Thousands of clients get the same
// text of an update. To make it again for each costs more than the rest of their answers.
import type { SyncedRevision } from '@moult/catalog';
import type { UpdateInfo } from '@moult/protocol/client-web-service';
import { LRUCache } from 'lru-cache';

export interface ReadyUpdate {
  /** Of the Core fragment: what an answer is measured by. */
  coreLength: number;
  update: UpdateInfo & { readonly written: string };
}

/** The part of an update that depends on the protocol of its client. */
export type WireForm = 'before 1.8' | '1.8' | '2.0';

export interface ReadyUpdates {
  /** Undefined also if the answer about the revision is another one by now. */
  find(revision: SyncedRevision, form: WireForm): ReadyUpdate | undefined;
  keep(revision: SyncedRevision, form: WireForm, ready: ReadyUpdate): void;
}

export function createReadyUpdates({ budgetBytes }: { budgetBytes: number }): ReadyUpdates {
  const kept = new LRUCache<string, ReadyUpdate & { of: SyncedRevision }>({
    maxSize: budgetBytes,
    maxEntrySize: Math.max(1, budgetBytes >> 2),
    // Its text and the fragment in it. V8 keeps Latin text in one byte a character, what is not Latin in two.
    sizeCalculation: ({ update, coreLength }) => 2 * (update.written.length + coreLength) + 500,
  });
  const keyOf = (revision: SyncedRevision, form: WireForm) => `${form}:${revision.revisionId}`;
  return {
    find(revision, form) {
      const known = kept.get(keyOf(revision, form));
      // Catalog and decisions make a new object of whatever changes.
      return known?.of === revision ? known : undefined;
    },
    keep(revision, form, ready) {
      kept.set(keyOf(revision, form), { ...ready, of: revision });
    },
  };
}
