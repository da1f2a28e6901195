// For tests: a server on a real port, healthy or broken in one way.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { createOperatorCa, createOperatorSigner, type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { composeIdent, encodeIdent } from '@moult/protocol/self-update';
import { defaultProbeLimits } from '../../bounds.ts';
import { type DoctorReport, makeReport } from '../../report/report.ts';
import { onPort } from '../../test/diagnose.ts';
import { defaultClientKinds } from '../client-kind.ts';
import { collectServerFacts } from '../collect.ts';
import { observeServer } from '../rungs.ts';

/** Answers a request itself, or leaves it to the healthy server. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

export const now = new Date();
/** What is served; those without a slash only by answers of their own. */
export const files = new Map<string, Buffer>();
let ca: SigningIdentity;

let prepared: Promise<void> | undefined;

/** Signs what the server serves. Call it before anything else. Once for a process: two at a time would each sign a part. */
export function prepareFiles(): Promise<void> {
  prepared ??= makeFiles();
  return prepared;
}

async function makeFiles(): Promise<void> {
  ca = await createOperatorCa({ commonName: 'Test CA', now });
  const signer = await createOperatorSigner(ca, { commonName: 'Test', now });
  const cabinet = async (name: string, text: string) =>
    Buffer.from(
      await signFile(
        createCabinet([{ name, bytes: Buffer.from(text), modified: now }], { compression: 'mszip' }),
        signer,
        { now },
      ),
    );
  const ident = (generation: 'sus' | 'wsus') =>
    encodeIdent(composeIdent(generation, { product: 'moult-agent', version: '7.9.0.1' }));
  files.set('/iuident.cab', await cabinet('iuident.txt', ident('sus')));
  files.set('/selfupdate/wuident.cab', await cabinet('wuident.txt', ident('wsus')));
  files.set('/selfupdate/au/x86/xp/en/wuaucomp.cab', await cabinet('release.json', '{}'));
  files.set('other', await cabinet('iuident.txt', ident('sus').replace('7.9.0.1', '7.9.0.2')));
  files.set('no sections', await cabinet('iuident.txt', 'nothing here'));
}

/** A whole server: tree with HEAD and ranges, and the three web services. */
export function healthy(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').split('?')[0]?.toLowerCase() ?? '';
  if (path === '/clientwebservice/client.asmx')
    return void response.writeHead(200, { 'Content-Type': 'text/xml' }).end('<GetConfigResponse/>');
  if (path.endsWith('.asmx') || path === '/wutrack.bin') return void response.writeHead(200).end();
  sendFile(request, response, files.get(path));
}

/** HEAD and ranges, too. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer | undefined,
  headers: Record<string, string> = {},
): void {
  if (!body) return void response.writeHead(404).end('not found');
  const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
  if (range) return void response.writeHead(206, headers).end(body.subarray(Number(range[1]), Number(range[2]) + 1));
  response.writeHead(200, { 'Content-Length': body.length, 'Last-Modified': now.toUTCString(), ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** What the doctor says of a server that is healthy but for `answer`. */
export async function examine(
  answer: Answer,
  options: { port80?: Answer | 'closed'; ca?: boolean; path?: string } = {},
): Promise<DoctorReport> {
  const listener = (own: Answer) => (request: IncomingMessage, response: ServerResponse) => {
    if (!own(request, response)) healthy(request, response);
  };
  return onPort(listener(answer), async (origin) => {
    const look = async (selfUpdatePort: number | undefined) => {
      const facts = await collectServerFacts({
        url: new URL(options.path ?? '/', origin),
        clients: defaultClientKinds.slice(0, 1),
        selfUpdatePort,
        ca: options.ca === false ? [] : [ca.certificatePem],
        limits: { ...defaultProbeLimits, firstByteMs: 1500, stallMs: 1500 },
        now: () => now,
        progress: () => {},
      });
      return makeReport(origin, observeServer(facts));
    };
    if (options.port80 === undefined) return look(undefined);
    if (options.port80 === 'closed') return look(await closedPort());
    return onPort(listener(options.port80), (other) => look(Number(new URL(other).port)));
  });
}

export const nothing: Answer = () => false;

export function always(status: number, body = '', headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };
}

export function onPath(pattern: RegExp, answer: Answer): Answer {
  return (request, response) => pattern.test(request.url ?? '') && answer(request, response);
}

/** A port where nobody listens. */
export async function closedPort(): Promise<number> {
  await using server = createTcp();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
