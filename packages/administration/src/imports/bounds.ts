// Bounds of imports.
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

export const importBounds = declareBounds('import', {
  maxPassedOverNamed: {
    what: 'Files that an import names because it passed over them',
    fallback: 10_000,
    range: [20, 10_000_000],
    client: 'nothing',
    administrator: 'the number of the others, by kind',
  },
});

/** Of the list of an offline scan file. That of Microsoft has 114 MB. */
export const scanIndexBounds = declareBounds('scan-list', {
  maxCharacters: {
    what: 'Characters of the list of an offline scan file',
    fallback: 1024 * 1024 * 1024,
    range: [1_048_576, 17_179_869_184],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
  maxElements: {
    what: 'XML elements of the list of an offline scan file',
    fallback: 20_000_000,
    range: [10_000, 1_000_000_000],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
  addressCharacters: {
    what: 'Characters of the address of a file in an offline scan file',
    fallback: 2000,
    range: [500, 100_000],
    client: 'nothing',
    administrator: 'an address beyond is not kept',
  },
  maxNamed: {
    what: 'Differences of supersedence that the import of an offline scan file names',
    fallback: 1000,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the number of the others',
  },
});
