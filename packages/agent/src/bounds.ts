// Bounds of the agent and its host. An administrator sets them under HKLM\SOFTWARE\Moult\Agent\Limits
// (machine/limits.ts).
import { declareBounds } from '@moult/bounds';
import { hostBounds } from './host/host-bounds.ts';
import { panelBounds } from './panel/panel-bounds.ts';

export { hostBounds } from './host/host-bounds.ts';

export const factBounds = declareBounds('agent-fact', {
  maxCommandMs: {
    what: 'A command that asks for a fact',
    fallback: 30_000,
    range: [1000, 600_000],
    client: 'the fact is unknown',
    administrator: 'a line in the log of the agent',
  },
  maxPackagesMs: {
    what: 'A package manager that is asked',
    fallback: 10_000,
    range: [1000, 600_000],
    client: 'the fact is unknown',
    administrator: 'a line in the log of the agent',
  },
  /** Resources of honest programs stay far below this. */
  maxResourceBytes: {
    what: 'Resources of a program file',
    fallback: 64 * 1024 * 1024,
    range: [65_536, 1_073_741_824],
    client: 'the fact is unknown',
    administrator: 'nothing',
  },
});

export const programBounds = declareBounds('agent', {
  maxPolicyBytes: {
    what: 'A policy file: Registry.pol, policy.json',
    fallback: 16 * 1024 * 1024,
    range: [65_536, 1_073_741_824],
    client: 'the agent skips the file',
    administrator: '`moult agent policy` names the file',
  },
  /** Beyond this a log becomes .old and a new one begins: agents run for years. */
  maxLogBytes: {
    what: 'A log of the agent',
    fallback: 2 * 1024 * 1024,
    range: [65_536, 1_073_741_824],
    client: 'a new file, and one old file',
    administrator: 'the newest lines',
  },
  /** More than this and the oldest go: an agent may be without its server for years. */
  maxKeptPings: {
    what: 'Pings that wait in `urllog.dat`',
    fallback: 200,
    range: [1, 10_000],
    client: 'the oldest ping is lost',
    administrator: 'nothing',
  },
  /** No wait is longer: 24 hours after an unreachable server, 22 by policy. A later time is a clock that was wrong. */
  maxWaitMs: {
    what: 'Time until the next detection',
    fallback: 25 * 3_600_000,
    range: [90_000_000, 604_800_000],
    client: 'an earlier detection',
    administrator: 'nothing',
  },
  maxSleepMs: {
    what: 'One sleep of the agent',
    fallback: 30_000,
    range: [1000, 3_600_000],
    client: 'nothing',
    administrator: 'nothing',
  },
  programLockMs: {
    what: 'Time that a program waits for the one before it to end',
    fallback: 10_000,
    range: [1000, 600_000],
    client: 'exit code 3 of the program, and a new start',
    administrator: 'a line in the log of the agent',
  },
  /** A change takes milliseconds. A machine that is out of breath may take seconds. */
  registryLockMs: {
    what: 'Time that a change of the registry file waits for another one',
    fallback: 30_000,
    range: [1000, 600_000],
    client: 'AGENT_HOST_LOCKED',
    administrator: 'a line in the log of the agent',
  },
  maxAnswerBytes: {
    what: 'An answer of a web service',
    fallback: 134_217_728,
    range: [1_048_576, 1_073_741_824],
    client: 'the scan ends with an error',
    administrator: 'a line in the log of the agent',
  },
  maxIdentBytes: {
    what: 'A fetched ident cabinet',
    fallback: 1024 * 1024,
    range: [65_536, 67_108_864],
    client: 'the agent keeps its version',
    administrator: 'an error in the log of the agent',
  },
  maxReleaseBytes: {
    what: 'A fetched release',
    fallback: 128 * 1024 * 1024,
    range: [1_048_576, 1_073_741_824],
    client: 'the agent keeps its version',
    administrator: 'an error in the log of the agent',
  },
  maxReleaseFiles: {
    what: 'Members of a release cabinet',
    fallback: 1000,
    range: [1, 65_535],
    client: 'the agent keeps its version',
    administrator: 'an error in the log of the agent',
  },
  maxReleaseTotalBytes: {
    what: 'An unpacked release',
    fallback: 256 * 1024 * 1024,
    range: [1_048_576, 2_147_483_648],
    client: 'the agent keeps its version',
    administrator: 'an error in the log of the agent',
  },
  maxTrustRootBytes: {
    what: 'The cabinet with the root of the trust metadata',
    fallback: 1024 * 1024,
    range: [65_536, 67_108_864],
    client: 'AGENT_TRANSPORT_TOO_LARGE, and no root is pinned',
    administrator: 'a line in `WindowsUpdate.log`',
  },
  maxTrustRootFiles: {
    what: 'Files in this cabinet',
    fallback: 4,
    range: [1, 1000],
    client: 'AGENT_CONFIG_BAD_TRUST_ROOT, and no root is pinned',
    administrator: 'a line in `WindowsUpdate.log`',
  },
  maxDefinitionBytes: {
    what: 'The definition of a service: a unit, a property list, a task',
    fallback: 256 * 1024,
    range: [16_384, 16_777_216],
    client: 'nothing',
    administrator: "it counts as somebody else's: AGENT_SERVICE_FOREIGN",
  },
  /** Longer than a unit may take to stop. */
  serviceCommandMs: {
    what: 'A program of the system that is asked about a service',
    fallback: 150_000,
    range: [1000, 3_600_000],
    client: 'nothing',
    administrator: 'the command says that the program gave no answer',
  },
  maxInstallerMs: {
    what: 'Time of one installer',
    fallback: 2 * 3_600_000,
    range: [60_000, 86_400_000],
    client: 'the update has failed',
    administrator: 'the event of the failure',
  },
  /** A client that never reaches its server must not fill the disk. */
  maxKeptEvents: {
    what: 'Events that wait for the server',
    fallback: 1000,
    range: [10, 1_000_000],
    client: 'the oldest event is lost',
    administrator: 'nothing',
  },
  maxEventsPerReport: {
    what: 'Events in one report to the server',
    fallback: 100,
    range: [1, 1000],
    client: 'the rest in its next report',
    administrator: 'nothing',
  },
  maxRecoveries: {
    what: 'Recoveries from a fault in one call',
    fallback: 4,
    range: [1, 100],
    client: 'the scan ends with an error',
    administrator: 'a line in the log of the agent',
  },
  /** As native agents: a server that needs more round trips than this in one pass is given up (WU_E_PT_EXCEEDED_MAX_SERVER_TRIPS). */
  maxTrips: {
    what: 'Round trips of a scan',
    fallback: 200,
    range: [10, 100_000],
    client: 'the scan ends with AGENT_SYNC_TOO_MANY_TRIPS',
    administrator: 'a line in the log of the agent',
  },
  /** Real WSUS refuses the call beyond this (observed). */
  maxInstalledNonLeaf: {
    what: 'InstalledNonLeafUpdateIDs that it sends',
    fallback: 400,
    range: [10, 1_000_000],
    client: 'the rest is not sent',
    administrator: 'nothing',
  },
  /**
   * At most so many are asked. Texts that are not URLs of a server are skipped: a slip here must not keep an agent from
   * its server.
   */
  maxMirrors: {
    what: 'Servers in `TrustMirrors`',
    fallback: 8,
    range: [1, 100],
    client: 'the rest is not asked',
    administrator: 'nothing',
  },
  /** No release is larger. Files that a list names as larger are not fetched. */
  maxNamedReleaseBytes: {
    what: 'An agent release that metadata names',
    fallback: 128 * 1024 * 1024,
    range: [1_048_576, 1_073_741_824],
    client: 'AGENT_SELFUPDATE_ALTERED',
    administrator: 'a line in the log of the agent',
  },
});

