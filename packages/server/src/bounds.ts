// Bounds of the running server that have no flag of their own: connections, calls and rates. The others are in
// site-bounds.ts.
import { declareBounds } from '@moult/bounds';
import { apiBounds, jobBounds, liveBounds, logOnBounds, oidcBounds } from './api-bounds.ts';
import { downstreamBounds } from './downstream-bounds.ts';
import { rollUpBounds } from './roll-up-bounds.ts';
import {
  acmeBounds,
  bundleSiteBounds,
  defaultFeedLimits,
  forwardBounds,
  homeBounds,
  metricsBounds,
  treeBounds,
  writeBounds,
} from './site-bounds.ts';

export * from './api-bounds.ts';
export * from './downstream-bounds.ts';
export * from './roll-up-bounds.ts';
export * from './site-bounds.ts';

export const httpBounds = declareBounds('http', {
  maxPathCharacters: {
    what: 'Length of a request path',
    fallback: 16_384,
    range: [1024, 1_048_576],
    client: 'HTTP 400',
    administrator: 'a line in the access log',
  },
  /**
   * Requests of one connection that wait for their answers. No update client and no browser sends the next request
   * before it has its answer. One packet holds 1,500 requests. Each costs some KB until its client takes the answer.
   */
  maxPipelined: {
    what: 'Requests of one connection that wait for their answers',
    fallback: 8,
    range: [1, 1000],
    client: 'a closed connection',
    administrator: 'a line in the access log with status 503 and Win32 status 1236',
  },
  maxHeadBytes: {
    what: 'Head of a request',
    fallback: 32_768,
    range: [4096, 1_048_576],
    client: 'HTTP 431',
    administrator: 'a line in the access log',
  },
  headTimeoutMs: {
    what: 'Time in which the head of a request must arrive',
    fallback: 20_000,
    range: [1000, 600_000],
    client: 'HTTP 408, and a closed connection',
    administrator: 'nothing',
  },
  crowdedIdleMs: {
    what: 'Time without a request, while more than half of all connections are open',
    fallback: 5_000,
    range: [100, 600_000],
    client: 'a closed connection',
    administrator: 'nothing',
  },
  /** More ranges than any honest client asks for. Moult ignores a header with more, and sends the whole file. */
  maxRanges: {
    what: 'Byte ranges in one request',
    fallback: 200,
    range: [1, 10_000],
    client: 'the whole file',
    administrator: 'nothing',
  },
  maxIdleFiles: {
    what: 'Files that are open without a reader',
    fallback: 64,
    range: [0, 10_000],
    client: 'the same answer',
    administrator: 'nothing',
  },
  idleFileMs: {
    what: 'Time that a file stays open after its last reader',
    fallback: 2000,
    range: [0, 600_000],
    client: 'the same answer',
    administrator: 'nothing',
  },
  maxFileAgeMs: {
    what: 'Time that a file stays open in use, before it is opened again',
    fallback: 5000,
    range: [100, 600_000],
    client: 'the same answer',
    administrator: 'nothing',
  },
  /** IIS 7 and later cut a field after this many bytes. */
  maxAccessFieldBytes: {
    what: 'One field in the access log',
    fallback: 4096,
    range: [64, 65_536],
    client: 'nothing',
    administrator: '`...` at the end of the field',
  },
  /** Lines may wait while the disk is slow. Moult drops and counts further lines. */
  maxAccessWaiting: {
    what: 'Lines of the access log that wait for the disk',
    fallback: 8 * 1024 * 1024,
    range: [65_536, 1_073_741_824],
    unit: 'bytes',
    client: 'nothing',
    administrator: 'the number of lost lines in `moult.log`',
  },
});

