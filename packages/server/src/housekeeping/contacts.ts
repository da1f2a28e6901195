// Gathers contacts of computers for a second and writes them in one transaction. A contact must not cost a write of its
// own. Contacts that cannot be written wait for the next try, one entry for each computer. So only very many computers
// can fill the memory.

import type { Store } from '@moult/store';
import { writeBounds } from '../bounds.ts';
import type { Logger } from '../log/log.ts';

export interface Contacts {
  note(computerId: string, kind?: 'synced' | 'reported'): void;
  /** Writes what is gathered and stops. Tries a few times, and says in the log how many contacts were not written. */
  close(): Promise<void>;
}

interface ContactsParts {
  now(): Date;
  log: Logger;
  /** From the first contact to the write, in milliseconds. */
  everyMs?: number;
  /** After a write that failed, at most. Every failure in a row doubles the wait. */
  longestWaitMs?: number;
  /** Computers that are kept while nothing can be written. The contacts of further ones are counted and dropped. */
  maxWaiting?: number;
  /** Writes that are tried at the end. */
  lastAttempts?: number;
}

interface Contact {
  at: Date;
  synced: boolean;
  reported: boolean;
}

export function createContacts(store: Pick<Store, 'noteContacts'>, parts: ContactsParts): Contacts {
  const {
    now,
    log,
    everyMs = 1000,
    longestWaitMs = writeBounds.contactsRetryMs,
    maxWaiting = writeBounds.maxContactsWaiting,
    lastAttempts = 3,
  } = parts;
  let gathered = new Map<string, Contact>();
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let dropped = 0;
  let isClosed = false;

  const add = (computerId: string, contact: Contact) => {
    const known = gathered.get(computerId);
    if (!known && gathered.size >= maxWaiting) dropped++;
    else gathered.set(computerId, known ? merged(known, contact) : contact);
  };

  const writeOnce = async (): Promise<void> => {
    const batch = gathered;
    gathered = new Map();
    try {
      await store.noteContacts(batch);
      if (failures > 0) log.info({ dropped }, 'contacts are written again');
      failures = 0;
      dropped = 0;
    } catch (error) {
      const since = gathered;
      gathered = batch;
      for (const [computerId, contact] of since) add(computerId, contact);
      // Once for each time that it goes wrong: a database that is away must not fill the log.
      if (failures++ === 0) log.error({ err: error }, 'contacts cannot be written; they wait in memory');
    }
  };

  const write = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing ??= writeOnce().finally(() => {
      writing = undefined;
      if (!isClosed && gathered.size > 0) schedule();
    });
    return writing;
  };

  const schedule = (): void => {
    if (writing) return;
    timer ??= setTimeout(write, Math.min(everyMs * 2 ** Math.min(failures, 20), Math.max(everyMs, longestWaitMs)));
  };

  return {
    note(computerId, kind) {
      add(computerId, { at: now(), synced: kind === 'synced', reported: kind === 'reported' });
      schedule();
    },

    async close() {
      isClosed = true;
      clearTimeout(timer);
      await writing;
      for (let attempt = 0; gathered.size > 0 && attempt < lastAttempts; attempt++) await write();
      const lost = gathered.size + dropped;
      if (lost > 0) log.error({ lost }, 'contacts were not written before the end');
    },
  };
}

function merged(known: Contact, fresh: Contact): Contact {
  return {
    at: fresh.at > known.at ? fresh.at : known.at,
    synced: known.synced || fresh.synced,
    reported: known.reported || fresh.reported,
  };
}
