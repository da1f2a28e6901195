// Every operation of the OpenAPI document, for each role and each problem that it declares.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { digestOfSecret, permits, roles } from '@moult/administration/accounts';
import { addPlan } from '@moult/administration/rings';
import type { z } from 'zod';
import { addComputer, author, idOf } from '../../../../administration/src/test/administration.ts';
import { apiBounds } from '../../bounds.ts';
import { openApiDocument } from './document.ts';
import { routes } from './table.ts';
import { type Answered, type Asked, computerId, password, startApi, type TestApi } from './test/api-server.ts';
import {
  closeOutside,
  type Example,
  openOutside,
  removeHooks,
  serverExamples,
  serverProvocations,
} from './test/server-examples.ts';

interface Operation {
  operationId: string;
  security: unknown[];
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: unknown;
}

const { paths } = JSON.parse(openApiDocument()) as { paths: Record<string, Record<string, Operation>> };
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
);

let made = 0;
const newGroup = async ({ ask, tokens }: TestApi) => {
  const { json } = await ask('/api/v1/groups', {
    method: 'POST',
    token: tokens.administrator,
    body: { name: `G${++made}` },
  });
  return `/groups/${(json as { groupId: string }).groupId}`;
};
const newRule = async ({ ask, tokens }: TestApi) => {
  const body = { name: `R${++made}`, when: { title: 'Nothing*' }, action: 'hold' };
  const { json } = await ask('/api/v1/rules', { method: 'POST', token: tokens.administrator, body });
  return `/rules/${(json as { ruleId: string }).ruleId}`;
};
const newRings = async ({ ask, tokens }: TestApi) => {
  const body = {
    name: `Rings ${++made}`,
    rings: [
      { name: 'all', groups: ['All Computers'] },
      { name: 'rest', groups: ['Unassigned Computers'] },
    ],
  };
  const { json } = await ask('/api/v1/rings', { method: 'POST', token: tokens.administrator, body });
  return `/rings/${(json as { planId: string }).planId}`;
};
const noRings = async ({ administration: { store } }: TestApi) => {
  for (const { planId } of await store.listPlans()) await store.removePlan(planId, author);
  return undefined;
};
/** Rings "Entered" of two, without an update in them. */
const emptyRings = async (api: TestApi) => {
  const { administration } = api;
  await noRings(api);
  const all = ['All Computers'];
  const rings = [
    { name: 'one', groups: all },
    { name: 'two', groups: all },
  ];
  await addPlan({ ...administration, author }, 'Entered', rings);
  return undefined;
};
/** An update in the first of two rings, after these acts. */
const onItsWay =
  (verb: string, ...before: string[]) =>
  async (api: TestApi) => {
    await emptyRings(api);
    const asked = { method: 'POST', token: api.tokens.administrator };
    await api.ask('/api/v1/rollouts', { ...asked, body: { rings: 'Entered', update: idOf(0) } });
    for (const one of before) await api.ask(`/api/v1/rollouts/${idOf(0)}/${one}`, { ...asked, body: {} });
    return `/rollouts/${idOf(0)}${verb}`;
  };
const newUser = async ({ ask, tokens }: TestApi) => {
  const body = { name: `user${++made}`, role: 'reporter' };
  await ask('/api/v1/users', { method: 'POST', token: tokens.administrator, body });
  return `/users/user${made}`;
};

const soon = () => new Date(Date.UTC(2026, 10, 23)).toISOString();
const newHold = async ({ ask, tokens }: TestApi) => {
  const body = { updates: ['KB5000001'], says: 'Screens stay black' };
  const { json } = await ask('/api/v1/holds', { method: 'POST', token: tokens.administrator, body });
  return `/holds/${(json as { holdId: string }).holdId}`;
};
const newStop = async ({ ask, tokens }: TestApi) => {
  const body = { says: 'Screens stay black', until: soon() };
  await ask('/api/v1/stop', { method: 'POST', token: tokens.administrator, body });
  return undefined;
};

/** Of the administrator. */
const newJob = async ({ ask, tokens }: TestApi) => {
  const body = { filter: { search: 'nothing of it' }, expected: 0 };
  const asked = { method: 'POST', headers: { prefer: 'respond-async' }, body };
  const { headers } = await ask('/api/v1/bulk/declines', { ...asked, token: tokens.administrator });
  return String(headers.location).replace('/api/v1', '');
};

