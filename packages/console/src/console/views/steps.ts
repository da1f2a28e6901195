// Reports and status pings of a computer as the steps of one line, newest first.
import type { Ping, Report } from '../api/documents.ts';

export interface Step {
  key: string;
  at: string;
  kind: 'start' | 'selfUpdate' | 'check' | 'download' | 'install' | 'other';
  tone: 'good' | 'bad' | 'pending' | 'quiet';
  text: string;
  updateId: string | undefined;
  /** `0x80240022`. '' when it went well. */
  code: string;
}

export function stepsOf(reports: readonly Report[], pings: readonly Ping[]): Step[] {
  const steps = [...reports.map(stepOfReport), ...pings.map(stepOfPing)];
  return steps.sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}

const tones = { succeeded: 'good', failed: 'bad', pending: 'pending', information: 'quiet' } as const;

export function stepOfReport(report: Report): Step {
  const { eventId, timeAtTarget, kind, outcome, win32HResult, updateId, updateTitle, replacementStrings } = report;
  const isUpdate = updateTitle !== '' && updateId !== undefined;
  return {
    ...{ key: `report ${eventId}`, at: timeAtTarget, kind: kind === 'scan' ? 'check' : kind, tone: tones[outcome] },
    text: updateTitle || replacementStrings.join(' '),
    updateId: isUpdate ? updateId : undefined,
    code: outcome === 'failed' && win32HResult !== 0 ? `0x${(win32HResult >>> 0).toString(16).padStart(8, '0')}` : '',
  };
}

/** By the letter of the activity, as docs/self-update.md has them. */
const activities: Readonly<Record<string, Step['kind']>> = { n: 'start', s: 'selfUpdate', d: 'check', i: 'install' };

export function stepOfPing({ eventId, occurredAt, component, activity, status, resultCode, message }: Ping): Step {
  const isFailed = !/^0*$/.test(resultCode);
  const tone = isFailed ? 'bad' : status === 'p' ? 'pending' : 'good';
  return {
    ...{ key: `ping ${eventId}`, at: occurredAt, kind: activities[activity] ?? 'other', tone, updateId: undefined },
    text: [component, activity, message].filter(Boolean).join(' '),
    code: isFailed ? `0x${resultCode}` : '',
  };
}
