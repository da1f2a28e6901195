// The collector of `moult doctor server`: asks one server, on its own port and on port 80, for everything that clients
// ask, and returns facts. Only the host that was given is asked.
import { createHash } from 'node:crypto';
import { decideSelfUpdate, encodeQueryStamp, selfUpdatePaths, wuaucompPath } from '@moult/protocol/self-update';
import { type Probe, type ProbeLimits, type ProbeRequest, probe } from '../net/probe.ts';
import { speaksTls } from '../net/tls.ts';
import { type CabinetVerdict, judgeCabinet } from './cabinet-facts.ts';
import { type ClientKind, describeClientKind, headersOf } from './client-kind.ts';

export interface FileFacts {
  path: string;
  /** For packages: the kinds of clients that need it. */
  clients: string[];
  get: Probe;
  head: Probe | undefined;
  range: Probe | undefined;
  /** Without a time stamp in the query, as a cache likes it. */
  plain: Probe | undefined;
  /** Of a GET that was answered with 200. */
  cabinet: CabinetVerdict | undefined;
  sha256: string | undefined;
}

export interface OriginFacts {
  /** `http://server:8530` */
  origin: string;
  role: 'main' | 'port80';
  files: FileFacts[];
  wutrack: Probe | undefined;
  /** A path that no server has: what answers everything is not the update server. */
  nowhere: Probe | undefined;
  services: { name: 'client-web-service' | 'simple-auth' | 'reporting'; probe: Probe }[];
}

export interface ServerFacts {
  given: string;
  /** Path of the given URL, where it has one. */
  givenPath: string;
  /** Below the path nothing is served, and without it there is a tree: the path is wrong. */
  isPathWrong: boolean;
  /** Which product answers, where it shows. */
  product: 'moult' | 'wsus' | undefined;
  main: OriginFacts;
  port80: OriginFacts | undefined;
  /** Reasons why a kind of client is told that it cannot update itself. */
  unsupported: { client: string; because: string; url: string }[];
  /** The address says http, and TLS is what the port understands. */
  speaksTls: boolean;
  askedAt: Date;
}

interface ServerQuestion {
  url: URL;
  clients: readonly ClientKind[];
  selfUpdatePort: number | undefined;
  ca: readonly string[];
  limits: ProbeLimits;
  now(): Date;
  progress(text: string): void;
}

/** The bytes of a file that are asked for by themselves. */
export const probedRange = { from: 4, to: 19 };

/** Asks the server. Never throws for what it does. */
export async function collectServerFacts(question: ServerQuestion): Promise<ServerFacts> {
  const { url, selfUpdatePort } = question;
  const askedAt = question.now();
  const unsupported: ServerFacts['unsupported'] = [];
  const givenPath = url.pathname.replace(/\/+$/, '');
  let main = await collectOrigin(question, url.origin, 'main', unsupported, givenPath);
  let isPathWrong = false;
  if (givenPath !== '' && main.files.every(({ get }) => isMissing(get))) {
    const bare = await collectOrigin(question, url.origin, 'main', unsupported);
    isPathWrong = bare.files.some(({ get }) => get.outcome.kind === 'answer' && get.outcome.status === 200);
    if (isPathWrong) main = bare;
  }
  const ownPort = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  let port80: OriginFacts | undefined;
  if (selfUpdatePort !== undefined && !(selfUpdatePort === ownPort && url.protocol === 'http:')) {
    const origin = new URL(`http://${url.hostname}:${selfUpdatePort}`).origin;
    port80 = await collectOrigin(question, origin, 'port80', []);
  }
  const mute = url.protocol === 'http:' && main.files.every(({ get }) => isMute(get));
  const isTls = mute && (await speaksTls(url, question.limits.connectMs));
  const product = await productOf(question, main);
  return { given: url.href, givenPath, isPathWrong, product, main, port80, unsupported, speaksTls: isTls, askedAt };
}

