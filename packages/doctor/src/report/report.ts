// The answer of the doctor: findings (roots first), the stories behind them, and what was looked at.
import type { Finding, Observation } from '../finding.ts';
import type { Story } from '../logs/client-stories.ts';
import { findRoots } from '../root-cause.ts';
import { toFinding } from '../words/page.ts';
import { type ReportVerdict, verdictOf } from './verdict.ts';

export interface DoctorReport {
  /** The examined thing, in one line. */
  subject: string;
  verdict: ReportVerdict;
  /** Roots, the one to act on first. */
  findings: Finding[];
  /** Things that were checked and are in order. */
  passes: Finding[];
  stories: Story[];
  /** Files or addresses that were looked at, with one line on each. */
  looked: { what: string; result: string }[];
  /** The parts that are left out because there were too many. */
  leftOut?: string[];
  /** Configuration ready to paste, where a remedy asks for it. */
  snippets?: { title: string; text: string }[];
}

const names = new WeakMap<DoctorReport, ReadonlySet<string>>();

/** Names of computers and servers that went into the words of a report: what --redact has to mask. */
export function namesIn(report: DoctorReport): ReadonlySet<string> {
  return names.get(report) ?? new Set();
}

/** Folds observations into the report. */
export function makeReport(
  subject: string,
  observations: readonly Observation[],
  looked: DoctorReport['looked'] = [],
  stories: Story[] = [],
): DoctorReport {
  const roots = findRoots(observations).map(({ root, consequences }) =>
    toFinding(
      root,
      consequences.map((consequence) => toFinding(consequence)),
    ),
  );
  const findings = roots.filter(({ verdict }) => verdict !== 'pass');
  const passes = roots.filter(({ verdict }) => verdict === 'pass');
  const report: DoctorReport = { subject, verdict: verdictOf(findings), findings, passes, stories, looked };
  const named = observations.flatMap(({ values }) => [values.server, values.host, values.client]);
  names.set(report, new Set(named.flatMap((name) => (name ? [name] : []))));
  return report;
}
