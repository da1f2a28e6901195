// The story of each client's self-update: what it asked for, what it got, where it stopped. For people and pictures.

import { reportBounds } from '../bounds.ts';
import type { Evidence } from '../finding.ts';
import { formatHresult } from '../hresult/error-table.ts';
import type { ClientTally } from '../http-log/client-tally.ts';
import { pingOf } from '../http-log/ping.ts';
import { comparePlaces, type HttpRecord, type RequestKind } from '../http-log/record.ts';
import { evidenceOf } from '../http-log/rungs.ts';
import type { LogEvent } from '../story/event.ts';
import { describeKind } from '../story/observe.ts';
import { evidenceOfEvent } from '../story/remembered.ts';
import type { Story as ClientStory } from '../story/story.ts';
import type { LogFacts } from './facts.ts';

export interface StoryEvent {
  /** ISO 8601. Ends in Z only where the zone is known to be UTC. */
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

const outcomes = ['failing', 'in progress', 'not known', 'up to date'] as const;

/** Stories of the clients the logs know, those in trouble first and not more than a report can show. */
export function tellStories(facts: LogFacts): Story[] {
  const byOutcome: Record<Story['outcome'], Story[]> = {
    failing: [],
    'in progress': [],
    'not known': [],
    'up to date': [],
  };
  // Only what may be shown is byOutcome: there may be tens of thousands.
  for (const tally of facts.tally.clients.values()) {
    const stories = byOutcome[outcomeOf(tally)];
    if (stories.length < reportBounds.maxStories) stories.push(tellTally(tally));
  }
  for (const story of storiesOfAgents(facts)) byOutcome[story.outcome].push(story);
  return outcomes.flatMap((outcome) => byOutcome[outcome]).slice(0, reportBounds.maxStories);
}

/** How many clients the logs tell of. */
export function countClients({ tally, stories, reported }: LogFacts): number {
  return tally.clients.size + new Set([...stories.keys(), ...reported.clients]).size;
}

function tellTally(tally: ClientTally): Story {
  const furthest = furthestOf(tally);
  return {
    client: tally.client,
    generation: generationOf(tally),
    versions: tally.userAgents
      .map((agent) => /Agent\/([\d.]+)/.exec(agent)?.[1] ?? '')
      .filter((version) => version !== ''),
    lastStage: furthest ? (stageNames[furthest] ?? furthest) : 'nothing went well',
    outcome: outcomeOf(tally),
    events: eventsOf(tally).sort(byTime),
  };
}

function eventsOf(tally: ClientTally): StoryEvent[] {
  const events: StoryEvent[] = [];
  for (const { kind, first, last, count } of tally.recordsOf(true)) {
    const name = stageNames[kind] ?? kind;
    events.push(toEvent(first, name, 'good'));
    if (count > 1) events.push(toEvent(last, `${name}, ${count} times by now`, 'good'));
  }
  for (const { kind, first, last, count } of tally.recordsOf(false)) {
    const name = `${stageNames[kind] ?? kind}: ${describeStatus(last)}`;
    events.push(toEvent(first, name, first.status === undefined ? 'neutral' : 'bad'));
    if (count > 1) events.push(toEvent(last, `${name}, ${count} times by now`, 'bad'));
  }
  for (const record of tally.pings) events.push(toEvent(record, describePing(record), pingOutcome(record)));
  return events;
}

function furthestOf(tally: ClientTally): RequestKind | undefined {
  return ladder.findLast((kind) => tally.has(kind, true));
}

function outcomeOf(tally: ClientTally): Story['outcome'] {
  if (tally.isFailing(({ kind, status }) => kind !== 'wutrack' && status !== undefined)) return 'failing';
  if (tally.has('client-web-service', true)) return 'up to date';
  return furthestOf(tally) ? 'in progress' : 'not known';
}

function generationOf(tally: ClientTally): string {
  const agents = tally.userAgents;
  const wsus = agents.findLast((agent) => agent.startsWith('Windows-Update-Agent'));
  const sus = agents.some((agent) => agent.startsWith('Industry Update Control'));
  if (wsus) {
    const version = /Agent\/([\d.]+)/.exec(wsus)?.[1];
    const kind = version ? describeKind(version, new Set()) : 'WSUS client';
    return sus ? `SUS client, then ${kind}` : kind;
  }
  return sus ? 'SUS client' : 'not named';
}

function storiesOfAgents(facts: LogFacts): Story[] {
  const names = new Set([...facts.stories.keys(), ...facts.reported.clients]);
  const stories: Story[] = [];
  for (const client of names) {
    const story = facts.stories.get(client);
    const reported = facts.reported.of(client);
    if ((!story || (story.milestones.length === 0 && story.troubles.length === 0)) && !reported) continue;
    const { events, failing: troubled } = story ? tellStory(story) : { events: [], failing: false };
    let failing = troubled;
    for (const event of reported?.recent ?? []) {
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
      generation: reported?.isTen ? 'Windows 10 or later' : describeKind(versions.at(-1), story?.kinds ?? new Set()),
      versions,
      lastStage: events.findLast(({ outcome }) => outcome === 'good')?.what ?? 'nothing went well',
      outcome: failing ? 'failing' : events.length > 0 ? 'in progress' : 'not known',
      events,
    });
  }
  return stories;
}

/** Reported events name their zone. The agent's own lines are local, and its start says how far from UTC. */
function tellStory(story: ClientStory): { events: StoryEvent[]; failing: boolean } {
  const local = offsetMs(story.timeZone);
  const atMs = ({ time, zone }: LogEvent) => (time === undefined || zone === 'utc' ? time : time - local);
  const events: StoryEvent[] = story.milestones.map((event) => {
    const evidence = evidenceOfEvent(event);
    const outcome = outcomeOfMilestone[event.outcome];
    return { at: evidence.at, atMs: atMs(event), what: event.milestone ?? '', outcome, evidence };
  });
  let failing = false;
  for (const trouble of story.standingTroubles()) {
    const { code, stage, error, last, judgement } = trouble;
    if (!story.isHealed(trouble) && judgement.verdict === 'fail') failing = true;
    const words = code.replace('DOCTOR_', '').replaceAll('_', ' ').toLowerCase();
    const evidence = evidenceOfEvent(last);
    const what = `${stage}: ${words}${error === 0 ? '' : ` ${formatHresult(error)}`}`;
    events.push({ at: evidence.at, atMs: atMs(last), what, outcome: 'bad', evidence });
  }
  return { events, failing };
}

const outcomeOfMilestone: Record<LogEvent['outcome'], StoryEvent['outcome']> = {
  began: 'neutral',
  noted: 'good',
  succeeded: 'good',
  ended: 'good',
  warned: 'bad',
  failed: 'bad',
};

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
  return comparePlaces({ at: a.atMs, line: a.evidence.line ?? 0 }, { at: b.atMs, line: b.evidence.line ?? 0 });
}
