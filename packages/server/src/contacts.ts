// Who was here, gathered for a second and written in one transaction: a contact must not cost a write of its own.
import type { Logger } from './log.ts';
import type { Store } from './store/index.ts';

export interface Contacts {
  note(computerId: string, kind?: 'synced' | 'reported'): void;
  /** Writes what is gathered and stops. */
  close(): Promise<void>;
}

interface Contact {
  at: Date;
  synced: boolean;
  reported: boolean;
}

export function createContacts(
  store: Pick<Store, 'noteContacts'>,
  { now, log, everyMs = 1000 }: { now: () => Date; log: Logger; everyMs?: number },
): Contacts {
  let gathered = new Map<string, Contact>();
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const write = () => {
    timer = undefined;
    const batch = gathered;
    gathered = new Map();
    writing = writing
      .then(() => store.noteContacts(batch))
      .catch((error) => log.error({ err: error }, 'contacts could not be written'));
    return writing;
  };

  return {
    note(computerId, kind) {
      const known = gathered.get(computerId);
      gathered.set(computerId, {
        at: now(),
        synced: kind === 'synced' || known?.synced === true,
        reported: kind === 'reported' || known?.reported === true,
      });
      timer ??= setTimeout(write, everyMs);
    },
    close() {
      clearTimeout(timer);
      return write();
    },
  };
}
