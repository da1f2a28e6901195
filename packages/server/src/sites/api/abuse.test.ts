// What strangers and careless programs try with the API.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { addAccount, addToken, changeAccount, revokeToken } from '@moult/administration/accounts';
import { addComputer, author } from '../../../../administration/src/test/administration.ts';
import { type Answered, computerId, password, startApi, type TestApi } from './test/api-server.ts';

const dayMs = 86_400_000;

describe('the API and', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api[Symbol.asyncDispose]());

  const status = (token: string) => api.ask('/api/v1/status', { token }).then(({ status: got }) => got);
  const logOn = (name = 'administrator') => api.ask('/api/v1/session', { method: 'POST', body: { name, password } });
  const cookieOf = ({ headers }: Answered) => headers['set-cookie']?.[0]?.split(';')[0] ?? '';

  it('a token: ended, revoked, altered, of a disabled or removed account, or no token at all', async () => {
    const { administration, clock, tokens } = api;
    await addAccount(administration, { name: 'tess', role: 'approver', password });
    const make = async (name: string) => (await addToken(administration, { name, account: 'tess', days: 1 })).secret;
    const [good, revoked] = [await make('good'), await make('revoked')];
    assert.equal(await status(good), 200);
    await revokeToken(administration, 'revoked');
    const wrong = [
      revoked,
      `${good.slice(0, -1)}_`,
      good.toUpperCase(),
      good.slice('moult_'.length),
      'moult_',
      ' ',
      "' or 1=1",
    ];
    for (const token of wrong) assert.equal(await status(token), 401, token);
    for (const authorization of ['Basic dGVzczp4', 'Bearer', `Bearer ${good} ${good}`, `Token ${good}`, ''])
      assert.equal((await api.ask('/api/v1/status', { headers: { authorization } })).status, 401, authorization);
    await changeAccount(administration, 'tess', { isDisabled: true });
    assert.equal(await status(good), 401);
    await changeAccount(administration, 'tess', { isDisabled: false });
    assert.equal(await status(good), 200);
    clock.at = new Date(author.at.getTime() + dayMs);
    assert.equal(await status(good), 401, 'a day later');
    clock.at = author.at;
    assert.equal(await status(tokens.reporter), 200);
  });

  it('a token of a higher role than its account: the lower of both counts, also after the account changes', async () => {
    const { administration } = api;
    await addAccount(administration, { name: 'low', role: 'reporter' });
    const high = await addToken(administration, { name: 'high', account: 'low', role: 'administrator', days: 1 });
    const users = (token: string) => api.ask('/api/v1/users', { token }).then(({ status: got }) => got);
    assert.equal(await users(high.secret), 403);
    await changeAccount(administration, 'low', { role: 'administrator' });
    assert.equal(await users(high.secret), 200);
    const narrow = await addToken(administration, { name: 'narrow', account: 'low', role: 'reporter', days: 1 });
    assert.equal(await users(narrow.secret), 403);
  });

  it('a visitor without credentials: every address is told the same', async () => {
    const paths = [
      '/status',
      '/computers/pc7',
      '/computers/nowhere',
      '/nothing',
      '/users/administrator',
      '/sessions',
      '',
    ];
    const told = await Promise.all(paths.map((path) => api.ask(`/api/v1${path}`)));
    const withoutId = told.map(({ status: got, json: { instance: _, ...rest } }) => [got, rest]);
    for (const one of withoutId) assert.deepEqual(one, withoutId[0]);
    assert.equal(told[0]?.status, 401);
  });

  it('a role that may not: what is there and what is not are told the same', async () => {
    const asked = { method: 'DELETE', token: api.tokens.reporter };
    const told = await Promise.all(['pc7', 'nowhere'].map((name) => api.ask(`/api/v1/computers/${name}`, asked)));
    assert.deepEqual(told.map(({ status: got, json: { code, detail } }) => [got, code, detail])[0], [
      ...[403, 'API_FORBIDDEN', 'Your role does not permit this operation.'],
    ]);
    assert.deepEqual(told[0]?.json.detail, told[1]?.json.detail);
  });

  it('a session: opaque cookie, kept hashed, ended by time, log-off, a change of the account, and a log-on too many', async () => {
    const { administration, clock, ask } = api;
    const opened = await logOn();
    assert.equal(opened.status, 200);
    assert.match(
      opened.headers['set-cookie']?.[0] ?? '',
      /^moult-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const cookie = cookieOf(opened);
    const stored = JSON.stringify(await administration.store.listSessions());
    assert.ok(!stored.includes(cookie.split('=')[1] ?? '-'));
    const see = (headers: Record<string, string>) => ask('/api/v1/session', { headers }).then(({ status: got }) => got);
    assert.equal(await see({ cookie }), 200);
    for (const wrong of [
      `${cookie}x`,
      `__Host-${cookie}`,
      `__Host-moult-session=${cookie.split('=')[1]}`,
      `${cookie}; ${cookie}`,
      'moult-session=',
    ])
      assert.equal(await see({ cookie: wrong }), 401, wrong);
    for (const [laterMs, expected] of [
      [29 * 60_000, 200],
      [58 * 60_000, 200],
      [89 * 60_000, 401],
      [-10 * 365 * dayMs, 401],
    ] as const) {
      clock.at = new Date(author.at.getTime() + laterMs);
      assert.equal(await see({ cookie }), expected, `${laterMs}`);
    }
    clock.at = author.at;
    const other = cookieOf(await logOn());
    const off = { method: 'DELETE', headers: { cookie: other, 'sec-fetch-site': 'same-origin' } };
    assert.equal((await ask('/api/v1/session', off)).status, 204);
    assert.equal(await see({ cookie: other }), 401);
    const third = cookieOf(await logOn('auditor'));
    await changeAccount(administration, 'auditor', { role: 'auditor' });
    assert.equal(await see({ cookie: third }), 401, 'the account changed');
    const first = cookieOf(await logOn('approver'));
    clock.at = new Date(author.at.getTime() + 1000);
    for (let count = 0; count < 10; count++) await logOn('approver');
    clock.at = author.at;
    assert.equal(await see({ cookie: first }), 401, 'ten others are open');
  });

  it('a session lasts no longer than its hours, however busy it is', async () => {
    const { clock, ask } = api;
    const cookie = cookieOf(await logOn());
    let last = 0;
    for (let minutes = 0; minutes <= 12 * 60 + 20; minutes += 20) {
      clock.at = new Date(author.at.getTime() + minutes * 60_000);
      if ((await ask('/api/v1/session', { headers: { cookie } })).status === 200) last = minutes;
    }
    clock.at = author.at;
    assert.equal(last, 12 * 60);
  });

  it('a session: what a page reads by itself keeps it open no longer, and the live stream does not either', async () => {
    const { clock, ask } = api;
    const at = (minutes: number) => {
      clock.at = new Date(author.at.getTime() + minutes * 60_000);
    };
    const cookie = cookieOf(await logOn());
    const see = async (path: string, more = {}) =>
      (await ask(`/api/v1${path}`, { headers: { cookie, ...more } })).status;
    at(20);
    assert.equal(await see('/computers', { 'moult-background': '1' }), 200);
    assert.equal(await see('/live'), 200);
    at(31);
    assert.equal(await see('/session'), 401);
    assert.equal(await see('/live'), 401);
    clock.at = author.at;
  });

  it('a change that a page of another site sends with the cookie of a session', async () => {
    const { port, ask } = api;
    const cookie = cookieOf(await logOn());
    const change = (headers: Record<string, string>) =>
      ask('/api/v1/groups', {
        method: 'POST',
        headers: { cookie, ...headers },
        body: { name: `by ${headers.origin}` },
      });
    const own = `http://127.0.0.1:${port}`;
    for (const headers of [
      ...[{}, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': 'none' }],
      ...[{ 'sec-fetch-site': 'cross-site', origin: own }, { origin: 'null' }, { origin: 'http://127.0.0.1' }],
      ...[
        { origin: 'https://evil.example' },
        { origin: `https://127.0.0.1:${port}` },
        { origin: `${own}.evil.example` },
      ],
    ]) {
      const { status: got, json } = await change(headers as Record<string, string>);
      assert.deepEqual([got, json.code], [403, 'API_CROSS_SITE'], JSON.stringify(headers));
    }
    assert.equal((await change({ 'sec-fetch-site': 'same-origin' })).status, 201);
    assert.equal((await change({ origin: own })).status, 201);
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', cookie };
    assert.equal((await ask('/api/v1/groups', { method: 'POST', headers: form, body: 'name=x' })).status, 415);
  });

  it('wrong passwords: after some of them the address is told to wait, and the account logs on from elsewhere', async () => {
    await using flooded = await startApi();
    const wrong = { method: 'POST', body: { name: 'administrator', password: 'a wrong password' } };
    const got = [];
    for (let count = 0; count < 12; count++) got.push((await flooded.ask('/api/v1/session', wrong)).status);
    assert.deepEqual(got, [...Array(8).fill(401), ...Array(4).fill(429)]);
    const right = { ...wrong, body: { name: 'administrator', password } };
    assert.equal((await flooded.ask('/api/v1/session', right)).status, 429);
    assert.equal((await flooded.askFrom('127.0.0.2', '/api/v1/session', right)).status, 200);
  });

  it('names and passwords that are not there take as long as those that are, and are told the same', async () => {
    const answers = [];
    for (const name of ['reporter', 'nobody.at.all'])
      answers.push(await api.ask('/api/v1/session', { method: 'POST', body: { name, password: 'a wrong password' } }));
    assert.deepEqual(answers[0]?.json.detail, answers[1]?.json.detail);
    assert.deepEqual(
      answers.map(({ status: got }) => got),
      [401, 401],
    );
  });

  it('a name that is the id of another account, or that is no name', async () => {
    const { ask, tokens } = api;
    const { json } = await ask('/api/v1/users/auditor', { token: tokens.administrator });
    for (const name of [String(json.accountId), 'a b', '-x', '\u202eevil', 'a\nb', '=x'])
      assert.equal(
        (await ask('/api/v1/users', { method: 'POST', token: tokens.administrator, body: { name, role: 'reporter' } }))
          .status,
        422,
        name,
      );
  });

  it('fields and parameters that no operation offers', async () => {
    const { ask, tokens } = api;
    const change = (body: unknown) => ask('/api/v1/users', { method: 'POST', token: tokens.administrator, body });
    for (const more of [
      { accountId: 'x' },
      { isDisabled: false },
      { createdAt: 1 },
      { __proto__x: 1 },
      { constructor: 1 },
    ]) {
      const { status: got, json } = await change({ name: 'mass', role: 'reporter', ...more });
      assert.deepEqual([got, json.code], [400, 'API_BAD_REQUEST'], JSON.stringify(more));
    }
    assert.equal((await change('{"name":"mass","role":"reporter","__proto__":{"role":"administrator"}}')).status, 400);
    for (const query of [
      'limit=201',
      'limit=0',
      'limit=1e1',
      'limit=1&limit=2',
      'below=yes',
      'sort=password',
      'toString=1',
      '__proto__=1',
    ])
      assert.equal((await ask(`/api/v1/computers?${query}`, { token: tokens.reporter })).status, 400, query);
  });

  it('bodies that are too large, cut, no JSON, deep, or in another encoding', async () => {
    const { ask, tokens, port } = api;
    const post = (body: string, headers = {}) =>
      ask('/api/v1/groups', { method: 'POST', token: tokens.administrator, body, headers });
    assert.equal((await post('{')).status, 400);
    assert.equal((await post('')).status, 415);
    assert.equal((await post('null')).status, 400);
    assert.equal((await post(`${'['.repeat(100_000)}`)).status, 400);
    assert.equal((await post(JSON.stringify({ name: 'x', more: 'y'.repeat(300_000) }))).status, 413);
    assert.equal((await post('{"name":"x"}', { 'content-type': 'application/json; charset=utf-16' })).status, 415);
    assert.equal((await post(Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1'))).status, 400);
    // Without a length, and without an end: no more is kept than the bound, and the server goes on.
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.write(
        `POST /api/v1/groups HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokens.administrator}\r\n`,
      );
      socket.write('Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let count = 0; count < 40; count++) socket.write(`2000\r\n${'x'.repeat(0x2000)}\r\n`);
      socket.on('data', (piece) => {
        assert.match(String(piece), /^HTTP\/1\.1 413/);
        socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
    assert.equal(await status(tokens.reporter), 200);
  });

  it('addresses that lead elsewhere', async () => {
    const { ask, tokens } = api;
    for (const path of [
      '/../../etc/passwd',
      '/computers/..%2f..%2fmoult.sqlite',
      '/groups/%00',
      '/computers/%ff',
      '//status',
      '/status/',
    ])
      assert.ok(
        [400, 404].includes((await ask(`/api/v1${path}`, { token: tokens.administrator })).status) ||
          path === '//status',
        path,
      );
  });

  it('a text of a stranger in JSON and CSV: no formula, no order to a terminal, and no header of its own', async () => {
    const { administration, ask, tokens } = api;
    await addComputer(administration, 'e1da06a3-5601-43c9-bac3-52d5db701495', '=cmd|"/c calc"!A1');
    await addComputer(administration, 'e1da06a3-5601-43c9-bac3-52d5db701496', '\u001b[31m\u202ered<script>');
    const csv = await ask('/api/v1/computers', { token: tokens.reporter, headers: { accept: 'text/csv' } });
    assert.match(String(csv.headers['content-type']), /^text\/csv/);
    assert.ok(csv.text.startsWith('computerId,dnsName,address,'));
    assert.match(csv.text, /"'=cmd\|/);
    const json = await ask('/api/v1/computers', { token: tokens.reporter });
    for (const text of [csv.text, json.text]) assert.ok(!text.includes('\u001b') && !text.includes('\u202e'));
    assert.equal(json.headers['x-content-type-options'], 'nosniff');
    const odd = await ask('/api/v1/computers?search=%0d%0aSet-Cookie:%20x=1&limit=1', { token: tokens.reporter });
    assert.equal(odd.headers['set-cookie'], undefined);
  });

  it('a repeated request with its key: it works once, and the key of another request is refused', async () => {
    const { ask, tokens, administration } = api;
    const headers = { 'idempotency-key': 'one' };
    const asked = { method: 'POST', token: tokens.administrator, headers, body: { name: 'Once' } };
    const answers = [await ask('/api/v1/groups', asked), await ask('/api/v1/groups', asked)];
    assert.deepEqual(
      answers.map(({ status: got }) => got),
      [201, 201],
    );
    assert.equal(answers[0]?.text, answers[1]?.text);
    assert.equal(answers[1]?.headers['idempotent-replayed'], 'true');
    const groups = (await administration.store.loadGroups()).filter(({ name }) => name === 'Once');
    assert.equal(groups.length, 1);
    assert.equal((await ask('/api/v1/groups', { ...asked, body: { name: 'Twice' } })).status, 409);
    // The key of one account says nothing to another one.
    assert.equal(
      (await ask('/api/v1/approvals', { ...asked, token: tokens.approver, body: { updates: ['Tool'] } })).status,
      200,
    );
    const both = { ...asked, headers: { 'idempotency-key': 'both' }, body: { name: 'Both' } };
    const atOnce = await Promise.all([ask('/api/v1/groups', both), ask('/api/v1/groups', both)]);
    assert.ok(atOnce.every(({ status: got }) => got === 201 || got === 409));
    assert.equal((await administration.store.loadGroups()).filter(({ name }) => name === 'Both').length, 1);
  });

  it('two administrators who change one thing: the second is told that it changed', async () => {
    const { ask, tokens } = api;
    const token = tokens.administrator;
    await ask('/api/v1/groups', { method: 'POST', token, body: { name: 'Shared' } });
    const { headers } = await ask('/api/v1/groups/Shared', { token });
    const rename = (name: string) => {
      const known = { 'if-match': String(headers.etag) };
      return ask('/api/v1/groups/Shared', { method: 'PATCH', token, headers: known, body: { name } });
    };
    const both = await Promise.all([rename('Shared A'), rename('Shared B')]);
    assert.deepEqual(both.map(({ status: got }) => got).sort(), [200, 404]);
  });

  it('who, from where, before and after: every change is in the audit chain, and no secret is', async () => {
    const { administration, ask, tokens } = api;
    await addAccount(administration, { name: 'audited', role: 'reporter', password });
    const { headers } = await ask('/api/v1/users/audited', { token: tokens.administrator });
    const known = { 'if-match': String(headers.etag) };
    const body = { role: 'approver', password: 'another good password' };
    await ask('/api/v1/users/audited', { method: 'PATCH', token: tokens.administrator, headers: known, body });
    const [record] = await administration.store.listAudit({ limit: 1 });
    assert.equal(record?.actor, 'administrator (token of administrator, 127.0.0.1)');
    assert.match(JSON.stringify(record?.before), /"role":"reporter"/);
    assert.match(JSON.stringify(record?.after), /"role":"approver"/);
    const all = JSON.stringify(await administration.store.listAudit({ limit: 1000 }));
    assert.ok(!/argon2id|another good password|moult_[\w-]{43}/.test(all));
    assert.ok(!all.includes(password));
    assert.ok((await administration.store.checkAudit()).isIntact);
    const mine = await ask('/api/v1/audit?actor=administrator&limit=200', { token: tokens.auditor });
    assert.ok((mine.json.items ?? []).some(({ action }) => action === 'change password of account'));
  });

  it('the set-up link: once, within its time, and only while there is no account', async () => {
    const { administration, ask } = api;
    const { digestOfSecret } = await import('@moult/administration/accounts');
    const secret = 'the secret of the link';
    await administration.store.saveSetUpLink(digestOfSecret(secret), new Date(author.at.getTime() + 1000));
    const setUp = () => ask('/api/v1/set-up', { method: 'POST', body: { secret, name: 'first', password } });
    assert.equal((await setUp()).status, 409, 'there are accounts');
    for (const { accountId } of await administration.store.listAccounts())
      await administration.store.removeAccount(accountId, author);
    api.clock.at = new Date(author.at.getTime() + 1000);
    assert.equal((await setUp()).status, 409, 'too late');
    api.clock.at = author.at;
    const both = await Promise.all([setUp(), setUp()]);
    assert.deepEqual(both.map(({ status: got }) => got).sort(), [201, 409]);
    assert.equal((await administration.store.listAccounts())[0]?.role, 'administrator');
    assert.equal((await logOn('first')).status, 200);
  });

  it('nothing failed in the server meanwhile', () => assert.deepEqual(api.failures, []));
  it('the computer is there', async () => assert.ok(await api.administration.store.findListedComputer(computerId)));
});
