// A client of the API, for programs of others. The build adds the table of operations and their types, made of the OpenAPI document.
// It needs fetch alone.

/** A problem that the server answers (RFC 9457), or a 202: it is a job now, or it waits for a second person. */
export class MoultError extends Error {
  /** The id of the operation. */
  readonly operation: string;
  readonly status: number;
  /** A code of /docs/errors. '' for 202, and when another program than a Moult server answered. */
  readonly code: string;
  /** The problem document, the job or the request. Undefined when it cannot be read. */
  readonly document: unknown;

  constructor(operation: string, status: number, document: unknown) {
    const { code, detail } = (document ?? {}) as { code?: unknown; detail?: unknown };
    const isProblem = typeof code === 'string' && typeof detail === 'string';
    const why = status === 202 ? 'is a job now, or waits for a second person' : `is answered with status ${status}`;
    super(isProblem ? `${code}: ${detail}` : `${operation} ${why}.`);
    this.name = 'MoultError';
    this.operation = operation;
    this.status = status;
    this.code = isProblem ? code : '';
    this.document = document;
  }
}

/** One operation takes `given`, and answers `answer`. */
export interface OperationTypes {
  given: object;
  answer: unknown;
  /** Of 202: a job, or a request that waits for a second person. */
  later: unknown;
}

export interface ConnectOptions {
  /** As https://moult.example.org:8531. HTTP is taken for this machine only, because others could read the token. */
  url: string;
  /** As `moult tokens add` prints it. */
  token: string;
  /** In place of the fetch of the platform. */
  fetch?: typeof fetch;
  /** For each whole answer. 60,000 milliseconds unless given. */
  timeoutMs?: number;
  /** The longest answer that is read. 64 MiB unless given. */
  maxBytes?: number;
}

/** For every operation. */
export interface CallOptions {
  signal?: AbortSignal;
}

interface About {
  /** For `ifMatch` of a change. */
  etag: string | undefined;
  /** Of what was made, of the job, or of the request. */
  location: string | undefined;
}

export type Answer<Types extends OperationTypes> =
  | (About & { status: 200 | 201 | 204; document: Types['answer'] })
  | (Types['later'] extends undefined ? never : About & { status: 202; document: Types['later'] });

type Arguments<Given> = Partial<Given> extends Given ? [given?: Given & CallOptions] : [given: Given & CallOptions];

type ItemOf<Document> = Document extends { items: (infer Item)[] } ? Item : never;

/** The operations with lists that have pages. */
type Lists<Operations> = {
  [Id in keyof Operations]: Operations[Id] extends { given: { query?: { cursor?: string } } } ? Id : never;
}[keyof Operations];

/** One function for each operation, and two that every operation has. */
export type Client<Operations extends Record<keyof Operations, OperationTypes>> = {
  /** Throws MoultError for each problem, and for 202: nothing has changed yet then. Other errors: as fetch throws them. */
  [Id in keyof Operations]: (...given: Arguments<Operations[Id]['given']>) => Promise<Operations[Id]['answer']>;
} & {
  /** As the function of the operation, with the status and headers. It does not throw for 202. */
  ask<Id extends keyof Operations>(
    id: Id,
    ...given: Arguments<Operations[Id]['given']>
  ): Promise<Answer<Operations[Id]>>;
  /** Every item of a list, page by page. */
  all<Id extends Lists<Operations>>(
    id: Id,
    ...given: Arguments<Operations[Id]['given']>
  ): AsyncGenerator<ItemOf<Operations[Id]['answer']>, void, undefined>;
};

/** By the id of the operation: the method, and the path below /api/v1. */
export type OperationTable = Readonly<Record<string, readonly [method: string, path: string]>>;

interface Answered extends About {
  status: number;
  document: unknown;
}

interface Given {
  path?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, unknown>>;
  body?: unknown;
  ifMatch?: string;
  idempotencyKey?: string;
  prefer?: string;
  lastEventId?: string;
  signal?: AbortSignal;
}

