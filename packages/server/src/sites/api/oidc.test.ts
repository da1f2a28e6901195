// Log-ons by an issuer of OpenID Connect: against a foreign issuer, and against one that lies.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { changeAccount, roleOfGroups } from '@moult/administration/accounts';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import Provider from 'oidc-provider';
import { type Answered, startApi, type TestApi } from './test/api-server.ts';

const consoleUrl = 'http://127.0.0.1:8530';
const returnUrl = `${consoleUrl}/console/issuer`;
const roles = 'moult-admins=administrator,it=approver,all=reporter';

async function listening(server: Server): Promise<{ url: string }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Begins a log-on: the address at the issuer, and the cookie of the browser. */
async function begin(api: TestApi): Promise<{ location: URL; cookie: string; answer: Answered }> {
  const answer = await api.ask('/api/v1/session/issuer', { method: 'POST', body: {} });
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
  const { location = 'http://nowhere' } = answer.json as { location?: string };
  return { location: new URL(location), cookie, answer };
}

function finish(api: TestApi, cookie: string, search: string): Promise<Answered> {
  return api.ask('/api/v1/session/issuer/return', { method: 'POST', headers: { cookie }, body: { search } });
}

describe('a log-on by an issuer of OpenID Connect', () => {
  it('gives the strongest role of the groups, and no role to others', () => {
    assert.equal(roleOfGroups(roles, ['all', 'it']), 'approver');
    assert.equal(roleOfGroups(roles, ['moult-admins']), 'administrator');
    for (const groups of [[], ['IT'], ['administrator'], ['it=approver']])
      assert.equal(roleOfGroups(roles, groups), undefined);
    assert.equal(roleOfGroups('a=b=auditor', ['a=b']), 'auditor');
  });

  it('is not there unless an issuer is set', async () => {
    await using api = await startApi();
    assert.deepEqual((await api.ask('/api/v1/session/ways')).json.issuer, null);
    assert.deepEqual((await begin(api)).answer.status, 409);
  });

  describe('with a foreign issuer', () => {
    let provided: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
    const server = createServer((request, response) => provided(request, response));
    let issuer: { url: string };
    let api: TestApi;
    before(async () => {
      issuer = await listening(server);
      const provider = new Provider(issuer.url, {
        clients: [
          {
            ...{ client_id: 'moult', token_endpoint_auth_method: 'none', redirect_uris: [returnUrl] },
            ...{ application_type: 'native', grant_types: ['authorization_code'], response_types: ['code'] },
          },
        ],
        pkce: { required: () => true },
        claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
        conformIdTokenClaims: false,
        async findAccount(_, sub) {
          return {
            accountId: sub,
            claims: () => ({ sub, preferred_username: sub, groups: sub === 'anna' ? ['it'] : [] }),
          };
        },
        features: { devInteractions: { enabled: true } },
        cookies: { keys: ['test'] },
      });
      provided = provider.callback();
      api = await startApi({ oidcIssuer: issuer.url, oidcClientId: 'moult', oidcRoles: roles, consoleUrl });
    });
    after(async () => {
      await api[Symbol.asyncDispose]();
      server.close();
      server.closeAllConnections();
    });

    /** Walks through the pages of the issuer as a person does. */
    async function walk(start: URL, name: string): Promise<string> {
      const jar = new Map<string, string>();
      let [at, form]: [URL, string | undefined] = [start, undefined];
      for (let step = 0; step < 20; step++) {
        if (at.href.startsWith(returnUrl)) return at.search;
        const cookie = [...jar].map(([key, value]) => `${key}=${value}`).join('; ');
        const answer = await fetch(at, {
          redirect: 'manual',
          headers: { cookie, ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }) },
          ...(form !== undefined && { method: 'POST', body: form }),
        });
        for (const line of answer.headers.getSetCookie()) {
          const [pair = ''] = line.split(';');
          jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
        }
        const next = answer.headers.get('location');
        const page = await answer.text();
        form = undefined;
        if (next !== null) at = new URL(next, at);
        else {
          const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? assert.fail(page.slice(0, 500));
          at = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? '', at);
          form = new URLSearchParams({ prompt, login: name, password: 'x' }).toString();
        }
      }
      return assert.fail('the issuer leads nowhere');
    }

    it('makes the account with the first log-on, and finds it again', async () => {
      const { location, cookie } = await begin(api);
      assert.equal(location.searchParams.get('code_challenge_method'), 'S256');
      const search = await walk(location, 'anna');
      const answer = await finish(api, cookie, search);
      assert.deepEqual([answer.status, answer.json], [200, { account: 'anna', role: 'approver' }], answer.text);
      assert.match(
        String(answer.headers['set-cookie']),
        /^moult-session=[\w-]{20,}; Path=\/; HttpOnly; SameSite=Strict/,
      );
      const session = String(answer.headers['set-cookie']).split(';')[0] ?? '';
      const who = await api.ask('/api/v1/session', { headers: { cookie: session } });
      assert.equal(who.json.account, 'anna');
      const { items = [] } = (await api.ask('/api/v1/users', { token: api.tokens.administrator })).json;
      assert.equal(items.find(({ name }) => name === 'anna')?.issuer, issuer.url);
      // The answer of the issuer works once.
      assert.equal((await finish(api, cookie, search)).status, 409);
      const again = await begin(api);
      assert.equal((await finish(api, again.cookie, await walk(again.location, 'anna'))).json.account, 'anna');
      assert.equal((await api.administration.store.listAccounts()).filter(({ name }) => /^anna/.test(name)).length, 1);
    });

    it('refuses a person without a group that has a role', async () => {
      const { location, cookie } = await begin(api);
      const answer = await finish(api, cookie, await walk(location, 'nobody'));
      assert.deepEqual([answer.status, answer.json.code], [409, 'ADMINISTRATION_LOG_ON']);
      assert.equal(await api.administration.store.findAccount('nobody'), undefined);
    });
  });

  describe('with an issuer that lies', () => {
    const server = createServer((request, response) => void answer(request, response));
    let issuer: { url: string };
    let whole: TestApi;
    let api: TestApi;
    let keys: { privateKey: CryptoKey; jwk: JWK };
    let published: JWK[] = [];
    /** What the issuer was asked with, by code. */
    const asked = new Map<string, URLSearchParams>();
    let claimsOf: (nonce: string) => Record<string, unknown> = () => ({});
    let told: { key?: CryptoKey; kid?: string; algorithm?: string } = {};
    let codes = 0;

    const newKeys = async (kid: string) => {
      const { privateKey, publicKey } = await generateKeyPair('RS256');
      return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
    };
    const seconds = () => Math.floor(Date.now() / 1000);
    const good = (nonce: string) => ({
      ...{ iss: issuer.url, aud: 'moult', sub: 'berta', nonce, iat: seconds(), exp: seconds() + 60 },
      ...{ preferred_username: 'berta', groups: ['it'] },
    });

    before(async () => {
      keys = await newKeys('one');
      published = [keys.jwk];
      issuer = await listening(server);
      whole = await startApi({ oidcIssuer: issuer.url, oidcClientId: 'moult', oidcRoles: roles, consoleUrl });
    });
    beforeEach(() => {
      api = whole;
      told = {};
    });
    after(async () => {
      await whole[Symbol.asyncDispose]();
      server.close();
      server.closeAllConnections();
    });

    async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const json = (document: unknown) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
      if (request.url === '/.well-known/openid-configuration')
        return void json({
          ...{
            issuer: issuer.url,
            authorization_endpoint: `${issuer.url}/auth`,
            token_endpoint: `${issuer.url}/token`,
          },
          ...{
            jwks_uri: `${issuer.url}/keys`,
            response_types_supported: ['code'],
            subject_types_supported: ['public'],
          },
          id_token_signing_alg_values_supported: ['RS256'],
        });
      if (request.url === '/keys') return void json({ keys: published });
      let body = '';
      for await (const piece of request) body += piece;
      const from = asked.get(new URLSearchParams(body).get('code') ?? '');
      const claims = claimsOf(from?.get('nonce') ?? '');
      const { key = keys.privateKey, kid = String(keys.jwk.kid), algorithm = 'RS256' } = told;
      const id_token = await new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid }).sign(key);
      json({ access_token: 'x', token_type: 'Bearer', id_token });
    }

    async function logOn({ change = (search: string) => search, other = false } = {}): Promise<Answered> {
      const { location, cookie } = await begin(api);
      const code = `code-${++codes}`;
      asked.set(code, location.searchParams);
      const search = new URLSearchParams({ code, state: location.searchParams.get('state') ?? '' });
      return finish(api, other ? (await begin(api)).cookie : cookie, change(`?${search}`));
    }

    const isRefused = ({ status, json }: Answered, why: string) =>
      assert.deepEqual([status, json.code], [409, 'ADMINISTRATION_LOG_ON'], why);

    it('is refused by wrong state, nonce, audience, issuer, time, key and signature', async () => {
      claimsOf = good;
      told = {};
      assert.equal((await logOn()).status, 200, 'a good one is taken');
      isRefused(await logOn({ change: (search) => search.replace(/state=[^&]+/, 'state=x') }), 'state');
      isRefused(await logOn({ change: (search) => search.replace(/&state=.*/, '') }), 'no state');
      isRefused(await logOn({ other: true }), 'another log-on of the browser');
      isRefused(await finish(api, '', '?code=x&state=y'), 'no cookie');
      isRefused(await logOn({ change: () => '?error=access_denied' }), 'an error of the issuer');
      for (const [why, change] of [
        ['nonce', { nonce: 'x' }],
        ['no nonce', { nonce: undefined }],
        ['audience', { aud: 'another' }],
        ['two audiences without a party', { aud: ['another', 'moult'], azp: 'another' }],
        ['issuer', { iss: 'https://evil.example' }],
        ['expired', { exp: seconds() - 3600, iat: seconds() - 7200 }],
        ['no subject', { sub: undefined }],
      ] as const) {
        claimsOf = (nonce) => ({ ...good(nonce), ...change });
        isRefused(await logOn(), why);
      }
      claimsOf = good;
      const { privateKey: foreign } = await newKeys('one');
      told = { key: foreign };
      isRefused(await logOn(), 'the signature of another key with the same name');
      const secret = new TextEncoder().encode('moult'.repeat(10)) as unknown as CryptoKey;
      told = { key: secret, algorithm: 'HS256' };
      isRefused(await logOn(), 'a signature by a shared secret');
      told = {};
      assert.equal((await api.administration.store.listAccounts()).filter(({ name }) => /^berta/.test(name)).length, 1);
    });

    it('takes the new keys of the issuer, and refuses those that it took back', async () => {
      claimsOf = good;
      const before = keys;
      keys = await newKeys('two');
      published = [keys.jwk];
      // The library asks for keys that it does not know once a minute at most. A server that looks now knows none yet.
      await using fresh = await startApi({
        oidcIssuer: issuer.url,
        oidcClientId: 'moult',
        oidcRoles: roles,
        consoleUrl,
      });
      api = fresh;
      try {
        told = {};
        assert.equal((await logOn()).status, 200);
        told = { key: before.privateKey, kid: 'one' };
        isRefused(await logOn(), 'a key that was taken back');
      } finally {
        told = {};
        api = whole;
      }
    });

    it('follows the groups: another role, no role, and a disabled account', async () => {
      claimsOf = (nonce) => ({ ...good(nonce), sub: 'carla', preferred_username: 'carla' });
      await using fresh = await startApi({
        oidcIssuer: issuer.url,
        oidcClientId: 'moult',
        oidcRoles: roles,
        consoleUrl,
      });
      api = fresh;
      const first = await logOn();
      assert.equal(first.json.role, 'approver', first.text);
      const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
      claimsOf = (nonce) => ({ ...good(nonce), sub: 'carla', preferred_username: 'carla', groups: 'all' });
      assert.equal((await logOn()).json.role, 'reporter');
      assert.equal((await api.ask('/api/v1/session', { headers: { cookie } })).status, 401, 'the session of before');
      claimsOf = (nonce) => ({ ...good(nonce), sub: 'carla', groups: [] });
      isRefused(await logOn(), 'no group');
      claimsOf = (nonce) => ({ ...good(nonce), sub: 'carla' });
      await changeAccount(fresh.administration, 'carla', { isDisabled: true });
      isRefused(await logOn(), 'disabled');
    });

    it('takes over no account by its name', async () => {
      await using fresh = await startApi({
        oidcIssuer: issuer.url,
        oidcClientId: 'moult',
        oidcRoles: roles,
        consoleUrl,
      });
      api = fresh;
      claimsOf = (nonce) => ({ ...good(nonce), sub: 'stranger', preferred_username: 'Administrator', groups: ['all'] });
      const { json } = await logOn();
      assert.match(String(json.account), /^Administrator-[\da-f]{8}$/);
      assert.equal(json.role, 'reporter');
      assert.equal((await fresh.administration.store.findAccount('administrator'))?.role, 'administrator');
      claimsOf = (nonce) => ({ ...good(nonce), sub: 'other', preferred_username: '=cmd|x', name: '<script>' });
      assert.match(String((await logOn()).json.account), /^person-[\da-f]{8}$/);
    });
  });
});
