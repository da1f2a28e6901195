// Rung 5 (and what 3, 6, 8 and 9 can read from request logs): the tally becomes observations. Pure.
import { type Evidence, type Observation, observe, webServicesSubject } from '../finding.ts';
import { causeOf } from '../hresult/cause.ts';
import { formatHresult, meaningOf } from '../hresult/error-table.ts';
import { type FindingCode, factsOf } from '../words/codes.ts';
import type { ClientTally } from './client-tally.ts';
import { pingOf } from './ping.ts';
import { baseOf, describeRecord, type HttpRecord, isLater, type RequestKind } from './record.ts';
import { foldSites, type Sites } from './sites.ts';
import { causeOfAnswer, isService, meaningOfAnswer, missingThing } from './status-cause.ts';
import type { AnswerGroup, HttpTally } from './tally.ts';

const treeKinds = new Set(['iuident', 'wuident', 'package', 'tree', 'mui']);

/** Everything the request logs say. */
export function observeTally(tally: HttpTally): Observation[] {
  const sites = foldSites(tally);
  return [
    ...liftMissing(sites, observeGroups(sites, tally.software)),
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

function observeGroups(sites: Sites, software: ReadonlyMap<string, string>): GroupObservation[] {
  const observations: GroupObservation[] = [];
  for (const group of sites.groups) {
    const code = group.sharePoint ? 'DOCTOR_SHAREPOINT' : causeOfAnswer({ ...group, query: group.last.query });
    if (!code) continue;
    const healed = isHealed(sites, group);
    // Never copied there is usual, and nothing but old clients' pings is lost.
    const harmless = code === 'DOCTOR_WUTRACK_MISSING';
    const values = valuesOf(group, software);
    const observation = observe(code, healed || harmless ? 'pass' : 'fail', subjectOf(group), values, [
      evidenceOf(group.first),
      ...(group.last === group.first ? [] : [evidenceOf(group.last)]),
    ]);
    const eventIds = isService(group.kind) ? { eventIds: factsOf(missingThing(group.kind)).eventIds } : {};
    observations.push({ group, observation: { ...observation, ...eventIds } });
  }
  return liftSites(liftWholeSites(sites, observations));
}

/** One status for files and services alike, or for every service, is one fault: it is told once, of all of them. */
function liftWholeSites(sites: Sites, found: readonly GroupObservation[]): GroupObservation[] {
  const failed = found.filter(({ observation }) => observation.verdict === 'fail');
  return found.map((item) => {
    if (item.observation.verdict !== 'fail') return item;
    const alike = failed.filter(({ group }) => isSameAnswer(group, item.group));
    const whole = wholeFault(sites, item, alike);
    if (!whole) return item;
    const { eventIds: _own, ...observation } = item.observation;
    const values = { ...observation.values, path: whole.what };
    return { ...item, observation: { ...observation, code: whole.code, values, subject: whole.subject } };
  });
}

function isSameAnswer(a: AnswerGroup, b: AnswerGroup): boolean {
  return a.site === b.site && a.status === b.status && a.substatus === b.substatus && a.reason === b.reason;
}

function wholeFault(
  sites: Sites,
  { group, observation }: GroupObservation,
  alike: readonly GroupObservation[],
): { code: FindingCode; subject: readonly string[]; what: string } | undefined {
  const kinds = new Set(alike.map((each) => each.group.kind));
  const services = [...kinds].filter(isService);
  const files = [...kinds].filter((kind) => treeKinds.has(kind));
  const site = observation.subject.slice(0, 2);
  // The code of the status adds its own meaning. These codes only name the thing that was asked for.
  const namesThing = observation.code === missingThing(group.kind) || observation.code === 'DOCTOR_SERVER_ERROR';
  if (files.length > 0 && services.length > 0) {
    if (group.status === 404 && namesThing && !servesAnything(sites, group.site))
      return { code: 'DOCTOR_WRONG_SERVER', subject: site, what: 'every file and service' };
    if (group.status === 500 && namesThing)
      return { code: 'DOCTOR_SERVER_ERROR', subject: site, what: 'every file and service' };
  }
  if (isService(group.kind) && namesThing && services.length > 1)
    return { code: 'DOCTOR_WEB_SERVICES', subject: [...site, webServicesSubject], what: 'the web services' };
  return undefined;
}

function servesAnything(sites: Sites, site: string): boolean {
  return [...sites.lastGood.keys()].some((key) => {
    const [kind = '', where] = key.split('|');
    return where === site && (treeKinds.has(kind) || isService(kind as RequestKind));
  });
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
    const isWide = item.observation.code === 'DOCTOR_WEB_SERVICES';
    const what = [...kinds].some(isService) ? 'every file and service' : 'every file';
    const values = isWide ? item.observation.values : { ...item.observation.values, path: what };
    return {
      ...item,
      observation: { ...item.observation, values, subject: item.observation.subject.slice(0, isWide ? 3 : 2) },
    };
  });
}

