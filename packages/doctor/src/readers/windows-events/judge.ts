// A Windows event → what it says about updating.
import type { LogEvent } from '../../story/event.ts';
import { configurationServerRules } from '../cmtrace/server-rules.ts';
import { eventByRule, eventOf, type Line, unknownEvent } from '../line-rule.ts';
import { isKnownWsusEvent, wsusEvent } from '../software-distribution/health-events.ts';
import { serverRules } from '../software-distribution/rules.ts';
import { codesIn } from '../words/failure.ts';
import { agentEvent, isAgent } from './agent-events.ts';
import { type WindowsEvent, wordsOf } from './event.ts';
import { ownPrograms, type SystemRule, systemRules, unrelated } from './system-rules.ts';

const wsusSource = /^Windows Server Update Services|^Update Services|^WSUS/i;

/** The events of the story that `event` of the log in `file` makes. */
export function judgeWindowsEvent(event: WindowsEvent, file: string): LogEvent[] {
  const { provider, id } = event;
  const line = lineOf(event, file, 'client');
  if (isAgent(provider)) {
    const known = agentEvent(event, line);
    if (known) return [known];
  }
  if (wsusSource.test(provider)) return wsusEvents(event, lineOf(event, file, 'server'), id);
  if (/^SMS Server$/i.test(provider)) return siteServerEvent(lineOf(event, file, 'server'));
  // Of what goes well only the ends of downloads and installations matter.
  if (event.level === 'information' && !/Bits-Client|Servicing/i.test(provider)) return [];
  const rule = ruleFor(event, line.text);
  if (rule) return [byRule(rule, lineOf(event, file, rule.side))];
  if (event.level === 'information' || event.level === undefined) return [];
  return others(event, line);
}

function lineOf(event: WindowsEvent, file: string, side: 'client' | 'server'): Line {
  const { provider, time, zone, level, line } = event;
  const source = { kind: 'windows-event', file, side, component: provider } as const;
  return { source, number: line.number, raw: line.text, time, zone, from: provider, text: wordsOf(event), level };
}

/** Some tools give the level in a language that is not known here: a number that means trouble does so without it. */
function wsusEvents(event: WindowsEvent, line: Line, id: number): LogEvent[] {
  const level = event.level ?? (isKnownWsusEvent(id) ? 'information' : 'error');
  const events = wsusEvent({ ...line, level }, id);
  const [only] = events;
  if (events.length > 1 || only?.rule !== undefined) return events;
  const known = eventByRule(line, serverRules);
  return known ? [known] : events;
}

function siteServerEvent(line: Line): LogEvent[] {
  const component = /\bSMS_WSUS_\w+/.exec(line.text)?.[0] ?? line.from;
  const known = eventByRule({ ...line, from: component }, configurationServerRules);
  if (known) return [known];
  // A site server writes of all its work. Only what is about updates is ours.
  const ours = line.level === 'error' && /WSUS|software update/i.test(line.text);
  return ours ? [unknownEvent(line, 'server-setup', 'failed')] : [];
}

function ruleFor({ provider, id }: WindowsEvent, text: string): SystemRule | undefined {
  return systemRules.find(
    (rule) => rule.provider.test(provider) && rule.ids.includes(id) && (rule.about?.test(text) ?? true),
  );
}

function byRule({ id, stage, outcome, finding, values }: SystemRule, line: Line): LogEvent {
  const code = codesIn(line.text)[0] ?? decimalIn(line.text);
  return eventOf(line, { id, stage, outcome, values }, { finding, code });
}

/** Data of events has HRESULTs as plain numbers. */
function decimalIn(text: string): number | undefined {
  const [, digits = ''] = /(?:^|\n)(2[12]\d{8})(?:\n|$)/.exec(text) ?? [];
  return digits === '' ? undefined : Number(digits);
}

/** Errors and warnings of others: unknown ones about updating stay undecided. */
function others(event: WindowsEvent, line: Line): LogEvent[] {
  if (/^(?:Application Error|Application Hang|Windows Error Reporting|\.NET Runtime|ASP\.NET)/i.test(event.provider)) {
    if (!ownPrograms.test(line.text)) return [];
    const known = eventByRule({ ...line, source: { ...line.source, side: 'server' } }, serverRules);
    return [known ?? unknownEvent(line, 'other', 'failed')];
  }
  if (unrelated.test(event.provider)) return [];
  if (event.level !== 'error') return [];
  return [unknownEvent(line, 'other', 'failed')];
}
