// Rung 5 (and what 3, 6, 8 and 9 can read from request logs): the tally becomes observations. Pure.
import { type Evidence, type Observation, observe } from '../finding.ts';
import { causeOf } from '../hresult/cause.ts';
import { formatHresult, meaningOf } from '../hresult/error-table.ts';
import { factsOf } from '../words/codes.ts';
import type { ClientTally } from './client-tally.ts';
import { pingOf } from './ping.ts';
import { describeRecord, type HttpRecord, isLater } from './record.ts';
import { foldSites, type Sites } from './sites.ts';
import { causeOfAnswer, missingThing } from './status-cause.ts';
import type { AnswerGroup, HttpTally } from './tally.ts';

const treeKinds = new Set(['iuident', 'wuident', 'package', 'tree', 'mui']);

const serviceKinds = new Set(['client-web-service', 'simple-auth', 'reporting']);

/** Everything the request logs say. */
export function observeTally(tally: HttpTally): Observation[] {
  const sites = foldSites(tally);
  return [
    ...liftMissing(sites, observeGroups(sites)),
    ...observeAnonymous(sites),
    ...observeMicrosoft(tally),
    ...observeClock(tally),
    ...gatherClients(tally.clients.values()),
  ];
}

/** A line of a log as evidence. */
export function evidenceOf(record: HttpRecord): Evidence {
  const at = record.at === undefined ? {} : { at: new Date(record.at).toISOString() };
  return { source: record.source, line: record.line, text: describeRecord(record).slice(0, 500), ...at };
}

interface GroupObservation {
  group: AnswerGroup;
  observation: Observation;
}

function observeGroups(sites: Sites): GroupObservation[] {
  const observations: GroupObservation[] = [];
  for (const group of sites.groups) {
    const code = group.sharePoint ? 'DOCTOR_SHAREPOINT' : causeOfAnswer({ ...group, query: group.last.query });
    if (!code) continue;
    const healed = isHealed(sites, group);
    // Never copied there is usual, and nothing but old clients' pings is lost.
    const harmless = code === 'DOCTOR_WUTRACK_MISSING';
    const observation = observe(code, healed || harmless ? 'pass' : 'fail', subjectOf(group), valuesOf(group), [
      evidenceOf(group.first),
      ...(group.last === group.first ? [] : [evidenceOf(group.last)]),
    ]);
    const eventIds = serviceKinds.has(group.kind) ? { eventIds: factsOf(missingThing(group.kind)).eventIds } : {};
    observations.push({ group, observation: { ...observation, ...eventIds } });
  }
  return liftSites(observations);
}

/** The same refusal for several kinds of requests of one site is said once, of the site. */
function liftSites(observations: GroupObservation[]): GroupObservation[] {
  const sameSite = (a: GroupObservation, b: GroupObservation) =>
    a.group.site === b.group.site &&
    a.observation.code === b.observation.code &&
    a.observation.verdict === b.observation.verdict;
  return observations.map((item) => {
    const kinds = new Set(observations.filter((other) => sameSite(item, other)).map(({ group }) => group.kind));
    if (kinds.size < 2 || item.observation.verdict !== 'fail') return item;
    return { ...item, observation: { ...item.observation, subject: item.observation.subject.slice(0, 2) } };
  });
}

function subjectOf(group: AnswerGroup): string[] {
  return ['server', group.site || 'site', group.kind];
}

function valuesOf(group: AnswerGroup): Record<string, string> {
  const status = [group.status, group.substatus, group.win32].filter((part) => part !== undefined).join('.');
  return {
    url: group.last.path,
    path: group.last.path,
    status: group.reason ? `${status} ${group.reason}` : status,
    count: String(group.count),
    clients: String(group.clients.size),
    server: group.last.host ?? (group.site || 'the server'),
    site: group.site || 'the site',
  };
}

/** The same question was answered well later: it was broken, it is not any more. */
function isHealed(sites: Sites, group: AnswerGroup): boolean {
  const good = sites.lastGood.get(`${group.kind}|${group.site}`);
  if (!good) return false;
  // A file of one client's kind being served says nothing about another one's.
  if ((group.kind === 'package' || group.kind === 'mui') && good.path.toLowerCase() !== group.last.path.toLowerCase()) {
    return false;
  }
  if (group.status === 401 && good.userName !== '') return false;
  return (
    isLater(good, group.last) || (good.at !== undefined && good.at === group.last.at && good.line > group.last.line)
  );
}

/** Every file of the tree missing on one site is one missing tree, not three missing files. */
function liftMissing(sites: Sites, found: readonly GroupObservation[]): Observation[] {
  const missing = new Set(['DOCTOR_IUIDENT_MISSING', 'DOCTOR_WUIDENT_MISSING', 'DOCTOR_TREE_INCOMPLETE']);
  const observations: Observation[] = [];
  const bySite = new Map<string, GroupObservation[]>();
  for (const item of found) {
    const lifts = item.observation.verdict === 'fail' && missing.has(item.observation.code);
    if (!lifts) observations.push(item.observation);
    else bySite.set(item.group.site, [...(bySite.get(item.group.site) ?? []), item]);
  }
  for (const [site, items] of bySite) {
    const served = [...sites.lastGood.keys()].some((key) => {
      const [kind = '', where] = key.split('|');
      return where === site && treeKinds.has(kind) && kind !== 'iuident';
    });
    const kinds = new Set(items.map(({ group }) => group.kind));
    // The ident under /selfupdate is the first file asked for: where it is gone and nothing else of the folder was
    // served, the folder is gone. The iuident.cab of the root is a file by itself.
    const whole = !served && (kinds.has('wuident') || (kinds.has('iuident') && kinds.size > 1));
    for (const { observation } of items) {
      observations.push(
        whole ? { ...observation, code: 'DOCTOR_TREE_MISSING', subject: observation.subject.slice(0, 2) } : observation,
      );
    }
  }
  return observations;
}

