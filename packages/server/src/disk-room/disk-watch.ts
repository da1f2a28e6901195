// Watches the room on the disk. Below the reserve the server refuses growing data of strangers, and the logs pause. The
// rest stays for the administrator who cleans up. A write that the disk refused counts as no room until a write
// succeeds again.
import type { WrittenFolder } from '@moult/administration';
import { diskTroubleOf, type Notice, noticeLine } from '@moult/store';
import { type DiskSpace, type ReserveSetting, reserveBytesOf, spaceOfFolder } from '@moult/store/data-dir';
import { ServerError } from '@moult/store/errors';
import type { Logger } from '../log/log.ts';

export type DiskState =
  | { kind: 'ample' }
  /** `freeBytes` of the disk of `folder` are less than its reserve. */
  | { kind: 'low'; holds: WrittenFolder['holds']; folder: string; freeBytes: number; reserveBytes: number }
  /** The disk refused a write, for the reason in `why`, and no test write has succeeded since. */
  | { kind: 'refusing'; why: string };

export interface DiskWatch {
  readonly state: DiskState;
  /** Throws ServerError SERVER_DISK_FULL while the disk has too little room for growing data of strangers. */
  requireRoom(): void;
  /** Told of every write of the server that failed. Other errors than those of a disk are passed over. */
  noteError(error: unknown): void;
  /** Looks now. */
  check(): Promise<DiskState>;
  /** The notice for the administrator. Empty while there is room. */
  notices(): Notice[];
  close(): void;
}

export interface DiskWatchParts {
  /** Folders that the server writes to. */
  folders: readonly WrittenFolder[];
  reserve: ReserveSetting;
  log: Pick<Logger, 'warn' | 'info'>;
  /** Writes something small wherever the server writes, and rejects when that is refused. */
  testWrite(): Promise<void>;
  /** Called when the kind of the state changes. */
  changed(state: DiskState): void;
  /** Milliseconds between two looks, and while little is left. */
  everyMs?: number;
  everyMsWhenScarce?: number;
  spaceOf?: (folder: string) => Promise<DiskSpace>;
}

export function createDiskWatch(parts: DiskWatchParts): DiskWatch {
  const { folders, reserve, log, changed, everyMs = 5000, everyMsWhenScarce = 500 } = parts;
  const spaceOf = parts.spaceOf ?? spaceOfFolder;
  let state: DiskState = { kind: 'ample' };
  let refusedBecause: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<DiskState> | undefined;
  let isClosed = false;

  const become = (next: DiskState): DiskState => {
    const before = state;
    state = next;
    if (next.kind === before.kind) return next;
    const notice = noticeOf(next);
    // Said before the logs pause, and after they go on.
    if (notice) log.warn({ folder: next.kind === 'low' ? next.folder : undefined }, noticeLine(notice));
    changed(next);
    if (!notice) log.info('The disk has room again: everything goes on.');
    return next;
  };

  const look = async (): Promise<DiskState> => {
    const spaces = await Promise.all(
      folders.map(async (written) => ({ ...written, ...(await spaceOf(written.folder).catch(() => undefined)) })),
    );
    const known = spaces.filter((space): space is DiskSpace & WrittenFolder => space.freeBytes !== undefined);
    const isScarce = known.some((space) => space.freeBytes < 4 * reserveBytesOf(reserve, space));
    schedule(isScarce || state.kind !== 'ample' ? everyMsWhenScarce : everyMs);
    const low = known.find((space) => space.freeBytes < bound(reserveBytesOf(reserve, space)));
    if (refusedBecause !== undefined) {
      const why = refusedBecause;
      refusedBecause = undefined;
      await parts.testWrite().catch((error) => {
        refusedBecause = diskTroubleOf(error) ?? why;
      });
      if (refusedBecause !== undefined) return become({ kind: 'refusing', why: refusedBecause });
    }
    if (!low) return become({ kind: 'ample' });
    const { holds, folder, freeBytes } = low;
    return become({ kind: 'low', holds, folder, freeBytes, reserveBytes: reserveBytesOf(reserve, low) });
  };
  /** A little more than the reserve must be free before all goes on: otherwise it stops again at once. */
  const bound = (reserveBytes: number) => (state.kind === 'ample' ? reserveBytes : reserveBytes * 1.1);

  const check = (): Promise<DiskState> => {
    running ??= look().finally(() => {
      running = undefined;
    });
    return running;
  };
  const schedule = (afterMs: number): void => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(check, afterMs).unref();
  };
  schedule(everyMs);

  return {
    get state() {
      return state;
    },
    requireRoom() {
      const notice = noticeOf(state);
      if (notice) throw new ServerError('SERVER_DISK_FULL', `${notice.headline} ${notice.cause}`);
    },
    noteError(error) {
      const why = diskTroubleOf(error);
      if (why === undefined) return;
      refusedBecause = why;
      become({ kind: 'refusing', why });
      schedule(everyMsWhenScarce);
    },
    check,
    notices() {
      const notice = noticeOf(state);
      return notice ? [notice] : [];
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

const whatGoesOn =
  'The self-update tree, update files and scans of known computers go on. New computers and reports are told ServerBusy and come again. Status pings wait in memory. Logs pause.';

/** Not its folder: accounts that may only read are told too. The log and `moult status` have it. */
const contents = { data: 'data directory', database: 'database', content: 'update files' } as const;

function noticeOf(state: DiskState): Notice | undefined {
  if (state.kind === 'low') {
    const { holds, freeBytes, reserveBytes } = state;
    return {
      isForAll: true,
      headline: 'The disk of this server is nearly full.',
      cause: `${mebibytes(freeBytes)} are free for the ${contents[holds]}, and the reserve is ${mebibytes(reserveBytes)}. ${whatGoesOn}`,
      remedy: 'Free some space on this disk, or lower --disk-reserve-mib. The server goes on by itself.',
    };
  }
  if (state.kind === 'refusing') {
    return {
      isForAll: true,
      headline: 'The disk of this server takes no writes.',
      cause: `A write was refused: ${state.why}. ${whatGoesOn}`,
      remedy: 'Free some space on the disk, or fix it. The server goes on by itself.',
    };
  }
  return undefined;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(bytes < 10_485_760 ? 1 : 0)} MiB`;
}
