// Bounds of the commands themselves.
import { declareBounds } from '@moult/bounds';

export const commandLimits = declareBounds('command', {
  /** For the background process to take, or let go of, the machine. */
  agentWaitMs: {
    what: 'Time that `moult agent start` and `stop` wait for the agent',
    fallback: 60_000,
    range: [1000, 3_600_000],
    client: 'nothing',
    administrator: 'exit code 1',
  },
  /** The files are on this machine: a look costs a few milliseconds. */
  agentWatchMs: {
    what: 'Time between two looks of `moult agent status --watch`',
    fallback: 2000,
    range: [100, 3_600_000],
    client: 'nothing',
    administrator: 'a change is shown this much later',
  },
  /** After the time for requests in flight: the last writes, and what may be at a start that is stopped. */
  longestEndSeconds: {
    what: 'Time for the end of `moult serve`, beyond `--stop-seconds`',
    fallback: 15,
    range: [1, 3600],
    unit: 's',
    client: 'a closed connection',
    administrator: 'exit code 1',
  },
  timestampMs: {
    what: 'Time for an answer of a time-stamp authority',
    fallback: 30_000,
    range: [1000, 600_000],
    client: 'nothing',
    administrator: 'the error CLI_TIMESTAMP_AUTHORITY',
  },
  maxTimestampBytes: {
    what: 'An answer of a time-stamp authority, as it is fetched',
    fallback: 1024 * 1024,
    range: [16_384, 67_108_864],
    client: 'nothing',
    administrator: 'the error CLI_TIMESTAMP_AUTHORITY',
  },
  cabinetTotalBytes: {
    what: 'All members of a cabinet that `moult cab` opens, if `--max-bytes` is not given',
    fallback: 2 ** 40,
    range: [1_048_576, 1_125_899_906_842_624],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
});

/** Of commands with --server. */
export const remoteBounds = declareBounds('remote', {
  answerMs: {
    what: 'Time for an answer of the server in `--server`',
    fallback: 60_000,
    range: [1000, 3_600_000],
    client: 'nothing',
    administrator: 'the error CLI_SERVER_UNREACHABLE',
  },
  maxAnswerBytes: {
    what: 'An answer of the server in `--server`',
    fallback: 67_108_864,
    range: [1_048_576, 1_073_741_824],
    client: 'nothing',
    administrator: 'the error CLI_SERVER_UNREACHABLE',
  },
  maxItems: {
    what: 'Items of a list of the server in `--server`',
    fallback: 1_000_000,
    range: [1000, 100_000_000],
    client: 'nothing',
    administrator: 'the error CLI_SERVER_UNREACHABLE',
  },
});

/** All tables of this file. */
export const commandBounds = [commandLimits, remoteBounds];
