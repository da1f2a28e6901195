// A web service over HTTP, as a stock agent meets it: POST, any letter case of the path, SOAP 1.1 or 1.2, one handler
// per operation. For any input, the answer is an answer, a fault or a 4xx. Every refusal is one line in the log.

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
  writeAnswerInPieces,
  writeFault,
  writeSoapFault,
} from '@moult/protocol/soap';
import { isTemporary } from '@moult/store/errors';
import { callBounds } from '../bounds.ts';
import { SoapFault } from '../errors.ts';
import { calledAddress, clientAddressOf } from '../http/called-host.ts';
import { onClosed } from '../http/client-watch.ts';
import { answerPlainly } from '../http/front.ts';
import type { AnswerRoom } from '../http/gates/answer-room.ts';
import type { BodyRoom } from '../http/gates/body-room.ts';
import type { Caller, CallGate } from '../http/gates/call-gate.ts';
import { decodeText, passOver, readBody } from '../http/gates/read-body.ts';
import { retryAfterSeconds } from '../http/gates/retry-after.ts';
import { addressKey } from '../http/limits/address-key.ts';
import type { Admission } from '../http/limits/admission.ts';
import type { Exchange, Site } from '../http/site.ts';
import type { Logger } from '../log/log.ts';
import { type AnswerEncoder, createAnswerEncoder } from './encode-answer.ts';
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

interface SoapSiteParts<O extends Operations> {
  name: string;
  service: Service<O>;
  handlers: Handlers<O>;
  gate: CallGate;
  /** Passed before `gate` by large calls, one after the other. */
  large: CallGate;
  /**
   * Passed once more before an answer is written: what waits here is small, what waits for room in `answers` is not.
   */
  writing: CallGate;
  bodies: BodyRoom;
  answers: AnswerRoom;
  maxRequestBytes: number;
  admission: Admission;
  /** Bodies count as reports of their address, and are refused unread when it sent too many. */
  countsAsReports?: boolean;
  /** As real WSUS sends it for this service. */
  cacheControl: string;
  /** The answer of ?wsdl. */
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
  const largeBytes = Math.min(callBounds.largeBytes, parts.maxRequestBytes / 4);
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
      const turnAway = () => sendFault(exchange, parts, busy, namedCall(exchange, parts));
      const announced = Number(request.headers['content-length'] ?? 0);
      if (!parts.gate.hasRoom(callerOf(exchange, parts, announced).lane)) return turnAway();
      if (announced > 0 && !mayReport(exchange, parts, announced)) return turnAway();
      const body = await readBody(request, parts.maxRequestBytes, parts.bodies);
      if (body.kind === 'cut') {
        response.destroy();
        return;
      }
      if (body.kind === 'too-large') return refuse(exchange, parts, 413, 'The request body is too large.');
      if (body.kind === 'no-room') return turnAway();
      try {
        const { length } = body.bytes;
        if (announced === 0 && !mayReport(exchange, parts, length)) return turnAway();
        const caller = callerOf(exchange, parts, length);
        const answer = () => answerBody(exchange, parts, body.bytes, xmlLimits);
        const enter = () => parts.gate.enter(answer, async () => turnAway(), caller);
        await (length > largeBytes ? parts.large.enter(enter, async () => turnAway(), caller) : enter());
      } finally {
        body.place.leave();
      }
    },
  };
}

/** Clients that share an address and a service, and send requests of about the same size, share a lane. */
function callerOf<O extends Operations>(exchange: Exchange, { name }: SoapSiteParts<O>, bytes: number): Caller {
  const size = bytes > callBounds.smallBytes ? 'large' : 'small';
  return { lane: `${addressKey(clientAddressOf(exchange))} ${name} ${size}`, bytes };
}

function mayReport<O extends Operations>(exchange: Exchange, parts: SoapSiteParts<O>, bytes: number): boolean {
  if (!parts.countsAsReports) return true;
  return parts.admission.admit('report-bytes', clientAddressOf(exchange), bytes);
}

const busy = new SoapFault('ServerBusy', '');

