// Bounds of stored data. Those with a flag of `moult serve` are in administration/config.
import { declareBounds } from '@moult/bounds';

/** Longest texts. A DNS name has 255 characters at most. The longest fact in our captures has 30. */
export const textBytes = declareBounds('text-bytes', {
  name: {
    what: 'Name of a computer in RegisterComputer',
    fallback: 768,
    range: [64, 65_536],
    unit: 'bytes',
    client: 'nothing',
    administrator: '`…`',
  },
  address: {
    what: 'Address of a computer',
    fallback: 64,
    range: [46, 1024],
    unit: 'bytes',
    client: 'nothing',
    administrator: '`…`',
  },
  requestedGroups: {
    what: 'Requested groups, as text',
    fallback: 8192,
    range: [256, 1_048_576],
    unit: 'bytes',
    client: 'nothing. Targeting uses all of them',
    administrator: 'the first ones',
  },
  fact: {
    what: 'Each text in RegisterComputer: system, model, BIOS and so on',
    fallback: 512,
    range: [64, 65_536],
    unit: 'bytes',
    client: 'nothing',
    administrator: '`…`',
  },
  registration: {
    what: 'All that RegisterComputer says, as JSON',
    fallback: 16_384,
    range: [1024, 1_048_576],
    unit: 'bytes',
    client: 'nothing. Only the numbers are kept',
    administrator: 'the numbers',
  },
  appName: {
    what: 'Application name of a report event',
    fallback: 512,
    range: [64, 65_536],
    unit: 'bytes',
    client: 'nothing',
    administrator: '`…`',
  },
  pingField: {
    what: 'Each text of a status ping, user agent included',
    fallback: 1536,
    range: [64, 65_536],
    unit: 'bytes',
    client: 'nothing',
    administrator: '`…`',
  },
});

export const keptBounds = declareBounds('kept', {
  /** Strings of one kind in one event. */
  stringsPerEvent: {
    what: 'Replacement strings, and MiscData, of a report event',
    fallback: 256,
    range: [1, 65_536],
    client: 'nothing',
    administrator: '`… 5 more`',
  },
  /** Changes of its identity that are remembered of one computer. */
  changesPerComputer: {
    what: 'Changes of its identity that are remembered of one computer',
    fallback: 8,
    range: [1, 1000],
    client: 'nothing. The oldest goes first',
    administrator: 'the newest 8 in `moult computers show`',
  },
  /** The longest JSON, in bytes, that stored strings are read from: twice what is written, because of its escapes. */
  readableJsonBytes: {
    what: 'Strings of one event that an older version stored, as JSON',
    fallback: 2_097_152,
    range: [65_536, 67_108_864],
    client: 'nothing',
    administrator: '`… left out: too long`',
  },
  targetingRecordsPerHour: {
    what: 'Audit records of moves by client-side targeting, of one computer',
    fallback: 10,
    range: [1, 10_000],
    unit: 'per hour',
    client: 'nothing. The computer moves',
    administrator: 'the group that the computer is in',
  },
  maxFound: {
    what: 'Computers of one name that `moult explain` looks at',
    fallback: 50,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the first ones',
  },
  maxProblems: {
    what: 'Problems of a database that a check shows',
    fallback: 100,
    range: [1, 100_000],
    client: 'nothing',
    administrator: 'the first 100 problems',
  },
  reserveBytes: {
    what: 'Disk reserve that `auto` takes',
    fallback: 209_715_200,
    range: [1_048_576, 1_099_511_627_776],
    client: 'as in the row above',
    administrator: 'as in the row above',
  },
  /** So long a file waits for the database to say what it knows of it. */
  contentPatienceMs: {
    what: 'Time in which the database must say what it knows of an update file',
    fallback: 2000,
    range: [100, 60_000],
    client: 'the file, if its SHA-1 is right',
    administrator: 'nothing',
  },
});

export const fleetReads = declareBounds('fleet-read', {
  keptDays: {
    what: 'Days that the figures of each group are kept',
    fallback: 800,
    range: [30, 36_500],
    client: 'nothing',
    administrator: 'the newest days in `moult reports history`',
  },
  maxFailures: {
    what: 'Newest failures that `moult reports failed` counts by code',
    fallback: 20_000,
    range: [100, 1_000_000],
    client: 'nothing',
    administrator: '"only the newest failures are counted"',
  },
  /** A client may call its version and its system anything. */
  maxRows: {
    what: 'Systems, and versions of agents, that a report names',
    fallback: 1000,
    range: [10, 100_000],
    client: 'nothing',
    administrator: 'the others, together on one line',
  },
  maxTextLength: {
    what: 'Name of a system, and version of an agent, in a report',
    fallback: 120,
    range: [16, 4096],
    unit: 'characters',
    client: 'nothing',
    administrator: 'the beginning',
  },
});

