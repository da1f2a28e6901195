// Bounds of bundles.
import { declareBounds } from '@moult/bounds';

/** Of bundles for servers in other networks. */
export const bundleBounds = declareBounds('bundle', {
  packageBytes: {
    what: 'Update metadata in one package of a bundle. Larger catalogs take several packages',
    fallback: 1_073_741_824,
    range: [1_048_576, 2_147_000_000],
    client: 'nothing',
    administrator: 'one package more',
  },
  listBytes: {
    what: 'The signed list of a bundle',
    fallback: 268_435_456,
    // Node holds no longer text.
    range: [1_048_576, 536_870_000],
    client: 'nothing',
    administrator: 'the error DISK_TOO_LARGE',
  },
  maxNamed: {
    what: 'Decisions of this server that an import names because it kept them',
    fallback: 1000,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the number of the others',
  },
  maxReported: {
    what: 'Approved updates in the reports of a closed network',
    fallback: 20_000,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the others are left out, by id',
  },
});
