// Bounds of administration, and of the lists that commands show.
import { declareBounds } from '@moult/bounds';
import { bundleBounds } from './bundles/bounds.ts';
import { importBounds, packageLimits, scanIndexBounds } from './imports/bounds.ts';
import { migrationBounds } from './migration/bounds.ts';
import { upstreamBounds } from './synchronisation/bounds.ts';

export const findBounds = declareBounds('find', {
  maxCandidates: {
    what: 'Updates that are named when a title fits several',
    fallback: 10,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the number of the others',
  },
});

export const ruleBounds = declareBounds('rules', {
  maxRules: {
    what: 'Rules of one server',
    fallback: 1000,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_RULE',
  },
  maxValues: {
    what: 'Values of one condition of a rule',
    fallback: 500,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_RULE',
  },
  maxPattern: {
    what: 'Characters of the title pattern of a rule',
    fallback: 200,
    range: [1, 1000],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_RULE',
  },
  maxPassed: {
    what: 'Updates that a run of the rules names because they stay as they are',
    fallback: 10_000,
    range: [0, 1_000_000],
    client: 'nothing',
    administrator: 'the others are not named',
  },
  maxSuperseded: {
    what: 'Superseded updates that one run of the rules looks at: of the declined ones, and again of the others',
    fallback: 1000,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the others come in the next hours',
  },
  maxEvidence: {
    what: 'Computers that still need a superseded update that a rule declines',
    fallback: 2000,
    range: [0, 100_000],
    client: 'nothing',
    administrator: 'the update stays until fewer computers need it',
  },
});

/** Of decisions on all updates that a filter fits. */
export const bulkBounds = declareBounds('bulk', {
  maxUpdates: {
    what: 'Updates that one decision by filter changes',
    fallback: 20_000,
    range: [1, 1_000_000],
    client: 'the error SERVER_REFUSED',
    administrator: 'the same',
  },
  perTransaction: {
    what: 'Updates that a decision by filter changes in one transaction. Computers wait for so many at most',
    fallback: 200,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  refusalsNamed: {
    what: 'Updates that a decision by filter names because they may not be decided on',
    fallback: 50,
    range: [1, 1000],
    client: 'the number of all',
    administrator: 'the same',
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

/** Of files of updates that are fetched. */
export const contentBounds = declareBounds('content-fetch', {
  attempts: {
    what: 'Attempts to fetch an update file from one address while the line breaks',
    fallback: 6,
    range: [1, 1000],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_FETCH',
  },
  pauseMs: {
    what: 'Pause before the second attempt to fetch an update file. Doubled before each one after that',
    fallback: 5000,
    range: [1, 600_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  maxSeconds: {
    what: 'Seconds of one download of an update file',
    fallback: 604_800,
    range: [10, 31_536_000],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_FETCH. The next run continues the file',
  },
  leaseMs: {
    what: 'Time after which another process fetches update files, if the first one on another machine says nothing',
    fallback: 60_000,
    range: [5000, 3_600_000],
    client: 'nothing',
    administrator: 'the error SERVER_REFUSED until then',
  },
  maxRequested: {
    what: 'Update files that an upstream server is asked to fetch, after one run',
    fallback: 1000,
    range: [0, 1_000_000],
    client: 'nothing',
    administrator: 'nothing. The next run asks for others',
  },
  maxDemanded: {
    what: 'Update files that clients asked for and that wait to be fetched',
    fallback: 10_000,
    range: [1, 1_000_000],
    client: 'HTTP 404, until it asks again later',
    administrator: 'nothing',
  },
});

/** Of changes that wait for a second person. */
export const requestBounds = declareBounds('request', {
  openMs: {
    what: 'Time that a change waits for a second person',
    fallback: 86_400_000,
    range: [60_000, 604_800_000],
    client: 'HTTP 409',
    administrator: 'the change is not made',
  },
  ripeMs: {
    what: 'Time that a person cannot confirm after the account or the token was made or changed',
    fallback: 86_400_000,
    range: [0, 2_592_000_000],
    client: 'HTTP 409',
    administrator: 'the error ADMINISTRATION_SECOND_PERSON',
  },
  maxWaiting: {
    what: 'Changes of one account that wait for a second person',
    fallback: 20,
    range: [1, 1000],
    client: 'HTTP 409',
    administrator: 'the error SERVER_REFUSED',
  },
  listed: {
    what: 'Changes in the list of changes that wait for a second person',
    fallback: 1000,
    range: [10, 100_000],
    client: 'the newest ones',
    administrator: 'the newest ones',
  },
  inputBytes: {
    what: 'Size of a change that waits for a second person',
    fallback: 65_536,
    range: [1024, 1_048_576],
    client: 'HTTP 409',
    administrator: 'the error ADMINISTRATION_SECOND_PERSON',
  },
  keptMs: {
    what: 'Time that a change is listed that waited for a second person',
    fallback: 2_592_000_000,
    range: [86_400_000, 31_536_000_000],
    client: 'nothing',
    administrator: 'the audit records stay',
  },
});

/** Of known issues, and of the emergency stop. */
export const holdBounds = declareBounds('hold', {
  kept: {
    what: 'Holds of one server',
    fallback: 5_000,
    range: [1, 100_000],
    client: 'nothing',
    administrator: 'the error SERVER_REFUSED',
  },
  listBytes: {
    what: 'Bytes of a list of holds',
    fallback: 8 * 1024 * 1024,
    range: [65_536, 268_435_456],
    client: 'nothing',
    administrator: 'the error DISK_TOO_LARGE',
  },
  stopDays: {
    what: 'Days of an emergency stop until its end',
    fallback: 35,
    range: [1, 365],
    client: 'nothing',
    administrator: 'the error SERVER_REFUSED',
  },
});

/** Of webhooks. */
export const noticeBounds = declareBounds('notice', {
  targets: {
    what: 'Webhooks of one server',
    fallback: 20,
    range: [1, 1000],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_NOTICE',
  },
  receivers: {
    what: 'Receivers of the same mail',
    fallback: 20,
    range: [1, 1000],
    client: 'nothing',
    administrator: 'the error ADMINISTRATION_NOTICE',
  },
  waiting: {
    what: 'Messages that wait for one webhook',
    fallback: 200,
    range: [1, 10_000],
    client: 'the oldest are lost',
    administrator: 'their number in `moult notices list`',
  },
  kept: {
    what: 'Delivered messages of one webhook that can be sent again',
    fallback: 50,
    range: [0, 1000],
    client: 'nothing',
    administrator: 'older ones cannot be sent again',
  },
  messageCharacters: {
    what: 'Data of one message',
    fallback: 8000,
    range: [500, 100_000],
    client: 'the message without its values, with `isCut`',
    administrator: 'nothing',
  },
  answerMs: {
    what: 'Time in which a webhook must answer',
    fallback: 10_000,
    range: [100, 300_000],
    client: 'the message again, later',
    administrator: 'the error in `moult notices list`',
  },
  disabledAfterMs: {
    what: 'Time after which a webhook that takes no message is disabled',
    fallback: 5 * 86_400_000,
    range: [60_000, 365 * 86_400_000],
    client: 'no more messages',
    administrator: '`disabled` in `moult notices list`. `moult notices test` enables it',
  },
});

/** All tables of this file. */
export const administrationBounds = [
  packageLimits,
  findBounds,
  ruleBounds,
  bulkBounds,
  importBounds,
  scanIndexBounds,
  bundleBounds,
  migrationBounds,
  vendorCatalogLimits,
  fetchBounds,
  upstreamBounds,
  holdBounds,
  requestBounds,
  contentBounds,
  noticeBounds,
];
