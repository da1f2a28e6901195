// Rungs 3 to 7 from the outside: facts about a server become observations. Pure. The hard part is saying one thing
// once: a fault of every file of a site is said of the site. A fault of both sites is said of the server.
import { selfUpdatePaths } from '@moult/protocol/self-update';
import { type Observation, observe } from '../finding.ts';
import type { FindingCode } from '../words/codes.ts';
import { observeAnswers } from './answers.ts';
import type { OriginFacts, ServerFacts } from './collect.ts';
import { judgeFile } from './judge.ts';
import { evidenceOf, hostOf, type JudgedFile, type JudgedOrigin, siteSubject, valuesOf } from './judged-site.ts';
import { observeServices } from './services.ts';

/** Codes that say "this file is not there". */
const missing = new Set<FindingCode>(['DOCTOR_IUIDENT_MISSING', 'DOCTOR_WUIDENT_MISSING', 'DOCTOR_TREE_INCOMPLETE']);
const unreachable = new Set<FindingCode>([
  'DOCTOR_NAME_NOT_RESOLVED',
  'DOCTOR_NETWORK_DOWN',
  'DOCTOR_CONNECTION_REFUSED',
  'DOCTOR_NO_ANSWER',
]);

/** Everything that the probes of one server say. */
export function observeServer(facts: ServerFacts): Observation[] {
  const main = judgeOrigin(facts.main);
  const port80 = facts.port80 ? judgeOrigin(facts.port80) : undefined;
  const observations = [
    ...observeSites(facts, main, port80),
    ...observeAnswers(facts),
    ...observeServices(facts, main),
    ...observeUnsupported(facts),
  ];
  if (facts.speaksTls) {
    const values = { url: facts.main.origin, server: hostOf(facts.main.origin) };
    const text = 'the port understands TLS, and the address says http';
    observations.push(observe('DOCTOR_WUSERVER_PORT', 'fail', ['server'], values, [{ source: facts.given, text }]));
  }
  if (facts.isPathWrong) {
    const values = { url: facts.given, server: hostOf(facts.main.origin) };
    const text = `404 below ${facts.givenPath}, and the tree is there without it`;
    observations.push(observe('DOCTOR_WUSERVER_PATH', 'fail', ['server'], values, [{ source: facts.given, text }]));
  }
  if (!observations.some(({ verdict }) => verdict === 'fail')) {
    observations.push(observe('DOCTOR_SERVER_HEALTHY', 'pass', ['server'], { server: hostOf(facts.main.origin) }, []));
  }
  return observations.map((observation) => asSeen(observation, facts));
}

/** The values for every step: where the server is, and which product it is. */
function asSeen(observation: Observation, { main, product }: ServerFacts): Observation {
  const values = { base: main.origin, ...(product ? { product } : {}), ...observation.values };
  return { ...observation, values };
}

function judgeOrigin(origin: OriginFacts): JudgedOrigin {
  const files = origin.files.map((file) => ({ file, judgement: judgeFile(file) }));
  const [first] = files;
  const codes = new Set(
    files.map(({ judgement }) => (judgement && missing.has(judgement.code) ? 'DOCTOR_TREE_MISSING' : judgement?.code)),
  );
  const only = codes.size === 1 ? [...codes][0] : undefined;
  return { origin, files, shared: first && only ? only : undefined };
}

function observeSites(facts: ServerFacts, main: JudgedOrigin, port80: JudgedOrigin | undefined): Observation[] {
  const both = port80?.shared !== undefined && port80.shared === main.shared;
  const observations = observeSite(main, both ? ['server'] : siteSubject(main.origin), facts);
  if (!port80) return observations;
  if (both) return [...observations, ...observeSite(port80, ['server'], facts)];
  return [...observations, ...observePort80(port80, main, facts)];
}

function observeSite({ origin, files, shared }: JudgedOrigin, subject: string[], facts: ServerFacts): Observation[] {
  const observations: Observation[] = [];
  for (const { file, judgement } of files) {
    if (!judgement) continue;
    const code = shared ?? judgement.code;
    const about = shared || isOneSign(judgement.code) ? subject : [...subject, file.path];
    observations.push(observe(code, 'fail', about, valuesOf(origin, file, judgement, facts), [evidenceOf(file.get)]));
  }
  return liftTree(observations, files, subject);
}