const examples: Record<string, Example> = {
  ...serverExamples,
  readStatus: {},
  followChanges: {},
  readHome: {},
  listReports: {},
  listPings: {},
  listIdentityChanges: {},
  listAudit: {},
  listContent: {},
  listComputers: {},
  showComputer: { path: `/computers/${computerId}` },
  removeComputer: { path: '/computers/pc7' },
  addToGroup: { prepare: async (api) => `${await newGroup(api)}/computers/${computerId}` },
  removeFromGroup: { prepare: async (api) => `${await newGroup(api)}/computers/${computerId}` },
  listClones: {},
  listGroups: {},
  showGroup: { prepare: newGroup },
  addGroup: { body: { name: 'Pilot' } },
  renameGroup: { prepare: newGroup, body: { name: 'Renamed' } },
  removeGroup: { prepare: newGroup },
  listUpdates: {},
  showUpdate: { path: `/updates/${idOf(0)}` },
  countUpdateByGroup: { path: `/updates/${idOf(0)}/groups` },
  listUpdateFiles: { path: `/updates/${idOf(0)}/files` },
  previewApproval: { path: `/approvals/preview?update=${idOf(0)}&group=All+Computers` },
  approveUpdates: { body: { updates: [idOf(0)], groups: ['All Computers'] } },
  declineUpdates: { body: { updates: [idOf(1)] } },
  listHolds: {},
  addHold: { body: { updates: ['KB5000001'], says: 'Screens stay black' } },
  liftHold: { prepare: newHold },
  showStop: {},
  setStop: { body: { says: 'Screens stay black', until: soon() } },
  liftStop: { path: '/stop', prepare: newStop },
  listRules: {},
  showRule: { prepare: newRule },
  saveRule: { body: { name: 'Pilot', when: { title: 'Nothing*' }, action: 'install', groups: ['All Computers'] } },
  moveRule: { prepare: async (api) => `${await newRule(api)}/place`, body: { place: 1 } },
  removeRule: { prepare: newRule },
  testRules: {},
  runRules: {},
  listRings: {},
  showRings: { prepare: newRings },
  addRings: {
    path: '/rings',
    prepare: noRings,
    body: { name: 'Standard', rings: [{ name: 'all', groups: ['All Computers'] }] },
  },
  removeRings: { prepare: newRings },
  listRollouts: {},
  enterRings: { path: '/rollouts', prepare: emptyRings, body: { rings: 'Entered', update: idOf(0) } },
  showRollout: { prepare: onItsWay('') },
  pauseRollout: { prepare: onItsWay('/pause'), body: { until: soon() } },
  resumeRollout: { prepare: onItsWay('/resume', 'pause') },
  skipRing: { prepare: onItsWay('/skip') },
  rollBackRollout: { prepare: onItsWay('/roll-back') },
  explainGroup: { path: `/groups/All%20Computers/updates/${idOf(0)}` },
  approveMatchingUpdates: { body: { filter: { search: 'other' }, expected: 1 } },
  declineMatchingUpdates: { body: { filter: { search: 'other' }, expected: 1 } },
  listJobs: {},
  showJob: { prepare: newJob },
  cancelJob: { prepare: newJob },
  whoAmI: {},
  listAccounts: {},
  showAccount: { prepare: newUser },
  addAccount: { body: { name: 'carla', role: 'approver', password } },
  changeAccount: { prepare: newUser, body: { isDisabled: true } },
  removeAccount: { prepare: newUser },
  listTokens: {},
  addToken: { body: { name: 'nightly', user: 'reporter' } },
  revokeToken: {
    async prepare({ ask, tokens }) {
      const body = { name: 'short', user: 'reporter' };
      const { json } = await ask('/api/v1/tokens', { method: 'POST', token: tokens.administrator, body });
      return `/tokens/${(json as { tokenId: string }).tokenId}`;
    },
  },
  logOn: { body: { name: 'reporter', password } },
  logOff: {},
  listSessions: {},
  endSession: {
    async prepare({ ask, administration: { store } }) {
      await ask('/api/v1/session', { method: 'POST', body: { name: 'auditor', password } });
      return `/sessions/${(await store.listSessions())[0]?.sessionId}`;
    },
  },
  setUp: { body: { secret: 'wrong', name: 'first', password } },
};

type Called = (typeof operations)[number];

