// The API for administration: /api/v1, its OpenAPI document, and a page at /api that shows it. Every call passes the same
// checks in the same order: name, way, credentials, address, role, shape, state.
import { randomUUID } from 'node:crypto';
import type { FoundServer } from '@moult/administration';
import { isPartial, mayDo, type Principal, passwordCostOf, principalOnward } from '@moult/administration/accounts';
import type { Log, Store } from '@moult/store';
import { apiBounds, jobBounds, liveBounds } from '../../bounds.ts';
import type { HomeDocument } from '../../home-document.ts';
import { createBodyRoom } from '../../http/gates/body-room.ts';
import type { KnownHosts } from '../../http/known-hosts.ts';
import type { Exchange, ListenerName, Site } from '../../http/site.ts';
import type { TreeOperations } from '../../tree-operations.ts';
import {
  type Answer,
  answerLater,
  answerOf,
  answerOfJob,
  answerOfProblem,
  csvOf,
  etagOf,
  linkToNext,
  send,
} from './answer.ts';
import { ApiError, problemOf } from './errors.ts';
import { authorOfCall, noteUse, principalOf, refuseOtherSites, tokenIn, visitorOf } from './gate.ts';
import { type Course, createJobs } from './jobs.ts';
import { createLive } from './live.ts';
import { createLogOns } from './log-ons.ts';
import { createOidc } from './oidc.ts';
import { ownAccountsOf } from './own-accounts.ts';
import { answerOnce } from './repeated.ts';
import { readJson, readPath, readQuery } from './request.ts';
import { type Call, Reply, type Route, type RunningFacts, type Visitor } from './route.ts';
import { requestDocument } from './routes/requests.ts';
import { flowSecretIn } from './session-cookie.ts';
import { apiRoot, findRoutes, routes } from './table.ts';
import { confirmFor, hold, isHeld } from './two-persons.ts';

interface ApiParts {
  store: Store;
  server: FoundServer;
  /** The listeners that serve administration: the ports of clients, or a port of its own. */
  listeners: readonly ListenerName[];
  hosts: KnownHosts;
  now(): Date;
  running(): RunningFacts;
  home(): Promise<HomeDocument>;
  catalog: Call<unknown, unknown, unknown>['catalog'];
  log: Log;
  tree: TreeOperations;
  /** Told of failures, with the id that the client was told. */
  failed(error: unknown, instance: string): void;
}

interface ApiSite extends Site {
  /** Ends every stream, so that the listeners can close. */
  endStreams(): void;
  /** Cancels the jobs, and waits for their end. */
  close(): Promise<void>;
}

