// Answers of the API: JSON, lists as CSV, problems.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CsvCell, csvLine, jsonText } from '@moult/formats/text';
import type { z } from 'zod';
import type { Problem } from './errors.ts';
import type { Route } from './route.ts';

const always = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

type Headers = Readonly<Record<string, string>>;

export interface Answer {
  status: number;
  body: string;
  type: string;
  headers: Headers;
}

export function send(
  { method }: IncomingMessage,
  response: ServerResponse,
  { status, body, type, headers }: Answer,
): void {
  if (response.headersSent || response.destroyed) return;
  const about = status === 204 ? {} : { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) };
  response.writeHead(status, { ...always, ...about, ...headers });
  response.end(method === 'HEAD' || status === 204 ? undefined : body);
}

export function answerOf(route: Route, document: unknown, headers: Headers): Answer {
  const status = route.status ?? (route.answer ? 200 : 204);
  return { status, body: jsonText(document), type: 'application/json; charset=utf-8', headers };
}

/** The media type of a change that waits, in the answer to the call that asked for it. */
export const requestType = 'application/vnd.moult.request+json';

/** Nothing has changed yet. `location`: where the request is shown. */
export function answerLater(request: unknown, location: string): Answer {
  return { status: 202, body: jsonText(request), type: `${requestType}; charset=utf-8`, headers: { location } };
}

/** `location`: where the job is shown. */
export function answerOfJob(job: unknown, location: string): Answer {
  const headers = { location, 'preference-applied': 'respond-async' };
  return { status: 202, body: jsonText(job), type: 'application/json; charset=utf-8', headers };
}

export function answerOfProblem(problem: Problem, headers: Headers): Answer {
  return { status: problem.status, body: jsonText(problem), type: 'application/problem+json; charset=utf-8', headers };
}

interface Listed {
  items: Record<string, unknown>[];
  next: string | null;
}

/** A page of a list as CSV, its columns the fields that the document declares, in their order. */
export function csvOf({ answer }: Route, document: unknown, headers: Headers): Answer {
  const { items } = document as Listed;
  const shape = (answer as z.ZodObject<{ items: z.ZodArray<z.ZodObject> }>).shape.items.element.shape;
  const columns = Object.keys(shape);
  const lines = [csvLine(columns), ...items.map((item) => csvLine(columns.map((name) => cellOf(item[name]))))];
  return { status: 200, body: `${lines.join('\r\n')}\r\n`, type: 'text/csv; charset=utf-8; header=present', headers };
}

/** The link to the next page (RFC 8288), for lists in either form. */
export function linkToNext(document: unknown, { target, query }: { target: string; query: string }): Headers {
  const { next } = document as Listed;
  if (next === null) return {};
  const wanted = new URLSearchParams(query);
  wanted.set('cursor', next);
  return { link: `<${target}?${wanted}>; rel="next"` };
}

/** Names a state of something, for If-Match. */
export function etagOf(document: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(document)).digest('base64url').slice(0, 22)}"`;
}

function cellOf(value: unknown): CsvCell {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || value instanceof Date) return value;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ');
  return JSON.stringify(value);
}
