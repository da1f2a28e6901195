// A web service over HTTP, as a stock agent meets it: POST, any letter case of the path, SOAP 1.1 or 1.2, one handler
// per operation. Whatever arrives, the answer is an answer, a fault or a 4xx, and every refusal is one line in the log.
import { randomUUID } from 'node:crypto';
import { FormatError } from '@moult/formats';
import { defaultXmlLimits, type XmlLimits } from '@moult/formats/xml';
import { ProtocolError } from '@moult/protocol';
import {
  type Call,
  type FaultCode,
  type Operation,
  type RequestOf,
  type ResponseOf,
  readCall,
  type Service,
  type SoapVersion,
  soapActionOf,
  writeAnswer,
  writeFault,
} from '@moult/protocol/soap';
import { SoapFault } from '../../errors.ts';
import { answerPlainly } from '../../http/front.ts';
import type { Exchange, Site } from '../../http/site.ts';
import type { Logger } from '../../log.ts';
import type { CallGate } from './call-gate.ts';
import { type AnswerEncoder, createAnswerEncoder } from './encode-answer.ts';
import { decodeText, readBody } from './read-body.ts';
import { type Contract, showService } from './service-page.ts';

export interface CallContext {
  exchange: Exchange;
  /** Without the IPv6 prefix of a mapped IPv4 address. */
  clientAddress: string;
}

type Operations = Record<string, Operation<unknown, unknown>>;

export type Handlers<O extends Operations> = {
  [Name in keyof O]: (parameters: RequestOf<O[Name]>, context: CallContext) => Promise<ResponseOf<O[Name]>>;
};

export interface SoapSiteParts<O extends Operations> {
  name: string;
  service: Service<O>;
  handlers: Handlers<O>;
  gate: CallGate;
  maxRequestBytes: number;
  /** As real WSUS sends it for this service. */
  cacheControl: string;
  /** What ?wsdl shows. */
  contract: Contract;
  log: Logger;
}

interface RunningSite<O extends Operations> extends SoapSiteParts<O> {
  encoder: AnswerEncoder;
}

export function createSoapSite<O extends Operations>(given: SoapSiteParts<O>): Site {
  const parts: RunningSite<O> = { ...given, encoder: createAnswerEncoder() };
  const routes = new Set(parts.service.paths.map((path) => path.toLowerCase()));
  const xmlLimits = limitsFor(parts.maxRequestBytes);
  return {
    name: parts.name,
    listeners: ['main', 'tls'],
    matches: ({ route }) => routes.has(route),
    async serve(exchange) {
      const { request, response } = exchange;
      if (request.method !== 'POST') return showService(exchange, parts.service, parts.contract);
      const contentType = request.headers['content-type'] ?? '';
      if (!isSoapType(contentType)) return refuse(exchange, parts, 415, 'Send text/xml or application/soap+xml.');
      if (!/^(identity)?$/i.test(request.headers['content-encoding'] ?? '')) {
        return refuse(exchange, parts, 415, 'Request bodies are taken without content coding.');
      }
      const body = await readBody(request, parts.maxRequestBytes);
      if (body.kind === 'cut') {
        response.destroy();
        return;
      }
      if (body.kind === 'too-large') return refuse(exchange, parts, 413, 'The request body is too large.');
      const text = decodeText(body.bytes, contentType);
      if (text === undefined) return refuse(exchange, parts, 400, 'The request body is not text of its charset.');
      const entered = parts.gate.enter(() => answerCall(exchange, parts, text, xmlLimits));
      if (entered) await entered;
      else sendFault(exchange, parts, new SoapFault('ServerBusy', ''), { operation: '', version: '1.1' });
    },
  };
}

async function answerCall<O extends Operations>(
  exchange: Exchange,
  parts: RunningSite<O>,
  text: string,
  xmlLimits: XmlLimits,
): Promise<void> {
  // Its client left while it was waiting: nobody would read the answer.
  if (exchange.response.destroyed) return;
  let called: { operation: string; version: SoapVersion } = { operation: '', version: '1.1' };
  try {
    const call = readCall(parts.service, text, xmlLimits);
    called = call;
    const answer = await runHandler(exchange, parts, call);
    await sendAnswer(exchange, parts, answer, call.version);
  } catch (error) {
    const { method, fault } = faultFor(error, called.operation);
    if (method === 'refuse') refuse(exchange, parts, 400, (error as Error).message);
    else sendFault(exchange, parts, fault, called, error);
  }
}

