// Bounds of messages: ident files, release.json, status pings.
import { declareBounds } from '@moult/bounds';

/** Of one ident file. */
export const defaultIdentLimits = declareBounds('ident', {
  maxBytes: {
    what: 'An ident file',
    fallback: 256 * 1024,
    range: [16_384, 67_108_864],
    client: 'the agent keeps its version',
    administrator: 'an error in the log of the agent',
  },
  maxLines: {
    what: 'Lines of an ident file',
    fallback: 4096,
    range: [256, 1_000_000],
    client: 'the agent keeps its version',
    administrator: 'an error in the log of the agent',
  },
  maxLineLength: {
    what: 'One line of an ident file',
    fallback: 1024,
    range: [256, 1_000_000],
    client: 'the agent keeps its version',
    administrator: 'an error in the log of the agent',
  },
});

export const releaseFileBounds = declareBounds('release-file', {
  maxJsonLength: {
    what: 'Characters of `release.json`',
    fallback: 1024 * 1024,
    range: [4096, 67_108_864],
    client: 'the agent keeps its version',
    administrator: 'an error in the log of the agent',
  },
  maxFiles: {
    what: 'Files of a release',
    fallback: 10_000,
    range: [1, 1_000_000],
    client: 'the agent keeps its version',
    administrator: 'an error in the log of the agent',
  },
  maxFileBytes: {
    what: 'One file of a release',
    fallback: 2 ** 31,
    range: [1_048_576, 1_099_511_627_776],
    client: 'the agent keeps its version',
    administrator: 'an error in the log of the agent',
  },
});

export const pingBounds = declareBounds('ping', {
  /** Longest query that is read. Public samples are under 400. */
  maxCharacters: {
    what: 'Query of a status ping',
    fallback: 2048,
    range: [256, 16_384],
    client: 'HTTP 200, as always',
    administrator: 'the counter of malformed pings',
  },
  maxValueLength: {
    what: 'Value of one field of a status ping',
    fallback: 512,
    range: [64, 16_384],
    client: 'HTTP 200, as always',
    administrator: 'the counter of malformed pings',
  },
});

/** All tables of this file. */
export const protocolBounds = [defaultIdentLimits, releaseFileBounds, pingBounds];