async function answerBody<O extends Operations>(
  exchange: Exchange,
  parts: RunningSite<O>,
  bytes: Buffer,
  xmlLimits: XmlLimits,
): Promise<void> {
  // Its client left while it was waiting: the answer has no reader.
  if (exchange.response.destroyed) return;
  const text = decodeText(bytes, exchange.request.headers['content-type'] ?? '');
  if (text === undefined) return refuse(exchange, parts, 400, 'The request body is not text of its charset.');
  return answerCall(exchange, parts, text, xmlLimits);
}

interface NamedCall {
  operation: string;
  version: SoapVersion;
}

/** The words of a request about itself before its body is read: in SOAPAction, or in the content type of SOAP 1.2. */
function namedCall<O extends Operations>({ request }: Exchange, { service }: SoapSiteParts<O>): NamedCall {
  const { soapaction, 'content-type': contentType = '' } = request.headers;
  const version = /^\s*application\/soap\+xml/i.test(contentType) ? '1.2' : '1.1';
  const action = version === '1.1' ? soapaction : /;\s*action\s*=\s*("[^"]*"|[^\s;]*)/i.exec(contentType)?.[1];
  const name = String(action ?? '')
    .replaceAll('"', '')
    .trim();
  const operation = Object.keys(service.operations).find((known) => name === `${service.namespace}/${known}`) ?? '';
  return { operation, version };
}

async function answerCall<O extends Operations>(
  exchange: Exchange,
  parts: RunningSite<O>,
  text: string,
  xmlLimits: XmlLimits,
): Promise<void> {
  const called: NamedCall = { operation: '', version: '1.1' };
  try {
    const parameters = readRequest(parts, text, xmlLimits, called);
    const answer = await runHandler(exchange, parts, called, parameters);
    await parts.writing.enter(
      () => sendAnswer(exchange, parts, called, answer),
      async () => sendFault(exchange, parts, busy, called),
    );
  } catch (error) {
    if (error instanceof ProtocolError && error.soapFault) sendSoapFault(exchange, parts, error);
    else {
      const { method, fault } = faultFor(error, called.operation);
      if (method === 'refuse') refuse(exchange, parts, 400, (error as Error).message);
      else sendFault(exchange, parts, fault, called, error);
    }
  }
}

/** Reads all of a request at once: while its handler waits, its parameters are kept and not its tree. */
function readRequest<O extends Operations>(
  { service }: SoapSiteParts<O>,
  text: string,
  xmlLimits: XmlLimits,
  called: NamedCall,
): unknown {
  const call: Call = readCall(service, text, xmlLimits);
  called.operation = call.operation;
  called.version = call.version;
  return call.parameters();
}

