// Bounds of what is taken over from a WSUS.
import { declareBounds } from '@moult/bounds';

/** Of the files that an administrator exported from a WSUS. */
export const migrationBounds = declareBounds('migration', {
  maxFileBytes: {
    what: 'One file that was exported from a WSUS',
    fallback: 128 * 1024 * 1024,
    range: [65_536, 536_870_000],
    client: 'nothing',
    administrator: 'the error DISK_TOO_LARGE or ADMINISTRATION_MIGRATION',
  },
  maxFiles: {
    what: 'Files of one export from a WSUS',
    fallback: 100,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_MIGRATION',
  },
  maxRecords: {
    what: 'Objects in one export from a WSUS',
    fallback: 2_000_000,
    range: [1000, 100_000_000],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_MIGRATION',
  },
  maxNamed: {
    what: 'Things that a migration names because they stay as they are',
    fallback: 1000,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the number of the others',
  },
  maxDifferences: {
    what: 'Differences that a comparison with a WSUS names',
    fallback: 100_000,
    range: [100, 10_000_000],
    client: 'nothing',
    administrator: 'the number of all',
  },
});
