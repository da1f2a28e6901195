// Every operation of the OpenAPI document, for each role and each problem that it declares.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { permits, roles } from '@moult/administration/accounts';
import type { z } from 'zod';
import { addComputer } from '../../../../administration/src/test/administration.ts';
import { apiBounds } from '../../bounds.ts';
import { openApiDocument } from './document.ts';
import { routes } from './table.ts';
import { type Answered, type Asked, computerId, startApi, type TestApi } from './test/api-server.ts';
import { examples, provocations } from './test/operation-examples.ts';
import { closeOutside, openOutside, removeHooks } from './test/server-examples.ts';

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

/** A token cannot log off or change a password, and others cannot end a session: own-account.test.ts does it. */
const ofSessions = ['logOff', 'changeOwnPassword', 'endOwnSession', 'revokeOwnToken'];

/** After their problems this address may not log on any more, and after those of the last one no account is there. */
const atLast = ['logOn', 'changeOwnPassword', 'setUp'];

let keys = 0;
/** They need a set-up link, or an issuer. Tests of their own call them. */
const withoutExample = new Set(['setUp', 'beginLogOn', 'finishLogOn']);

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
        if (permission === 'anyone') assert.ok(answer.status < 300 || withoutExample.has(operation.operationId), said);
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
        if (!role || !permits([role], 'administer'))
          assert.ok(!answer.text.includes(api.administration.server.dataDir), `${said} says where the server is`);
        await restore(api);
      }
    }
    assert.deepEqual(api.failures, []);
  });

  /** The status is in the document, and the answer has its shape. */
  function isDeclared(operation: Operation, { status, json, text }: Answered, said: string, shape?: z.ZodType): void {
    assert.ok(operation.responses[status], said);
    assert.ok(status < 300 || ofSessions.includes(operation.operationId), said);
    if (status >= 300) return;
    if (!shape) assert.equal(text, '', said);
    else assert.deepEqual(shape.safeParse(json).error?.issues ?? [], [], said);
  }

  it('answer each problem that the document declares, and name its page', async () => {
    const place = ({ operationId }: Called) => atLast.indexOf(operationId);
    for (const operation of operations.toSorted((one, other) => place(one) - place(other))) {
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
        if (isOpen && operation.method !== 'GET') return ask({ ...asked, headers: { 'sec-fetch-site': 'cross-site' } });
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
  const headers = { 'idempotency-key': `key-${++keys}` };
  const body = { name: `Key ${keys}` };
  await ask('/api/v1/groups', { method: 'POST', token: tokens.administrator, headers, body });
  return { headers: { ...asked.headers, ...headers } };
}