/** Throws TypeError for an address or a token that cannot be one. */
export function createClient<Operations extends Record<keyof Operations, OperationTypes>>(
  table: OperationTable,
  options: ConnectOptions,
): Client<Operations> {
  const origin = originOf(options.url);
  if (!/^[\w-]{1,256}$/.test(options.token))
    throw new TypeError('A token is one word, as "moult tokens add" prints it.');

  async function ask(id: string, given: Given = {}): Promise<Answered> {
    const [method, path] = table[id] ?? missing(id);
    const { timeoutMs = 60_000, fetch: send = fetch } = options;
    const isStream = id === 'followChanges';
    const signals = [...(given.signal ? [given.signal] : []), ...(isStream ? [] : [AbortSignal.timeout(timeoutMs)])];
    const response = await send(`${origin}/api/v1${filled(path, given.path ?? {})}${searchOf(given.query ?? {})}`, {
      ...{ method, headers: headersOf(options.token, given, isStream), signal: AbortSignal.any(signals) },
      // A redirection leads to another server, which must not get the token.
      redirect: 'error',
      ...(given.body !== undefined && { body: JSON.stringify(given.body) }),
    });
    const { status, headers } = response;
    const about = { etag: headers.get('etag') ?? undefined, location: headers.get('location') ?? undefined };
    if (isStream && response.ok) return { status, document: response.body, ...about };
    const document = documentOf(await textOf(response, options.maxBytes ?? 64 * 1024 * 1024), status);
    if (status < 200 || status > 299) throw new MoultError(id, status, document);
    return { status, document, ...about };
  }

  async function call(id: string, given?: Given): Promise<unknown> {
    const { status, document } = await ask(id, given);
    if (status === 202) throw new MoultError(id, status, document);
    return document;
  }

  async function* all(id: string, given: Given = {}): AsyncGenerator<unknown, void, undefined> {
    for (let cursor = given.query?.cursor; ; ) {
      const query = { limit: 200, ...given.query, ...(cursor !== undefined && { cursor }) };
      const { items, next } = (await call(id, { ...given, query })) as { items: unknown[]; next: string | null };
      yield* items;
      // A page without items but with a next one belongs to a list without an end.
      if (next === null || items.length === 0) return;
      cursor = next;
    }
  }

  const calls = Object.keys(table).map((id) => [id, (given?: Given) => call(id, given)] as const);
  return { ...Object.fromEntries(calls), ask, all } as unknown as Client<Operations>;
}

function missing(id: string): never {
  throw new TypeError(`There is no operation "${id}".`);
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw new TypeError(`"${text}" is not the address of a server. Write https://server:8531.`);
  if (url.protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname))
    throw new TypeError(`A token must not go over HTTP, because others can read it. Use https://${url.host}.`);
  return url.origin;
}

/** An id is one part of the path, whatever is in it. */
function filled(path: string, values: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (typeof value !== 'string' || /^\.{0,2}$/.test(value))
      throw new TypeError(`"${name}" of the path must be a text that names one thing.`);
    return encodeURIComponent(value);
  });
}

function searchOf(query: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.filter((one) => one !== undefined).map((one): [string, string] => [name, String(one)]);
  });
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

function headersOf(token: string, given: Given, isStream: boolean): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    accept: isStream ? 'text/event-stream' : 'application/json',
    ...(given.body !== undefined && { 'content-type': 'application/json' }),
    ...(given.ifMatch !== undefined && { 'if-match': given.ifMatch }),
    ...(given.idempotencyKey !== undefined && { 'idempotency-key': given.idempotencyKey }),
    ...(given.prefer !== undefined && { prefer: given.prefer }),
    ...(given.lastEventId !== undefined && { 'last-event-id': given.lastEventId }),
  };
}

async function textOf(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    bytes += piece.value.length;
    if (bytes > maxBytes) {
      await reader?.cancel();
      throw new TypeError(`The server answers with more than ${maxBytes} bytes.`);
    }
    text += decoder.decode(piece.value, { stream: true });
  }
  return text + decoder.decode();
}

/** Undefined for no text. A proxy answers errors with pages, which are not problem documents. */
function documentOf(text: string, status: number): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    if (status < 200 || status > 299) return undefined;
    throw new TypeError('The server does not answer as a Moult server does.');
  }
}
