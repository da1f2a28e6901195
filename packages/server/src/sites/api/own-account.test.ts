// The own account: what everybody may do with it, in each role, and with groups.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { addAccount, addToken } from '@moult/administration/accounts';
import { type Answered, type Asked, password, startApi, type TestApi } from './test/api-server.ts';
import { sessionOf } from './test/operation-examples.ts';

interface Own {
  account: string;
  role: string;
  sessions: { sessionId: string; isThis: boolean; address: string }[];
  tokens: { tokenId: string; name: string; revokedAt?: string }[];
}

describe('the own account', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api[Symbol.asyncDispose]());

  const ask = (path: string, headers: Record<string, string>, asked: Asked = {}) =>
    api.ask(`/api/v1${path}`, { ...asked, headers });
  const own = async (headers: Record<string, string>) => (await ask('/account', headers)).json as unknown as Own;
  const change = (headers: Record<string, string>, body: object) =>
    ask('/account/password', headers, { method: 'POST', body });
  const next = 'another good password';
  const cookieOf = ({ headers }: Answered) => String(headers['set-cookie']).split(';')[0] ?? '';
  const logOn = (name: string, given: string) =>
    api.ask('/api/v1/session', { method: 'POST', body: { name, password: given } });

  it('shows its sessions and tokens, which is the own one, and nothing of others', async () => {
    const [mine, other] = [await sessionOf(api, 'reporter'), await sessionOf(api, 'reporter')];
    await sessionOf(api, 'auditor');
    const { account, role, sessions, tokens } = await own(mine);
    assert.deepEqual([account, role, sessions.length], ['reporter', 'reporter', 2]);
    assert.equal(sessions.filter(({ isThis }) => isThis).length, 1);
    assert.deepEqual(
      tokens.map(({ name }) => name),
      ['of reporter'],
    );
    const there = sessions.find(({ isThis }) => !isThis)?.sessionId;
    assert.equal((await ask(`/account/sessions/${there}`, mine, { method: 'DELETE' })).status, 204);
    assert.equal((await ask('/account', other)).status, 401);
    assert.equal((await ask(`/account/sessions/${there}`, mine, { method: 'DELETE' })).status, 404);
  });

  it('gets a new password for the present one: other sessions end, and this browser goes on with a new one', async () => {
    const [mine, other] = [await sessionOf(api, 'approver'), await sessionOf(api, 'approver')];
    const wrong = await change(mine, { password: 'not the password', newPassword: next });
    assert.deepEqual([wrong.status, wrong.json.code], [422, 'ADMINISTRATION_BAD_ACCOUNT']);
    assert.equal((await change(mine, { password, newPassword: password })).status, 422);
    assert.equal((await change(mine, { password, newPassword: 'short' })).status, 422);
    assert.equal((await ask('/account', other)).status, 200, 'until then all is as before');
    const changed = await change(mine, { password, newPassword: next });
    assert.equal(changed.status, 204);
    for (const ended of [mine, other]) assert.equal((await ask('/account', ended)).status, 401);
    assert.equal((await ask('/account', { cookie: cookieOf(changed) })).status, 200);
    assert.equal((await logOn('approver', password)).status, 401);
    assert.equal((await logOn('approver', next)).status, 200);
    const [record] = await api.administration.store.listAudit({ limit: 1 });
    assert.match(record?.actor ?? '', /^approver /);
    assert.doesNotMatch(JSON.stringify(await api.administration.store.listAudit({ limit: 9 })), /good password|argon2/);
  });

  it('keeps its sessions and tokens from others, whatever they may otherwise', async () => {
    const { store } = api.administration;
    const admin = await sessionOf(api, 'administrator');
    await sessionOf(api, 'auditor');
    const theirs = (await store.listSessions()).find(({ account }) => account === 'auditor')?.sessionId;
    const token = (await store.listTokens()).find(({ account }) => account === 'auditor')?.tokenId;
    assert.equal((await ask(`/account/sessions/${theirs}`, admin, { method: 'DELETE' })).status, 404);
    assert.equal((await ask(`/account/tokens/${token}`, admin, { method: 'DELETE' })).status, 404);
    assert.equal((await store.listTokens()).find(({ tokenId }) => tokenId === token)?.revokedAt, undefined);
  });

  it('works for an account with groups, and a token revokes itself but changes no password', async () => {
    await addAccount(api.administration, { name: 'berlin', role: 'reporter', password, groups: ['All Computers'] });
    const { secret, tokenId } = await addToken(api.administration, { name: 'script', account: 'berlin', days: 3 });
    const mine = await sessionOf(api, 'berlin');
    assert.equal((await own(mine)).account, 'berlin');
    assert.equal((await change(mine, { password, newPassword: next })).status, 204);
    const bearer = { authorization: `Bearer ${secret}` };
    assert.equal((await change(bearer, { password: next, newPassword: password })).status, 409);
    assert.equal((await ask(`/account/tokens/${tokenId}`, bearer, { method: 'DELETE' })).status, 204);
    assert.equal((await ask('/account', bearer)).status, 401);
  });

  it('changes nothing for a page of another site', async () => {
    const mine = await sessionOf(api, 'auditor');
    const { status, json } = await change({ ...mine, 'sec-fetch-site': 'cross-site' }, { password, newPassword: next });
    assert.deepEqual([status, json.code], [403, 'API_CROSS_SITE']);
  });

  it('ends guessing of the present password as a log-on does', async () => {
    const mine = await sessionOf(api, 'reporter');
    const statuses = new Set<number>();
    for (let count = 0; count < 30; count++) {
      const { status } = await change(mine, { password: `guess number ${count}`, newPassword: next });
      statuses.add(status);
    }
    assert.ok(statuses.has(429), [...statuses].join());
    assert.equal((await change(mine, { password, newPassword: next })).status, 429);
    assert.equal((await ask('/account', mine)).status, 200, 'the session goes on');
  });
});