export function createApiSite({
  store,
  server,
  listeners,
  hosts,
  now,
  running,
  home,
  catalog,
  log,
  tree,
  failed,
}: ApiParts): ApiSite {
  const room = createBodyRoom({ budgetBytes: apiBounds.maxBodiesBytes });
  const logOns = createLogOns({ store, cost: passwordCostOf(server) });
  const accounts = ownAccountsOf(store);
  const oidc = createOidc({ server, log, now });
  const { sessionIdleMinutes, sessionHours } = server.config;
  const limits = { idleMs: sessionIdleMinutes * 60_000, longestMs: sessionHours * 3_600_000 };
  let jobsChanged: (topic: 'jobs') => void = () => undefined;
  const live = createLive({
    loadGenerations: () => store.loadGenerations(),
    subscribe(changed) {
      jobsChanged = changed;
      return store.subscribe(changed);
    },
    failed: (error) => log.warn({ err: error }, 'the live stream could not be told what changed'),
    limits: liveBounds,
  });
  const jobs = createJobs({
    now,
    problemOf: problemOfJob,
    changed(accountId, job) {
      live.tell(accountId, 'job', job);
      jobsChanged('jobs');
    },
    notAsked: (error) => log.warn({ err: error }, 'the account of a job could not be looked at'),
    limits: jobBounds,
  });
  let queue: Promise<unknown> = Promise.resolve();

  return {
    name: 'api',
    listeners,
    matches: ({ route }) => /^\/api(?:\/?$|\/v1(?:\/|$)|\/style\.css$|\/set-up(?:\.js)?$)/.test(route),
    async serve(exchange) {
      const instance = `urn:uuid:${randomUUID()}`;
      try {
        const visitor = visitorOf(exchange, hosts);
        const page = await openPage(exchange);
        const answer = page ?? (await answerCall(exchange, visitor));
        send(exchange.request, exchange.response, answer);
      } catch (error) {
        const { problem, headers } = problemOf(error, instance);
        if (problem.status >= 500) failed(error, instance);
        send(exchange.request, exchange.response, answerOfProblem(problem, headers));
        // Discards the rest of an unread body.
        exchange.request.resume();
      }
    },
    endStreams: live.close,
    close: jobs.close,
  };

  async function answerCall(exchange: Exchange, visitor: Visitor): Promise<Answer> {
    const { request } = exchange;
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
    const isChange = method !== 'GET';
    const at = now();
    const found = findRoutes(exchange.path.slice(apiRoot.length));
    const route = found?.routes.get(method);
    const isOpen = route?.permission === 'anyone';
    const principal = isOpen ? undefined : await principalOf(exchange, visitor, { store, now: at, ...limits });
    if (!principal && !isOpen) throw unauthenticated();
    if (principal && !isInBackground(exchange, route)) await noteUse(store, principal, at);
    if (isChange && principal?.by.kind !== 'token') refuseOtherSites(exchange, { isAnonymous: isOpen });
    if (!found) throw new ApiError('API_NOT_FOUND', 'There is no such operation. See /api.');
    if (!route) throw wrongMethod([...found.routes.keys()]);
    if (principal && route.permission !== 'anyone' && !mayDo(principal, route.permission)) throw forbidden();
    const isOfGroups = principal !== undefined && isPartial(principal);
    if (isOfGroups && !route.isForGroups) throw forbiddenToGroups();
    const query = readQuery(route, exchange.query);
    const path = readPath(route, found.path);
    const { body, text } = isChange ? await readJson(route, request, room) : { body: undefined, text: '' };
    const reached = isOfGroups ? await store.within(principal.account.groupIds) : store;
    const administration = { store: reached, server, author: authorOfCall(principal, visitor, at) };
    const openLive = () => principal !== undefined && takeOver(exchange, visitor, principal);
    const own = {
      administration,
      principal,
      visitor,
      logOns,
      oidc,
      flowSecret: flowSecretIn(request, visitor.isSecure),
      accounts,
      running,
      home,
      catalog,
      log,
      openLive,
      jobs,
      tree,
    };
    const confirm = (requestId: string, course: Course): Promise<unknown> =>
      confirmFor(call, requestId, { store, routes, course, inTurn });
    const call: AnyCall = { ...own, confirm, course: atOnce, path, query, body };
    const key = request.headers['idempotency-key'];
    if (key === undefined || !isChange) return carryOut(exchange, route, call);
    if (route.isSecret || !principal || method !== 'POST')
      throw new ApiError('API_BAD_REQUEST', 'This operation takes no Idempotency-Key.');
    const { accountId, groupIds } = principal.account;
    // An account that reaches other groups than before gets no answer of before.
    const told = [method, exchange.path, exchange.query, text, ...groupIds];
    const asked = { key: String(key), accountId, request: told };
    return answerOnce(store, asked, { now: at, work: () => answerWithProblem(exchange, route, call) });
  }

  function takeOver(exchange: Exchange, visitor: Visitor, { account }: Principal): boolean {
    const { request, response } = exchange;
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).end();
      return true;
    }
    const last = request.headers['last-event-id'];
    return live.open(response, {
      accountId: account.accountId,
      seen: typeof last === 'string' && last !== '' ? last : undefined,
      async isWelcome() {
        const principal = await principalOf(exchange, visitor, { store, now: now(), ...limits });
        return principal?.account.accountId === account.accountId && mayDo(principal, 'read');
      },
    });
  }

  /** A refusal by a rule is an answer, which a repeated request gets again. */
  async function answerWithProblem(exchange: Exchange, route: Route, call: AnyCall): Promise<Answer> {
    try {
      return await carryOut(exchange, route, call);
    } catch (error) {
      const { problem, headers } = problemOf(error, `urn:uuid:${randomUUID()}`);
      if (problem.status >= 500) throw error;
      return answerOfProblem(problem, headers);
    }
  }

  function startJob({ request }: Exchange, route: Route, call: AnyCall): Answer {
    const { principal, administration } = call;
    const { permission } = route;
    if (!principal || permission === 'anyone') throw unauthenticated();
    const secret = tokenIn(request);
    const mayGoOn = async () => {
      const still = await principalOnward(store, principal, secret, now());
      return still !== undefined && mayDo(still, permission) && reachesSame(still, principal);
    };
    const job = jobs.start({ ...principal.account, mayGoOn }, route.id, async (course) => {
      const author = { ...administration.author, at: now() };
      const result = await route.handle({ ...call, administration: { ...administration, author }, course });
      return result instanceof Reply ? result.document : result;
    });
    return answerOfJob(job, `${apiRoot}/jobs/${job.jobId}`);
  }

  function problemOfJob(error: unknown) {
    const instance = `urn:uuid:${randomUUID()}`;
    const { problem } = problemOf(error, instance);
    if (problem.status >= 500) failed(error, instance);
    return problem;
  }

  async function carryOut(exchange: Exchange, route: Route, call: AnyCall): Promise<Answer> {
    if (await isHeld(route, call)) return holdFor(exchange, route, call);
    if (route.isLong && prefersLater(exchange)) return startJob(exchange, route, call);
    if (route.method === 'GET' || !route.current) return answerOfRoute(exchange, route, call);
    // One after the other: between the look at the state and the change nothing of this server comes.
    return inTurn(async () => {
      await requireSame(exchange, route, call);
      return answerOfRoute(exchange, route, call);
    });
  }

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  }

  async function holdFor(exchange: Exchange, route: Route, call: AnyCall): Promise<Answer> {
    if (route.current) await requireSame(exchange, route, call);
    const held = await hold(route, call);
    return answerLater(requestDocument(held), `${apiRoot}/requests/${held.requestId}`);
  }
}