/** Of these one occurrence speaks for the whole site. */
function isOneSign(code: FindingCode): boolean {
  return code === 'DOCTOR_SHAREPOINT' || unreachable.has(code);
}

/** A fault of every file of the folder /selfupdate, or of every package, is one thing. */
function liftTree(observations: Observation[], files: JudgedFile[], subject: string[]): Observation[] {
  const inTree = files.filter(({ file }) => file.path.toLowerCase().startsWith('/selfupdate'));
  const packages = inTree.filter(({ file }) => file.clients.length > 0);
  const treeCode = sharedCode(inTree);
  const packageCode = sharedCode(packages);
  // A server that has nothing for SUS clients at all lacks one thing, and they ask for its ident first.
  const nothingForSus =
    packages.length > 0 && packages.every(({ judgement }) => judgement && missing.has(judgement.code));
  return observations.map((observation) => {
    if (observation.code === 'DOCTOR_IUIDENT_MISSING' && nothingForSus) return { ...observation, subject };
    const path = observation.subject[subject.length];
    if (path === undefined || !path.toLowerCase().startsWith('/selfupdate')) return observation;
    const isMissing = missing.has(observation.code);
    if (treeCode === 'missing' && isMissing) return { ...observation, code: 'DOCTOR_TREE_MISSING', subject };
    if (treeCode === observation.code) return { ...observation, subject: [...subject, '/selfupdate'] };
    const isPackage = packages.some(({ file }) => file.path === path);
    if (isPackage && (packageCode === observation.code || (packageCode === 'missing' && isMissing))) {
      return { ...observation, subject: [...subject, '/selfupdate/AU'] };
    }
    return observation;
  });
}

function sharedCode(files: readonly JudgedFile[]): FindingCode | 'missing' | undefined {
  if (files.length < 2) return undefined;
  const codes = new Set(
    files.map(({ judgement }) => (judgement && missing.has(judgement.code) ? 'missing' : judgement?.code)),
  );
  return codes.size === 1 ? [...codes][0] : undefined;
}

function observePort80(port80: JudgedOrigin, main: JudgedOrigin, facts: ServerFacts): Observation[] {
  const { origin, shared } = port80;
  const subject = siteSubject(origin);
  const [first] = port80.files;
  const values = {
    server: hostOf(main.origin.origin),
    url: `${origin.origin}${selfUpdatePaths.iuident}`,
    base: main.origin.origin,
    host: new URL(origin.origin).hostname,
    treePort: new URL(origin.origin).port || '80',
  };
  if (
    first &&
    shared &&
    (unreachable.has(shared) || shared === 'DOCTOR_NOT_HTTP' || shared === 'DOCTOR_CONNECTION_CUT')
  ) {
    // The main address being out of reach explains this one.
    const under = main.shared && unreachable.has(main.shared) ? [...siteSubject(main.origin), 'port 80'] : subject;
    return [observe('DOCTOR_PORT80_MISSING', 'fail', under, values, [evidenceOf(first.file.get)])];
  }
  if (shared === 'DOCTOR_TREE_MISSING' || (shared === 'DOCTOR_HTML_FOR_CABINET' && answersEverything(origin))) {
    return [
      observe(
        'DOCTOR_PORT80_TREE_MISSING',
        'fail',
        subject,
        values,
        port80.files.slice(0, 4).map(({ file }) => evidenceOf(file.get)),
      ),
    ];
  }
  return observeSite(port80, subject, facts);
}

/** A site with a page for every path is another site, not a broken tree. */
function answersEverything({ nowhere }: OriginFacts): boolean {
  return nowhere?.outcome.kind === 'answer' && nowhere.outcome.status === 200;
}

function observeUnsupported(facts: ServerFacts): Observation[] {
  return facts.unsupported.map(({ client, because, url }) =>
    observe('DOCTOR_CLIENT_UNSUPPORTED', 'fail', ['client', client], { client, server: hostOf(facts.main.origin) }, [
      { source: url, text: because },
    ]),
  );
}
