// Bounds of imports and of the lists that commands show.
import { declareBounds } from '@moult/bounds';

export const packageLimits = declareBounds('import-package', {
  maxMembers: {
    what: 'Members of an import package',
    fallback: 65_535,
    range: [1, 65_535],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
  maxTotalBytes: {
    what: 'All of an import package',
    fallback: 2 ** 38,
    range: [1_048_576, 1_125_899_906_842_624],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
  maxRatio: {
    what: 'Ratio of an import package to its content',
    fallback: 5_000,
    range: [100, 1_000_000],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
});

export const findBounds = declareBounds('find', {
  maxCandidates: {
    what: 'Updates that are named when a title fits several',
    fallback: 10,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the number of the others',
  },
});

export const importBounds = declareBounds('import', {
  maxPassedOverNamed: {
    what: 'Files that an import names because it passed over them',
    fallback: 10_000,
    range: [20, 10_000_000],
    client: 'nothing',
    administrator: 'the number of the others, by kind',
  },
});

/** Of the file of a vendor's catalog. */
export const vendorCatalogLimits = declareBounds('vendor-catalog', {
  maxFileBytes: {
    what: 'Bytes of the file of a vendor catalog',
    fallback: 128 * 1024 * 1024,
    range: [65_536, 1_073_741_824],
    client: 'nothing',
    administrator: 'the error DISK_TOO_LARGE or ADMINISTRATION_FETCH',
  },
  maxMembers: {
    what: 'Members of a vendor catalog',
    fallback: 65_535,
    range: [1, 65_535],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT or CATALOG_OVER_LIMIT',
  },
  maxTotalBytes: {
    what: 'Unpacked bytes of a vendor catalog',
    fallback: 256 * 1024 * 1024,
    range: [65_536, 4_294_967_296],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT or CATALOG_OVER_LIMIT',
  },
  maxRatio: {
    what: 'Ratio of a vendor catalog to its content',
    fallback: 500,
    range: [10, 10_000],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT or CATALOG_OVER_LIMIT',
  },
  maxPackages: {
    what: 'Packages of a vendor catalog',
    fallback: 50_000,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
});

/** Of files that are fetched from vendors. */
export const fetchBounds = declareBounds('fetch', {
  maxRedirects: {
    what: 'Redirects of a download from a vendor',
    fallback: 5,
    range: [0, 20],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_FETCH',
  },
  silenceSeconds: {
    what: 'Seconds without a byte in a download from a vendor',
    fallback: 60,
    range: [1, 3600],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_FETCH',
  },
  maxSeconds: {
    what: 'Seconds of a download from a vendor',
    fallback: 6 * 3600,
    range: [10, 604_800],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_FETCH',
  },
  maxFileBytes: {
    what: 'Bytes of the file of a package of a vendor',
    fallback: 1024 * 1024 * 1024,
    range: [1_048_576, 2_000_000_000],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_FETCH',
  },
});

/** All tables of this file. */
export const administrationBounds = [packageLimits, findBounds, importBounds, vendorCatalogLimits, fetchBounds];