function subjectOf(group: AnswerGroup): string[] {
  return ['server', group.site || 'site', group.kind];
}

function valuesOf(group: AnswerGroup, software: ReadonlyMap<string, string>): Record<string, string> {
  const status = [group.status, group.substatus].filter((part) => part !== undefined && part !== 0).join('.');
  const meaning = meaningOfAnswer(group);
  const base = baseOf(group.last);
  const product = productOf(software.get(group.last.source));
  return {
    ...(base === undefined ? {} : { base, url: `${base}${group.last.path}` }),
    ...(product === undefined ? {} : { product }),
    path: group.last.path,
    file: group.last.path,
    status: group.reason && !status.startsWith('5') ? `${status} ${group.reason}`.trim() : status,
    ...(meaning ? { meaning: meaning.meaning } : {}),
    ...(meaning?.step === undefined ? {} : { step: meaning.step }),
    method: group.last.method,
    count: String(group.count),
    clients: String(group.clients.size),
    server: serverName(group),
    site: group.site || 'the site',
  };
}

function serverName({ site, last }: AnswerGroup): string {
  if (last.host !== undefined) return last.host;
  return site === '' ? 'the server' : site.startsWith('port ') ? `the site on ${site}` : `the site ${site}`;
}

/** Which product wrote a log, by its first line. */
function productOf(software: string | undefined): string | undefined {
  if (software === undefined) return undefined;
  if (/^moult/i.test(software)) return 'moult';
  return /microsoft (?:internet information|http api)/i.test(software) ? 'wsus' : undefined;
}

/** Kinds where one served file says nothing about another. */
const oneOfMany = new Set(['package', 'mui', 'content', 'console-service']);

/** The same question was answered well later: it was broken, it is not any more. */
function isHealed(sites: Sites, group: AnswerGroup): boolean {
  const good = sites.lastGood.get(`${group.kind}|${group.site}`);
  if (!good) return false;
  // A file of one client's kind being served says nothing about another one's.
  if (oneOfMany.has(group.kind) && good.path.toLowerCase() !== group.last.path.toLowerCase()) {
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
    const base = baseOf(record);
    const values = {
      ...(base === undefined ? {} : { base, url: `${base}${record.path}` }),
      path: record.path,
      server: site === '' ? 'the server' : site.startsWith('port ') ? `the site on ${site}` : `the site ${site}`,
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
  // Logs in local time look skewed by whole quarters of an hour. Years off are as likely a rewritten log.
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
    ...(meaning ? { meaning: `${meaning.name}: ${meaning.meaning}` } : {}),
  };
  const subject = ['client', tally.client];
  const cause = causeOf(value);
  const observations = [observe('DOCTOR_PING_FAILURE', 'fail', subject, values, [evidenceOf(last)])];
  if (cause !== 'DOCTOR_AGENT_ERROR' && cause !== 'harmless') {
    observations.push(observe(cause, 'fail', subject, { ...values, file: 'the agent package' }, [evidenceOf(last)]));
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
