// The causes of a code by stage, and of an ErrorCode by parameter, as the rules have them: for people who ask what it
// means.

import { rules } from '../rules/index.ts';
import { judge } from '../rules/judge.ts';
import type { LogEvent, Stage } from '../story/event.ts';
import { type FindingCode, isFindingCode } from './codes.ts';

/** The work of a stage, behind "in". */
const stageWords: Record<Stage, string> = {
  'self-update': 'a self-update check',
  detection: 'a scan',
  'web-service': 'a call of a web service',
  'auth-ticket': 'a request for a ticket',
  download: 'a download',
  trust: 'a trust check of an update',
  installation: 'an installation',
  reporting: 'reporting',
  'server-sync': 'the synchronisation of the server',
  database: 'work of the database',
  'server-setup': 'the set-up of the server',
  policy: 'work on policies',
  service: 'work of services',
  other: 'a line that tells no more',
};

export interface StageCause {
  /** A finding, or the word for none. */
  cause: string;
  /** In words. */
  stages: string[];
}

/** Each cause with the stages that have it. Empty where all have the same one. */
export function causesByStage(code: number): StageCause[] {
  const stages = new Map<string, string[]>();
  for (const [stage, words] of Object.entries(stageWords) as [Stage, string][]) {
    const cause = causeOfEvent({ stage, code });
    stages.set(cause, [...(stages.get(cause) ?? []), words]);
  }
  return stages.size < 2 ? [] : [...stages].map(([cause, words]) => ({ cause, stages: words }));
}

/**
 * The findings of an ErrorCode of a SOAP fault: the usual one first, then those that a parameter in its message makes.
 */
export function causesOfErrorCode(errorCode: string): { parameter: string | undefined; finding: FindingCode }[] {
  const parameters = rules.flatMap(({ when }) =>
    when.parameters?.errorCode?.test(errorCode) && when.parameters.parameter ? [when.parameters.parameter.source] : [],
  );
  return [undefined, ...parameters].flatMap((parameter) => {
    const finding = causeOfEvent({
      stage: 'web-service',
      parameters: { errorCode, ...(parameter === undefined ? {} : { parameter }) },
    });
    return isFindingCode(finding) ? [{ parameter, finding }] : [];
  });
}

function causeOfEvent(said: Pick<LogEvent, 'stage'> & Partial<LogEvent>): string {
  const judged = judge({
    source: { kind: 'text', file: '', side: 'client' },
    outcome: 'failed',
    parameters: {},
    line: { number: 1, text: '' },
    ...said,
  });
  if (judged === undefined) return 'the code alone does not tell the cause';
  return judged.cause === 'harmless' ? 'no fault' : judged.cause;
}
