// Logs of servers, proxies and clients: read, told, judged.
import { DoctorError } from '../errors.ts';
import { type DoctorReport, makeReport } from '../report/report.ts';
import { tellStories } from './client-stories.ts';
import { observeLogs, sawAnything } from './diagnose-logs.ts';
import type { LogFacts } from './facts.ts';
import { leftOutOf } from './left-out.ts';
import { type LogProgress, readLogs } from './read-logs.ts';

/** Reads the logs and says what they show. `progress`: bytes read and to read, and the file. Throws DoctorError. */
export async function examineLogs(paths: readonly string[], progress: LogProgress): Promise<DoctorReport> {
  const facts = await readLogs(paths, progress);
  refuseUnreadable(facts);
  return reportLogs(facts, describe(paths));
}

/** Throws DoctorError CLI_DOCTOR_NOTHING_TO_READ where no file holds text: that does not judge a client. */
export function refuseUnreadable(facts: LogFacts): void {
  if (!facts.files.every(({ kind }) => kind === 'binary' || kind === 'empty') || sawAnything(facts)) return;
  const why = facts.unreadable.map((file) => file.why).join('; ');
  const names = facts.files.map(({ path }) => path).join(', ');
  const what = why || `${names}: empty, or no text (an .etl file is converted by Get-WindowsUpdateLog)`;
  throw new DoctorError('CLI_DOCTOR_NOTHING_TO_READ', what);
}

/** Facts → report. */
export function reportLogs(facts: LogFacts, subject: string): DoctorReport {
  const report = makeReport(subject, observeLogs(facts), lookedAt(facts), tellStories(facts));
  const leftOut = leftOutOf(facts);
  if (leftOut.length > 0) report.leftOut = leftOut;
  return report;
}

export function lookedAt(facts: LogFacts): DoctorReport['looked'] {
  const kinds = {
    w3c: 'request log',
    client: 'log',
    known: 'log of a known kind',
    registry: 'registry export (use moult doctor client --registry)',
    pings: 'unsent pings',
    binary: 'not a text log, left alone',
    empty: 'empty',
  };
  return facts.files.map(({ path, kind, title, lines, sizeBytes }) => ({
    what: path,
    result: `${title ?? kinds[kind]}, ${lines} line${lines === 1 ? '' : 's'}, ${megabytes(sizeBytes)}`,
  }));
}

function describe(paths: readonly string[]): string {
  return paths.length === 1 ? (paths[0] ?? '') : `${paths.length} files and folders`;
}

/** As people say it. */
export function megabytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 2 ** 20).toFixed(0)} MB`;
}
