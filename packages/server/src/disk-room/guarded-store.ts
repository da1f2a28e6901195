// The store as the server's own parts see it. Calls of strangers that make it grow need room first, and the watch hears
// of each failed write. Commands of the administrator have stores of their own and are not held back.
import type { Store } from '@moult/store';
import type { DiskWatch } from './disk-watch.ts';

/** Strangers make these grow, or an upstream server. */
const growing = [
  'registerComputer',
  'recordReportingEvents',
  'recordSelfUpdateEvents',
  'noteContacts',
  'stageSync',
  'activateSync',
] as const;
/** These write too. They are small, or they clean up. */
const writing = [
  'addToCounters',
  'saveSetting',
  'removeOldEvents',
  'removeOldSelfUpdateEvents',
  'removeRoutineEvents',
] as const;

const callsBetweenLooks = 100;

/** Like `store`. The calls of strangers throw SERVER_DISK_FULL while the disk has too little room. */
export function withRoom<Guarded extends Store>(
  store: Guarded,
  disk: Pick<DiskWatch, 'requireRoom' | 'noteError' | 'state' | 'check'>,
): Guarded {
  const guarded: Record<string, unknown> = {};
  const told = async <Result>(result: Promise<Result>): Promise<Result> => {
    try {
      return await result;
    } catch (error) {
      disk.noteError(error);
      throw error;
    }
  };
  let calls = 0;
  const requireRoom = () => {
    disk.requireRoom();
    // Many writes may take more than the time between two looks allows for.
    if (++calls % callsBetweenLooks === 0) void disk.check();
  };
  for (const name of [...growing, ...writing]) {
    const call = store[name] as (...given: unknown[]) => Promise<unknown>;
    const needsRoom = (growing as readonly string[]).includes(name);
    guarded[name] = async (...given: unknown[]) => {
      if (needsRoom) requireRoom();
      return told(call(...given));
    };
  }
  const noteAuthorization: Store['noteAuthorization'] = async (computer, options) => {
    // A computer that is known by this name and these groups brings nothing new: it goes on to its scan unwritten.
    if (disk.state.kind !== 'ample' && (await store.findAcquaintance(computer)) === 'known') return;
    requireRoom();
    await told(store.noteAuthorization(computer, options));
  };
  return { ...store, ...guarded, noteAuthorization };
}
