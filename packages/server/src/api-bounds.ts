// Bounds of administration over HTTP: calls, sessions and log-ons.
import { declareBounds } from '@moult/bounds';

export const apiBounds = declareBounds('api', {
  maxBodyBytes: {
    what: 'Body of a call of the API',
    fallback: 262_144,
    range: [4096, 67_108_864],
    client: 'HTTP 413',
    administrator: 'a line in the access log',
  },
  maxBodiesBytes: {
    what: 'Bodies of calls of the API that arrive, of all clients together',
    fallback: 8 * 1_048_576,
    range: [262_144, 1_073_741_824],
    client: 'HTTP 503',
    administrator: 'a line in the access log',
  },
  maxSessions: {
    what: 'Open sessions of one account',
    fallback: 10,
    range: [1, 1000],
    client: 'HTTP 401 in the session that was unused for longest',
    administrator: 'nothing',
  },
  useNotedMs: {
    what: 'Time between two notes of the last use of a token or session',
    fallback: 60_000,
    range: [1000, 3_600_000],
    client: 'nothing',
    administrator: 'a last use that is so old',
  },
  answerKeptMs: {
    what: 'Time that an answer is kept for a repeated `Idempotency-Key`',
    fallback: 86_400_000,
    range: [60_000, 604_800_000],
    client: 'a repeated request works again',
    administrator: 'nothing',
  },
  maxAnswers: {
    what: 'Answers that are kept for a repeated `Idempotency-Key`',
    fallback: 10_000,
    range: [100, 10_000_000],
    client: 'a repeated request works again',
    administrator: 'nothing',
  },
  setUpLinkMs: {
    what: 'Life of the set-up link',
    fallback: 1_800_000,
    range: [60_000, 86_400_000],
    client: 'HTTP 409',
    administrator: 'nothing. `moult users add` makes an account',
  },
});

export const logOnBounds = declareBounds('log-on', {
  failuresPerAddress: {
    what: 'Failed log-ons of one address (IPv6: one /64) at once',
    fallback: 20,
    range: [1, 10_000],
    client: 'HTTP 429',
    administrator: 'a line in the access log',
  },
  failuresPerAccount: {
    what: 'Failed log-ons of one account from one address at once',
    fallback: 8,
    range: [1, 10_000],
    client: 'HTTP 429',
    administrator: 'a line in the access log',
  },
  failuresPerHour: {
    what: 'Failed log-ons after that, in an hour',
    fallback: 60,
    range: [1, 100_000],
    client: 'HTTP 429',
    administrator: 'a line in the access log',
  },
  mostKeys: {
    what: 'Addresses whose failed log-ons are counted one by one',
    fallback: 10_000,
    range: [10, 1_000_000],
    client: 'one count for all other addresses together',
    administrator: 'nothing',
  },
  mostKnown: {
    what: 'Addresses that come first because somebody logged on from them before',
    fallback: 1000,
    range: [1, 100_000],
    client: 'its log-on waits with those of strangers',
    administrator: 'nothing',
  },
  hashesAtOnce: {
    what: 'Passwords that are checked at once',
    fallback: 2,
    range: [1, 64],
    client: 'its answer later',
    administrator: 'nothing',
  },
  mostWaiting: {
    what: 'Log-ons that wait. Addresses that failed least come first',
    fallback: 32,
    range: [1, 10_000],
    client: 'HTTP 503',
    administrator: 'a line in the access log',
  },
});

export const liveBounds = declareBounds('live', {
  maxStreams: {
    what: 'Open live streams of the API',
    fallback: 200,
    range: [1, 100_000],
    client: 'HTTP 503. The console asks again now and then',
    administrator: 'a line in the access log',
  },
  maxStreamsPerAccount: {
    what: 'Open live streams of one account',
    fallback: 16,
    range: [1, 100_000],
    client: 'HTTP 503',
    administrator: 'a line in the access log',
  },
  heartbeatMs: {
    what: 'Time between two signs of life of a live stream. Each asks whether its session or token is still good',
    fallback: 15_000,
    range: [1000, 600_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  pollMs: {
    what: 'Time until a live stream tells a change of another process',
    fallback: 2000,
    range: [100, 600_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  minIntervalMs: {
    what: 'Time between two messages about changes of one live stream',
    fallback: 1000,
    range: [10, 600_000],
    client: 'one message for all changes of this time',
    administrator: 'nothing',
  },
  busyIntervalMs: {
    what: 'Time between two messages that computers were here or reported',
    fallback: 5000,
    range: [10, 600_000],
    client: 'one message for all of this time',
    administrator: 'nothing',
  },
  maxWaitingBytes: {
    what: 'Bytes that wait for the reader of a live stream',
    fallback: 65_536,
    range: [4096, 67_108_864],
    client: 'the end of the stream',
    administrator: 'nothing',
  },
});

export const jobBounds = declareBounds('job', {
  atOnce: {
    what: 'Jobs of the API that work at once',
    fallback: 2,
    range: [1, 64],
    client: 'its job later',
    administrator: 'a job that waits',
  },
  maxOpen: {
    what: 'Jobs of the API that work or wait',
    fallback: 50,
    range: [1, 10_000],
    client: 'HTTP 503',
    administrator: 'a line in the access log',
  },
  maxKept: {
    what: 'Jobs of the API that ended and are still shown',
    fallback: 200,
    range: [1, 100_000],
    client: 'HTTP 404 for the oldest',
    administrator: 'nothing',
  },
  keptMs: {
    what: 'Time that an ended job of the API is shown',
    fallback: 86_400_000,
    range: [60_000, 604_800_000],
    client: 'HTTP 404',
    administrator: 'nothing',
  },
  maxResultBytes: {
    what: 'Result of a job of the API',
    fallback: 1_048_576,
    range: [1024, 67_108_864],
    client: 'a job without its result',
    administrator: 'nothing',
  },
  maxResultsBytes: {
    what: 'Results of all jobs of the API together',
    fallback: 16 * 1_048_576,
    range: [1024, 1_073_741_824],
    client: 'an older job without its result',
    administrator: 'nothing',
  },
  askedMs: {
    what: 'Time between two looks whether the account and the token of a job still permit it',
    fallback: 5000,
    range: [10, 600_000],
    client: 'a cancelled job',
    administrator: 'nothing',
  },
  endMs: {
    what: 'Time that a server waits at its end for jobs of the API',
    fallback: 5000,
    range: [0, 600_000],
    client: 'the end of its job',
    administrator: 'nothing',
  },
  toldMs: {
    what: 'Time between two messages about the progress of a job',
    fallback: 500,
    range: [10, 60_000],
    client: 'nothing',
    administrator: 'nothing',
  },
});
