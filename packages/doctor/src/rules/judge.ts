// An event → its cause: what the known line says by itself, else the first rule that holds, else the tables of codes.
import type { Verdict } from '../finding.ts';
import type { LogEvent } from '../story/event.ts';
import { type Cause, causeInStage, causeOfStatusIn } from './causes.ts';
import { rules as allRules } from './index.ts';
import { causeAtMicrosoft } from './microsoft.ts';
import { holds, type Rule } from './rule.ts';
import { serviceOfStage, servicesInWords, type WindowsService } from './services.ts';

export interface Judgement {
  cause: Cause;
  verdict: Verdict;
  values: Readonly<Record<string, string>>;
}

const noValues: Readonly<Record<string, string>> = Object.freeze({});

/** The cause of an event that failed. Undefined where neither a rule nor a table knows it. */
export function judge(event: LogEvent, rules: readonly Rule[] = allRules): Judgement | undefined {
  const rule = event.finding === undefined ? ruleFor(event, rules) : undefined;
  const cause = event.finding ?? rule?.is ?? causeByNumbers(event);
  if (cause === undefined) return undefined;
  const reported = event.whose === 'microsoft' && event.finding === undefined ? causeAtMicrosoft(cause) : cause;
  const values = { ...servicesOf(reported, event), ...(rule?.values ?? noValues) };
  return { cause: reported, verdict: rule?.verdict ?? 'fail', values };
}

function ruleFor(event: LogEvent, rules: readonly Rule[]): Rule | undefined {
  for (const { rule, codes, lines, parameter } of compiled(rules)) {
    // Most rules are passed over by the one thing that they are about.
    if (codes !== undefined && (event.code === undefined || !codes.has(event.code))) continue;
    if (lines !== undefined && (event.rule === undefined || !lines.has(event.rule))) continue;
    if (parameter !== undefined && event.parameters[parameter] === undefined) continue;
    if (holds(rule.when, event)) return rule;
  }
  return undefined;
}

interface Compiled {
  rule: Rule;
  codes: ReadonlySet<number> | undefined;
  lines: ReadonlySet<string> | undefined;
  /** One that must be there. */
  parameter: string | undefined;
}

const compiledRules = new WeakMap<readonly Rule[], readonly Compiled[]>();

function compiled(rules: readonly Rule[]): readonly Compiled[] {
  const known = compiledRules.get(rules);
  if (known) return known;
  const made = rules.map((rule) => ({
    rule,
    codes: rule.when.codes && new Set(rule.when.codes),
    lines: rule.when.lines && new Set(rule.when.lines),
    parameter: rule.when.parameters && Object.keys(rule.when.parameters)[0],
  }));
  compiledRules.set(rules, made);
  return made;
}

function causeByNumbers({ code, status, stage, object, outcome }: LogEvent): Cause | undefined {
  if (code === undefined) return status === undefined ? undefined : causeOfStatusIn(status, stage, object);
  const cause = causeInStage(code, stage, object);
  // "Nothing to do" is fine on the way. As the end of an installation it is a failure all the same.
  if (cause === 'harmless' && outcome === 'failed' && code >= 0x80000000) return endsIn[stage] ?? cause;
  return cause;
}

const endsIn: Partial<Record<LogEvent['stage'], Cause>> = {
  download: 'DOCTOR_DOWNLOAD_FAILED',
  installation: 'DOCTOR_INSTALL_FAILED',
};

const needService = new Set<Cause>(['DOCTOR_DEPENDENCY_STOPPED', 'DOCTOR_SERVICE_DISABLED', 'DOCTOR_SERVICE_MISSING']);

/** The service of Windows that is meant, by the words of the line, else by the stage. */
function servicesOf(cause: Cause, event: LogEvent): Readonly<Record<string, string>> {
  if (!needService.has(cause)) return noValues;
  const service = serviceMeant(event);
  if (!service)
    return { service: 'a service of Windows that the line does not name', serviceName: 'wuauserv bits cryptsvc' };
  return { service: service.title, serviceName: service.name, found: service.title };
}

function serviceMeant({ line, stage }: LogEvent): WindowsService | undefined {
  return servicesInWords.find(({ words }) => words.test(line.text))?.service ?? serviceOfStage[stage];
}
