// One session with an upstream server: it says who we are, keeps a cookie that is good, and tries again what passes by itself.

import { defaultXmlLimits } from '@moult/formats/xml';
import { type Cookie, dssAuthWebService, dssTargeting, serverSyncWebService } from '@moult/protocol/server-sync';
import { type RequestOf, type ResponseOf, readAnswer, soapActionOf, writeCall } from '@moult/protocol/soap';
import { AdministrationError } from '../errors.ts';
import { badAnswer, type Peer, type PeerAnswer } from './peer.ts';

interface SessionOptions {
  peer: Peer;
  upstream: URL;
  account: { name: string; id: string };
  now(): Date;
  /** Waits so many milliseconds, or until the synchronisation is stopped. */
  wait(ms: number): Promise<void>;
  random(): number;
  limits: {
    attempts: number;
    pauseMs: number;
    longestPauseMs: number;
    answerBytes: number;
    answerElements: number;
    cookieBytes: number;
  };
  /** Told of each exchange. */
  count(exchange: { calls: number; bytes: number }): void;
}

/** Parts of a call over the line to an upstream server. */
type Line = Pick<SessionOptions, 'peer' | 'upstream' | 'wait' | 'random' | 'count'> & {
  limits: Pick<SessionOptions['limits'], 'attempts' | 'pauseMs' | 'longestPauseMs'>;
};

type Operations = (typeof serverSyncWebService)['operations'];
/** Calls whose answers have a result. */
type AnsweredCall = Exclude<keyof Operations, 'DownloadFiles'>;
type CookieCall =
  | 'GetConfigData'
  | 'GetRevisionIdList'
  | 'GetUpdateData'
  | 'GetDeployments'
  | 'GetUpdateDecryptionData'
  | 'GetRelatedRevisionsForUpdates';
type ResultOf<Name extends AnsweredCall> = NonNullable<ResponseOf<Operations[Name]>['result']>;

export interface UpstreamSession {
  /**
   * The result of a call, with a cookie that is good. Throws UpstreamFault for what the upstream says of the call itself, and
   * AdministrationError for all that ends a synchronisation.
   */
  call<Name extends CookieCall>(
    name: Name,
    parameters: Omit<RequestOf<Operations[Name]>, 'cookie'>,
  ): Promise<ResultOf<Name>>;
  /** Asks the upstream to get a file (SHA-1) that it does not have. Throws as `call`, and UpstreamFault for one it does not know. */
  requestFile(sha1: Uint8Array): Promise<void>;
}

/** A fault that says something of what was asked. */
export class UpstreamFault extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'UpstreamFault';
    this.code = code;
  }
}

/** Of the upper versions that real WSUS 10.0 speaks. */
const protocolVersion = '1.20';

/** A cookie is renewed so long before it expires: an answer may take minutes, and the clocks may differ a little. */
const renewBeforeMs = 5 * 60_000;

