// One request, told in full: what was asked, what came, how long it took, where it broke. Redirects are not followed
// and nothing is decompressed: the doctor wants to see the same as an agent. Never throws for what a server does.

import { type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { defaultProbeLimits } from '../bounds.ts';
import { cleanTlsMessage } from './tls.ts';

export interface ProbeRequest {
  url: string;
  method: 'GET' | 'HEAD' | 'POST';
  headers?: Record<string, string>;
  body?: string;
}

export interface ProbeLimits {
  connectMs: number;
  firstByteMs: number;
  /** Longest silence within a body. */
  stallMs: number;
  maxBytes: number;
}

type FailureKind = 'name' | 'network' | 'refused' | 'timeout' | 'cut' | 'not-http' | 'tls';

export interface ProbeAnswer {
  kind: 'answer';
  status: number;
  statusText: string;
  headers: Record<string, string>;
  body: Buffer;
  /** False when the connection ended, or fell silent, before the body did. */
  complete: boolean;
  /** True when the body fell silent and was given up. */
  stalled: boolean;
  /** True when the body was longer than the limit and the rest was not read. */
  cutByLimit: boolean;
  firstByteMs: number;
  totalMs: number;
}

export interface ProbeFailure {
  kind: 'failure';
  failure: FailureKind;
  /** The system's or OpenSSL's own code. */
  code: string;
  message: string;
  totalMs: number;
}

export interface Probe {
  request: ProbeRequest;
  outcome: ProbeAnswer | ProbeFailure;
}

/** As old as the server can: which versions it should speak is judged elsewhere, like its certificate. */
const anyTls = { rejectUnauthorized: false, minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;

/** Asks once. Certificates are not judged here (net/tls.ts does). */
export function probe(request: ProbeRequest, limits: ProbeLimits = defaultProbeLimits): Promise<Probe> {
  return new Promise((resolve) => {
    const started = performance.now();
    const elapsed = () => Math.round(performance.now() - started);
    let settled = false;
    const settle = (outcome: ProbeAnswer | ProbeFailure) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      call.destroy();
      resolve({ request, outcome });
    };
    const fail = (failure: FailureKind, code: string, message: string) =>
      settle({ kind: 'failure', failure, code, message, totalMs: elapsed() });
    const url = new URL(request.url);
    const options: RequestOptions & Partial<typeof anyTls> = {
      method: request.method,
      agent: false,
      headers: { Connection: 'close', ...request.headers },
      ...(url.protocol === 'https:' ? anyTls : {}),
    };
    const call = (url.protocol === 'https:' ? requestTls : requestPlain)(url, options);
    let timer = setTimeout(() => fail('timeout', 'CONNECT_TIMEOUT', 'no connection in time'), limits.connectMs);
    call.on('socket', (socket) => {
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        timer = setTimeout(
          () => fail('timeout', 'ANSWER_TIMEOUT', 'connected, but no answer in time'),
          limits.firstByteMs,
        );
      });
    });
    call.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? '';
      fail(failureOf(code, error.message), code, cleanTlsMessage(error.message));
    });
    call.on('response', (response) => {
      clearTimeout(timer);
      readAnswer(response, limits, { firstByteMs: elapsed(), elapsed, settle });
    });
    call.end(request.body);
  });
}

interface Reading {
  firstByteMs: number;
  elapsed(): number;
  settle(outcome: ProbeAnswer): void;
}

function readAnswer(response: IncomingMessage, limits: ProbeLimits, reading: Reading): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let stall: NodeJS.Timeout | undefined;
  const finish = (complete: boolean, { cutByLimit = false, stalled = false } = {}) => {
    clearTimeout(stall);
    reading.settle({
      kind: 'answer',
      status: response.statusCode ?? 0,
      statusText: response.statusMessage ?? '',
      headers: flatten(response),
      body: Buffer.concat(chunks),
      complete,
      stalled,
      cutByLimit,
      firstByteMs: reading.firstByteMs,
      totalMs: reading.elapsed(),
    });
  };
  const watch = () => {
    clearTimeout(stall);
    stall = setTimeout(() => finish(false, { stalled: true }), limits.stallMs);
  };
  watch();
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size > limits.maxBytes) finish(false, { cutByLimit: true });
    else watch();
  });
  response.on('end', () => finish(response.complete));
  response.on('error', () => finish(false));
  response.on('aborted', () => finish(false));
}

function flatten(response: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function failureOf(code: string, message: string): FailureKind {
  if (/^(ENOTFOUND|EAI_)/.test(code)) return 'name';
  if (/^(ENETUNREACH|ENETDOWN)$/.test(code)) return 'network';
  if (code === 'ECONNREFUSED') return 'refused';
  if (/^(ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN)$/.test(code)) return 'timeout';
  if (/^HPE_/.test(code)) return 'not-http';
  if (/^(ERR_SSL|ERR_TLS|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code) || /\bSSL\b|TLS/.test(message))
    return 'tls';
  return 'cut';
}

/** A probe in one line: the evidence. */
export function describeProbe({ request, outcome }: Probe): string {
  const asked = request.method === 'POST' ? 'POST (GetConfig)' : request.method;
  const range = request.headers?.Range ? ` Range ${request.headers.Range}` : '';
  if (outcome.kind === 'failure')
    return `${asked}${range} → ${outcome.code || outcome.failure}: ${outcome.message} (${outcome.totalMs} ms)`;
  const type = outcome.headers['content-type'];
  const server = outcome.headers.server;
  const parts = [
    `${outcome.status} ${outcome.statusText}`.trim(),
    type,
    `${outcome.body.length} bytes${outcome.complete || outcome.cutByLimit ? '' : ' before the end of the connection'}`,
    server ? `Server: ${server}` : undefined,
    outcome.headers['www-authenticate']
      ? `WWW-Authenticate: ${outcome.headers['www-authenticate'].slice(0, 80)}`
      : undefined,
    outcome.headers.location ? `Location: ${outcome.headers.location.slice(0, 120)}` : undefined,
    outcome.headers.age ? `Age: ${outcome.headers.age}` : undefined,
  ];
  return `${asked}${range} → ${parts.filter((part) => part !== undefined).join(', ')} (${outcome.totalMs} ms)`;
}
