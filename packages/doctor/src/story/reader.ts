// A reader knows one kind of log: it recognises a file by what is in it, and makes events of its lines. All readers are
// in one list (readers.ts). A file that none of them recognises is read as the log of a client, line by line.
import type { Observation } from '../finding.ts';
import type { LogEvent, LogSource } from './event.ts';

/** The beginning of a file: up to 64 KiB of it, unzipped. */
export interface LogHead {
  path: string;
  bytes: Buffer;
  /** The same as text, whatever its encoding. */
  text: string;
}

/** The bytes of a file from `offset`, fewer than `length` only at its end. Valid until the next call. */
export type ReadAt = (offset: number, length: number) => Buffer;

export interface LogFile {
  path: string;
  /** The computer that the file belongs to, by its folder or its name. */
  computer: string;
}

export interface LogReader {
  kind: LogSource['kind'];
  /** The name of such a file in the report: "log of Configuration Manager". */
  title: string;
  /** By content. The name of the file may help. */
  recognises(head: LogHead): boolean;
  /**
   * A healthy file of this kind, and lines that it calls errors and that are not known: verdict.test.ts holds that they
   * count. Readers of bytes have a test of their own for it.
   */
  sample?: { name: string; healthy: string; errors: readonly string[] };
  open(file: LogFile): OpenLog;
  /**
   * For files that are not text: events from bytes that are read by position. With it `open` gets no lines.
   * Throws DoctorError CLI_DOCTOR_INPUT_UNREADABLE.
   */
  readAt?(this: void, read: ReadAt, file: LogFile): Iterable<LogEvent>;
}

/** One file while it is read. Memory is bounded: an open log keeps what the next line needs. */
export interface OpenLog {
  /** Takes the next line, decoded and without its end. Answers the events that are complete with it. */
  line(text: string, number: number): readonly LogEvent[];
  /** The last events, when the file is at its end. */
  end?(): readonly LogEvent[];
  /** The facts of the whole file beside its events: settings, states. Asked for after `end`. */
  observations?(): readonly Observation[];
}