export function createSession(options: SessionOptions): UpstreamSession {
  let cookie: Cookie | undefined;
  let renewAt = 0;
  // The bound of the bytes is the bound of the characters: documents travel as text inside of answers.
  const xmlLimits = { ...defaultXmlLimits, maxCharacters: options.limits.answerBytes };
  const post = (path: string, action: string, body: string) => callWhenFree(options, path, action, body);

  async function exchange<Name extends keyof Operations & string>(
    name: Name,
    parameters: RequestOf<Operations[Name]>,
  ): Promise<ResponseOf<Operations[Name]>> {
    const body = writeCall(serverSyncWebService, name, parameters);
    const text = await post(syncPath, soapActionOf(serverSyncWebService, name), body);
    // Only lists are long. Two million elements take gigabytes.
    const isList = name === 'GetRevisionIdList' || name === 'GetDeployments';
    const bounds = isList ? xmlLimits : { ...xmlLimits, maxElements: options.limits.answerElements };
    return readSaid(options.upstream, () => readAnswer(serverSyncWebService, name, text, bounds));
  }

  async function ask<Name extends AnsweredCall & string>(
    name: Name,
    parameters: RequestOf<Operations[Name]>,
  ): Promise<ResultOf<Name>> {
    const said = (await exchange(name, parameters)) as { result?: ResultOf<Name> | undefined };
    return requireResult(options.upstream, name, said);
  }

  async function renew(): Promise<void> {
    const config = await ask('GetAuthConfig', {});
    const plugIn = config.authInfo.find(({ plugInId }) => plugInId === dssTargeting);
    if (!plugIn) throw badAnswer(options.upstream, 'it offers no authorization of servers (DssTargeting)');
    const path = authPath(options.upstream, plugIn.serviceUrl);
    const { name: accountName, id: accountGuid } = options.account;
    const body = writeCall(dssAuthWebService, 'GetAuthorizationCookie', { accountName, accountGuid, programKeys: [] });
    const text = await post(path, soapActionOf(dssAuthWebService, 'GetAuthorizationCookie'), body);
    const said = readSaid(options.upstream, () => readAnswer(dssAuthWebService, 'GetAuthorizationCookie', text));
    const authorization = requireResult(options.upstream, 'GetAuthorizationCookie', said);
    requireSmall(authorization.cookieData);
    const oldCookie = cookie && { oldCookie: cookie };
    const answer = await ask('GetCookie', { authCookies: [authorization], ...oldCookie, protocolVersion });
    requireSmall(answer.encryptedData);
    cookie = answer;
    // By our clock: that of the upstream may be a day off. Microsoft's cookies live an hour, which is the shortest known.
    const livesMs = cookie.expiration.getTime() - options.now().getTime();
    renewAt = options.now().getTime() + Math.max(0, Math.min(livesMs, shortestLifeMs) - renewBeforeMs);
    if (livesMs <= renewBeforeMs || livesMs > believableLifeMs)
      renewAt = options.now().getTime() + shortestLifeMs - renewBeforeMs;
  }

  /** It is sent back with each call. */
  function requireSmall(bytes: Uint8Array | undefined): void {
    const { upstream, limits } = options;
    if (bytes && bytes.length > limits.cookieBytes)
      throw badAnswer(upstream, `its cookie has more than ${limits.cookieBytes} bytes`);
  }

  async function withCookie<T>(work: (good: Cookie | undefined) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (!cookie || options.now().getTime() >= renewAt) await renew();
        return await work(cookie);
      } catch (error) {
        if (!isOldCookie(error)) throw error;
        if (attempt >= authorizations) throw refused(options.upstream, error);
        cookie = undefined;
      }
    }
  }

  return {
    call: (name, parameters) => withCookie((good) => ask(name, { ...parameters, cookie: good } as never)) as never,
    async requestFile(sha1) {
      await withCookie((good) => exchange('DownloadFiles', { fileDigestList: [sha1], ...(good && { cookie: good }) }));
    },
  };
}

const syncPath = serverSyncWebService.paths[0] ?? '';
const shortestLifeMs = 60 * 60_000;
const believableLifeMs = 7 * 24 * 60 * 60_000;
/** Of one call: a cookie that was refused twice is refused for another reason than its age. */
const authorizations = 3;

/** An error of the upstream that stops a synchronisation. */
export function refused(upstream: URL, { code, message }: UpstreamFault): AdministrationError {
  const said = message === '' ? code : `${code}, ${message.slice(0, 500)}`;
  const text = `The upstream server ${upstream.origin} refuses to synchronise: ${said}.`;
  return new AdministrationError('ADMINISTRATION_UPSTREAM_REFUSED', text);
}

function isOldCookie(error: unknown): error is UpstreamFault {
  return (
    error instanceof UpstreamFault && (error.code === 'InvalidCookie' || error.code === 'InvalidAuthorizationCookie')
  );
}

