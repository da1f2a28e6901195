// Bounds of trust metadata: the client that reads it, and the targets that it names.
import { declareBounds } from '@moult/bounds';

/** The limits of tuf-js and python-tuf. Targets roles may be larger: `updates` lists every covered update. */
export const clientLimits = declareBounds('trust', {
  rootBytes: {
    what: 'One root file',
    fallback: 512_000,
    range: [16_384, 67_108_864],
    client: 'RELEASE_FETCH_TOO_LARGE. The client goes on with the last good set',
    administrator: 'an alarm of the client',
  },
  timestampBytes: {
    what: 'One timestamp file',
    fallback: 16_384,
    range: [4096, 67_108_864],
    client: 'RELEASE_FETCH_TOO_LARGE. The client goes on with the last good set',
    administrator: 'an alarm of the client',
  },
  snapshotBytes: {
    what: 'One snapshot file',
    fallback: 2_000_000,
    range: [16_384, 67_108_864],
    client: 'RELEASE_FETCH_TOO_LARGE. The client goes on with the last good set',
    administrator: 'an alarm of the client',
  },
  targetsBytes: {
    what: 'One file of a targets role',
    fallback: 16_000_000,
    range: [65_536, 67_108_864],
    client: 'RELEASE_FETCH_TOO_LARGE. The client goes on with the last good set',
    administrator: 'RELEASE_TARGET_MALFORMED from `moult release add`, before the role is too large',
  },
  rootRotations: {
    what: 'New roots in one refresh',
    fallback: 256,
    range: [1, 10_000],
    client: 'the rest in its next refresh',
    administrator: 'nothing',
  },
  delegations: {
    what: 'Targets roles that are asked before the last one, for one file',
    fallback: 32,
    range: [1, 1000],
    client: 'no file',
    administrator: 'nothing',
  },
});

export const httpLimits = declareBounds('trust-fetch', {
  silenceMs: {
    what: 'Time without data while metadata is fetched',
    fallback: 30_000,
    range: [1000, 600_000],
    client: 'another try',
    administrator: 'an error',
  },
  leastBytesPerSecond: {
    what: 'Speed of a download for each second, from below',
    fallback: 256,
    range: [0, 1_048_576],
    unit: 'bytes',
    client: 'RELEASE_FETCH_TOO_SLOW. A later try goes on from there',
    administrator: 'nothing',
  },
  speedWindowMs: {
    what: 'Time over which the speed is measured',
    fallback: 60_000,
    range: [1000, 3_600_000],
    client: 'the same',
    administrator: 'nothing',
  },
  tries: { what: 'Tries', fallback: 3, range: [1, 100], client: 'the next mirror', administrator: 'an error' },
  longestWaitMs: {
    what: 'Wait that a server asks for (`Retry-After`)',
    fallback: 60_000,
    range: [0, 3_600_000],
    client: 'the next try after that time',
    administrator: 'nothing',
  },
});

export const targetBounds = declareBounds('release-target', {
  floors: {
    what: 'Floors of one release',
    fallback: 64,
    range: [1, 10_000],
    client: 'RELEASE_TARGET_MALFORMED',
    administrator: 'RELEASE_TARGET_MALFORMED from `moult release add`',
  },
  deltas: {
    what: 'Deltas of one release',
    fallback: 32,
    range: [1, 10_000],
    client: 'RELEASE_TARGET_MALFORMED',
    administrator: 'RELEASE_TARGET_MALFORMED from `moult release add`',
  },
  files: {
    what: 'Files of one update',
    fallback: 200,
    range: [1, 100_000],
    client: 'RELEASE_TARGET_MALFORMED',
    administrator: 'RELEASE_TARGET_MALFORMED from `moult release add`',
  },
  returnCodes: {
    what: 'Return codes of one update',
    fallback: 1000,
    range: [10, 1_000_000],
    client: 'RELEASE_TARGET_MALFORMED',
    administrator: 'RELEASE_TARGET_MALFORMED from `moult release add`',
  },
  approvals: {
    what: 'Approvals of one update',
    fallback: 1000,
    range: [10, 1_000_000],
    client: 'RELEASE_TARGET_MALFORMED',
    administrator: 'RELEASE_TARGET_MALFORMED from `moult release add`',
  },
  text: {
    what: 'One text of a target',
    fallback: 1024,
    range: [256, 65_536],
    unit: 'characters',
    client: 'RELEASE_TARGET_MALFORMED',
    administrator: 'RELEASE_TARGET_MALFORMED from `moult release add`',
  },
  line: {
    what: 'Arguments of one update',
    fallback: 8192,
    range: [256, 65_536],
    unit: 'characters',
    client: 'RELEASE_TARGET_MALFORMED',
    administrator: 'the home page: agents do not install some approved updates',
  },
  pins: {
    what: 'Pins of groups and computers',
    fallback: 10_000,
    range: [10, 1_000_000],
    client: 'RELEASE_TARGET_MALFORMED, and no release is installed',
    administrator: 'RELEASE_TARGET_MALFORMED from `moult release pin`',
  },
});

export const trustStoreBounds = declareBounds('trust-store', {
  maxFileBytes: {
    what: 'A file of a repository of signed releases that is read whole',
    fallback: 64 * 1_048_576,
    range: [1_048_576, 1_073_741_824],
    client: 'nothing',
    administrator: 'an error that names the file',
  },
  maxNameLength: {
    what: 'Name of a stored role',
    fallback: 200,
    range: [16, 250],
    client: 'a digest in its place',
    administrator: 'nothing',
  },
});

export const deltaLimits = declareBounds('release-delta', {
  /** Beyond this size the compressor finds no long matches (docs/adr/0024). */
  maxFileBytes: {
    what: 'A file that a delta is made of, or for',
    fallback: 32 * 1_048_576,
    range: [65_536, 134_217_728],
    client: 'the whole release',
    administrator: 'nothing',
  },
  maxPerCent: {
    what: 'A delta, as a part of the whole release',
    fallback: 60,
    range: [1, 100],
    unit: '%',
    client: 'the whole release',
    administrator: 'no such delta in `moult release list`',
  },
  maxResumptions: {
    what: 'Connections that may break in one download of a release',
    fallback: 20,
    range: [0, 10_000],
    client: 'the rest at its next detection',
    administrator: 'an error',
  },
});

export const repositoryBounds = declareBounds('repository', {
  /** Fewer are signed faster than a thread starts. */
  coveredAtOnce: {
    what: 'Covered updates that the server signs in its own thread. More go into another thread',
    fallback: 500,
    range: [10, 1_000_000],
    client: 'nothing',
    administrator: 'nothing',
  },
});

export const bundleBounds = declareBounds('bundle', {
  maxRuntimeBytes: {
    what: 'An npm package with Node, for a bundle of the agent',
    fallback: 128 * 1_048_576,
    range: [1_048_576, 1_073_741_824],
    client: 'nothing',
    administrator: 'the error DISK_TOO_LARGE',
  },
  maxBytes: {
    what: 'A bundle of the agent',
    fallback: 256 * 1_048_576,
    range: [65_536, 2_147_483_648],
    client: 'nothing',
    administrator: 'the error RELEASE_BUNDLE_UNMADE',
  },
});

/** All tables of this file. */
export const releaseBounds = [
  clientLimits,
  httpLimits,
  targetBounds,
  trustStoreBounds,
  deltaLimits,
  repositoryBounds,
  bundleBounds,
];