async function runHandler<O extends Operations>(
  exchange: Exchange,
  parts: SoapSiteParts<O>,
  { operation }: NamedCall,
  parameters: unknown,
): Promise<unknown> {
  const handler = parts.handlers[operation] as (parameters: unknown, context: CallContext) => Promise<unknown>;
  const clientAddress = (clientAddressOf(exchange) ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
  return handler(parameters, { exchange, clientAddress });
}

/** Faults that clients understand. A request that is not SOAP at all is answered in HTTP's own words. */
function faultFor(
  error: unknown,
  operation: string,
): { method: 'fault'; fault: SoapFault } | { method: 'refuse'; fault?: never } {
  if (error instanceof SoapFault) return { method: 'fault', fault: error };
  if (isTemporary(error)) return { method: 'fault', fault: busy };
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
  { operation, version }: NamedCall,
  answer: unknown,
): Promise<void> {
  const { request, response } = exchange;
  if (request.socket.destroyed) return;
  const pieces = writeAnswerInPieces(parts.service as Service<Operations>, operation, answer, version);
  const { bytes, encoding } = await parts.encoder.encode(pieces, request.headers['accept-encoding']);
  const leave = await parts.answers.enter(bytes.length, () => request.socket.destroy());
  // Of an answer that waits behind another of its connection the response tells nothing: the connection does.
  const forget = onClosed(request.socket, leave);
  response.once('finish', () => {
    forget();
    leave();
  });
  if (response.destroyed) return leave();
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
  { service, log, name, admission }: SoapSiteParts<O>,
  fault: SoapFault,
  { operation, version }: NamedCall,
  cause?: unknown,
): void {
  const { request, response } = exchange;
  const id = randomUUID();
  const isBusy = fault.faultCode === 'ServerBusy';
  const details = {
    site: name,
    operation,
    fault: fault.faultCode,
    faultId: id,
    about: fault.message,
    client: clientAddressOf(exchange),
  };
  if (admission.admit('refusal-line', details.client)) {
    if (fault.faultCode === 'InternalServerError') log.error({ ...details, err: fault.cause ?? cause }, 'call failed');
    else log[levelOf(fault.faultCode)](details, 'call answered with a fault');
  }
  if (response.destroyed || response.headersSent) return;
  const actor = calledAddress(exchange);
  const method = operation && soapActionOf(service as Service<Operations>, operation);
  const bytes = Buffer.from(
    writeFault({ code: fault.faultCode, message: fault.message, id, method, actor }, service.envelope, version),
  );
  if (!request.complete) passOver(request, { mostBytes: callBounds.maxPassedOverBytes });
  response.writeHead(isBusy ? 503 : 500, {
    'Cache-Control': 'private',
    'Content-Type': contentTypeOf(version),
    ...(isBusy && { 'Retry-After': String(retryAfterSeconds()) }),
    'Content-Length': bytes.length,
  });
  response.end(bytes);
}

/** The refusals of SOAP itself: another version of it, or a header that must be understood. */
function sendSoapFault<O extends Operations>(
  exchange: Exchange,
  parts: SoapSiteParts<O>,
  { message, soapFault = 'VersionMismatch' }: ProtocolError,
): void {
  const { response } = exchange;
  const { version } = namedCall(exchange, parts);
  sayRefused(parts, { fault: soapFault, why: message.slice(0, 300), client: clientAddressOf(exchange) });
  const bytes = Buffer.from(writeSoapFault(soapFault, message, parts.service.envelope, version));
  response.writeHead(500, {
    'Cache-Control': 'private',
    'Content-Type': contentTypeOf(version),
    'Content-Length': bytes.length,
  });
  response.end(bytes);
}

function levelOf(code: FaultCode): 'info' | 'warn' {
  // The first of these are how clients are led through their day. The rest is a client or an attacker gone wrong.
  return ['ConfigChanged', 'CookieExpired', 'ServerChanged', 'RegistrationRequired'].includes(code) ? 'info' : 'warn';
}

function refuse<O extends Operations>(exchange: Exchange, parts: SoapSiteParts<O>, status: number, why: string): void {
  const { request, response } = exchange;
  sayRefused(parts, { status, why: why.slice(0, 300), client: clientAddressOf(exchange) });
  if (!request.complete) passOver(request, { mostBytes: callBounds.maxPassedOverBytes });
  answerPlainly(response, status, why);
}

/** One line in the log, as far as its client may still cause any. */
function sayRefused<O extends Operations>(
  { log, name, admission }: SoapSiteParts<O>,
  details: { client: string | undefined } & Record<string, unknown>,
): void {
  if (admission.admit('refusal-line', details.client)) log.warn({ site: name, ...details }, 'call refused');
}

function isSoapType(contentType: string): boolean {
  return /^\s*(text\/xml|application\/soap\+xml)\s*(;|$)/i.test(contentType);
}

function contentTypeOf(version: SoapVersion): string {
  return version === '1.1' ? 'text/xml; charset=utf-8' : 'application/soap+xml; charset=utf-8';
}

/** An element costs several bytes on the wire: more of them than this cannot fit into the largest body. */
function limitsFor(maxRequestBytes: number): XmlLimits {
  const { maxDepth, maxElements } = callBounds;
  return { ...defaultXmlLimits, maxDepth, maxElements, maxCharacters: maxRequestBytes };
}
