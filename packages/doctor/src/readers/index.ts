// The readers of logs, each of its own kind. A file belongs to the first one that recognises it (story/readers.ts).
import type { LogReader } from '../story/reader.ts';
import { cmTraceReader } from './cmtrace/reader.ts';
import { evtxReader } from './evtx/reader.ts';
import { ansibleReader } from './scripts/ansible.ts';
import { psWindowsUpdateReader } from './scripts/ps-windows-update.ts';
import { servicingReader } from './servicing/reader.ts';
import { softwareDistributionReader } from './software-distribution/reader.ts';
import { windowsEventReader } from './windows-events/reader.ts';

export const logReaders: readonly LogReader[] = [
  evtxReader,
  cmTraceReader,
  softwareDistributionReader,
  servicingReader,
  windowsEventReader,
  ansibleReader,
  psWindowsUpdateReader,
];
