// A rule is data: when it holds, and what an event means then. The first one that holds decides (judge.ts). If none
// does, the tables of codes do. Anybody can add one: a file of rules beside this, listed in index.ts.
import type { Verdict } from '../finding.ts';
import type { LogEvent, LogKind, Stage } from '../story/event.ts';
import type { FindingCode } from '../words/codes.ts';

/** Everything that is named must hold. */
interface Condition {
  kinds?: readonly LogKind[];
  /** Ids of known lines. */
  lines?: readonly string[];
  stages?: readonly Stage[];
  /** HRESULTs, unsigned. */
  codes?: readonly number[];
  /** HTTP statuses. */
  statuses?: readonly number[];
  whose?: 'yours' | 'microsoft';
  /** Each parameter is there and matches. */
  parameters?: Readonly<Record<string, RegExp>>;
  object?: RegExp;
  /** The line as it was written. */
  text?: RegExp;
}

export interface Rule {
  id: string;
  when: Condition;
  is: FindingCode | 'harmless';
  /** `fail` where nothing is said. */
  verdict?: Verdict;
  /** Fills {placeholders} of the page, beside the event's own parameters. */
  values?: Readonly<Record<string, string>>;
}

/** True where all of the condition holds. */
export function holds(when: Condition, event: LogEvent): boolean {
  const { kinds, lines, stages, codes, statuses, whose, parameters, object, text } = when;
  if (codes && (event.code === undefined || !codes.includes(event.code))) return false;
  if (stages && !stages.includes(event.stage)) return false;
  if (statuses && (event.status === undefined || !statuses.includes(event.status))) return false;
  if (lines && (event.rule === undefined || !lines.includes(event.rule))) return false;
  if (kinds && !kinds.includes(event.source.kind)) return false;
  if (whose && event.whose !== whose) return false;
  if (object && !object.test(event.object ?? '')) return false;
  if (parameters && !Object.entries(parameters).every(([name, is]) => is.test(event.parameters[name] ?? '')))
    return false;
  return !text || text.test(event.line.text);
}