/** Only a path below the same server: an answer must not send our name elsewhere. */
function authPath(upstream: URL, serviceUrl: string | undefined): string {
  const fallback = dssAuthWebService.paths[0] ?? '';
  if (serviceUrl === undefined || serviceUrl.trim() === '') return fallback;
  const url = URL.canParse(serviceUrl, `${upstream.origin}/`) ? new URL(serviceUrl, `${upstream.origin}/`) : undefined;
  if (url?.origin === upstream.origin) return url.pathname;
  throw badAnswer(upstream, 'its authorization service is on another server');
}

/** Sends a call again while the upstream is away or busy, with longer and longer pauses. */
export async function callWhenFree(options: Line, path: string, action: string, body: string): Promise<string> {
  const { peer, upstream, limits, wait, random } = options;
  for (let attempt = 1; ; attempt++) {
    let pauseMs = limits.pauseMs * 2 ** (attempt - 1) * (0.5 + random());
    let why: AdministrationError;
    try {
      const answer = await peer.post(new URL(path, upstream), action, body);
      options.count({ calls: 1, bytes: answer.bytes });
      const trouble = troubleIn(upstream, answer);
      if (!trouble) return answer.text;
      pauseMs = Math.max(pauseMs, Math.min((answer.retryAfterSeconds ?? 0) * 1000, limits.longestPauseMs));
      why = trouble;
    } catch (error) {
      if (!(error instanceof AdministrationError) || error.code !== 'ADMINISTRATION_UPSTREAM_AWAY') throw error;
      options.count({ calls: 1, bytes: 0 });
      why = error;
    }
    if (attempt >= limits.attempts) throw why;
    await wait(Math.min(pauseMs, limits.longestPauseMs));
  }
}

/** A temporary trouble, as an error. Undefined for an answer that can be read. Throws a lasting one. */
function troubleIn(upstream: URL, { status, text }: PeerAnswer): AdministrationError | undefined {
  const isSoap = /<(?:[\w.-]+:)?Envelope[\s>]/.test(text.slice(0, 1000));
  if ((status === 200 || status === 500) && isSoap)
    return status === 500 && isBusy(text) ? trouble('it is busy') : undefined;
  if (status === 408 || status === 429 || status >= 500) return trouble(`HTTP ${status}`);
  if (status === 200)
    throw badAnswer(upstream, 'it sends a page instead of an answer. Look for a proxy or a portal between');
  const advice = { 401: 'log-on', 403: 'right', 404: 'update service', 407: 'log-on at the proxy' }[status];
  throw badAnswer(upstream, `HTTP ${status}${advice ? ` (no ${advice})` : ''}`);

  function trouble(why: string): AdministrationError {
    return new AdministrationError(
      'ADMINISTRATION_UPSTREAM_AWAY',
      `The upstream server ${upstream.origin} cannot serve now: ${why}.`,
    );
  }
}

function isBusy(text: string): boolean {
  return /<(?:[\w.-]+:)?ErrorCode>\s*ServerBusy\s*</.test(text);
}

type Said<T> =
  | { kind: 'answer'; value: T }
  | { kind: 'fault'; fault: { code: string | undefined; message: string; reason: string } };

export function readSaid<T>(upstream: URL, read: () => Said<T>): T {
  let said: Said<T>;
  try {
    said = read();
  } catch (cause) {
    throw badAnswer(upstream, (cause as Error).message.replace(/\.$/, ''), cause);
  }
  if (said.kind === 'answer') return said.value;
  const { code, message, reason } = said.fault;
  throw new UpstreamFault(code?.slice(0, 100) ?? 'a fault without a code', message || (code ? '' : reason));
}

function requireResult<T>(upstream: URL, name: string, { result }: { result?: T | undefined }): T {
  if (result === undefined) throw badAnswer(upstream, `the answer to ${name} has no result`);
  return result;
}
