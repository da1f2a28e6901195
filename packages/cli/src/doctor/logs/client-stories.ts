// The story of each client's self-update: what it asked for, what it got, where it stopped. For people and pictures.

import { describeKind } from '../client-log/rungs.ts';
import type { Evidence } from '../finding.ts';
import { formatHresult } from '../hresult/error-table.ts';
import { pingOf } from '../http-log/ping.ts';
import type { HttpRecord, RequestKind } from '../http-log/record.ts';
import { evidenceOf } from '../http-log/rungs.ts';
import type { ClientTally } from '../http-log/tally.ts';
import type { LogFacts } from './read-logs.ts';

export interface StoryEvent {
  /** ISO 8601; ends in Z only where the zone is known to be UTC. */
  at: string | undefined;
  /** For ordering and the picture. */
  atMs: number | undefined;
  what: string;
  outcome: 'good' | 'bad' | 'neutral';
  evidence: Evidence;
}

export interface Story {
  client: string;
  generation: string;
  versions: string[];
  /** The furthest step that went well. */
  lastStage: string;
  outcome: 'up to date' | 'in progress' | 'failing' | 'not known';
  events: StoryEvent[];
}

const stageNames: Partial<Record<RequestKind, string>> = {
  iuident: 'ident asked for (SUS client)',
  package: 'agent package fetched',
  wutrack: 'status ping sent',
  wuident: 'ident asked for (WSUS client)',
  'client-web-service': 'web service reached',
  'simple-auth': 'group membership asked for',
  reporting: 'events reported',
};
const ladder: RequestKind[] = [
  'iuident',
  'package',
  'wutrack',
  'wuident',
  'simple-auth',
  'client-web-service',
  'reporting',
];
const maxStories = 200;

/** Stories of all clients the logs know, those in trouble first. */
export function tellStories(facts: LogFacts): Story[] {
  const stories = [...[...facts.tally.clients.values()].map(tellTally), ...tellAgents(facts)];
  const order = { failing: 0, 'in progress': 1, 'not known': 2, 'up to date': 3 };
  return stories.sort((a, b) => order[a.outcome] - order[b.outcome]).slice(0, maxStories);
}

function tellTally(tally: ClientTally): Story {
  const events: StoryEvent[] = [];
  for (const [kind, { first, last, count }] of tally.good) {
    const name = stageNames[kind] ?? kind;
    events.push(toEvent(first, name, 'good'));
    if (count > 1) events.push(toEvent(last, `${name}, ${count} times by now`, 'good'));
  }
  for (const [kind, { first, last, count }] of tally.bad) {
    const name = `${stageNames[kind] ?? kind}: ${describeStatus(last)}`;
    events.push(toEvent(first, name, first.status === undefined ? 'neutral' : 'bad'));
    if (count > 1) events.push(toEvent(last, `${name}, ${count} times by now`, 'bad'));
  }
  for (const record of tally.pings) events.push(toEvent(record, describePing(record), pingOutcome(record)));
  events.sort(byTime);
  const reached = ladder.filter((kind) => tally.good.has(kind));
  const failing = [...tally.bad].some(([kind, { last }]) => {
    const good = tally.good.get(kind)?.last;
    return (
      kind !== 'wutrack' &&
      last.status !== undefined &&
      !(good && byTime(toEvent(last, '', 'bad'), toEvent(good, '', 'good')) < 0)
    );
  });
  const furthest = reached.at(-1);
  return {
    client: tally.client,
    generation: generationOf(tally),
    versions: [...tally.userAgents]
      .map((agent) => /Agent\/([\d.]+)/.exec(agent)?.[1] ?? '')
      .filter((version) => version !== ''),
    lastStage: furthest ? (stageNames[furthest] ?? furthest) : 'nothing went well',
    outcome: failing
      ? 'failing'
      : tally.good.has('client-web-service')
        ? 'up to date'
        : reached.length > 0
          ? 'in progress'
          : 'not known',
    events,
  };
}

function generationOf(tally: ClientTally): string {
  const agents = [...tally.userAgents];
  const wsus = agents.findLast((agent) => agent.startsWith('Windows-Update-Agent'));
  const sus = agents.some((agent) => agent.startsWith('Industry Update Control'));
  if (wsus) {
    const version = /Agent\/([\d.]+)/.exec(wsus)?.[1];
    const kind = version ? describeKind(version, new Set()) : 'WSUS client';
    return sus ? `SUS client, then ${kind}` : kind;
  }
  return sus ? 'SUS client' : 'not named';
}

