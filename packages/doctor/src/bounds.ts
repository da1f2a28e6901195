// Bounds of the doctor: they keep its memory and its report small, whatever the size of a log.
import { declareBounds } from '@moult/bounds';
import { archiveBounds, readerBounds, settingsBounds } from './input-bounds.ts';

export const defaultProbeLimits = declareBounds('doctor-probe', {
  connectMs: {
    what: 'Time to connect',
    fallback: 6_000,
    range: [100, 600_000],
    client: 'nothing',
    administrator: 'a finding',
  },
  firstByteMs: {
    what: 'Time to the first byte',
    fallback: 15_000,
    range: [100, 600_000],
    client: 'nothing',
    administrator: 'a finding',
  },
  stallMs: {
    what: 'Time without data',
    fallback: 15_000,
    range: [100, 600_000],
    client: 'nothing',
    administrator: 'a finding',
  },
  maxBytes: {
    what: 'An answer of a server',
    fallback: 64 * 2 ** 20,
    range: [65_536, 1_073_741_824],
    client: 'nothing',
    administrator: 'a finding',
  },
});

export const clientLogBounds = declareBounds('doctor-log', {
  maxRecentReports: {
    what: 'Latest reports of an agent',
    fallback: 60,
    range: [1, 100_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  /** Of each client. The first ones go first. */
  maxFailures: {
    what: 'Failures of each client',
    fallback: 2_000,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxSuccesses: {
    what: 'Successes of each client',
    fallback: 5_000,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  /** Of all clients together. */
  maxReports: {
    what: 'Reports of all clients',
    fallback: 30_000,
    range: [100, 10_000_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxShapes: {
    what: 'Shapes of lines that are remembered',
    fallback: 256,
    range: [16, 100_000],
    client: 'nothing',
    administrator: 'the same report, later',
  },
  maxTexts: {
    what: 'Texts that are remembered',
    fallback: 4096,
    range: [16, 1_000_000],
    client: 'nothing',
    administrator: 'the same report, later',
  },
  maxTextLength: {
    what: 'Length of a text that is remembered',
    fallback: 500,
    range: [16, 65_536],
    client: 'nothing',
    administrator: 'the same report, later',
  },
  maxSeenOnce: {
    what: 'Texts that were seen once',
    fallback: 16_384,
    range: [16, 1_000_000],
    client: 'nothing',
    administrator: 'the same report, later',
  },
  maxServerEvents: {
    what: 'Kinds of server events',
    fallback: 5_000,
    range: [10, 1_000_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxTroubles: {
    what: 'Troubles in a story',
    fallback: 300,
    range: [2, 100_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxMilestones: {
    what: 'Milestones in a story',
    fallback: 400,
    range: [2, 100_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxUnplaced: {
    what: 'Lines without a time in a story',
    fallback: 8,
    range: [0, 10_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxComponents: {
    what: 'Components of a log',
    fallback: 500,
    range: [10, 100_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  /** Services that updating has to do with, exported one after the other. */
  maxServices: {
    what: 'Services that are looked at in an export',
    fallback: 20,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxLine: {
    what: 'A line in a log of mixed kinds',
    fallback: 16_384,
    range: [1024, 1_048_576],
    unit: 'bytes',
    client: 'nothing',
    administrator: 'the line counts as more than one',
  },
  maxUrlLogBytes: {
    what: 'An `urllog.dat`',
    fallback: 16 * 2 ** 20,
    range: [65_536, 1_073_741_824],
    client: 'nothing',
    administrator: 'the report says that it is cut',
  },
});

export const requestLogBounds = declareBounds('doctor-requests', {
  maxContentLines: {
    what: 'Lines about update files that are looked at, of each log',
    fallback: 50_000,
    range: [0, 100_000_000],
    client: 'nothing',
    administrator: 'failed downloads further down are not told',
  },
  maxUserAgents: {
    what: 'User agents of a client',
    fallback: 8,
    range: [1, 1000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxPingsPerClient: {
    what: 'Pings of each client',
    fallback: 40,
    range: [2, 100_000],
    client: 'nothing',
    administrator: 'the last ones of each client',
  },
  /** Of each client, once there are very many pings: one that failed and one that did not. */
  fewPings: {
    what: 'Pings of each client, when those of all are too many',
    fallback: 2,
    range: [1, 1000],
    client: 'nothing',
    administrator: 'the last ones of each client',
  },
  maxDayWords: {
    what: 'Days in words',
    fallback: 14,
    range: [1, 1000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxQuery: {
    what: 'Length of a query that is read',
    fallback: 8192,
    range: [1024, 1_048_576],
    client: 'nothing',
    administrator: 'the query counts as malformed',
  },
  /** So many runs leave the table room enough to find an empty slot soon. */
  maxRuns: {
    what: 'Runs of equal lines',
    fallback: 150_000,
    range: [1000, 150_000],
    client: 'nothing',
    administrator: 'the same report, later',
  },
  /** Each is a kilobyte or so. */
  maxClients: {
    what: 'Clients in a request log',
    fallback: 32_000,
    range: [10, 10_000_000],
    client: 'nothing',
    administrator: 'the report says how many are left out',
  },
  maxGroups: {
    what: 'Groups of requests',
    fallback: 2_000,
    range: [10, 1_000_000],
    client: 'nothing',
    administrator: 'the report says how many are left out',
  },
  maxSites: {
    what: 'Sites in a request log',
    fallback: 2_000,
    range: [10, 1_000_000],
    client: 'nothing',
    administrator: 'the report says how many are left out',
  },
  maxClientsPerGroup: {
    what: 'Clients of one group',
    fallback: 1_000,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the report says how many are left out',
  },
  /** In all groups. */
  maxGroupClients: {
    what: 'Clients of all groups',
    fallback: 100_000,
    range: [10, 100_000_000],
    client: 'nothing',
    administrator: 'the report says how many are left out',
  },
  /** Of all clients: beyond these only the last ones of each are kept. */
  maxPings: {
    what: 'Pings in a request log',
    fallback: 20_000,
    range: [10, 10_000_000],
    client: 'nothing',
    administrator: 'the last ones of each client',
  },
  /** So many lines of a log are decoded whole. If more clients ask the same, the report says it in few words. */
  maxDecoded: {
    what: 'Lines of a log that are read in full',
    fallback: 5_000,
    range: [10, 1_000_000],
    client: 'nothing',
    administrator: 'the rest in few words',
  },
  /** The same once all logs together had this many. */
  manyDecoded: {
    what: 'Lines of all logs that are read in full, before each further log gets fewer',
    fallback: 20_000,
    range: [10, 10_000_000],
    client: 'nothing',
    administrator: 'the rest in few words',
  },
  fewDecoded: {
    what: 'Lines of each further log that are read in full',
    fallback: 500,
    range: [10, 1_000_000],
    client: 'nothing',
    administrator: 'the rest in few words',
  },
  maxShapes: {
    what: 'Shapes of requests',
    fallback: 20_000,
    range: [10, 10_000_000],
    client: 'nothing',
    administrator: 'the rest in few words',
  },
  maxTextLength: {
    what: 'Length of a text of a request',
    fallback: 2000,
    range: [64, 65_536],
    client: 'nothing',
    administrator: 'the beginning of the text',
  },
});

export const reportBounds = declareBounds('doctor-report', {
  /** The bounds of a report. */
  maxStories: {
    what: 'Stories of clients in a report',
    fallback: 200,
    range: [1, 100_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxTextStories: {
    what: 'Stories of clients in a text report',
    fallback: 12,
    range: [1, 100_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxTextEvents: {
    what: 'Events of a story in a text report',
    fallback: 8,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxTimelineRows: {
    what: 'Rows in a timeline',
    fallback: 30,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxTableRows: {
    what: 'Rows in its table',
    fallback: 400,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxEvidence: {
    what: 'Evidence of one finding',
    fallback: 12,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the report shows the first, or the last, ones',
  },
  maxExplainedPings: {
    what: 'Pings of one computer that `moult explain` reads',
    fallback: 500,
    range: [1, 100_000],
    client: 'nothing',
    administrator: 'the newest ones',
  },
  maxExplainedReports: {
    what: 'Reports of one computer that `moult explain` reads',
    fallback: 500,
    range: [1, 100_000],
    client: 'nothing',
    administrator: 'the newest ones',
  },
});

/** All tables of the doctor. */
export const doctorBounds = [
  defaultProbeLimits,
  clientLogBounds,
  requestLogBounds,
  reportBounds,
  archiveBounds,
  readerBounds,
  settingsBounds,
];
