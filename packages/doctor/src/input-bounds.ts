// Bounds of what the doctor is given to read: archives, files of their own form, settings.
import { declareBounds } from '@moult/bounds';

export const archiveBounds = declareBounds('doctor-archive', {
  maxMembers: {
    what: 'Files in an archive of logs',
    fallback: 20_000,
    range: [1, 1_000_000],
    client: 'nothing',
    administrator: 'the archive is named as not readable, with the advice to unpack it',
  },
  maxUnpackedBytes: {
    what: 'All logs of an archive, unpacked',
    fallback: 4 * 2 ** 30,
    range: [65_536, 2 ** 40],
    client: 'nothing',
    administrator: 'the file that goes beyond it, and those behind it, are named as not readable',
  },
  maxMemberBytes: {
    what: 'An event log in an archive, which must be in memory',
    fallback: 96 * 2 ** 20,
    range: [65_536, 2 ** 31],
    client: 'nothing',
    administrator: 'it is named as not readable, with the advice to unpack it',
  },
});

export const readerBounds = declareBounds('doctor-reader', {
  maxTextLines: {
    what: 'Lines of one text in a log of Configuration Manager',
    fallback: 200,
    range: [1, 100_000],
    client: 'nothing',
    administrator: 'the rest of the text is not read',
  },
  maxContinued: {
    what: 'Lines that continue an entry of SoftwareDistribution.log',
    fallback: 60,
    range: [0, 100_000],
    client: 'nothing',
    administrator: 'the rest of the entry is not read',
  },
  maxEventText: {
    what: 'Message of a Windows event as text',
    fallback: 6_000,
    range: [100, 10_000_000],
    client: 'nothing',
    administrator: 'the rest of the message is not read',
  },
  maxEventXml: {
    what: 'One Windows event as XML',
    fallback: 1_048_576,
    range: [10_000, 100_000_000],
    client: 'nothing',
    administrator: 'that event is not read',
  },
  maxEventElements: {
    what: 'Elements of one Windows event as XML',
    fallback: 5_000,
    range: [100, 1_000_000],
    client: 'nothing',
    administrator: 'that event is not read',
  },
  maxCell: {
    what: 'A quoted cell of a CSV file over several lines',
    fallback: 16_384,
    range: [100, 10_000_000],
    client: 'nothing',
    administrator: 'the cell ends there',
  },
  maxKept: {
    what: 'Windows events that are put in order at once',
    fallback: 400,
    range: [100, 1_000_000],
    client: 'nothing',
    administrator: 'each part of a longer file is put in order by itself',
  },
  maxEventDepth: {
    what: 'Nesting of an event in an event log file',
    fallback: 24,
    range: [8, 64],
    client: 'nothing',
    administrator: 'that event is not read, and the report says so',
  },
  maxEventValues: {
    what: 'Values of an event in an event log file',
    fallback: 2_048,
    range: [16, 65_535],
    client: 'nothing',
    administrator: 'that event is not read, and the report says so',
  },
  maxChunkTokens: {
    what: 'Work for one chunk (64 KiB) of an event log file, in tokens',
    fallback: 250_000,
    range: [10_000, 100_000_000],
    client: 'nothing',
    administrator: 'the rest of the chunk is not read, and the report says so',
  },
  maxRatio: {
    what: 'Size of a cabinet of logs unpacked, as a multiple of its own',
    fallback: 4_000,
    range: [10, 1_000_000],
    client: 'nothing',
    administrator: 'the archive is named as not readable, with the advice to unpack it',
  },
});

/** Settings that were sent in are short. Longer input holds other things too. */
export const settingsBounds = declareBounds('doctor-settings', {
  maxLines: {
    what: 'Lines of a text of settings',
    fallback: 200_000,
    range: [100, 10_000_000],
    client: 'nothing',
    administrator: 'the lines after them are not judged',
  },
  maxHead: {
    what: 'Letters that say what a text of settings is',
    fallback: 65_536,
    range: [1024, 1_048_576],
    client: 'nothing',
    administrator: 'the text is read as a log',
  },
  maxPolicyBytes: {
    what: 'Size of a Registry.pol',
    fallback: 16 * 2 ** 20,
    range: [4096, 1_073_741_824],
    client: 'nothing',
    administrator: 'a finding: the file is damaged',
  },
});