type AnyCall = Call<unknown, unknown, unknown>;

/** Of work whose caller waits for the answer. */
const atOnce = { onProgress: () => undefined, signal: new AbortController().signal };

/** RFC 7240. */
function prefersLater({ request }: Exchange): boolean {
  return /(?:^|[,\s])respond-async(?:$|[,;\s])/i.test(String(request.headers.prefer ?? ''));
}

/** Requests that a page sends by itself do not extend a session. The user may have left. */
function isInBackground({ request }: Exchange, route: Route | undefined): boolean {
  return route?.isStream === true || (route?.method === 'GET' && request.headers['moult-background'] === '1');
}

async function answerOfRoute(exchange: Exchange, route: Route, call: AnyCall): Promise<Answer> {
  const result = await route.handle(call);
  const reply = result instanceof Reply ? result : new Reply(result, {});
  const etag = route.method === 'GET' && route.current ? { etag: etagOf(await route.current(call)) } : {};
  if (!route.isList) return answerOf(route, reply.document, { ...reply.headers, ...etag });
  const next = linkToNext(reply.document, { target: exchange.path, query: exchange.query });
  return wantsCsv(exchange, call) ? csvOf(route, reply.document, next) : answerOf(route, reply.document, next);
}

function wantsCsv({ request }: Exchange, { query }: AnyCall): boolean {
  const { format } = query as { format?: string };
  return format === undefined ? /^text\/csv\b/i.test(request.headers.accept ?? '') : format === 'csv';
}

/** Throws ApiError API_PRECONDITION_REQUIRED without If-Match, API_PRECONDITION_FAILED when the state is another one. */
async function requireSame({ request }: Exchange, route: Route, call: AnyCall): Promise<void> {
  const state = await route.current?.(call);
  const wanted = request.headers['if-match'];
  if (wanted === undefined)
    throw new ApiError('API_PRECONDITION_REQUIRED', 'Send If-Match with the ETag of the state that you saw.');
  const known = wanted.split(',').map((tag) => tag.trim());
  if (!known.includes(etagOf(state)))
    throw new ApiError('API_PRECONDITION_FAILED', 'It changed since you looked. Look again, then repeat the change.');
}

/** The page, its style and the document: the same for everybody, and nothing of this server is in them. */
async function openPage({ request, route }: Exchange): Promise<Answer | undefined> {
  const isDocument = route === `${apiRoot}/openapi.json`;
  if (!isDocument && route.startsWith(apiRoot)) return undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD') throw wrongMethod(['GET']);
  const headers = { 'cache-control': 'no-cache' };
  // Beside it comes a library that nothing else needs: loaded when somebody asks.
  const { openApiDocument } = await import('./document.ts');
  if (isDocument) return { status: 200, body: openApiDocument(), type: 'application/json; charset=utf-8', headers };
  const { apiPage, apiPolicy, apiStyle } = await import('./page.ts');
  const { setUpPage, setUpPolicy, setUpScript } = await import('./set-up-page.ts');
  const answer = (body: string, type: string, policy = apiPolicy): Answer => ({
    ...{ status: 200, body, type: `${type}; charset=utf-8` },
    headers: { ...headers, 'content-security-policy': policy },
  });
  if (route.endsWith('.css')) return answer(apiStyle, 'text/css');
  if (route.endsWith('.js')) return answer(setUpScript, 'text/javascript');
  return route === '/api/set-up' ? answer(setUpPage, 'text/html', setUpPolicy) : answer(apiPage(), 'text/html');
}

function unauthenticated(): ApiError {
  const headers = { 'www-authenticate': 'Bearer realm="Moult"' };
  return new ApiError('API_UNAUTHENTICATED', 'Send a token as "Authorization: Bearer …", or log on.', { headers });
}

function forbidden(): ApiError {
  return new ApiError('API_FORBIDDEN', 'Your role does not permit this operation.');
}

/** Before anything is looked up: the refusal is the same whatever is there. */
function forbiddenToGroups(): ApiError {
  return new ApiError(
    'API_FORBIDDEN',
    'Your account reaches some groups only. This operation is for the whole server.',
  );
}

/** Work goes on for the groups that it began with. */
function reachesSame({ account: now }: Principal, { account: before }: Principal): boolean {
  return now.groupIds.join() === before.groupIds.join();
}

function wrongMethod(methods: readonly string[]): ApiError {
  const allow = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  return new ApiError('API_METHOD', `This address takes ${allow.join(', ')}.`, {
    headers: { allow: allow.join(', ') },
  });
}
