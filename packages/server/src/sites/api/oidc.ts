// Log-ons by an issuer of OpenID Connect: authorization code with PKCE, state and nonce. The browser that began a log-on has a
// cookie for it, so that no other browser ends it. The signature of the identity is checked against the keys of the issuer.
import { randomBytes } from 'node:crypto';
import type { FoundServer } from '@moult/administration';
import { AdministrationError } from '@moult/administration';
import type { Identity } from '@moult/administration/accounts';
import { readOutside } from '@moult/disk';
import type { Log } from '@moult/store';
import type * as Client from 'openid-client';
import { oidcBounds } from '../../bounds.ts';
import { addressKey } from '../../http/limits/address-key.ts';
import { ApiError } from './errors.ts';

export interface Oidc {
  /** The host of the issuer, for people. Undefined when no issuer is set. */
  readonly issuerHost: string | undefined;
  /** Begins a log-on: where the browser goes, and the secret of its cookie. Throws ApiError, AdministrationError. */
  begin(address: string): Promise<{ location: string; secret: string }>;
  /** `search`: what the issuer sent the browser back with. Throws ApiError, AdministrationError ADMINISTRATION_LOG_ON. */
  finish(secret: string | undefined, search: string): Promise<Identity>;
}

interface Flow {
  /** Of the browser. It does not fill the room of others. */
  place: string;
  state: string;
  nonce: string;
  verifier: string;
  at: number;
}

interface OidcParts {
  server: FoundServer;
  log: Pick<Log, 'warn'>;
  now(): Date;
}

export function createOidc({ server: { config }, log, now }: OidcParts): Oidc {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcRoles, consoleUrl } = config;
  const isSet = issuer !== undefined && clientId !== undefined && oidcRoles !== undefined && consoleUrl !== undefined;
  const flows = new Map<string, Flow>();
  let known: { client: Client.Configuration; at: number } | undefined;

  /** The oldest of the same address go first. */
  function makeRoom({ place, at }: Flow): void {
    for (const [old, one] of flows) if (Math.abs(at - one.at) > oidcBounds.flowMs) flows.delete(old);
    const same = [...flows].filter(([, one]) => one.place === place);
    for (const [old] of same.slice(0, Math.max(0, same.length + 1 - oidcBounds.maxFlowsOfAddress))) flows.delete(old);
    for (const old of flows.keys()) if (flows.size >= oidcBounds.maxFlows) flows.delete(old);
  }

  /** The addresses of the issuer, asked again after a while. */
  async function configuration(library: typeof Client): Promise<Client.Configuration> {
    const at = now().getTime();
    if (known && Math.abs(at - known.at) < oidcBounds.discoveryMs) return known.client;
    const url = new URL(issuer ?? '');
    const execute = url.protocol === 'http:' ? [library.allowInsecureRequests] : [];
    const client = await library.discovery(url, clientId ?? '', undefined, authenticationOf(library), {
      ...{ execute, timeout: oidcBounds.answerMs / 1000 },
      [library.customFetch]: fetchBounded,
    });
    client.timeout = oidcBounds.answerMs / 1000;
    // The identity is taken by its signature, and not only because it came from the right address.
    library.enableNonRepudiationChecks(client);
    known = { client, at };
    return client;
  }

  function authenticationOf(library: typeof Client): Client.ClientAuth {
    const { oidcClientSecretFile: file } = config;
    if (file === undefined) return library.None();
    const [secret = ''] = readOutside(file, { maxBytes: 4096 }).toString('utf8').split(/\r?\n/);
    return library.ClientSecretPost(secret.trim());
  }

  return {
    issuerHost: isSet ? new URL(issuer).host : undefined,

    async begin(address) {
      if (!isSet) throw notSet();
      const library = await import('openid-client');
      const client = await asked(() => configuration(library));
      const flow = {
        ...{ state: library.randomState(), nonce: library.randomNonce() },
        ...{ verifier: library.randomPKCECodeVerifier(), at: now().getTime(), place: addressKey(address) },
      };
      const secret = randomBytes(32).toString('base64url');
      makeRoom(flow);
      flows.set(secret, flow);
      const location = library.buildAuthorizationUrl(client, {
        ...{ redirect_uri: returnTo(consoleUrl), scope: config.oidcScopes, response_type: 'code' },
        ...{ state: flow.state, nonce: flow.nonce, code_challenge_method: 'S256' },
        code_challenge: await library.calculatePKCECodeChallenge(flow.verifier),
      });
      return { location: location.href, secret };
    },

    async finish(secret, search) {
      if (!isSet) throw notSet();
      const flow = secret === undefined ? undefined : flows.get(secret);
      // Once, however it ends.
      if (secret !== undefined) flows.delete(secret);
      if (!flow || Math.abs(now().getTime() - flow.at) > oidcBounds.flowMs)
        throw refused('This log-on was not begun in this browser, or it took too long. Begin again.');
      const library = await import('openid-client');
      const client = await asked(() => configuration(library));
      const url = new URL(`${returnTo(consoleUrl)}?${search.replace(/^\?/, '')}`);
      const tokens = await asked(() =>
        library.authorizationCodeGrant(client, url, {
          ...{ pkceCodeVerifier: flow.verifier, expectedState: flow.state, expectedNonce: flow.nonce },
          idTokenExpected: true,
        }),
      );
      return identityOf(tokens.claims() ?? {}, issuer);
    },
  };

  /** The log has the reasons: refusals of the issuer, and answers without trust. The person is told no more than that. */
  async function asked<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      log.warn({ err: error }, 'a log-on by the issuer of OpenID Connect failed');
      throw refused('The issuer did not confirm the log-on. The log of the server has the reason. Begin again.');
    }
  }

  function identityOf(claims: Record<string, unknown>, from: string): Identity {
    const subject = claims.sub;
    if (typeof subject !== 'string' || subject === '' || subject.length > 255)
      throw refused('The issuer did not say who you are.');
    const groups = claims[config.oidcGroups];
    const listed = Array.isArray(groups) ? groups : typeof groups === 'string' ? [groups] : [];
    const names = [claims.preferred_username, claims.email, claims.name];
    return {
      ...{ issuer: from, subject, names: names.filter((one) => typeof one === 'string') },
      groups: listed.filter((one) => typeof one === 'string').slice(0, oidcBounds.maxGroups),
    };
  }
}

function returnTo(consoleUrl: string): string {
  return `${consoleUrl}/console/issuer`;
}

/** No answer of the issuer is longer than the bound, and none is taken from another address than was asked. */
async function fetchBounded(url: string, options: Client.CustomFetchOptions): Promise<Response> {
  const answer = await fetch(url, { ...options, redirect: 'error' } as RequestInit);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += piece.length;
    if (bytes > oidcBounds.answerBytes)
      throw new Error(`the issuer answers with more than ${oidcBounds.answerBytes} bytes`);
    pieces.push(piece);
  }
  const { status, headers } = answer;
  const isEmpty = status === 204 || status === 205 || status === 304;
  return new Response(isEmpty ? null : Buffer.concat(pieces), { status, headers });
}

function notSet(): ApiError {
  return new ApiError('API_CONFLICT', 'No issuer of OpenID Connect is set on this server.');
}

function refused(message: string): AdministrationError {
  return new AdministrationError('ADMINISTRATION_LOG_ON', message);
}
