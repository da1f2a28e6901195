// Bounds of the services for downstream servers.
import { declareBounds } from '@moult/bounds';

export const downstreamBounds = declareBounds('downstream', {
  /** As real WSUS and Microsoft's public service. */
  maxUpdates: {
    what: 'Updates in one GetUpdateData or GetUpdateDecryptionData call. GetConfigData tells it',
    fallback: 100,
    range: [1, 1000],
    client: 'fault InvalidParameters',
    administrator: 'one line in `moult.log`',
  },
  /** As Windows. */
  answerBytes: {
    what: 'Documents in one answer to GetUpdateData. One document is always in it',
    fallback: 2_000_000,
    range: [65_536, 268_435_456],
    unit: 'bytes',
    client: 'fewer updates than it asked for. It asks for the others again',
    administrator: 'nothing',
  },
  maxFilterIds: {
    what: 'Categories, classifications or languages in one filter of GetRevisionIdList',
    fallback: 10_000,
    range: [10, 1_000_000],
    client: 'fault InvalidParameters',
    administrator: 'one line in `moult.log`',
  },
  maxListed: {
    what: 'Revisions in one answer to GetRevisionIdList',
    fallback: 500_000,
    range: [1000, 10_000_000],
    client: 'fault InvalidParameters. A filter with fewer products helps',
    administrator: 'one line in `moult.log`',
  },
  maxDigests: {
    what: 'Files in one DownloadFiles call',
    fallback: 100,
    range: [1, 10_000],
    client: 'fault InvalidParameters',
    administrator: 'one line in `moult.log`',
  },
  maxDeployments: {
    what: 'Decisions in one answer to GetDeployments',
    fallback: 50_000,
    range: [100, 10_000_000],
    client: 'the others with its next synchronisation',
    administrator: 'nothing',
  },
  maxRelated: {
    what: 'Updates in one GetRelatedRevisionsForUpdates call',
    fallback: 1000,
    range: [1, 100_000],
    client: 'fault InvalidParameters',
    administrator: 'one line in `moult.log`',
  },
  /** As Windows. */
  cookieMinutes: {
    what: 'Life of a cookie of a downstream server, and of its authorization',
    fallback: 240,
    range: [5, 1440],
    unit: 'min',
    client: 'fault InvalidCookie, then a new one',
    administrator: 'nothing',
  },
  packedBytes: {
    what: 'Packed documents that are kept in memory',
    fallback: 32 * 1_048_576,
    range: [0, 4_294_967_296],
    client: 'the same answer, a little later',
    administrator: 'nothing',
  },
});
