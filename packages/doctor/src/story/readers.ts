// Every reader of logs, in the order they are asked. A file belongs to the first one that recognises it.
import { policyFileReader, settingsReader } from '../client/inputs/readers.ts';
import { logReaders } from '../readers/index.ts';
import type { LogHead, LogReader } from './reader.ts';

export const readers: readonly LogReader[] = [policyFileReader, ...logReaders, settingsReader];

/** The reader of a file with this beginning. Undefined for the log of a client, and for text of no known kind. */
export function readerOf(head: LogHead): LogReader | undefined {
  return readers.find((reader) => reader.recognises(head));
}
