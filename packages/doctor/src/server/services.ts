// The web services behind the tree, and what kind of server this is. Pure.
import { selfUpdatePaths } from '@moult/protocol/self-update';
import { type Observation, observe, webServicesSubject } from '../finding.ts';
import { missingThing } from '../http-log/status-cause.ts';
import { type FindingCode, factsOf } from '../words/codes.ts';
import { looksLikeHtml } from './cabinet-facts.ts';
import type { ServerFacts } from './collect.ts';
import { type Judgement, judgeStatus } from './judge.ts';
import { evidenceOf, hostOf, type JudgedOrigin, judgeConnection, siteSubject } from './judged-site.ts';

type Service = ServerFacts['main']['services'][number];

/** Observations about the services, the server's kind included. */
export function observeServices(facts: ServerFacts, main: JudgedOrigin): Observation[] {
  const { services, origin } = facts.main;
  if (services.length === 0) return [];
  const judged = services.map((service) => ({ service, judgement: judgeService(service) }));
  const server = hostOf(origin);
  const subject = siteSubject(facts.main);
  const absent = services.every(({ probe }) => isAbsent(probe));
  const observations: Observation[] = [];
  const evidence = services.map(({ probe }) => evidenceOf(probe));
  const ident = main.files.find(({ file }) => file.path === selfUpdatePaths.iuident);
  const wuident = main.files.find(({ file }) => file.path === selfUpdatePaths.wuident);
  // A tree without packages does not belong to a SUS server either: there the folder is gone.
  const packages = main.files.filter(({ file }) => file.clients.length > 0);
  const hasTree = isThere(ident) && (packages.length === 0 || packages.some(isThere));
  if (absent && hasTree && wuident?.judgement?.code === 'DOCTOR_WUIDENT_MISSING') {
    observations.push(
      observe('DOCTOR_SUS_SERVER', 'fail', ['server'], { server }, [
        ...(wuident ? [evidenceOf(wuident.file.get)] : []),
        ...evidence.slice(0, 1),
      ]),
    );
  }
  if (absent && main.shared === 'DOCTOR_TREE_MISSING') {
    // Nothing of an update server is here: said once, and by the tree, which clients miss first.
    return [...observations, observe('DOCTOR_WRONG_SERVER', 'unknown', subject, { server }, evidence)];
  }
  const failed = judged.flatMap(({ service, judgement }) => (judgement ? [{ service, judgement }] : []));
  const shared = sharedCode(failed);
  const all = failed.length === services.length;
  const values = { server, path: 'the web services', base: origin };
  if (all && shared && shared === main.shared) {
    // A cause that stops every service and every file is one thing, said by the files already.
    const more = { ...values, ...failed[0]?.judgement.values, path: 'every file and service' };
    return [...observations, observe(shared, 'fail', subject, more, evidence.slice(0, 1))];
  }
  const about = [...subject, webServicesSubject];
  const causes = all && !shared ? [] : failed.filter(({ judgement }) => !ownCodes.has(judgement.code));
  for (const { service, judgement } of causes) {
    const path = pathOf(service);
    const alike = causes.filter((other) => other.judgement.code === judgement.code).length > 1;
    const wide = judgement.code === 'DOCTOR_SHAREPOINT' ? subject : alike ? about : [...about, path];
    const more = { ...values, path, url: service.probe.request.url, ...judgement.values };
    const cause = observe(judgement.code, 'fail', wide, more, [evidenceOf(service.probe)]);
    observations.push({ ...cause, eventIds: factsOf(missingThing(service.name)).eventIds });
  }
  if (all) {
    const status = [...new Set(failed.map(({ judgement }) => judgement.values.status))].join(', ');
    return [...observations, observe('DOCTOR_WEB_SERVICES', 'fail', about, { ...values, status }, evidence)];
  }
  for (const { service, judgement } of failed) {
    const path = pathOf(service);
    const more = { ...values, path, url: service.probe.request.url, ...judgement.values };
    observations.push(observe(missingThing(service.name), 'fail', [...about, path], more, [evidenceOf(service.probe)]));
  }
  return observations;
}

/** These say no more than that the service does not work. Other judgements say why. */
const ownCodes = new Set<FindingCode>([
  'DOCTOR_CLIENT_WEB_SERVICE',
  'DOCTOR_SIMPLE_AUTH',
  'DOCTOR_REPORTING',
  'DOCTOR_SOAP_FAULT',
]);

/** The one trouble that all of them have. Each service's own code stands for "it does not work". */
function sharedCode(failed: readonly { judgement: Judgement }[]): FindingCode | undefined {
  const codes = new Set(failed.map(({ judgement: { code } }) => (ownCodes.has(code) ? 'DOCTOR_WEB_SERVICES' : code)));
  return codes.size === 1 ? [...codes][0] : undefined;
}

function pathOf({ probe }: Service): string {
  return new URL(probe.request.url).pathname;
}

/** 404. A server of plain files refuses POST before it looks at the path. */
function isAbsent({ outcome, request }: Service['probe']): boolean {
  if (outcome.kind !== 'answer') return false;
  return outcome.status === 404 || (request.method === 'POST' && [405, 501].includes(outcome.status));
}

function isThere(judged: JudgedOrigin['files'][number] | undefined): boolean {
  const outcome = judged?.file.get.outcome;
  return outcome?.kind === 'answer' && outcome.status === 200 && judged?.file.cabinet?.kind !== 'html';
}

/** The fault of a service. Undefined when it answers as one. */
function judgeService({ name, probe }: Service): Judgement | undefined {
  const failed = judgeConnection(probe);
  if (failed) return { ...failed, values: { ...failed.values, status: failed.values.found ?? '' } };
  if (probe.outcome.kind !== 'answer') return undefined;
  const { status, body } = probe.outcome;
  const text = body.toString('utf8');
  if (name === 'client-web-service') {
    if (status === 200 && /GetConfigResponse|GetConfigResult/.test(text)) return undefined;
    // A fault is an answer: the service is there and says no in its own words.
    if (status === 500 && /<(\w+:)?Fault[\s>]/.test(text))
      return { code: 'DOCTOR_SOAP_FAULT', values: { status: '500, a SOAP fault' } };
    if (status === 200)
      return { code: 'DOCTOR_NOT_SOAP', values: { status: looksLikeHtml(body) ? '200, a web page' : '200, not SOAP' } };
  } else if ([200, 400, 405, 411, 415].includes(status) || (status === 500 && /Fault/.test(text))) return undefined;
  const judged = judgeStatus(probe, probe.outcome);
  return judged
    ? { ...judged, values: { ...judged.values, status: judged.values.status ?? String(status) } }
    : undefined;
}
