// The OpenAPI 3.1 document of the API, made of the table of routes.
import { permits, roles } from '@moult/administration/accounts';
import * as z from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { requestType } from './answer.ts';
import type { Route } from './route.ts';
import { jobShape, requestShape } from './shapes.ts';
import { apiRoot, routes } from './table.ts';

/** Raised when a change breaks clients: within 1 answers only gain fields, and operations only gain what one may leave out. */
const apiVersion = '1.0.0';

const problem = z
  .looseObject({
    type: z.string().describe('Page of the code'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('A code of /docs/errors'),
    detail: z.string(),
    instance: z.string().describe('Names this answer. The log of the server has it when the server failed'),
    errors: z.array(z.looseObject({ at: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

let text: string | undefined;

/** As JSON. It is made once. */
export function openApiDocument(): string {
  text ??= JSON.stringify(
    createDocument({
      openapi: '3.1.1',
      info: {
        title: 'Moult administration',
        version: apiVersion,
        description: 'Administration of a Moult server. The same rules and results as the moult command.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: apiRoot }],
      tags: [...new Set(routes.map(({ topic }) => topic))].map((name) => ({ name })),
      paths: pathsOf(routes),
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: '__Host-moult-session' },
        },
      },
    }),
  );
  return text;
}

function pathsOf(all: readonly Route[]): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of all) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return paths;
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const { id, summary, topic, permission, answer, isList, bodySchema, pathSchema, querySchema } = route;
  const status = String(route.status ?? (answer ? 200 : 204)) as '200';
  const content = answer && {
    [route.isStream ? 'text/event-stream' : 'application/json']: { schema: answer },
    ...(isList && { 'text/csv': { schema: z.string() } }),
  };
  const header = headersOf(route);
  return {
    ...{ operationId: id, summary, tags: [topic] },
    security: permission === 'anyone' ? [] : [{ token: [] }, { session: [] }],
    'x-moult-roles': permission === 'anyone' ? [] : roles.filter((role) => permits([role], permission)),
    requestParams: {
      ...(pathSchema && { path: pathSchema }),
      ...(querySchema && { query: querySchema }),
      ...(header && { header }),
    },
    ...(bodySchema && { requestBody: { required: true, content: { 'application/json': { schema: bodySchema } } } }),
    responses: {
      [status]: { description: 'Done', ...(content && { content }) },
      ...laterOf(route),
      ...problemsOf(route),
    },
  };
}

function laterOf({ isLong, twoPersons }: Route): ZodOpenApiOperationObject['responses'] {
  if (!twoPersons) return isLong ? { '202': laterAnswer } : {};
  const description = `${isLong ? 'It is a job now, or it' : 'It'} waits for a second person: nothing has changed yet. The header Location has its address`;
  // Of a type of its own, so that a job stays what clients of before know.
  const job = isLong && laterAnswer.content;
  return { '202': { description, content: { ...job, [requestType]: { schema: requestShape } } } };
}

const laterAnswer = {
  description: 'It is a job now. The header Location has its address',
  content: { 'application/json': { schema: jobShape } },
};

function headersOf({ method, current, isSecret, isStream, isLong, permission }: Route): z.ZodObject | undefined {
  if (isStream)
    return z.object({ 'Last-Event-ID': z.string().max(1024).optional().describe('The id of the last message') });
  if (current && method !== 'GET')
    return z.object({ 'If-Match': z.string().describe('ETag of the state that you saw') });
  if (method !== 'POST' || isSecret || permission === 'anyone') return undefined;
  const text = z.string().max(255).optional();
  return z.object({
    'Idempotency-Key': text.describe('A repeated request with this key gets the same answer'),
    ...(isLong && { Prefer: text.describe('respond-async makes it a job') }),
  });
}

/** Every problem that the operation may answer: those of the gate, of its shapes and of its rules. */
function problemsOf(route: Route): ZodOpenApiOperationObject['responses'] {
  const found = new Map<number, string>([
    [400, 'The request cannot be read'],
    [403, 'Not over HTTPS, from a page of another site, or not permitted'],
    [421, 'The server is not administered under this name'],
    [503, 'The server or its database is busy or away'],
    ...Object.entries(route.refusals ?? {}).map(([status, why]) => [Number(status), why] as const),
  ]);
  if (route.permission !== 'anyone') found.set(401, 'No credentials, or wrong ones');
  if (route.bodySchema) found.set(413, 'The body is too large').set(415, 'The body is not JSON');
  if (route.current && route.method !== 'GET')
    found.set(412, 'It changed since you looked').set(428, 'If-Match is missing');
  if (route.method === 'POST' && !route.isSecret && !found.has(409))
    found.set(409, 'Another request had this Idempotency-Key');
  const content = { 'application/problem+json': { schema: problem } };
  const sorted = [...found].sort(([one], [other]) => one - other);
  return Object.fromEntries(sorted.map(([status, description]) => [String(status), { description, content }]));
}
