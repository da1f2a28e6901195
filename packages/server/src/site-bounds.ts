// Bounds of the pages, of data that waits to be written, and of the self-update tree.
import { declareBounds } from '@moult/bounds';

export const homeBounds = declareBounds('home', {
  /** Of each kind: pings about self-update, registrations, reports. */
  maxEvents: { what: 'Events on it', fallback: 40, range: [1, 1000], client: 'nothing', administrator: 'the newest' },
  // The longest of what strangers said, in bytes: 120 events stay well below 200 kB.
  maxNameBytes: {
    what: 'Name of a computer on it',
    fallback: 128,
    range: [16, 4096],
    client: 'nothing',
    administrator: '`…`',
  },
  maxSubjectBytes: {
    what: 'Text of an event on it',
    fallback: 192,
    range: [16, 4096],
    client: 'nothing',
    administrator: '`…`',
  },
});

export const defaultFeedLimits = declareBounds('live-page', {
  maxStreams: {
    what: 'Open live pages of those who see names, and of all others',
    fallback: 100,
    range: [1, 100_000],
    client: 'HTTP 503. The page asks every 5 seconds',
    administrator: '"Refreshed every 5 seconds"',
  },
  heartbeatMs: {
    what: 'Heartbeat of a live page, at least this often',
    fallback: 15_000,
    range: [1000, 600_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  pollMs: {
    what: 'Time between two reads for live pages, at most',
    fallback: 5_000,
    range: [100, 600_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  minIntervalMs: {
    what: 'Time between two reads for live pages, at least',
    fallback: 250,
    range: [10, 600_000],
    client: 'an answer that is so old',
    administrator: 'nothing',
  },
  maxWaitingBytes: {
    what: 'Data that a live page has not taken yet',
    fallback: 1 << 20,
    range: [65_536, 1_073_741_824],
    client: 'a closed connection',
    administrator: 'nothing',
  },
});

export const writeBounds = declareBounds('write', {
  maxContactsWaiting: {
    what: 'Computers whose contacts wait in memory while the database cannot be written',
    fallback: 500_000,
    range: [100, 100_000_000],
    client: 'nothing',
    administrator: 'the number that was not written in `moult.log`',
  },
  contactsRetryMs: {
    what: 'Time between two tries to write contacts',
    fallback: 30_000,
    range: [1000, 3_600_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  maxPingsWaiting: {
    what: 'Status pings that wait in memory while they cannot be stored',
    fallback: 20_000,
    range: [100, 10_000_000],
    client: 'nothing. Further pings are dropped and counted',
    administrator: '`dropped-pings` among the counters',
  },
  pingBatch: {
    what: 'Pings that Moult stores at once',
    fallback: 500,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  pingFlushMs: {
    what: 'Time between two batches',
    fallback: 250,
    range: [1, 60_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  /** After the last request, for the pings and contacts that are gathered in memory. */
  lastWritesMs: {
    what: 'Time for the last writes of a stop',
    fallback: 2_000,
    range: [100, 600_000],
    client: 'nothing',
    administrator: 'the number that was not written in `moult.log`',
  },
  maxLogTries: {
    what: 'Tries to write a line of `moult.log` that cannot be written now',
    fallback: 10,
    range: [0, 1000],
    client: 'nothing',
    administrator: 'the number of lost lines in `moult.log`',
  },
  logLinesOfAKind: {
    what: 'Warnings and errors of one kind in `moult.log`, for each minute',
    fallback: 20,
    range: [1, 100_000],
    client: 'nothing',
    administrator: 'the number of the others',
  },
  logKinds: {
    what: 'Kinds of warnings and errors that are counted one by one',
    fallback: 500,
    range: [10, 100_000],
    client: 'nothing',
    administrator: 'one number for all others',
  },
});

export const treeBounds = declareBounds('tree', {
  maxFiles: {
    what: 'Files of a self-update tree that is imported',
    fallback: 20_000,
    range: [10, 10_000_000],
    client: 'nothing',
    administrator: 'the error SERVER_TREE_NOT_A_TREE',
  },
  maxFileBytes: {
    what: 'Each file of it',
    fallback: 512 * 1024 * 1024,
    range: [1_048_576, 1_099_511_627_776],
    client: 'nothing',
    administrator: 'the error SERVER_TREE_NOT_A_TREE',
  },
  /** Small files are answered from memory. */
  maxMemoryFileBytes: {
    what: 'Files of an imported tree that are in memory, each',
    fallback: 1024 * 1024,
    range: [0, 1_073_741_824],
    client: 'the same answer, from the disk',
    administrator: 'nothing',
  },
  maxMemoryBytes: {
    what: 'Files of an imported tree that are in memory, all',
    fallback: 64 * 1024 * 1024,
    range: [0, 1_099_511_627_776],
    client: 'the same answer, from the disk',
    administrator: 'nothing',
  },
  maxBrandBytes: {
    what: 'The file of `--agent-brand`, and its icon, each',
    fallback: 256 * 1024,
    range: [1024, 16_777_216],
    client: 'nothing',
    administrator: 'the error SERVER_BAD_CONFIG',
  },
  maxRoutes: {
    what: 'Paths of the self-update tree that are remembered',
    fallback: 4096,
    range: [16, 10_000_000],
    client: 'the same answer',
    administrator: 'nothing',
  },
  maxProbeBytes: {
    what: 'An answer of a port that Moult looks at itself',
    fallback: 64 * 1024 * 1024,
    range: [65_536, 1_073_741_824],
    client: 'nothing',
    administrator: 'the port counts as one of another program',
  },
  probeMs: {
    what: 'Time for an answer of a port that Moult looks at itself',
    fallback: 5000,
    range: [100, 600_000],
    client: 'nothing',
    administrator: 'the port counts as one of another program',
  },
  /** Bundles of bundles are shallow. */
  maxCoveredDepth: {
    what: 'Bundles within bundles, and detectoids behind detectoids, that are covered with an approved update',
    fallback: 8,
    range: [1, 100],
    client: 'AGENT_UPDATE_NOT_COVERED for what is deeper',
    administrator: 'the event of the refusal',
  },
});

export const metricsBounds = declareBounds('metrics', {
  contentMs: {
    what: 'Time between two counts of the content for `/metrics`',
    fallback: 300_000,
    range: [1000, 86_400_000],
    client: 'figures of content that are so old',
    administrator: 'nothing',
  },
  syncRuns: {
    what: 'Newest synchronisations in which `/metrics` looks for one that was done',
    fallback: 100,
    range: [1, 10_000],
    client: 'the time 0',
    administrator: 'nothing',
  },
});

export const forwardBounds = declareBounds('forward', {
  recordsAtOnce: {
    what: 'Audit records that are read at once for a syslog server or a file',
    fallback: 200,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the same records, in more steps',
  },
  timeoutMs: {
    what: 'Time in which a syslog server must take a message',
    fallback: 10_000,
    range: [100, 600_000],
    client: 'nothing',
    administrator: 'a notice on the home page. The message is sent again',
  },
  /** A datagram bears 65,507 octets, and a character is 4 of them at most. */
  maxCharacters: {
    what: 'An audit record for a syslog server or a file',
    fallback: 16_000,
    range: [1000, 1_000_000],
    client: 'nothing',
    administrator: 'the record without its values, with `isCut`',
  },
});

export const bundleSiteBounds = declareBounds('agent-bundles', {
  maxKeptBytes: {
    what: 'Installers of the agent that the server keeps, together',
    fallback: 1_073_741_824,
    range: [65_536, 1_099_511_627_776],
    client: 'the installers of before',
    administrator: 'the error RELEASE_BUNDLE_UNMADE',
  },
  patienceMs: {
    what: 'Time that `moult agent install-line` waits for another one',
    fallback: 60_000,
    range: [0, 3_600_000],
    client: 'nothing',
    administrator: 'the error RELEASE_BUNDLE_UNMADE',
  },
});

export const acmeBounds = declareBounds('acme', {
  answerMs: {
    what: 'Time for an answer of an ACME authority',
    fallback: 30_000,
    range: [1000, 600_000],
    client: 'the certificate of before',
    administrator: 'a notice on the home page. The order is tried again',
  },
  maxAnswerBytes: {
    what: 'Answer of an ACME authority',
    fallback: 1_048_576,
    range: [4096, 16_777_216],
    client: 'the certificate of before',
    administrator: 'a notice on the home page. The order is tried again',
  },
  orderMs: {
    what: 'Time for a whole order at an ACME authority',
    fallback: 600_000,
    range: [10_000, 3_600_000],
    client: 'the certificate of before',
    administrator: 'a notice on the home page. The order is tried again',
  },
  attempts: {
    what: 'Questions to an ACME authority whether it is done',
    fallback: 20,
    range: [1, 1000],
    client: 'the certificate of before',
    administrator: 'a notice on the home page. The order is tried again',
  },
  pauseMs: {
    what: 'Time between two of these questions, at first',
    fallback: 3_000,
    range: [10, 60_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  proofMs: {
    what: 'First bytes of a connection to the port of HTTPS, while an order waits for its proof',
    fallback: 10_000,
    range: [100, 600_000],
    client: 'a closed connection',
    administrator: 'nothing',
  },
  maxReasonCharacters: {
    what: 'Words of an ACME authority in a notice',
    fallback: 500,
    range: [50, 10_000],
    client: 'nothing',
    administrator: 'the beginning',
  },
});
