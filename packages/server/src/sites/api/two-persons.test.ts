// Changes that two persons make: the second one confirms them, as somebody else who may do so too.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { addAccount, addToken, changeAccount, removeAccount } from '@moult/administration/accounts';
import { twoPersonActions } from '@moult/administration/config';
import { author, idOf } from '../../../../administration/src/test/administration.ts';
import { routes } from './table.ts';
import { type Answered, startApi, type TestApi } from './test/api-server.ts';

const day = 86_400_000;

describe('a change that two persons make', () => {
  let api: TestApi;
  const tokens: Record<string, string> = {};

  before(async () => {
    api = await startApi({ twoPersons: 'approve,decline,remove,lift-stop' });
    const { administration } = api;
    await administration.store.createGroup('Berlin', undefined, author);
    await administration.store.createGroup('Hidden', undefined, author);
    for (const [name, role, groups] of [
      ['anna', 'approver', []],
      ['berta', 'approver', []],
      ['boss', 'administrator', []],
      ['chief', 'administrator', []],
      ['local', 'approver', ['Berlin']],
    ] as const) {
      await addAccount(administration, { name, role, groups });
      for (const token of [name, `${name}2`])
        tokens[token] = (await addToken(administration, { name: token, account: name, days: 30 })).secret;
    }
    api.clock.at = new Date(author.at.getTime() + 2 * day);
  });
  after(() => api[Symbol.asyncDispose]());

  const post = (who: string, path: string, body: unknown = undefined, headers = {}) =>
    api.ask(`/api/v1${path}`, { method: 'POST', token: tokens[who], headers, ...(body !== undefined && { body }) });
  const approveBody = (group = 'Berlin') => ({ updates: [idOf(0)], groups: [group] });
  const decisions = () => api.administration.store.listDeploymentsOf(idOf(0));
  const idIn = ({ json }: Answered) => String(json.requestId);
  const endOf = async (asked: Answered) => {
    const { json } = await api.ask(`/api/v1/requests/${idIn(asked)}`, { token: tokens.anna });
    return [json.state, json.outcome];
  };

  it('waits, and the second person makes it; both are on record, and it is made once', async () => {
    const asked = await post('anna', '/approvals', approveBody());
    assert.deepEqual([asked.status, asked.json.state], [202, 'waiting'], asked.text);
    assert.match(String(asked.headers['content-type']), /^application\/vnd\.moult\.request\+json/);
    assert.equal(asked.headers.location, `/api/v1/requests/${idIn(asked)}`);
    assert.deepEqual(await decisions(), []);
    const { json } = await api.ask('/api/v1/requests', { token: tokens.berta });
    assert.deepEqual(
      (json.items ?? []).map(({ operation, askedBy, input }) => [operation, askedBy, input]),
      [
        [
          'approveUpdates',
          'anna (token anna, 127.0.0.1)',
          { path: {}, query: {}, body: { ...approveBody(), action: 'Install' } },
        ],
      ],
    );
    const both = await Promise.all(['berta', 'boss'].map((who) => post(who, `/requests/${idIn(asked)}/confirm`)));
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
    assert.equal((await decisions()).length, 1);
    const shown = await api.ask(`/api/v1/requests/${idIn(asked)}`, { token: tokens.anna });
    assert.equal(shown.json.state, 'done');
    const records = await api.administration.store.listAudit({ limit: 3 });
    assert.deepEqual(
      records.map(({ action }) => action),
      ['approve update', 'confirm change', 'ask for change'],
    );
    assert.match(records[0]?.actor ?? '', /^(?:berta|boss) \(.*\), asked by anna \(token anna, 127\.0\.0\.1\)$/);
  });

  it('is not confirmed by who asked, from wherever, nor by who may not do it', async () => {
    const asked = await post('anna', '/approvals', { ...approveBody(), action: 'Inherit' });
    for (const who of ['anna', 'anna2']) {
      const { status, json } = await post(who, `/requests/${idIn(asked)}/confirm`);
      assert.deepEqual([status, json.code], [409, 'ADMINISTRATION_SECOND_PERSON']);
    }
    const removal = await api.ask('/api/v1/computers/pc7', { method: 'DELETE', token: tokens.boss });
    assert.equal(removal.status, 202);
    assert.equal((await post('anna', `/requests/${idIn(removal)}/confirm`)).status, 403);
    const own = await post('anna', `/requests/${idIn(asked)}/refuse`);
    assert.deepEqual([own.status, own.json.state], [200, 'refused']);
    assert.equal((await post('berta', `/requests/${idIn(asked)}/confirm`)).status, 409);
    assert.equal((await decisions()).length, 1);
  });

  it('is not confirmed by an account or a token that was made or changed for it', async () => {
    const { administration, clock } = api;
    const now = { ...administration, author: { ...administration.author, at: clock.at } };
    const asked = await post('anna', '/declines', { updates: [idOf(1)] });
    await addAccount(now, { name: 'puppet', role: 'approver' });
    const puppet = (await addToken(now, { name: 'p', account: 'puppet', days: 30 })).secret;
    tokens.fresh = (await addToken(now, { name: 'fresh', account: 'berta', days: 30 })).secret;
    tokens.puppet = puppet;
    for (const who of ['puppet', 'fresh']) {
      const { status, json } = await post(who, `/requests/${idIn(asked)}/confirm`);
      assert.deepEqual([status, json.code], [409, 'ADMINISTRATION_SECOND_PERSON'], who);
    }
    assert.equal((await post('berta', `/requests/${idIn(asked)}/confirm`)).status, 200);
  });

  it('is not made when its time is over, or when who asked lost the right to it', async () => {
    const { administration, clock } = api;
    const late = await post('anna', '/declines', { updates: [idOf(1)] });
    clock.at = new Date(clock.at.getTime() + 2 * day);
    assert.equal((await post('berta', `/requests/${idIn(late)}/confirm`)).status, 409);
    assert.deepEqual((await api.ask('/api/v1/requests', { token: tokens.berta })).json.items, []);
    const asked = await post('anna', '/declines', { updates: [idOf(1)] });
    await changeAccount(administration, 'anna', { role: 'reporter' });
    const { status, json } = await post('berta', `/requests/${idIn(asked)}/confirm`);
    assert.deepEqual([status, json.code], [409, 'ADMINISTRATION_SECOND_PERSON']);
    await changeAccount(administration, 'anna', { role: 'approver' });
  });

  it('is refused at once for what is not there, and at the confirmation for what is gone by then', async () => {
    assert.equal((await post('anna', '/approvals', approveBody('Nowhere'))).status, 404);
    const { store } = api.administration;
    const { groupId } = await store.createGroup('Gone', undefined, author);
    const asked = await post('anna', '/approvals', approveBody('Gone'));
    await store.removeGroup(groupId, author);
    assert.equal((await post('berta', `/requests/${idIn(asked)}/confirm`)).status, 404);
    assert.deepEqual(await endOf(asked), ['failed', 'There is no group "Gone".']);
  });

  it('is not made when what it changes moved since it was asked for', async () => {
    const { store } = api.administration;
    const asked = await post('anna', '/approvals', { ...approveBody(), action: 'Block' });
    const { groupId } = await store.requireGroup('Berlin');
    await store.deployAll([{ updateId: idOf(0), groupId, action: 'Install', deadline: undefined }], {
      ...author,
      name: 'other',
    });
    const { status, json } = await post('berta', `/requests/${idIn(asked)}/confirm`);
    assert.deepEqual([status, json.code], [412, 'API_PRECONDITION_FAILED']);
    assert.equal((await endOf(asked))[0], 'failed');
    assert.deepEqual(
      (await decisions()).filter((one) => one.groupId === groupId).map(({ action }) => action),
      ['Install'],
    );
  });

  it('of an account needs the ETag that was seen, and is not made for another state of the account', async () => {
    const { administration } = api;
    await addAccount(administration, { name: 'target', role: 'reporter' });
    const change = (headers = {}, body: unknown = { role: 'administrator' }) =>
      api.ask('/api/v1/users/target', { method: 'PATCH', token: tokens.boss, headers, body });
    assert.equal((await change()).status, 428);
    const seen = await api.ask('/api/v1/users/target', { token: tokens.boss });
    const asked = await change({ 'if-match': String(seen.headers.etag) });
    assert.equal(asked.status, 202);
    await changeAccount(administration, 'target', { isDisabled: true });
    assert.equal((await post('chief', `/requests/${idIn(asked)}/confirm`)).status, 412);
    assert.equal((await administration.store.findAccount('target'))?.role, 'reporter');
  });

  it('cannot be had by a second account of one person: nobody gives others a password or a token', async () => {
    const refused = [
      ['POST', '/users', { name: 'puppet2', role: 'approver', password: 'correct horse battery' }],
      ['POST', '/tokens', { name: 'p', user: 'berta' }],
      ['POST', '/tokens', { name: 'p', user: 'BERTA ' }],
    ] as const;
    for (const [method, path, body] of refused) {
      const { status, json } = await api.ask(`/api/v1${path}`, { method, token: tokens.boss, body });
      assert.deepEqual([status, json.code], [409, 'ADMINISTRATION_SECOND_PERSON'], path);
    }
    const seen = await api.ask('/api/v1/users/berta', { token: tokens.boss });
    const headers = { 'if-match': String(seen.headers.etag) };
    const body = { password: 'correct horse battery' };
    const password = await api.ask('/api/v1/users/berta', { method: 'PATCH', token: tokens.boss, headers, body });
    assert.equal(password.status, 409);
    assert.equal((await post('boss', '/tokens', { name: 'own', user: 'boss' })).status, 201);
    assert.equal((await post('boss', '/users', { name: 'puppet2', role: 'approver' })).status, 202);
    assert.equal(await api.administration.store.findAccount('puppet2'), undefined);
  });

  it('is not made for an account that is gone, nor confirmed by a new one of its name', async () => {
    const { administration, clock } = api;
    await addAccount(administration, { name: 'leaver', role: 'approver' });
    tokens.leaver = (await addToken(administration, { name: 'l', account: 'leaver', days: 30 })).secret;
    const asked = await post('leaver', '/declines', { updates: [idOf(1)] });
    assert.equal(asked.status, 202);
    await removeAccount(administration, 'leaver');
    const { status, json } = await post('berta', `/requests/${idIn(asked)}/confirm`);
    assert.deepEqual([status, json.code], [409, 'ADMINISTRATION_SECOND_PERSON']);
    await addAccount(administration, { name: 'Leaver', role: 'approver' });
    tokens.leaver = (await addToken(administration, { name: 'l', account: 'leaver', days: 30 })).secret;
    const late = await post('leaver', `/requests/${idIn(asked)}/confirm`);
    assert.equal(late.json.detail, 'You asked for this change. Somebody else must confirm it.');
    assert.ok(clock.at > author.at);
  });

  it('is made once for a confirmation that is sent again with its Idempotency-Key', async () => {
    const asked = await post('anna', '/declines', { updates: [idOf(1)] });
    const confirm = () => post('berta', `/requests/${idIn(asked)}/confirm`, undefined, { 'idempotency-key': 'c1' });
    const [first, again] = [await confirm(), await confirm()];
    assert.deepEqual([first.status, again.status, again.text], [200, 200, first.text]);
    const records = await api.administration.store.listAudit({ limit: 50, subject: idIn(asked) });
    assert.deepEqual(
      records.map(({ action }) => action),
      ['confirm change', 'ask for change'],
    );
  });

  it('does not wait when it is too large to be kept', async () => {
    const updates = Array.from({ length: 200 }, () => 'x'.repeat(256));
    const documents = [{ kind: 'group', name: 'x'.repeat(70_000) }];
    const asked = await api.ask('/api/v1/apply', { method: 'POST', token: tokens.boss, body: { documents } });
    assert.deepEqual([asked.status, asked.json.code], [409, 'ADMINISTRATION_SECOND_PERSON']);
    assert.equal((await post('anna', '/declines', { updates })).status, 404);
  });

  it('reaches what the first of them reaches, and an account with groups sees its own requests alone', async () => {
    const foreign = await post('anna', '/approvals', approveBody('Hidden'));
    assert.deepEqual((await api.ask('/api/v1/requests', { token: tokens.local })).json.items, []);
    assert.equal((await api.ask(`/api/v1/requests/${idIn(foreign)}`, { token: tokens.local })).status, 404);
    assert.equal((await post('local', `/requests/${idIn(foreign)}/confirm`)).status, 403);
    assert.equal((await post('local', '/approvals', approveBody('Hidden'))).status, 404, 'as without a second person');
    const own = await post('local', '/approvals', approveBody());
    const { items = [] } = (await api.ask('/api/v1/requests', { token: tokens.local })).json;
    assert.deepEqual(
      items.map(({ requestId }) => requestId),
      [idIn(own)],
    );
    assert.equal((await post('berta', `/requests/${idIn(own)}/confirm`)).status, 200);
  });

  it('with an Idempotency-Key waits once', async () => {
    const body = { updates: [idOf(1)], isDeclined: false };
    const asked = [1, 2].map(() => post('anna', '/declines', body, { 'idempotency-key': 'k1' }));
    const [first] = await Promise.all(asked);
    const again = await post('anna', '/declines', body, { 'idempotency-key': 'k1' });
    assert.ok([202, 409].includes(first?.status ?? 0));
    assert.equal(again.status, 202);
    const { items = [] } = (await api.ask('/api/v1/requests', { token: tokens.berta })).json;
    assert.equal(items.filter(({ requestId }) => requestId === again.json.requestId).length, 1);
  });

  it('lifts the emergency stop, by the same person from two addresses never', async () => {
    const until = new Date(api.clock.at.getTime() + 3_600_000).toISOString();
    assert.equal((await post('boss', '/stop', { says: 'All', until })).status, 200);
    const lift = (who: string) => api.ask('/api/v1/stop', { method: 'DELETE', token: tokens[who] });
    const first = await lift('anna');
    assert.deepEqual(
      [first.json.isStopped, (first.json.stop as { liftedBy: string }).liftedBy.slice(0, 4)],
      [true, 'anna'],
    );
    assert.equal((await lift('anna2')).status, 409);
    const { items = [] } = (await api.ask('/api/v1/requests', { token: tokens.berta })).json;
    const waiting = items.find(({ operation }) => operation === 'liftStop');
    assert.equal((await post('berta', `/requests/${waiting?.requestId}/confirm`)).status, 200);
    assert.equal((await api.ask('/api/v1/stop', { token: tokens.anna })).json.isStopped, false);
  });

  it('lifts the stop that it was asked for, and no later one; and no one person ends a stop earlier', async () => {
    const { clock } = api;
    const stop = (ms: number) =>
      post('boss', '/stop', { says: 'All', until: new Date(clock.at.getTime() + ms).toISOString() });
    const lift = (who: string) => api.ask('/api/v1/stop', { method: 'DELETE', token: tokens[who] });
    await stop(60_000);
    await lift('anna');
    clock.at = new Date(clock.at.getTime() + 61_000);
    assert.equal((await stop(7_200_000)).status, 200);
    assert.equal((await stop(1000)).status, 409, 'shorter');
    const { items = [] } = (await api.ask('/api/v1/requests', { token: tokens.berta })).json;
    const stale = items.find(({ operation }) => operation === 'liftStop');
    assert.equal((await post('berta', `/requests/${stale?.requestId}/confirm`)).status, 409);
    const first = await lift('berta');
    assert.deepEqual(
      [first.json.isStopped, (first.json.stop as { liftedBy: string }).liftedBy.slice(0, 5)],
      [true, 'berta'],
    );
    assert.equal((await lift('boss')).json.isStopped, false);
  });

  it('of one account is one of at most 20 that wait', async () => {
    let last: Answered | undefined;
    for (let number = 0; number < 21; number++) last = await post('boss', '/declines', { updates: [idOf(1)] });
    assert.deepEqual([last?.status, last?.json.code], [409, 'SERVER_REFUSED']);
    assert.deepEqual(api.failures, []);
  });
});