/** Self-update answered only to those who log on: domain members get by, everyone else is stuck. */
function observeAnonymous(sites: Sites): Observation[] {
  for (const [key, record] of sites.lastGood) {
    const [kind = '', site = ''] = key.split('|');
    if (!treeKinds.has(kind) || record.userName === '') continue;
    const values = {
      url: record.path,
      path: record.path,
      server: site || 'the server',
      status: '401',
      count: '1',
      clients: '1',
    };
    return [observe('DOCTOR_ANONYMOUS_OFF', 'fail', ['server', site || 'site', kind], values, [evidenceOf(record)])];
  }
  return [];
}

function observeMicrosoft(tally: HttpTally): Observation[] {
  const [first] = tally.microsoft;
  if (!first) return [];
  const host = first.host ?? 'a Microsoft server';
  const evidence = tally.microsoft.slice(0, 3).map(evidenceOf);
  return [
    observe('DOCTOR_ASKS_MICROSOFT', 'unknown', ['client'], { host, client: first.client ?? 'a client' }, evidence),
  ];
}

function observeClock(tally: HttpTally): Observation[] {
  if (!tally.skew) return [];
  const { ms, record } = tally.skew;
  // Logs in local time look skewed by whole quarters of an hour; years off are as likely a rewritten log.
  const quarter = 15 * 60_000;
  const offQuarter = Math.abs(ms - Math.round(ms / quarter) * quarter);
  if (Math.abs(ms) <= 14 * 3_600_000 && offQuarter < 3 * 60_000) return [];
  const certain = record.zone === 'utc' && Math.abs(ms) > 86_400_000;
  const values = { client: record.client ?? 'a client', skew: describeSpan(ms), stamp: record.query };
  return [
    observe('DOCTOR_CLOCK', certain ? 'fail' : 'unknown', ['client', record.client ?? ''], values, [
      evidenceOf(record),
    ]),
  ];
}

function describeSpan(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const span =
    minutes >= 2 * 1440
      ? `${Math.round(minutes / 1440)} days`
      : minutes >= 120
        ? `${Math.round(minutes / 60)} hours`
        : `${minutes} minutes`;
  return `${span} ${ms > 0 ? 'ahead' : 'behind'}`;
}

const manyClients = 10;

/** The same trouble on many clients is told once, with the first of them as evidence. */
function gatherClients(clients: Iterable<ClientTally>): Observation[] {
  const byCode = new Map<string, { count: number; first: Observation[] }>();
  for (const observation of observationsOf(clients)) {
    const same = byCode.get(observation.code) ?? { count: 0, first: [] };
    byCode.set(observation.code, same);
    if (same.count++ < manyClients) same.first.push(observation);
  }
  return [...byCode.values()].flatMap(({ count, first: several }) => {
    const [first] = several;
    if (!first || count <= manyClients) return several;
    const names = several.slice(0, 5).map(({ subject }) => subject[1]);
    const client = `${count} clients (${names.join(', ')} …)`;
    const evidence = several.slice(0, 6).flatMap((each) => each.evidence.slice(0, 1));
    return [{ ...first, subject: ['client'], values: { ...first.values, client }, evidence }];
  });
}

function* observationsOf(clients: Iterable<ClientTally>): Generator<Observation> {
  for (const client of clients) yield* observeClient(client);
}

function observeClient(tally: ClientTally): Observation[] {
  return [...observePings(tally), ...observeRepeats(tally)];
}

function observePings(tally: ClientTally): Observation[] {
  const failed = tally.pings.filter((record) => (pingOf(record.query)?.error ?? 0) !== 0);
  const last = failed.at(-1);
  if (!last) return [];
  const lastFine = tally.pings.findLast((record) => pingOf(record.query)?.error === 0);
  if (lastFine && isLater(lastFine, last) && pingOf(lastFine.query)?.activity === pingOf(last.query)?.activity)
    return [];
  const ping = pingOf(last.query);
  const value = ping?.error ?? 0;
  if (causeOf(value) === 'harmless') return [];
  const meaning = meaningOf(value);
  const values = {
    client: tally.client,
    activity: ping?.activityName ?? 'an activity',
    error: formatHresult(value),
    meaning: meaning ? `${meaning.name}: ${meaning.meaning}` : 'not in the table of known codes',
  };
  const subject = ['client', tally.client];
  const cause = causeOf(value);
  const observations = [observe('DOCTOR_PING_FAILURE', 'fail', subject, values, [evidenceOf(last)])];
  if (cause !== 'DOCTOR_AGENT_ERROR' && cause !== 'harmless') {
    observations.push(observe(cause, 'fail', subject, { ...values, file: 'the package' }, [evidenceOf(last)]));
  }
  return observations;
}

/** The package is fetched day after day and the successor never shows: it downloads but does not install. */
function observeRepeats(tally: ClientTally): Observation[] {
  if (tally.packageDays < 3) return [];
  const packages = tally.stage('package', true);
  const services = tally.stage('client-web-service', true);
  if (!packages || (services && !isLater(packages.last, services.last))) return [];
  const values = { client: tally.client, count: String(packages.count), days: String(tally.packageDays) };
  return [
    observe('DOCTOR_DOWNLOADS_AGAIN', 'fail', ['client', tally.client], values, [
      evidenceOf(packages.first),
      evidenceOf(packages.last),
    ]),
  ];
}

/** True when the log shows the tree being served. */
export function sawTree(tally: HttpTally): boolean {
  return [...tally.lastGood.keys()].some((key) => treeKinds.has(key.split('|')[0] ?? ''));
}