export const homeReads = declareBounds('home-read', {
  /** A client may call its version anything: ten thousand of them must not become ten thousand lines. */
  maxVersions: {
    what: 'Versions of agents on it, of each generation',
    fallback: 20,
    range: [1, 1000],
    client: 'nothing',
    administrator: '"and 81 more"',
  },
  /** As WSUS's own list of things to do has it. */
  silentDays: {
    what: 'Days without a contact after which a computer counts as silent',
    fallback: 30,
    range: [1, 3650],
    client: 'nothing',
    administrator: 'the computer among the silent ones',
  },
  maxNoticed: {
    what: 'Computers that the home page names of those that need updates, fail or are silent, each',
    fallback: 5,
    range: [1, 100],
    client: 'nothing',
    administrator: '"and 81 more"',
  },
  /** Characters of a text that the page is given. It shows less. */
  maxTextLength: {
    what: 'Characters of one text that is read for the home page',
    fallback: 300,
    range: [64, 4096],
    client: 'nothing',
    administrator: 'the beginning of the text',
  },
  /** JSON of strings beyond this is not read at all. */
  maxStringsBytes: {
    what: 'Strings of one event that are read for the home page, as JSON',
    fallback: 131_072,
    range: [4096, 4_194_304],
    client: 'nothing',
    administrator: '`… left out: too long`',
  },
});

export const backupBounds = declareBounds('backup', {
  maxFiles: {
    what: 'Files in a backup',
    fallback: 100_000,
    range: [100, 100_000_000],
    client: 'nothing',
    administrator: 'the error SERVER_BAD_BACKUP',
  },
  /** Far more than the largest row: the metadata of one revision. */
  maxRowBytes: {
    what: 'A row of a backup',
    fallback: 64 * 1_048_576,
    range: [1_048_576, 1_073_741_824],
    client: 'nothing',
    administrator: 'the error SERVER_BAD_BACKUP',
  },
});

export const databaseBounds = declareBounds('database', {
  silentMs: {
    what: 'Silence of PostgreSQL before a second connection is tried',
    fallback: 5_000,
    range: [500, 600_000],
    client: 'nothing. If the second one fails too: ServerBusy',
    administrator: 'a line in `moult.log`, and a notice on the home page',
  },
  /** PostgreSQL stops a statement first. This is for one that does not answer at all. */
  graceMs: {
    what: 'Time for a statement beyond its own, before its connection is cut',
    fallback: 2_000,
    range: [100, 600_000],
    client: 'ServerBusy',
    administrator: 'one line in `moult.log`',
  },
  attempts: {
    what: 'Attempts of a transaction that another one stopped',
    fallback: 5,
    range: [1, 100],
    client: 'ServerBusy or InternalServerError',
    administrator: 'a line in `moult.log`',
  },
  pauseMs: {
    what: 'Pause between two attempts, for each attempt so far',
    fallback: 50,
    range: [0, 10_000],
    client: 'its answer later',
    administrator: 'nothing',
  },
  preparedStatements: {
    what: 'Statements of SQLite that are kept ready',
    fallback: 500,
    range: [10, 100_000],
    client: 'the same answer, a little later',
    administrator: 'nothing',
  },
});

/** Of a command, and of whoever opens a database without limits of its own. `moult serve` has settings for these. */
export const commandDatabase = declareBounds('command-database', {
  connections: {
    what: 'Connections of a command',
    fallback: 4,
    range: [1, 1000],
    client: 'nothing',
    administrator: 'nothing',
  },
  statementMs: {
    what: 'One statement of a command',
    fallback: 600_000,
    range: [1000, 86_400_000],
    client: 'nothing',
    administrator: 'an error',
  },
  acquireMs: {
    what: 'Time that a command waits for a connection',
    fallback: 60_000,
    range: [1000, 3_600_000],
    client: 'nothing',
    administrator: 'an error',
  },
  connectMs: {
    what: 'Time for a command to connect to PostgreSQL',
    fallback: 10_000,
    range: [1000, 600_000],
    client: 'nothing',
    administrator: 'an error',
  },
  idleMs: {
    what: 'Time without use, after which a command closes a connection to PostgreSQL',
    fallback: 60_000,
    range: [1000, 86_400_000],
    client: 'nothing',
    administrator: 'nothing',
  },
});

export const syncBounds = declareBounds('sync-revisions', {
  /** Runs, not calls: what is wrong with a revision is mostly still wrong a moment later. */
  attempts: {
    what: 'Runs of a synchronisation that ask for a revision which fails',
    fallback: 5,
    range: [1, 1000],
    client: 'the catalog without this revision',
    administrator: '`moult sync status` names the revision and the reason',
  },
  messageCharacters: {
    what: 'Characters of the reason of a fault, of a revision or of a run',
    fallback: 2000,
    range: [100, 100_000],
    client: 'nothing',
    administrator: 'the beginning of the reason',
  },
});

/** Defaults of the settings of `moult serve` that bound what is kept of one computer. */
export const defaultStoreBounds = { namesPerComputer: 16, statesPerComputer: 10_000, eventBytes: 65_536 };

/** All tables of this file. */
export const storeTables = [
  textBytes,
  keptBounds,
  fleetReads,
  homeReads,
  backupBounds,
  databaseBounds,
  commandDatabase,
  syncBounds,
];