/** IIS names itself in every answer. Moult has a home page that says what it serves. */
async function productOf(question: ServerQuestion, { origin, files }: OriginFacts): Promise<ServerFacts['product']> {
  const answers = files.flatMap(({ get }) => (get.outcome.kind === 'answer' ? [get.outcome] : []));
  if (answers.length === 0) return undefined;
  if (answers.some(({ headers }) => /microsoft-iis|microsoft-httpapi/i.test(headers.server ?? ''))) return 'wsus';
  const { outcome } = await asker(question, origin)({ method: 'GET', path: '/api/home' });
  if (outcome.kind !== 'answer' || outcome.status !== 200) return undefined;
  const text = outcome.body.subarray(0, 65_536).toString('utf8');
  return /^\s*\{/.test(text) && text.includes('"selfUpdate"') && text.includes('"generatedAt"') ? 'moult' : undefined;
}

function isMissing({ outcome }: Probe): boolean {
  return outcome.kind === 'answer' && outcome.status === 404;
}

async function collectOrigin(
  question: ServerQuestion,
  origin: string,
  role: OriginFacts['role'],
  unsupported: ServerFacts['unsupported'],
  prefix = '',
): Promise<OriginFacts> {
  const ask = asker(question, `${origin}${prefix}`);
  const first = question.clients[0];
  const sus = first ? headersOf(first, 'sus') : {};
  const wsus = first ? headersOf(first, 'wsus') : {};
  const facts: OriginFacts = { origin, role, files: [], wutrack: undefined, nowhere: undefined, services: [] };
  const iuident = await collectFile(question, ask, selfUpdatePaths.iuident, sus, []);
  facts.files.push(iuident);
  // If not even a connection can be made, asking again teaches nothing more.
  if (isDead(iuident.get)) return facts;
  facts.files.push(await collectFile(question, ask, selfUpdatePaths.wuident, wsus, []));
  // Silent twice is silent: a dozen more waits add no facts.
  if (facts.files.every(({ get }) => isSilent(get))) return facts;
  for (const [path, clients] of packagePaths(question.clients, iuident, unsupported, origin)) {
    facts.files.push(await collectFile(question, ask, path, sus, clients));
  }
  facts.wutrack = await ask({ method: 'HEAD', path: selfUpdatePaths.statusPing, headers: sus });
  if (facts.files.some(({ get }) => get.outcome.kind === 'answer' && get.outcome.status < 400)) {
    facts.nowhere = await ask({
      method: 'GET',
      path: `/moult-doctor-${createHash('sha256').update(origin).digest('hex').slice(0, 12)}.cab`,
      headers: sus,
    });
  }
  if (role === 'main') await collectServices(facts, ask, wsus);
  return facts;
}

type Ask = (asked: Omit<ProbeRequest, 'url'> & { path: string }) => Promise<Probe>;

function asker(question: ServerQuestion, origin: string): Ask {
  return ({ path, ...rest }) => {
    const url = `${origin}${path}`;
    question.progress(`${rest.method} ${url}`);
    return probe({ url, ...rest }, question.limits);
  };
}

async function collectFile(
  question: ServerQuestion,
  ask: Ask,
  path: string,
  headers: Record<string, string>,
  clients: string[],
): Promise<FileFacts> {
  const stamp = encodeQueryStamp(question.now());
  const get = await ask({ method: 'GET', path: `${path}?${stamp}`, headers });
  const facts: FileFacts = {
    path,
    clients,
    get,
    head: undefined,
    range: undefined,
    plain: undefined,
    cabinet: undefined,
    sha256: undefined,
  };
  if (isDead(get) || isSilent(get)) return facts;
  facts.head = await ask({ method: 'HEAD', path: `${path}?${stamp}`, headers });
  if (get.outcome.kind !== 'answer' || get.outcome.status !== 200) return facts;
  const { body, complete, cutByLimit } = get.outcome;
  const name = path.split('/').at(-1) ?? '';
  facts.cabinet = await judgeCabinet(body, {
    complete: complete || cutByLimit,
    name,
    ca: question.ca,
    now: question.now(),
  });
  facts.sha256 = createHash('sha256').update(body).digest('hex');
  if (body.length > 32 && facts.cabinet.kind !== 'html') {
    const range = `bytes=${probedRange.from}-${probedRange.to}`;
    facts.range = await ask({ method: 'GET', path: `${path}?${stamp}`, headers: { ...headers, Range: range } });
    if (clients.length === 0) facts.plain = await ask({ method: 'GET', path, headers });
  }
  return facts;
}

/** Path → kinds that need it: as the ident says if we can read it, else by the public pattern. */
function packagePaths(
  clients: readonly ClientKind[],
  iuident: FileFacts,
  unsupported: ServerFacts['unsupported'],
  origin: string,
): Map<string, string[]> {
  const ident = iuident.cabinet?.kind === 'good' ? iuident.cabinet.ident : undefined;
  const paths = new Map<string, string[]>();
  for (const client of clients) {
    let path: string | undefined = wuaucompPath(client);
    if (ident) {
      const decision = decideSelfUpdate(ident, client);
      path = decision.kind === 'update' ? `/${decision.path}` : undefined;
      if (decision.kind === 'unsupported') {
        unsupported.push({
          client: describeClientKind(client),
          because: decision.because,
          url: `${origin}${iuident.path}`,
        });
      }
    }
    if (path) paths.set(path, [...(paths.get(path) ?? []), describeClientKind(client)]);
  }
  return paths;
}

async function collectServices(facts: OriginFacts, ask: Ask, headers: Record<string, string>): Promise<void> {
  const soap = { ...headers, 'Content-Type': 'text/xml; charset=utf-8', SOAPAction: getConfigAction };
  const client = await ask({ method: 'POST', path: '/ClientWebService/client.asmx', headers: soap, body: getConfig });
  facts.services.push({ name: 'client-web-service', probe: client });
  const simpleAuth = await ask({ method: 'GET', path: '/SimpleAuthWebService/SimpleAuth.asmx', headers });
  facts.services.push({ name: 'simple-auth', probe: simpleAuth });
  const reporting = await ask({ method: 'GET', path: '/ReportingWebService/ReportingWebService.asmx', headers });
  facts.services.push({ name: 'reporting', probe: reporting });
}

// MS-WUSP 3.1.5.2: GetConfig changes nothing on the server and needs no cookie.
const getConfigAction = '"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/GetConfig"';
const getConfig =
  '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>' +
  '<GetConfig xmlns="http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService">' +
  '<protocolVersion>1.8</protocolVersion></GetConfig></soap:Body></soap:Envelope>';

/** Connected, and then no word of HTTP: how IIS takes plain HTTP on a port for TLS. */
function isMute({ outcome }: Probe): boolean {
  return outcome.kind === 'failure' && (outcome.failure === 'cut' || outcome.failure === 'not-http');
}

/** Connected, and not a byte came in time. */
function isSilent({ outcome }: Probe): boolean {
  return outcome.kind === 'failure' && outcome.failure === 'timeout';
}

function isDead({ outcome }: Probe): boolean {
  return outcome.kind === 'failure' && ['name', 'network', 'refused', 'tls'].includes(outcome.failure)
    ? true
    : outcome.kind === 'failure' && outcome.code === 'CONNECT_TIMEOUT';
}