async function runHandler<O extends Operations>(
  exchange: Exchange,
  parts: SoapSiteParts<O>,
  call: Call,
): Promise<string> {
  const handler = parts.handlers[call.operation] as (parameters: unknown, context: CallContext) => Promise<unknown>;
  const clientAddress = (exchange.request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
  const answer = await handler(call.parameters(), { exchange, clientAddress });
  return writeAnswer(parts.service as Service<Operations>, call.operation, answer, call.version);
}

/** Faults that clients understand; what is no SOAP at all is answered in HTTP's own words. */
function faultFor(
  error: unknown,
  operation: string,
): { method: 'fault'; fault: SoapFault } | { method: 'refuse'; fault?: never } {
  if (error instanceof SoapFault) return { method: 'fault', fault: error };
  if (error instanceof ProtocolError && error.code === 'PROTOCOL_BAD_MESSAGE') {
    return { method: 'fault', fault: new SoapFault('InvalidParameters', error.path ?? '') };
  }
  if (error instanceof ProtocolError || error instanceof FormatError) {
    if (operation === '') return { method: 'refuse' };
  }
  return { method: 'fault', fault: new SoapFault('InternalServerError', '', { cause: error }) };
}

async function sendAnswer<O extends Operations>(
  exchange: Exchange,
  parts: RunningSite<O>,
  text: string,
  version: SoapVersion,
): Promise<void> {
  const { request, response } = exchange;
  const { bytes, encoding } = await parts.encoder.encode(text, request.headers['accept-encoding']);
  if (response.destroyed) return;
  response.writeHead(200, {
    'Cache-Control': parts.cacheControl,
    'Content-Type': contentTypeOf(version),
    ...(encoding && { 'Content-Encoding': encoding }),
    Vary: 'Accept-Encoding',
    'Content-Length': bytes.length,
  });
  response.end(bytes);
}

function sendFault<O extends Operations>(
  exchange: Exchange,
  { service, log, name }: SoapSiteParts<O>,
  fault: SoapFault,
  { operation, version }: { operation: string; version: SoapVersion },
  cause?: unknown,
): void {
  const { request, response } = exchange;
  const id = randomUUID();
  const busy = fault.faultCode === 'ServerBusy';
  const details = {
    site: name,
    operation,
    fault: fault.faultCode,
    faultId: id,
    about: fault.message,
    client: request.socket.remoteAddress,
  };
  if (fault.faultCode === 'InternalServerError') log.error({ ...details, err: fault.cause ?? cause }, 'call failed');
  else log[levelOf(fault.faultCode)](details, 'call answered with a fault');
  if (response.destroyed || response.headersSent) return;
  const actor = `http${exchange.listener === 'tls' ? 's' : ''}://${request.headers.host ?? ''}${exchange.path}`;
  const method = soapActionOf(service as Service<Operations>, operation);
  const bytes = Buffer.from(
    writeFault({ code: fault.faultCode, message: fault.message, id, method, actor }, service.envelope, version),
  );
  response.writeHead(busy ? 503 : 500, {
    'Cache-Control': 'private',
    'Content-Type': contentTypeOf(version),
    ...(busy && { 'Retry-After': '30' }),
    'Content-Length': bytes.length,
  });
  response.end(bytes);
}

function levelOf(code: FaultCode): 'info' | 'warn' {
  // The first of these are how clients are led through their day; the rest is a client or an attacker gone wrong.
  return ['ConfigChanged', 'CookieExpired', 'ServerChanged', 'RegistrationRequired'].includes(code) ? 'info' : 'warn';
}

function refuse<O extends Operations>(
  exchange: Exchange,
  { log, name }: SoapSiteParts<O>,
  status: number,
  why: string,
): void {
  const { request, response } = exchange;
  log.warn({ site: name, status, why: why.slice(0, 300), client: request.socket.remoteAddress }, 'call refused');
  // What is left of the body is not read: the connection cannot be used again.
  if (!request.complete) response.setHeader('Connection', 'close');
  answerPlainly(response, status, why);
}

function isSoapType(contentType: string): boolean {
  return /^\s*(text\/xml|application\/soap\+xml)\s*(;|$)/i.test(contentType);
}

function contentTypeOf(version: SoapVersion): string {
  return version === '1.1' ? 'text/xml; charset=utf-8' : 'application/soap+xml; charset=utf-8';
}

/** An element costs several bytes on the wire: more of them than this cannot fit into the largest body. */
function limitsFor(maxRequestBytes: number): XmlLimits {
  return { ...defaultXmlLimits, maxCharacters: maxRequestBytes, maxDepth: 32, maxElements: 500_000 };
}