/** Of one fragment of an update, as the server sends it. A cumulative update's Core reaches 47 MB. */
export const fragmentLimits = declareBounds('fragment', {
  maxCharacters: {
    what: 'Characters of an update fragment',
    fallback: 128 * 1024 * 1024,
    range: [65_536, 536_870_000],
    client: 'the update does not apply',
    administrator: 'a line in the log of the agent',
  },
  maxDepth: {
    what: 'Depth of a fragment',
    fallback: 128,
    range: [16, 4096],
    client: 'the update does not apply',
    administrator: 'a line in the log of the agent',
  },
  maxElements: {
    what: 'Elements of a fragment',
    fallback: 2_000_000,
    range: [1000, 100_000_000],
    client: 'the update does not apply',
    administrator: 'a line in the log of the agent',
  },
  maxAttributesPerElement: {
    what: 'Attributes of one element in a fragment',
    fallback: 256,
    range: [16, 65_536],
    client: 'the update does not apply',
    administrator: 'a line in the log of the agent',
  },
});

export const transportBounds = declareBounds('agent-transport', {
  /** With up to a fifth on top, so that not all come at once, it stays within a day. */
  maxRetryAfterMs: {
    what: 'Wait that a busy server may ask for (`Retry-After`)',
    fallback: 20 * 3_600_000,
    range: [60_000, 72_000_000],
    client: 'a shorter wait',
    administrator: 'the time of the next detection',
  },
  /** A server that asks for more is asked again with the next detection, which then waits as long. */
  maxBusyWaitMs: {
    what: 'Wait for a busy server within one call',
    fallback: 60_000,
    range: [0, 600_000],
    client: 'the end of the detection. The next one is when the server asked for it',
    administrator: 'a line in the log of the agent',
  },
  maxResumptions: {
    what: 'Connections that may break in one piece of an update file',
    fallback: 20,
    range: [0, 10_000],
    client: 'the rest at its next detection',
    administrator: 'a line in the log of the agent',
  },
  maxPartialFiles: {
    what: 'Unfinished downloads of updates',
    fallback: 100,
    range: [1, 100_000],
    client: 'the oldest one starts over',
    administrator: 'nothing',
  },
  maxProxyListBytes: {
    what: 'Proxy list, and bypass list, of WinHTTP',
    fallback: 16_384,
    range: [256, 1_048_576],
    client: 'no proxy from WinHTTP',
    administrator: 'no proxy in `moult agent status`',
  },
});

/** All tables of this file. */
export const agentBounds = [factBounds, hostBounds, programBounds, fragmentLimits, transportBounds, panelBounds];
