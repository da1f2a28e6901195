// The verdict of a whole report. "Healthy" is only said where what was read shows it.
import type { Finding } from '../finding.ts';
import type { FindingCode } from '../words/codes.ts';

/**
 * `findings`: something is broken. `undecided`: nothing is seen to be broken, but what was read does not decide it.
 * Exit codes 1, 3, and 0 for `healthy`. 2 is "could not run".
 */
export type ReportVerdict = 'healthy' | 'findings' | 'undecided';

/** Unknowns that leave open whether anything is broken. The others are remarks. */
const open: ReadonlySet<FindingCode> = new Set([
  'DOCTOR_NOTHING_SEEN',
  'DOCTOR_NO_OUTCOME',
  'DOCTOR_NOT_UNDERSTOOD',
  'DOCTOR_LOG_ENDS_EARLY',
  'DOCTOR_LOG_NOT_DECODED',
  'DOCTOR_UNREADABLE',
  'DOCTOR_NOT_READABLE',
  'DOCTOR_PROXY_SETTING',
  'DOCTOR_PROXY_BETWEEN',
  'DOCTOR_PROXY_USER_ONLY',
  'DOCTOR_POLICY_UNCLEAR',
  'DOCTOR_POLICY_FILTERED',
  'DOCTOR_SERVICES_READY',
]);

/** Of the roots of a report. */
export function verdictOf(roots: readonly Finding[]): ReportVerdict {
  if (roots.some(({ verdict }) => verdict === 'fail')) return 'findings';
  return roots.some(({ verdict, code }) => verdict === 'unknown' && open.has(code)) ? 'undecided' : 'healthy';
}
