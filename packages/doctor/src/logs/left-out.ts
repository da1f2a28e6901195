// Memory is bounded, so that of very large logs something is left out of the report: it says what.
import { reportBounds, requestLogBounds } from '../bounds.ts';
import { countClients } from './client-stories.ts';
import type { LogFacts } from './facts.ts';

/** The parts of the logs that the report omits, in words. */
export function leftOutOf(facts: LogFacts): string[] {
  const { withoutStory, withoutGroup } = facts.tally;
  const stories = countClients(facts) - reportBounds.maxStories;
  return [
    ...some(stories, 'stories of clients: those in trouble are told first'),
    ...some(
      withoutStory,
      `requests of clients beyond the first ${show(requestLogBounds.maxClients)}: answers are counted, but no story is kept`,
    ),
    ...some(withoutGroup, `failed requests of kinds beyond the first ${show(requestLogBounds.maxGroups)}`),
    ...some(facts.reported.dropped, 'older failures that agents reported'),
    ...facts.cutPings.map((path) => `unsent pings of ${path} beyond its first 16 MB`),
  ];
}

function some(count: number, what: string): string[] {
  return count > 0 ? [`${show(count)} ${what}`] : [];
}

function show(count: number): string {
  return count.toLocaleString('en');
}
