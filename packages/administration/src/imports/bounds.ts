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