/** The call of the example, with what the operation needs beside: If-Match. */
async function exampleOf(api: TestApi, { operationId, path, method }: Called): Promise<Asked & { path: string }> {
  const { path: fixed, body, prepare } = examples[operationId] ?? assert.fail(`no example of ${operationId}`);
  const made = (await prepare?.(api)) ?? fixed ?? path;
  const asked: Asked & { path: string } = { path: `/api/v1${made}`, method, headers: {} };
  if (body !== undefined) asked.body = typeof body === 'function' ? body() : body;
  if (routes.find(({ id }) => id === operationId)?.current && method !== 'GET') {
    const { headers } = await api.ask(asked.path, { token: api.tokens.administrator });
    asked.headers = { 'if-match': String(headers.etag) };
  }
  return asked;
}

describe('the operations of the API', () => {
  let api: TestApi;
  before(async () => {
    await openOutside();
    api = await startApi();
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
    await closeOutside();
  });
  const ask = ({ path, ...asked }: Asked & { path: string }) => api.ask(path, asked);

  it('each have an example here, and each handler is in the document', () => {
    assert.deepEqual(operations.map(({ operationId }) => operationId).sort(), Object.keys(examples).sort());
    assert.deepEqual(routes.map(({ id }) => id).sort(), Object.keys(examples).sort());
    assert.equal(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size, routes.length);
  });

  it('answer what the document declares to roles that may, and nothing to all others', async () => {
    for (const operation of operations) {
      const route = routes.find(({ id }) => id === operation.operationId) ?? assert.fail();
      const { permission } = route;
      for (const role of [undefined, ...roles]) {
        const asked = await exampleOf(api, operation);
        const token = role && api.tokens[role];
        const answer = await ask({ ...asked, token });
        const said = `${operation.operationId} as ${role}: ${answer.text.slice(0, 300)}`;
        if (permission === 'anyone') assert.ok(answer.status < 300 || operation.operationId === 'setUp', said);
        else if (role === undefined)
          assert.deepEqual([answer.status, answer.json.code], [401, 'API_UNAUTHENTICATED'], said);
        else if (!permits([role], permission))
          assert.deepEqual([answer.status, answer.json.code], [403, 'API_FORBIDDEN'], said);
        // A job of somebody else is there for auditors and administrators.
        else if (/Job$/.test(operation.operationId) && !permits([role], 'audit'))
          assert.equal(answer.status, 404, said);
        else if (operation.operationId === 'cancelJob' && role === 'auditor') assert.equal(answer.status, 403, said);
        else if (route.isStream) assert.match(answer.text, /^retry: 2000\n\nid: .*\nevent: hello\n/, said);
        else isDeclared(operation, answer, said, route.answer);
        await restore(api);
      }
    }
    assert.deepEqual(api.failures, []);
  });

  /** The status is in the document, and the answer has its shape. */
  function isDeclared(operation: Operation, { status, json, text }: Answered, said: string, shape?: z.ZodType): void {
    assert.ok(operation.responses[status], said);
    // Only a call by token cannot log off, and only a computer that is there can be removed twice.
    assert.ok(status < 300 || operation.operationId === 'logOff', said);
    if (status >= 300) return;
    if (!shape) assert.equal(text, '', said);
    else assert.deepEqual(shape.safeParse(json).error?.issues ?? [], [], said);
  }

  it('answer each problem that the document declares, and name its page', async () => {
    for (const operation of operations) {
      // 429 last: after it this address is told nothing else.
      const statuses = Object.keys(operation.responses)
        .map(Number)
        .sort((one, other) => Number(one === 429) - Number(other === 429));
      for (const status of statuses.filter((one) => one >= 400)) {
        const answer = await provoke(operation, status);
        const said = `${operation.operationId} ${status}: ${answer.status} ${answer.text.slice(0, 300)}`;
        assert.equal(answer.status, status, said);
        assert.match(String(answer.headers['content-type']), /^application\/problem\+json/, said);
        const { type, code, detail, instance } = answer.json;
        assert.equal(type, `/docs/errors#${String(code).toLowerCase()}`, said);
        assert.ok(String(detail).length > 10 && /^urn:uuid:/.test(String(instance)), said);
        await restore(api);
      }
    }
  });

  async function provoke(operation: Called, status: number): Promise<Answered> {
    const special = provocations[`${operation.operationId} ${status}`];
    const asked = { ...(await exampleOf(api, operation)), token: api.tokens.administrator };
    if (special) return ask({ ...asked, ...(await special(api, asked)) });
    const isOpen = operation.security.length === 0;
    switch (status) {
      case 400:
        return ask({ ...asked, path: `${asked.path}${asked.path.includes('?') ? '&' : '?'}nothing=1` });
      case 401:
        return ask({ ...asked, token: `${api.tokens.administrator}x` });
      case 403:
        if (isOpen) return ask({ ...asked, headers: { 'sec-fetch-site': 'cross-site' } });
        return ask({ ...asked, headers: { ...asked.headers, 'x-forwarded-for': '192.0.2.1' } });
      case 404:
        return ask({ ...asked, ...(await missing(operation, asked)) });
      case 409:
        if (operation.method === 'POST') return ask({ ...asked, ...(await keyOfAnother(api, asked)) });
        return ask({ ...asked, path: `${asked.path}?cursor=WyJ4IiwxXQ` });
      case 412:
        return ask({ ...asked, headers: { 'if-match': '"another"' } });
      case 413:
        return ask({ ...asked, body: { name: 'x'.repeat(mostBytesOf(operation)) } });
      case 415:
        return ask({ ...asked, headers: { ...asked.headers, 'content-type': 'text/plain' } });
      case 421:
        return ask({ ...asked, headers: { ...asked.headers, host: 'stranger.example' } });
      case 428:
        return ask({ ...asked, headers: {} });
      case 503:
        api.clock.isAway = true;
        return ask(asked).finally(() => {
          api.clock.isAway = false;
        });
      default:
        return assert.fail(`nothing provokes ${operation.operationId} ${status}`);
    }
  }

  /** Names something that is not there: in the path, or in the query of a list. */
  async function missing({ path, parameters = [] }: Called, asked: Asked & { path: string }) {
    if (path.includes('{update}/')) return { path: asked.path.replace(/rollouts\/[^/]+/, 'rollouts/Nowhere') };
    if (path.includes('{')) return { path: asked.path.replace(/[^/]+$/, '00000000-1111-4000-8000-000000000000') };
    const name = parameters.find(({ name: one }) => ['computer', 'group', 'update'].includes(one))?.name;
    return { path: `${asked.path}?${name}=Nowhere` };
  }
});

