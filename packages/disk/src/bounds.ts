// Bounds of files that are read and written.
import { declareBounds } from '@moult/bounds';

export const fileBounds = declareBounds('file', {
  /** Open folders that are kept: a system gives a process at least 256 descriptors. */
  maxOpenFolders: {
    what: 'Folders that are open while files are written',
    fallback: 64,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  maxOutsideBytes: {
    what: 'A file from outside that is read as a whole',
    fallback: 2 ** 31 - 1,
    range: [1_048_576, 2_147_483_647],
    client: 'nothing',
    administrator: 'an error that names the file',
  },
  maxOwnBytes: {
    what: "A file of the server's own that is read whole: keys, marks, metadata",
    fallback: 64 * 1_048_576,
    range: [1_048_576, 2_147_483_647],
    client: 'nothing',
    administrator: 'the error DISK_TOO_LARGE, or the same as when the file is damaged',
  },
  maxBusyMs: {
    what: 'Wait on Windows for a file that somebody else has open',
    fallback: 10_000,
    range: [100, 600_000],
    client: 'nothing',
    administrator: 'the error of the system (EBUSY, EPERM) with the path',
  },
});

/** All tables of this file. */
export const diskBounds = [fileBounds];
