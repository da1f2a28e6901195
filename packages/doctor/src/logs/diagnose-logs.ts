// Facts of the logs → observations and the story of each client. Pure.
import { counted } from '@moult/formats/text';
import { observeReported, observeServerEvents } from '../client-log/reported-rungs.ts';
import type { UnsentPing } from '../client-log/urllog.ts';
import { type Observation, observe } from '../finding.ts';
import { causeOf } from '../hresult/cause.ts';
import { describeRecord } from '../http-log/record.ts';
import { observeTally, sawTree } from '../http-log/rungs.ts';
import { observeStory, valuesOfError } from '../story/observe.ts';
import type { Story } from '../story/story.ts';
import type { FindingCode } from '../words/codes.ts';
import type { LogFacts } from './facts.ts';

/** Everything the logs say. */
export function observeLogs(facts: LogFacts): Observation[] {
  const observations = observeTally(facts.tally);
  for (const [client, story] of facts.stories) observations.push(...observeStory(story, ['client', client]));
  for (const client of facts.reported.clients) {
    const reports = facts.reported.of(client);
    if (reports) observations.push(...observeReported(reports, ['client', client]));
  }
  observations.push(...observeNoOutcome(facts, observations));
  observations.push(...observeStory(facts.serverStory, ['server']));
  observations.push(...observeServerEvents(facts.serverEvents, ['server']));
  observations.push(...observeAllServices(observations));
  observations.push(...facts.observations);
  observations.push(...observeUnsent(facts.unsent, ['client']));
  for (const { path, why } of facts.unreadable) {
    observations.push(
      observe('DOCTOR_UNREADABLE', 'unknown', ['file', path], { file: path, why }, [{ source: path, text: why }]),
    );
  }
  if (!observations.some(({ verdict }) => verdict === 'fail') && sawTree(facts.tally)) {
    const good = [...facts.tally.lastGood.values()][0];
    const evidence = good ? [{ source: good.source, line: good.line, text: describeRecord(good).slice(0, 300) }] : [];
    observations.push(observe('DOCTOR_TREE_HEALTHY', 'pass', ['server'], { server: 'the server' }, evidence));
  }
  if (observations.every(({ code }) => code === 'DOCTOR_NOT_UNDERSTOOD') && !sawAnything(facts)) {
    const files = facts.files.length === 1 ? (facts.files[0]?.path ?? '') : `these ${facts.files.length} files`;
    const evidence = facts.files.slice(0, 6).map(({ path, lines }) => ({ source: path, text: counted(lines, 'line') }));
    observations.push(observe('DOCTOR_NOTHING_SEEN', 'unknown', ['server'], { files }, evidence));
  }
  return observations;
}

/** If none of the services for clients works, the report says so once. */
function observeAllServices(observations: readonly Observation[]): Observation[] {
  const down = observations.filter(
    ({ code, verdict, subject }) => verdict === 'fail' && subject[0] === 'server' && clientServices.includes(code),
  );
  const isSaid = observations.some(({ code }) => code === 'DOCTOR_WEB_SERVICES');
  if (isSaid || new Set(down.map(({ code }) => code)).size < clientServices.length) return [];
  const evidence = down.flatMap((each) => each.evidence);
  return [observe('DOCTOR_WEB_SERVICES', 'fail', ['server'], { server: 'the server' }, evidence)];
}

const clientServices: readonly FindingCode[] = ['DOCTOR_CLIENT_WEB_SERVICE', 'DOCTOR_SIMPLE_AUTH', 'DOCTOR_REPORTING'];

/** If no operation in a client's logs is seen to end, the logs do not show the client's state. */
function observeNoOutcome({ stories, reported }: LogFacts, observations: readonly Observation[]): Observation[] {
  const clients = new Set([...stories.keys(), ...reported.clients]);
  return [...clients].flatMap((client) => {
    const story = stories.get(client);
    const reports = reported.of(client);
    const ended = story?.hasSuccess || reports?.hasSuccess || (story && story.troubles.length > 0);
    const said = observations.some(
      ({ verdict, subject }) => subject[1] === client && (verdict === 'fail' || verdict === 'unknown'),
    );
    if (ended || said || (!isAboutUpdating(story) && reports === undefined)) return [];
    return [observe('DOCTOR_NO_OUTCOME', 'unknown', ['client', client], { client }, [])];
  });
}

function isAboutUpdating(story: Story | undefined): boolean {
  return story !== undefined && (story.isOfAgent || story.milestones.length > 0 || story.versions.size > 0);
}

/** True when a line of the files was about updating. */
export function sawAnything(facts: LogFacts): boolean {
  const stories = [...facts.stories.values()];
  return (
    facts.tally.records > 0 ||
    facts.reported.size > 0 ||
    facts.serverLines > 0 ||
    facts.registryFiles.length > 0 ||
    facts.serverStory.events > 0 ||
    facts.observations.length > 0 ||
    stories.some(isAboutUpdating)
  );
}

/** Pings kept in urllog.dat: the client could not reach the status server when they were due. */
function observeUnsent(unsent: readonly UnsentPing[], subject: readonly string[]): Observation[] {
  const [first] = unsent;
  if (!first) return [];
  const servers = [...new Set(unsent.map(({ server }) => server ?? 'the status server'))].join(', ');
  const values = { count: String(unsent.length), server: servers, client: subject.at(-1) ?? 'the client' };
  const evidence = unsent.slice(0, 3).map(({ source, line, text }) => ({ source, line, text }));
  const observations = [observe('DOCTOR_PINGS_UNSENT', 'fail', subject, values, evidence)];
  // The newest failure names the cause.
  const failed = unsent.findLast(({ ping }) => ping.error !== 0);
  const cause = failed ? causeOf(failed.ping.error) : 'harmless';
  if (failed && cause !== 'harmless') {
    const { source, line, text, server } = failed;
    const more = { ...values, ...valuesOfError(failed.ping.error, server) };
    observations.push(observe(cause, 'fail', subject, more, [{ source, line, text }]));
  }
  return observations;
}
