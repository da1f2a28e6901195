// The bounds of the host: how long it waits, how often it tries, how much it reads.
import { declareBounds } from '@moult/bounds';

export const hostBounds = declareBounds('agent-host', {
  maxFailures: {
    what: 'Failed versions that are remembered',
    fallback: 20,
    range: [1, 1000],
    client: 'it may try an older one again',
    administrator: 'nothing',
  },
  maxRestartWaitMs: {
    what: 'Pause before a program is started again',
    fallback: 60_000,
    range: [1000, 3_600_000],
    client: 'nothing',
    administrator: 'a line in the log of the agent',
  },
  /**
   * So many deaths within this time, without a good detection between them, and the version before is the agent again.
   */
  deathsUntilReturn: {
    what: 'Deaths of a program after which the version before comes back',
    fallback: 3,
    range: [2, 100],
    client: 'the version before it',
    administrator: 'a line in the log of the agent',
  },
  deathsWithinMs: {
    what: 'Time within which these deaths count',
    fallback: 10 * 60_000,
    range: [60_000, 86_400_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  /** A version that never came to a good detection after its trial gives way at the start after so many. */
  startsUntilReturn: {
    what: 'Starts of a version without a good detection',
    fallback: 5,
    range: [2, 100],
    client: 'the version before it',
    administrator: 'a line in the log of the agent',
  },
  /** No wait between two detections is longer: a program that says nothing for so long hangs. */
  maxSilenceMs: {
    what: 'Silence of a program, after which the host ends it',
    fallback: 26 * 3_600_000,
    range: [93_600_000, 604_800_000],
    client: 'a new start of the program',
    administrator: 'a line in the log of the agent',
  },
  /** An interrupted trial is repeated. But a version that takes the machine down with it is not tried for ever. */
  maxAttempts: {
    what: 'Attempts of one version',
    fallback: 4,
    range: [1, 100],
    client: 'the version before it',
    administrator: 'a line in the log of the agent',
  },
  /** A version that dies is started a second time: the first death may have been the machine's. */
  attemptsPerRun: {
    what: 'Attempts of one version in one start of the host',
    fallback: 2,
    range: [1, 100],
    client: 'the version before it',
    administrator: 'a line in the log of the agent',
  },
  /** Only one that hangs needs it: leaving is the answer to a message, however busy the machine is. */
  stopGraceMs: {
    what: 'Time for a program to end before the host ends it',
    fallback: 10_000,
    range: [1000, 600_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  /** A version that hangs so often, without a good detection between them, gives way. */
  silencesUntilReturn: {
    what: 'Silences of a program after which the version before comes back',
    fallback: 2,
    range: [1, 100],
    client: 'the version before it',
    administrator: 'a line in the log of the agent',
  },
  /** A host says that it lives once a minute. */
  maxHostSilenceMs: {
    what: 'Silence of a newer host, after which its launcher ends it',
    fallback: 15 * 60_000,
    range: [180_000, 86_400_000],
    client: 'a new start of the host',
    administrator: 'a line in the log of the agent',
  },
  hostStopGraceMs: {
    what: 'Time for a newer host to end before its launcher ends it',
    fallback: 30_000,
    range: [1000, 600_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  /** A host whose launcher was killed ends by itself, and its program with it. */
  oldHostMs: {
    what: 'Time that a launcher waits for the host of a launcher that was killed',
    fallback: 20_000,
    range: [1000, 600_000],
    client: 'AGENT_HOST_RUNNING',
    administrator: 'the exit code 2 of the service',
  },
  overdueLookMs: {
    what: 'Time between two looks whether a good detection is overdue, and between two checks of the host itself',
    fallback: 10 * 60_000,
    range: [60_000, 86_400_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  maxRecoverWaitMs: {
    what: 'Pause of a host that has no version before it asks the server again',
    fallback: 3_600_000,
    range: [60_000, 86_400_000],
    client: 'nothing',
    administrator: 'a line in the log of the agent',
  },
  /** Ours are some hundred bytes. Agents do not write longer ones. */
  maxCurrentBytes: {
    what: '`current.json` and `hosts.json`',
    fallback: 1024 * 1024,
    range: [16_384, 67_108_864],
    client: 'the versions on the disk decide',
    administrator: 'a line in the log of the agent',
  },
  maxReleaseJsonBytes: {
    what: '`release.json` in a version folder',
    fallback: 4 * 1024 * 1024,
    range: [16_384, 67_108_864],
    client: 'the version counts as damaged',
    administrator: 'a line in the log of the agent',
  },
  /** Without it a number that is 0, or more than a timer holds, makes every trial fail at once. */
  maxTrialMs: {
    what: 'Time limits of a trial',
    fallback: 7 * 86_400_000,
    range: [60_000, 7 * 86_400_000],
    client: 'a longer time counts as this one',
    administrator: 'nothing',
  },
});
