// What the doctor hands back: findings (roots first), the stories behind them, and what was looked at.
import type { Finding, Observation } from '../finding.ts';
import type { Story } from '../logs/client-stories.ts';
import { findRoots } from '../root-cause.ts';
import { toFinding } from '../words/page.ts';

export interface DoctorReport {
  /** What was examined, in one line. */
  subject: string;
  /** `findings` as soon as one root failed. */
  verdict: 'healthy' | 'findings';
  /** Roots, the one to act on first. */
  findings: Finding[];
  /** Things that were checked and are in order. */
  passes: Finding[];
  stories: Story[];
  /** Files or addresses that were looked at, with one line on each. */
  looked: { what: string; result: string }[];
  /** Configuration ready to paste, where a remedy asks for it. */
  snippets?: { title: string; text: string }[];
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
  const verdict = findings.some((finding) => finding.verdict === 'fail') ? 'findings' : 'healthy';
  return { subject, verdict, findings, passes, stories, looked };
}
