// A finding is one result of the doctor. Rungs make observations (pure: a code, whom it is about, what was seen).
// The words of the code's page turn an observation into a finding that people read.
import type { Stage } from './story/event.ts';
import type { FindingCode, Rung } from './words/codes.ts';

/**
 * `unknown` is said where the facts at hand cannot decide. Such a finding says which input settles it. `answer` is said
 * where nothing is broken and the facts say all the same why no update comes.
 */
export type Verdict = 'pass' | 'fail' | 'unknown' | 'answer';

export interface Evidence {
  /** File or URL it was seen in. */
  source: string;
  /** 1-based line of a file. */
  line?: number;
  /** The line, or the answer in one line. */
  text: string;
  /** When, as the source wrote it or ISO 8601. */
  at?: string;
}

export interface Observation {
  code: FindingCode;
  verdict: Verdict;
  /** Whom it is about, from wide to narrow: server, site, file. A root explains findings below its own subject. */
  subject: readonly string[];
  /** Fills the {placeholders} of the page. */
  values: Readonly<Record<string, string>>;
  evidence: readonly Evidence[];
  /** Event ids, where the trouble befalls something else than its code is made for: a web service, not the tree. */
  eventIds?: readonly number[];
  /** The stage of the work of updating, if a log tells it. */
  stage?: Stage;
}

export interface Finding {
  code: FindingCode;
  rung: Rung;
  verdict: Verdict;
  /** One sentence. */
  what: string;
  evidence: Evidence[];
  cause: string;
  /** Steps, in order. */
  remedy: string[];
  /** Findings that follow from this one and vanish with it. */
  consequences: Finding[];
  /** Event ids of WSUS that name the same trouble. */
  eventIds: number[];
  /** The stage of the work of updating, if a log tells it. */
  stage?: Stage;
  /** For `unknown`: the input that settles it. */
  settles?: string;
}

/** Part of the subject of what befalls the web services of a site, and not its files. */
export const webServicesSubject = 'web services';

/** Shorthand for rungs. */
export function observe(
  code: FindingCode,
  verdict: Verdict,
  subject: readonly string[],
  values: Readonly<Record<string, string>>,
  evidence: readonly Evidence[],
): Observation {
  return { code, verdict, subject, values, evidence };
}