function mostBytesOf({ operationId }: Called): number {
  const isLarge = routes.find(({ id }) => id === operationId)?.takesFiles;
  return isLarge ? apiBounds.maxUploadBytes : apiBounds.maxBodyBytes;
}

/** A removed computer comes back for the next call. */
async function restore(api: TestApi): Promise<void> {
  const { administration } = api;
  await removeHooks(api);
  await addComputer(administration, computerId, 'pc7.example.test');
}

/** A key that another request had. */
async function keyOfAnother({ ask, tokens }: TestApi, asked: Asked): Promise<Asked> {
  const headers = { 'idempotency-key': `key-${++made}` };
  const body = { name: `Key ${made}` };
  await ask('/api/v1/groups', { method: 'POST', token: tokens.administrator, headers, body });
  return { headers: { ...asked.headers, ...headers } };
}

const inAllComputers = async () => ({ path: `/api/v1/groups/All%20Computers/computers/${computerId}` });

/** Of rules: what the generic ones cannot provoke. */
const provocations: Record<string, (api: TestApi, asked: Asked) => Promise<Asked & { path?: string }>> = {
  ...serverProvocations,
  'logOn 401': async () => ({ body: { name: 'reporter', password: 'not the password' } }),
  'logOn 429': async ({ ask }) => {
    const wrong = { method: 'POST', body: { name: 'somebody', password: 'not the password' } };
    for (let count = 0; count < 8; count++) await ask('/api/v1/session', wrong);
    return wrong;
  },
  'setUp 409': async () => ({}),
  'setUp 422': async ({ administration: { store } }) => {
    for (const { accountId } of await store.listAccounts()) await store.removeAccount(accountId, author);
    const secret = 'the secret of the link';
    await store.saveSetUpLink(digestOfSecret(secret), new Date(author.at.getTime() + 1000));
    return { body: { secret, name: 'first', password: 'short' } };
  },
  'setUp 429': async ({ ask }) => {
    const wrong = { method: 'POST', body: { secret: 'wrong', name: 'first', password } };
    for (let count = 0; count < 20; count++) await ask('/api/v1/set-up', wrong);
    return wrong;
  },
  'addToGroup 409': inAllComputers,
  'removeFromGroup 409': inAllComputers,
  'addHold 404': async () => ({ body: { updates: ['Nowhere'], says: 'Screens stay black' } }),
  'addHold 409': async () => ({ body: { updates: ['KB1'], says: 'Screens stay black', link: 'nowhere' } }),
  'setStop 409': async () => ({ body: { says: 'Screens stay black', until: '2026-01-01T00:00:00Z' } }),
  'liftStop 409': async ({ ask }, asked) => {
    await ask('/api/v1/stop', asked);
    return {};
  },
  'addGroup 404': async () => ({ body: { name: 'Inside', parent: 'Nowhere' } }),
  'addGroup 409': async () => ({ body: { name: 'All Computers' } }),
  'renameGroup 409': async () => ({ body: { name: 'All Computers' } }),
  'removeGroup 409': async ({ ask, tokens }) => {
    const path = '/api/v1/groups/All%20Computers';
    const { headers } = await ask(path, { token: tokens.administrator });
    return { path, headers: { 'if-match': String(headers.etag) } };
  },
  'countUpdateByGroup 404': async () => ({ path: '/api/v1/updates/Nowhere/groups' }),
  'listUpdateFiles 404': async () => ({ path: '/api/v1/updates/Nowhere/files' }),
  'previewApproval 400': async () => ({ path: '/api/v1/approvals/preview' }),
  'previewApproval 404': async () => ({ path: `/api/v1/approvals/preview?update=${idOf(0)}&group=Nowhere` }),
  'saveRule 409': async () => ({ body: { name: 'x', action: 'install', groups: ['Nowhere'] } }),
  'addRings 404': async () => ({ body: { name: 'x', rings: [{ name: 'x', groups: ['Nowhere'] }] } }),
  'addRings 409': async () => ({ body: { name: ' ', rings: [{ name: 'x', groups: ['All Computers'] }] } }),
  'removeRings 409': async (api) => {
    await onItsWay('')(api);
    const { headers } = await api.ask('/api/v1/rings/Entered', { token: api.tokens.administrator });
    return { path: '/api/v1/rings/Entered', headers: { 'if-match': String(headers.etag) } };
  },
  'enterRings 404': async () => ({ body: { rings: 'Nowhere', update: idOf(0) } }),
  'enterRings 409': async () => ({ body: { rings: 'Entered', update: idOf(2) } }),
  'pauseRollout 409': async () => ({ body: { until: '2026-01-01T00:00:00Z' } }),
  'resumeRollout 409': async ({ ask }, asked) => {
    await ask(`/api/v1/rollouts/${idOf(0)}/resume`, asked);
    return {};
  },
  'skipRing 409': async ({ ask }, asked) => {
    await ask(`/api/v1/rollouts/${idOf(0)}/skip`, asked);
    return {};
  },
  'rollBackRollout 409': async ({ ask }, asked) => {
    await ask(`/api/v1/rollouts/${idOf(0)}/roll-back`, asked);
    return {};
  },
  'explainGroup 404': async () => ({ path: '/api/v1/groups/Nowhere/updates/x' }),
  'approveUpdates 404': async () => ({ body: { updates: ['Nothing of it'] } }),
  'approveUpdates 409': async () => ({ body: { updates: [idOf(2)] } }),
  'approveMatchingUpdates 404': async () => ({ body: { filter: {}, expected: 2, groups: ['Nowhere'] } }),
  'approveMatchingUpdates 409': async () => ({ body: { filter: {}, expected: 7 } }),
  'declineMatchingUpdates 404': async () => ({ body: { filter: { product: 'Nowhere' }, expected: 2 } }),
  'declineMatchingUpdates 409': async () => ({ body: { filter: {}, expected: 7 } }),
  'declineUpdates 404': async () => ({ body: { updates: ['Nothing of it'] } }),
  'declineUpdates 409': async () => ({ body: { updates: [idOf(2)] } }),
  'addAccount 409': async () => ({ body: { name: 'Reporter', role: 'reporter' } }),
  'addAccount 422': async () => ({ body: { name: 'short', role: 'reporter', password: 'short' } }),
  'changeAccount 422': async () => ({ body: { password: 'short' } }),
  'addToken 404': async () => ({ body: { name: 'x', user: 'nowhere' } }),
  'addToken 422': async () => ({ body: { name: '=cmd', user: 'reporter' } }),
  'logOff 409': async () => ({}),
};
