// Calls a server over a real socket and holds every answer against the WSDL.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { decodeXpress } from '@moult/formats/xpress';
import {
  type Operation,
  type ReceivedFault,
  type RequestOf,
  type ResponseOf,
  readAnswer,
  readEnvelope,
  type Service,
  type SoapVersion,
  soapActionOf,
  writeCall,
} from '@moult/protocol/soap';
import { loadWsdlSchema } from './wsdl-schema.ts';

/** Two services share one namespace: a message is valid by one of the schemas. */
const schemas = (['client', 'simpleauth', 'reporting', 'serversync', 'dssauth'] as const).map(loadWsdlSchema);

export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  bytes: Buffer;
}

/** One HTTP exchange over node:http, so that every header is ours. */
export function post(
  url: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const length = String(Buffer.byteLength(body));
    const sent = { 'content-type': 'text/xml; charset=utf-8', 'content-length': length, ...headers };
    const request = httpRequest(url, { method, headers: sent }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(pieces) }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The text of an answer, its content coding undone. */
export function textIn({ headers, bytes }: RawAnswer): string {
  assert.equal(Number(headers['content-length']), bytes.length);
  const coded = headers['content-encoding'] === 'xpress';
  return Buffer.from(coded ? decodeXpress(bytes, { maxBytes: 100_000_000 }, 'wusp') : bytes).toString();
}

/** Fails unless the text is a SOAP message that its WSDL allows. */
export function assertValid(text: string): void {
  const { content } = readEnvelope(text);
  if (content.local === 'Fault') return;
  const problems = schemas.map((schema) => schema.problemsOf(content));
  const isOfNone = problems.every((some) => some[0]?.startsWith('no element'));
  assert.ok(!isOfNone, `no schema for {${content.uri}}${content.local}`);
  assert.deepEqual(
    problems.find((some) => !some[0]?.startsWith('no element')),
    [],
  );
}

export type SoapAnswer<Value> =
  | { kind: 'answer'; value: Value; status: number; text: string }
  | { kind: 'fault'; fault: ReceivedFault; status: number; text: string };

export interface CallOptions {
  version?: SoapVersion;
  headers?: Record<string, string>;
  path?: string;
}

/** Makes one call; the answer was found valid. */
export async function call<
  S extends Service<Record<string, Operation<unknown, unknown>>>,
  Name extends keyof S['operations'] & string,
>(
  base: string,
  service: S,
  name: Name,
  parameters: RequestOf<S['operations'][Name]>,
  { version = '1.1', headers = {}, path = service.paths[0] ?? '' }: CallOptions = {},
): Promise<SoapAnswer<ResponseOf<S['operations'][Name]>>> {
  const body = writeCall(service, name as never, parameters as never, version);
  const type = version === '1.1' ? 'text/xml; charset=utf-8' : 'application/soap+xml; charset=utf-8';
  const answer = await post(base + path, body, {
    'content-type': type,
    soapaction: `"${soapActionOf(service, name)}"`,
    ...headers,
  });
  const text = textIn(answer);
  assertValid(text);
  assert.equal(String(answer.headers['content-type']).split(';')[0], type.split(';')[0]);
  const read = readAnswer(service, name as never, text);
  return { ...read, status: answer.status, text } as SoapAnswer<ResponseOf<S['operations'][Name]>>;
}

/** As call, for a call that must succeed. */
export async function ask<
  S extends Service<Record<string, Operation<unknown, unknown>>>,
  Name extends keyof S['operations'] & string,
>(
  base: string,
  service: S,
  name: Name,
  parameters: RequestOf<S['operations'][Name]>,
  options?: CallOptions,
): Promise<ResponseOf<S['operations'][Name]>> {
  const answer = await call(base, service, name, parameters, options);
  if (answer.kind === 'answer' && answer.status === 200) return answer.value;
  throw new assert.AssertionError({
    message: `${name} was answered with ${answer.status} ${answer.text.slice(0, 2000)}`,
  });
}
