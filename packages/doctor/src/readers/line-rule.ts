// Rules as data: what a line of a log means, by what wrote it and what it says. The first one that fits decides. Lines
// without a rule are judged by stage and code. Without these they are left over.
import type { LogEvent, LogSource, Outcome, Stage } from '../story/event.ts';
import type { FindingCode } from '../words/codes.ts';
import { codesIn, type Failure, type FailureKind, failureIn, statusIn } from './words/failure.ts';

/** The causes behind the failures of .NET programs, at one place in their work. */
export type Causes = Partial<Record<FailureKind, FindingCode>>;

export interface LineRule {
  id: string;
  /** Class and method, component or provider that wrote the line. */
  from?: RegExp;
  /** Named groups become parameters. */
  text?: RegExp;
  /** One of the HRESULTs that the line names. */
  codes?: readonly number[];
  stage: Stage;
  outcome: Outcome;
  /** The cause, or causes by the words of the exception: a rule whose causes do not hold the failure does not fit. */
  finding?: FindingCode | 'harmless' | Causes;
  object?: string;
  /** Words for the timeline. */
  milestone?: string;
  alsoWell?: readonly Stage[];
  /** Further {placeholders}. */
  values?: Readonly<Record<string, string>>;
}

/** A line, taken apart. */
export interface Line {
  source: LogSource;
  number: number;
  /** Its first line as it was written, for evidence. */
  raw: string;
  time: number | undefined;
  zone: LogEvent['zone'];
  from: string;
  /** The text, with the lines that continue it. */
  text: string;
  level: LogEvent['level'];
}

/** The event of a line by the first rule that fits. Undefined where none does. */
export function eventByRule(line: Line, rules: readonly LineRule[]): LogEvent | undefined {
  let codes: number[] | undefined;
  let failure: Failure | false | undefined;
  for (const rule of rules) {
    if (rule.from && !rule.from.test(line.from)) continue;
    const match = rule.text?.exec(line.text);
    if (match === null) continue;
    codes ??= codesIn(line.text);
    if (rule.codes && !rule.codes.some((code) => codes?.includes(code))) continue;
    const { finding } = rule;
    if (typeof finding !== 'object') return eventOf(line, rule, { finding, groups: match?.groups, code: codes[0] });
    failure ??= failureIn(line.text) ?? false;
    const cause = failure && finding[failure.kind];
    if (failure && cause)
      return eventOf(line, rule, { finding: cause, groups: match?.groups, code: codes[0], status: failure.status });
  }
  return undefined;
}

interface Found {
  finding?: FindingCode | 'harmless' | undefined;
  groups?: Readonly<Record<string, string | undefined>> | undefined;
  code?: number | undefined;
  status?: number | undefined;
}

interface What {
  id?: string | undefined;
  stage: Stage;
  outcome: Outcome;
  object?: string | undefined;
  milestone?: string | undefined;
  alsoWell?: readonly Stage[] | undefined;
  values?: Readonly<Record<string, string>> | undefined;
}

/** An event of this line. */
export function eventOf(line: Line, what: What, { finding, groups, code, status }: Found = {}): LogEvent {
  // The message of a success is not read.
  const isTrouble = what.outcome === 'failed' || what.outcome === 'warned';
  const message = isTrouble ? shorten(line.text) : '';
  const words = isTrouble ? { message, why: message } : {};
  return {
    time: line.time,
    zone: line.zone,
    source: line.source,
    stage: what.stage,
    object: what.object,
    outcome: what.outcome,
    code,
    status,
    parameters: { ...words, ...what.values, ...named(groups) },
    line: { number: line.number, text: line.raw.trim().slice(0, 500) },
    level: line.level,
    rule: what.id,
    finding,
    milestone: what.milestone,
    alsoWell: what.alsoWell,
  };
}

/** A line that the log calls an error, without a rule: its stage and its code decide, or it stays undecided. */
export function unknownEvent(line: Line, stage: Stage, outcome: Outcome): LogEvent {
  // The tables of codes speak of clients: on a server a code without a rule decides nothing.
  if (line.source.side === 'server') return eventOf(line, { stage, outcome });
  const url = /https?:\/\/[^\s<>"'|,;()]+/i.exec(line.text)?.[0];
  return eventOf(line, { stage, outcome, object: url }, { code: codesIn(line.text)[0], status: statusIn(line.text) });
}

function named(groups: Found['groups']): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(groups ?? {})) if (value) values[name] = value.trim().slice(0, 240);
  return values;
}

/** A message in one line that fits into a sentence. */
function shorten(text: string): string {
  const line = text.split(/\r?\n\s+\S+ [\w.<>`]+\(/, 1)[0] ?? '';
  const short = line.replace(/\s+/g, ' ').trim();
  return short.length > 240 ? `${short.slice(0, 237)}...` : short;
}
