// Events of the update agent (Microsoft-Windows-WindowsUpdateClient, and the sources of before), by number. Data.
import { nameOfService, ownerOfService } from '../../rules/services.ts';
import type { LogEvent, Outcome, Stage } from '../../story/event.ts';
import type { FindingCode } from '../../words/codes.ts';
import { eventOf, type Line } from '../line-rule.ts';
import { codesIn } from '../words/failure.ts';
import type { WindowsEvent } from './event.ts';

interface AgentFacts {
  stage: Stage;
  outcome: Outcome;
  /** For an event without a code. */
  finding?: FindingCode;
  milestone?: string;
}

const facts: Readonly<Record<number, AgentFacts>> = {
  16: { stage: 'detection', outcome: 'failed', finding: 'DOCTOR_CANNOT_CONNECT' },
  17: { stage: 'download', outcome: 'succeeded', milestone: 'updates ready' },
  18: { stage: 'download', outcome: 'succeeded', milestone: 'updates ready' },
  19: { stage: 'installation', outcome: 'succeeded', milestone: 'update installed' },
  20: { stage: 'installation', outcome: 'failed' },
  21: { stage: 'installation', outcome: 'ended', milestone: 'restart needed' },
  22: { stage: 'installation', outcome: 'ended', milestone: 'restart needed' },
  23: { stage: 'installation', outcome: 'succeeded', milestone: 'update removed' },
  24: { stage: 'installation', outcome: 'failed' },
  25: { stage: 'detection', outcome: 'failed' },
  26: { stage: 'detection', outcome: 'succeeded', milestone: 'scan well' },
  27: { stage: 'policy', outcome: 'noted' },
  28: { stage: 'policy', outcome: 'noted' },
  31: { stage: 'download', outcome: 'failed' },
  34: { stage: 'self-update', outcome: 'failed', finding: 'DOCTOR_SETUP_FAILED' },
  35: { stage: 'self-update', outcome: 'succeeded', milestone: 'agent replaced' },
  36: { stage: 'self-update', outcome: 'failed', finding: 'DOCTOR_SETUP_FAILED' },
  37: { stage: 'self-update', outcome: 'succeeded', milestone: 'agent replaced' },
  41: { stage: 'download', outcome: 'succeeded', milestone: 'update downloaded' },
  43: { stage: 'installation', outcome: 'began' },
  // Older versions do not log the end of a download.
  44: { stage: 'download', outcome: 'noted' },
};

/** True for the update agent's own events, by whatever name its time gave it. */
export function isAgent(provider: string): boolean {
  return /WindowsUpdateClient|^Windows Update (?:Agent|Client)$|^Automatic Updates$|^Microsoft-Windows-Windo/i.test(
    provider,
  );
}

/** The meaning of an event of the agent. Undefined for a number that is not known here. */
export function agentEvent(event: WindowsEvent, line: Line): LogEvent | undefined {
  const known = facts[event.id];
  if (!known) return undefined;
  const code = known.outcome === 'failed' ? codeOf(event, line) : undefined;
  const service = event.data.serviceguid ?? serviceIn(line.text);
  const found = event.id === 26 ? { found: event.data.updatecount ?? /\b(\d{1,5})\b/.exec(event.text)?.[1] } : {};
  const groups = {
    serviceGuid: service,
    host: nameOfService(service),
    updateId: updateOf(event),
    file: titleOf(event),
    ...found,
  };
  // A code decides the cause with its stage. Of a success it says nothing.
  const finding = known.outcome === 'failed' && code === undefined ? known.finding : undefined;
  const what = { id: `agent-${event.id}`, stage: known.stage, outcome: known.outcome, milestone: known.milestone };
  return { ...eventOf(line, what, { finding, code, groups }), whose: ownerOfService(service) };
}

function codeOf({ data }: WindowsEvent, line: Line): number | undefined {
  const named = data.errorcode ?? data.error ?? data.hr;
  const value = named === undefined ? Number.NaN : Number(named);
  // Some versions write it as a signed decimal number.
  if (Number.isInteger(value) && value !== 0) return value >>> 0;
  return codesIn(line.text)[0];
}

function serviceIn(text: string): string | undefined {
  return /service\w*\W{0,6}\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/i.exec(text)?.[1];
}

/** The same update in its success and its failure, in any language: by id, by KB number, else by its title. */
function updateOf(event: WindowsEvent): string | undefined {
  const text = `${event.data.updatetitle ?? ''} ${event.text}`;
  return event.data.updateguid?.toLowerCase() ?? /\bKB\d{6,8}\b/i.exec(text)?.[0]?.toUpperCase() ?? titleOf(event);
}

function titleOf({ data, text, id }: WindowsEvent): string | undefined {
  if (id !== 19 && id !== 20 && id !== 31 && id !== 41 && id !== 43 && id !== 44) return undefined;
  return data.updatetitle ?? /: ([^:]{4,200})$/.exec(text.replace(/\s+/g, ' ').trim())?.[1];
}
