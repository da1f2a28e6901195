// Every reader of logs, in the order they are asked. A file belongs to the first one that recognises it.
import { logReaders } from '../readers/index.ts';
import type { LogHead, LogReader } from './reader.ts';

export const readers: readonly LogReader[] = [...logReaders];

/** The reader of a file with this beginning; undefined for the log of a client, and for text of no known kind. */
export function readerOf(head: LogHead): LogReader | undefined {
  return readers.find((reader) => reader.recognises(head));
}