function tellAgents(facts: LogFacts): Story[] {
  const names = new Set([...facts.stories.keys(), ...facts.reported.keys()]);
  const stories: Story[] = [];
  for (const client of names) {
    const story = facts.stories.get(client);
    const reported = facts.reported.get(client) ?? [];
    if ((!story || (story.milestones.length === 0 && story.troubles.size === 0)) && reported.length === 0) continue;
    // Reported events name their zone; the agent's own lines are local, and its start says how far from UTC.
    const local = offsetMs(story?.timeZone);
    const events: StoryEvent[] = (story?.milestones ?? []).map(({ at, what, evidence, good }) => ({
      at: evidence.at,
      atMs: at === undefined ? undefined : at - local,
      what,
      outcome: good === undefined ? 'neutral' : good ? 'good' : 'bad',
      evidence,
    }));
    let failing = false;
    for (const trouble of story?.standing() ?? []) {
      if (!story?.isHealed(trouble) && trouble.code !== 'DOCTOR_WUSERVER_TRAILING_SLASH') failing = true;
      const error = trouble.error === 0 ? '' : ` ${formatHresult(trouble.error)}`;
      events.push({
        at: trouble.last.at,
        atMs: trouble.lastAt === undefined ? undefined : trouble.lastAt - local,
        what: `${trouble.phase}: ${trouble.code.replace('DOCTOR_', '').replaceAll('_', ' ').toLowerCase()}${error}`,
        outcome: 'bad',
        evidence: trouble.last,
      });
    }
    for (const event of reported.slice(-60)) {
      const bad = /^fail/i.test(event.outcome);
      if (bad) failing = true;
      const at = event.at === undefined ? undefined : new Date(event.at).toISOString();
      const evidence = { source: event.source, line: event.line, text: event.raw.trim().slice(0, 300) };
      events.push({
        at,
        atMs: event.at,
        what: event.message || event.category,
        outcome: bad ? 'bad' : 'good',
        evidence,
      });
    }
    events.sort(byTime);
    const versions = [...(story?.versions ?? [])];
    stories.push({
      client,
      generation: reported.some(({ caller }) => caller === 'UpdateOrchestrator')
        ? 'Windows 10 or later'
        : describeKind(versions.at(-1), story?.layouts ?? new Set()),
      versions,
      lastStage: events.findLast(({ outcome }) => outcome === 'good')?.what ?? 'nothing went well',
      outcome: failing ? 'failing' : events.length > 0 ? 'in progress' : 'not known',
      events,
    });
  }
  return stories;
}

/** `-0400` → milliseconds that local time is ahead of UTC. */
function offsetMs(zone: string | undefined): number {
  const match = /([+-])(\d\d)(\d\d)/.exec(zone ?? '');
  if (!match) return 0;
  return (Number(match[2]) * 60 + Number(match[3])) * 60_000 * (match[1] === '-' ? -1 : 1);
}

function toEvent(record: HttpRecord, what: string, outcome: StoryEvent['outcome']): StoryEvent {
  const at = record.at === undefined ? undefined : new Date(record.at).toISOString();
  return { at, atMs: record.at, what, outcome, evidence: evidenceOf(record) };
}

function describeStatus(record: HttpRecord): string {
  if (record.status === undefined) return 'asked, answer not in the log';
  return [record.status, record.substatus, record.win32].filter((part) => part !== undefined).join('.');
}

function describePing(record: HttpRecord): string {
  const ping = pingOf(record.query);
  if (!ping) return 'malformed status ping';
  const outcome = ping.error !== 0 ? `failed ${formatHresult(ping.error)}` : ping.status === 'p' ? 'pending' : 'well';
  return `client reports ${ping.activityName}: ${outcome}`;
}

function pingOutcome(record: HttpRecord): StoryEvent['outcome'] {
  const ping = pingOf(record.query);
  return !ping ? 'neutral' : ping.error !== 0 ? 'bad' : 'good';
}

function byTime(a: StoryEvent, b: StoryEvent): number {
  if (a.atMs !== undefined && b.atMs !== undefined && a.atMs !== b.atMs) return a.atMs - b.atMs;
  return (a.evidence.line ?? 0) - (b.evidence.line ?? 0);
}