export const callBounds = declareBounds('call', {
  maxDepth: {
    what: 'Depth of the XML of a request',
    fallback: 32,
    range: [16, 1000],
    client: 'HTTP 400',
    administrator: 'one line in `moult.log`',
  },
  maxElements: {
    what: 'Elements of a request',
    fallback: 150_000,
    range: [1000, 10_000_000],
    client: 'HTTP 400',
    administrator: 'one line in `moult.log`',
  },
  /** So much of a refused body is read, so that its client comes to read the answer. */
  maxPassedOverBytes: {
    what: 'Body of a refused request that Moult reads and throws away',
    fallback: 256 * 1_048_576,
    range: [65_536, 1_099_511_627_776],
    client: 'a closed connection',
    administrator: 'nothing',
  },
  /** Above this size calls run one after the other: to read one holds up everything else for a moment. */
  largeBytes: {
    what: 'Calls that run beside others, at most a quarter of `--max-request-mib`',
    fallback: 1_048_576,
    range: [16_384, 1_073_741_824],
    client: 'larger calls run one after the other, with a rest after each',
    administrator: 'nothing',
  },
  /** Requests up to this size begin as soon as there is a place. */
  smallBytes: {
    what: 'Small calls of one lane (one address, one service)',
    fallback: 65_536,
    range: [1024, 1_073_741_824],
    client: 'larger calls take more of the turns of their lane',
    administrator: 'nothing',
  },
  maxRestMs: {
    what: 'Rest after a large call, which takes as long as the call',
    fallback: 1_000,
    range: [0, 60_000],
    client: 'its answer later',
    administrator: 'nothing',
  },
  maxRetryAfterSeconds: {
    what: '`Retry-After` of ServerBusy. Moult draws it, from 20 s on',
    fallback: 60,
    range: [20, 3600],
    unit: 's',
    client: 'the same answer',
    administrator: 'nothing',
  },
  /** Large calls that wait until the one before is through. */
  maxLargeWaiting: {
    what: 'Large calls that wait for their turn',
    fallback: 32,
    range: [0, 10_000],
    client: 'ServerBusy',
    administrator: 'one line in `moult.log`',
  },
  /** Answers that are being written, packed or waiting for room at once. As many as Node has threads that pack. */
  maxAnswersWritten: {
    what: 'Answers that Moult writes at once',
    fallback: 4,
    range: [1, 1000],
    client: 'its answer later',
    administrator: 'nothing',
  },
  answerPatienceMs: {
    what: 'Time without a byte taken of an answer, while others wait for its memory',
    fallback: 10_000,
    range: [1000, 600_000],
    client: 'a closed connection',
    administrator: 'nothing',
  },
  answerGraceMs: {
    what: 'Time to take an answer, before its speed counts',
    fallback: 60_000,
    range: [1000, 3_600_000],
    client: 'a closed connection',
    administrator: 'nothing',
  },
  leastAnswerBytesPerSecond: {
    what: 'Speed at which an answer is taken, from below, for each second',
    fallback: 240,
    range: [1, 1_048_576],
    unit: 'bytes',
    client: 'a closed connection',
    administrator: 'nothing',
  },
  packedAnswerBytes: {
    what: 'Packed answers that are kept in memory',
    fallback: 16 * 1_048_576,
    range: [0, 1_073_741_824],
    client: 'the same answer, a little later',
    administrator: 'nothing',
  },
  /** Longer than any cookie of ours. Moult does not look at a longer one. */
  maxCookieBytes: {
    what: 'A client cookie',
    fallback: 1024,
    range: [256, 65_536],
    client: 'fault InvalidCookie',
    administrator: 'one line in `moult.log`',
  },
  /** Cookies live for an hour, or as the administrator says. The most is a day (settings.ts). */
  maxCookieLifeMs: {
    what: 'Life of a cookie, whatever it says of itself',
    fallback: 24 * 60 * 60_000,
    range: [60_000, 604_800_000],
    client: 'fault CookieExpired',
    administrator: 'one line in `moult.log`',
  },
  /** A client uses an authorisation at once. A client that stalls for so long authorises again. */
  authorizationMinutes: {
    what: 'Life of an authorization cookie',
    fallback: 60,
    range: [1, 1440],
    unit: 'min',
    client: 'fault InvalidAuthorizationCookie, then a new one',
    administrator: 'nothing',
  },
  maxLocales: {
    what: 'Locales in one call for localised texts',
    fallback: 64,
    range: [1, 10_000],
    client: 'fault InvalidParameters',
    administrator: 'one line in `moult.log`',
  },
  maxDigests: {
    what: 'Digests in one GetFileLocations call',
    fallback: 10_000,
    range: [1, 1_000_000],
    client: 'fault InvalidParameters',
    administrator: 'one line in `moult.log`',
  },
  /** WSUS refuses 200 and more (note 52). */
  maxCategories: {
    what: 'Categories in one StartCategoryScan call, and one more',
    fallback: 200,
    range: [2, 100_000],
    client: 'fault InvalidParameters',
    administrator: 'one line in `moult.log`',
  },
  maxNameCharacters: {
    what: 'Name of a computer in GetAuthorizationCookie (`dnsName`)',
    fallback: 256,
    range: [16, 65_536],
    client: 'fault InvalidParameters',
    administrator: 'one line in `moult.log`',
  },
  maxGroups: {
    what: 'Groups that a computer asks for',
    fallback: 256,
    range: [1, 10_000],
    client: 'fault InvalidParameters',
    administrator: 'one line in `moult.log`',
  },
});

export const rateBounds = declareBounds('rate', {
  /** So many seconds of its rate an address may take at once. */
  burstSeconds: {
    what: 'Rate at once',
    fallback: 60,
    range: [1, 3600],
    unit: 's',
    client: 'as above',
    administrator: 'as above',
  },
  /** All addresses together may take so many times the rate of one. */
  totalFactor: {
    what: 'Rate of all addresses together, in rates of one',
    fallback: 2,
    range: [1, 10_000],
    client: 'as above',
    administrator: 'as above',
  },
  /** Addresses that are counted one by one, for each kind of limit. */
  maxAddresses: {
    what: 'Addresses that Moult counts one by one',
    fallback: 10_000,
    range: [10, 10_000_000],
    client: 'one rate for all other addresses together',
    administrator: 'nothing',
  },
  /** Reports up to this size find room beside larger ones: that of a scan has some 10 KB. */
  smallReportBytes: {
    what: 'Reports that use the whole of a report rate',
    fallback: 65_536,
    range: [1024, 1_073_741_824],
    client: 'larger reports use only the upper half of the rate',
    administrator: 'as above',
  },
  /** Bytes of the report events of one computer. */
  maxEventBytesPerComputer: {
    what: 'Size of the report events of one computer',
    fallback: 16_777_216,
    range: [65_536, 1_099_511_627_776],
    client: 'nothing. The oldest events of this computer go first',
    administrator: 'a line in `moult.log`',
  },
});

/** All tables of the server. */
export const serverBounds = [
  httpBounds,
  callBounds,
  rateBounds,
  homeBounds,
  defaultFeedLimits,
  writeBounds,
  treeBounds,
  apiBounds,
  logOnBounds,
  oidcBounds,
  liveBounds,
  bundleSiteBounds,
  jobBounds,
  metricsBounds,
  forwardBounds,
  downstreamBounds,
  acmeBounds,
  rollUpBounds,
];
