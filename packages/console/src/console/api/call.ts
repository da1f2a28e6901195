// Calls of the API. This is the only file of the console that speaks HTTP.
import { type OperationName, operations } from './operations.ts';

/** A value of the query. Undefined and '' are left out. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Given {
  path?: Readonly<Record<string, string>>;
  query?: Query;
  body?: unknown;
  /** The state that the change is for, as `etag` of an answer named it. */
  ifMatch?: string;
  signal?: AbortSignal;
  /** No person waits for it: it does not keep the session open. */
  isBackground?: boolean;
  /** Long work: the answer is the job that does it. */
  isJob?: boolean;
}

interface Answered<Document> {
  document: Document;
  etag: string | undefined;
}

/** A refusal of the API, in its own words. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
  }
}

/** The server did not answer at all, or something else answered in its place. */
export class ServerAway extends Error {}

/** `forbidden`: the role of the person may be another one by now. */
type CallEnd = 'answer' | 'session-over' | 'forbidden' | 'away';

const listeners = new Set<(heard: CallEnd) => void>();

/** Calls back with how each call ended, until the function it answers is called. */
export function onCallEnd(listener: (heard: CallEnd) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The address of an operation, as `curl` takes it. */
export function addressOf(operation: OperationName, { path = {}, query = {} }: Given): string {
  const [, pattern] = operations[operation];
  const place = pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
  const wanted = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) wanted.append(name, one);
    else if (value !== undefined && value !== '') wanted.append(name, String(value));
  }
  const text = wanted.toString();
  return `/api/v1${place}${text === '' ? '' : `?${text}`}`;
}

/** Throws Refusal (also for a change that waits for a second person), ServerAway, and AbortError when `signal` ends it. */
export async function call<Document>(operation: OperationName, given: Given = {}): Promise<Answered<Document>> {
  const answer = await ask(operation, given, 'application/json');
  const document = answer.status === 204 ? undefined : await jsonOf(answer);
  tell('answer');
  // A job may wait too.
  if (answer.status === 202 && (document as { requestId?: string }).requestId !== undefined)
    throw new Refusal(202, 'WAITS', 'It waits for a second person.');
  return { document: document as Document, etag: answer.headers.get('etag') ?? undefined };
}

/** A page of a list as the server writes it for spreadsheets, and the cursor of the next one. Throws as call does. */
export async function callForCsv(
  operation: OperationName,
  given: Given,
): Promise<{ text: string; next: string | undefined }> {
  const answer = await ask(operation, given, 'text/csv');
  const [, next] = /<([^>]*)>; rel="next"/.exec(answer.headers.get('link') ?? '') ?? [];
  const text = await answer.text().catch(() => Promise.reject(serverAway()));
  tell('answer');
  const cursor = new URLSearchParams(next?.split('?')[1] ?? '').get('cursor');
  return { text, next: cursor ?? undefined };
}

/** The answer, when it is what was asked for. */
async function ask(operation: OperationName, given: Given, type: 'application/json' | 'text/csv'): Promise<Response> {
  const [method] = operations[operation];
  const { body, ifMatch, signal = null, isBackground = false, isJob = false } = given;
  const headers: Record<string, string> = { accept: type };
  if (isBackground) headers['moult-background'] = '1';
  if (isJob) headers.prefer = 'respond-async';
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (ifMatch !== undefined) headers['if-match'] = ifMatch;
  const sent = body === undefined ? null : JSON.stringify(body);
  let answer: Response;
  try {
    answer = await fetch(addressOf(operation, given), {
      method,
      headers,
      body: sent,
      signal,
      credentials: 'same-origin',
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw serverAway();
  }
  const got = answer.headers.get('content-type') ?? '';
  if (answer.ok && (answer.status === 204 || got.startsWith(type))) return answer;
  // Something else answered in place of the server.
  if (answer.ok || !/json/.test(got)) throw serverAway();
  const { code = '', detail = '' } = (await jsonOf(answer)) as { code?: string; detail?: string };
  tell(heardOf(code, operation));
  throw new Refusal(answer.status, code, detail);
}

function jsonOf(answer: Response): Promise<unknown> {
  return answer.json().catch(() => Promise.reject(serverAway()));
}

function heardOf(code: string, operation: OperationName): CallEnd {
  if (code === 'API_FORBIDDEN') return 'forbidden';
  const isOver = code === 'API_UNAUTHENTICATED' && operation !== 'logOn' && operation !== 'whoAmI';
  return isOver ? 'session-over' : 'answer';
}

function serverAway(): ServerAway {
  tell('away');
  return new ServerAway();
}

function tell(heard: CallEnd): void {
  for (const listener of listeners) listener(heard);
}