/** Changes that one person makes, whatever needs two: they make nothing reach computers, or only take away from one person. */
const alone = [
  ...[
    'setStop',
    'addHold',
    'pauseRollout',
    'removeRings',
    'recallRelease',
    'holdReleaseRollout',
    'cancelJob',
    'confirmRequest',
    'refuseRequest',
  ],
  ...[
    'logOff',
    'endSession',
    'changeOwnPassword',
    'endOwnSession',
    'revokeOwnToken',
    'revokeToken',
    'addToken',
    'liftStop',
  ],
  ...['addGroup', 'renameGroup', 'setGroupZone', 'addToGroup', 'removeFromGroup', 'removeDownstreamServer'],
  ...['addCatalog', 'refreshCatalog', 'removeCatalog', 'startSync', 'importUpdate', 'changeSyncChoices'],
  ...['fetchContent', 'verifyContent', 'purgeContent', 'examineFiles', 'examineServer', 'verifyAudit', 'verifyTree'],
  ...['addWebhook', 'removeWebhook', 'testWebhook', 'replayWebhookMessage'],
  ...['acceptClock', 'checkDatabase', 'issueCertificate', 'makeBackup', 'noteSetUpStep'],
];

it('every operation that changes something can need two persons, or docs/delegate.md says that it does not', () => {
  const changes = routes.filter(({ method, permission }) => method !== 'GET' && permission !== 'anyone');
  const single = changes.filter(({ twoPersons }) => !twoPersons).map(({ id }) => id);
  assert.deepEqual(single.sort(), alone.sort());
  const page = readFileSync(new URL('../../../../../docs/delegate.md', import.meta.url), 'utf8');
  for (const action of twoPersonActions) assert.ok(page.includes(`| \`${action}\` |`), action);
});
