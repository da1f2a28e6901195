// Calls of the WSUS web services: SOAP 1.1 over POST, Xpress answers, faults as values of the closed list, a short
// patience with a busy server.
import { decodeXpress } from '@moult/formats/xpress';
import { hresult, hresultOfStatus } from '@moult/protocol/hresult';
import type { Operation, RequestOf, ResponseOf, Service } from '@moult/protocol/soap';
import { readAnswer, soapActionOf, writeCall } from '@moult/protocol/soap';
import { transportBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { messageOf } from '../self-update/verify-cabinet.ts';
import { type HttpAnswer, type RequestLimits, send, statusError } from '../transport/request.ts';
import { retryAfterMs } from '../transport/retry-after.ts';
import { decodeXml } from '../transport/xml-text.ts';

interface WebServicesParts {
  server: string;
  userAgent: string;
  limits: RequestLimits;
  random(): number;
  sleep(ms: number): Promise<void>;
}

type AnyService = Service<Record<string, Operation<unknown, unknown>>>;
type OperationsOf<S> = S extends Service<infer O> ? O : never;

export interface WebServices {
  readonly server: string;
  /** Throws AgentError AGENT_SYNC_FAULT (with `fault`), AGENT_SYNC_BAD_ANSWER or AGENT_TRANSPORT_…. */
  call<S extends AnyService, Name extends keyof OperationsOf<S> & string>(
    service: S,
    name: Name,
    parameters: RequestOf<OperationsOf<S>[Name]>,
    path?: string,
  ): Promise<ResponseOf<OperationsOf<S>[Name]>>;
}

/** After these the same call is worth another try: first about two, then about eight seconds later. */
const busyWaitsMs = [2000, 8000];

export function openWebServices(parts: WebServicesParts): WebServices {
  return {
    server: parts.server,
    async call(service, name, parameters, path) {
      const url = `${parts.server}${path ?? service.paths[0]}`;
      const body = writeCall(service, name, parameters);
      for (let attempt = 0; ; attempt++) {
        try {
          return await callOnce(parts, service, name, url, body);
        } catch (error) {
          const waitMs = busyWaitsMs[attempt];
          if (waitMs === undefined || !isBusy(error) || (error.retryAfterMs ?? 0) > transportBounds.maxBusyWaitMs)
            throw error;
          // Never before the time that the server asks for, and not all at that time.
          const askedMs = (error.retryAfterMs ?? 0) * (1 + 0.2 * parts.random());
          await parts.sleep(Math.max(askedMs, waitMs * (0.5 + parts.random())));
        }
      }
    },
  };
}

async function callOnce<S extends AnyService, Name extends keyof OperationsOf<S> & string>(
  { userAgent, limits }: WebServicesParts,
  service: S,
  name: Name,
  url: string,
  body: string,
): Promise<ResponseOf<OperationsOf<S>[Name]>> {
  const headers = {
    'Content-Type': 'text/xml; charset=utf-8',
    SOAPAction: `"${soapActionOf(service, name)}"`,
    'Accept-Encoding': 'xpress',
    'Cache-Control': 'no-cache',
    Pragma: 'no-cache',
  };
  const answer = await send({ url, method: 'POST', userAgent, headers, body, limits });
  if (answer.status !== 200 && !(answer.status === 500 && isXml(answer))) {
    throw statusError(answer.status, url, answer.headers, limits.network?.now());
  }
  const said = read(service, name, answer, url, limits.maxBytes);
  if (said.kind === 'answer') return said.value;
  const { code, message, reason } = said.fault;
  const what = [code ?? reason, message].filter(Boolean).join(': ');
  const wait = retryAfterMs(answer.headers, limits.network?.now() ?? new Date());
  throw new AgentError('AGENT_SYNC_FAULT', `${name} was refused by ${url}: ${what || 'no reason given'}.`, {
    hresult:
      code === 'InternalServerError' || code === 'ServerBusy' ? hresult.soapServerFault : hresult.soapClientFault,
    url,
    ...(code ? { fault: code } : {}),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

function read<S extends AnyService, Name extends keyof OperationsOf<S> & string>(
  service: S,
  name: Name,
  { headers, body }: HttpAnswer,
  url: string,
  maxBytes: number,
) {
  try {
    const packed = /\bxpress\b/i.test(String(headers['content-encoding'] ?? ''));
    const plain = packed ? decodeXpress(body, { maxBytes }) : body;
    return readAnswer(service, name, decodeXml(plain, headers['content-type']));
  } catch (cause) {
    const text = `${url} did not answer ${name} in SOAP that can be read: ${messageOf(cause)}`;
    throw new AgentError('AGENT_SYNC_BAD_ANSWER', text, { hresult: hresult.soapParse, url, cause });
  }
}

function isXml({ headers }: HttpAnswer): boolean {
  return /xml/i.test(String(headers['content-type'] ?? ''));
}

function isBusy(error: unknown): error is AgentError {
  if (!(error instanceof AgentError)) return false;
  return (
    error.fault === 'ServerBusy' ||
    error.fault === 'InternalServerError' ||
    error.hresult === hresult.serviceUnavailable ||
    error.transportResult === hresultOfStatus(429)
  );
}
