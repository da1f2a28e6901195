// Accounts that reach some groups only, over every operation: what is outside of their groups is not there for them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { addAccount, addToken, changeAccount, roles } from '@moult/administration/accounts';
import { addComputer, author, idOf } from '../../../../administration/src/test/administration.ts';
import { openApiDocument } from './document.ts';
import { routes } from './table.ts';
import { type Asked, startApi, type TestApi } from './test/api-server.ts';
import { examples } from './test/operation-examples.ts';
import { closeOutside, openOutside, removeHooks } from './test/server-examples.ts';

const ownId = 'e1da06a3-5601-43c9-bac3-52d5db701411';
const nestedId = 'e1da06a3-5601-43c9-bac3-52d5db701412';
const hiddenId = 'e1da06a3-5601-43c9-bac3-52d5db701413';
const bothId = 'e1da06a3-5601-43c9-bac3-52d5db701414';
const nobodyId = 'e1da06a3-5601-43c9-bac3-52d5db701415';

/** Names that only hidden things have. */
const secret = /zzhidden/i;

describe('an account that reaches some groups', () => {
  let api: TestApi;
  const tokens: Record<string, string> = {};
  const groupIds: Record<string, string> = {};

  before(async () => {
    await openOutside();
    api = await startApi();
    const { administration } = api;
    const { store } = administration;
    for (const [name, parent] of [
      ['Berlin', undefined],
      ['Lab', 'Berlin'],
      ['ZZHidden', undefined],
      ['ZZHidden below', 'ZZHidden'],
    ] as const)
      groupIds[name] = (await store.createGroup(name, parent, author)).groupId;
    for (const [id, name, groups] of [
      [ownId, 'own.example.test', ['Berlin']],
      [nestedId, 'nested.example.test', ['Lab']],
      [hiddenId, 'zzhidden.example.test', ['ZZHidden below']],
      [bothId, 'both.example.test', ['Lab', 'ZZHidden']],
    ] as const) {
      await addComputer(administration, id, name);
      for (const group of groups) await store.setMembership(id, group, true, author);
    }
    for (const group of ['ZZHidden', 'Berlin', 'All Computers'])
      await store.deploy(
        {
          ...{ updateId: idOf(0), groupId: (await store.requireGroup(group)).groupId, action: 'Install' },
          ...{ deadline: undefined, administrator: 'anna' },
        },
        author.at,
      );
    for (const role of roles) {
      await addAccount(administration, { name: `berlin-${role}`, role, groups: ['Berlin'] });
      tokens[role] = (await addToken(administration, { name: 'x', account: `berlin-${role}`, days: 1 })).secret;
    }
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
    await closeOutside();
  });

  const as = (role: string, path: string, asked: Asked = {}) =>
    api.ask(`/api/v1${path}`, { token: tokens[role], ...asked });
  const change = (role: string, method: string, path: string, body?: unknown) =>
    as(role, path, { method, ...(body !== undefined && { body }) });

  it('calls the operations that are for groups, and no other, in each role', async () => {
    const { paths } = JSON.parse(openApiDocument()) as {
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
    };
    for (const route of routes.filter(({ permission }) => permission !== 'anyone')) {
      for (const role of roles) {
        const { path: fixed, body, prepare } = examples[route.id] ?? assert.fail(route.id);
        const made = (await prepare?.(api)) ?? fixed ?? route.path;
        const asked: Asked = { method: route.method, headers: {} };
        if (body !== undefined) asked.body = typeof body === 'function' ? body() : body;
        if (route.current && route.method !== 'GET') asked.headers = { 'if-match': '"x"' };
        const { status, json, text } = await as(role, made, asked);
        const said = `${route.id} as ${role}: ${status} ${text.slice(0, 300)}`;
        assert.ok(status < 500, said);
        assert.doesNotMatch(text, secret, said);
        if (!route.isForGroups) assert.deepEqual([status, json.code], [403, 'API_FORBIDDEN'], said);
        else assert.ok(paths[route.path]?.[route.method.toLowerCase()]?.responses[status], said);
        await removeHooks(api);
      }
    }
    assert.deepEqual(api.failures, []);
  });

  it('sees the computers, groups and decisions of its groups and of those inside of them', async () => {
    const named = async (path: string, key: string) =>
      ((await as('reporter', path)).json.items ?? []).map((one) => one[key]).sort();
    assert.deepEqual(await named('/computers', 'dnsName'), [
      'both.example.test',
      'nested.example.test',
      'own.example.test',
    ]);
    assert.equal((await as('reporter', '/computers')).json.total, 3);
    assert.deepEqual(await named('/groups', 'name'), ['Berlin', 'Lab']);
    const { items = [] } = (await as('reporter', `/updates?id=${idOf(0)}`)).json;
    const [tool] = items as { needed?: number; decisions: { group: string }[] }[];
    assert.deepEqual(tool?.decisions.map(({ group }) => group).sort(), ['All Computers', 'Berlin']);
    assert.equal(tool?.needed, undefined, 'the figure is of all computers');
    const { json } = await as('reporter', `/computers/${bothId}`);
    assert.deepEqual(json.groups, ['Lab']);
    const { groups, isWholeServer } = (await as('reporter', '/session')).json;
    assert.deepEqual([groups, isWholeServer], [['Berlin'], false]);
    const csv = await as('reporter', '/computers?format=csv');
    assert.equal(csv.text.trim().split('\r\n').length, 4);
  });

  it('is not told who decided for a hidden group, and when, where its computer is in that group too', async () => {
    const { store } = api.administration;
    const hidden = { updateId: idOf(2), groupId: groupIds.ZZHidden ?? '', action: 'Install' as const };
    await store.deploy(
      { ...hidden, deadline: new Date('2027-01-01T00:00:00Z'), administrator: 'zzhidden-anna' },
      author.at,
    );
    const { text } = await as('reporter', `/computers/${bothId}/updates/${idOf(2)}`);
    assert.match(text, /A decision outside of your groups brings it/);
    assert.doesNotMatch(text, /zzhidden|2027-01-01/i);
    const own = await as('reporter', `/computers/${ownId}/updates/${idOf(0)}`);
    assert.match(own.text, /by anna/, 'decisions of its own groups are told');
  });

  it('is told the same of what is hidden and of what is not there', async () => {
    for (const [hidden, nothing] of [
      [hiddenId, nobodyId],
      ['zzhidden', 'zznobody'],
      [groupIds['ZZHidden below'] ?? '', nobodyId],
      ['ZZHidden', 'ZZNobody'],
    ] as const)
      for (const pattern of [
        ...['/computers/*', '/computers/*/findings', `/computers/*/updates/${idOf(0)}`, '/groups/*'],
        ...['/computers?group=*', '/computers?search=*', '/groups?search=*', '/updates?group=*'],
        ...['/events/reports?computer=*', '/events/self-update?computer=*', '/events/identity?computer=*'],
        ...[`/groups/*/updates/${idOf(0)}`, `/approvals/preview?update=${idOf(0)}&group=*`, '/jobs/*'],
      ]) {
        const [one, other] = [
          await as('administrator', pattern.replace('*', encodeURIComponent(hidden))),
          await as('administrator', pattern.replace('*', encodeURIComponent(nothing))),
        ];
        const plain = ({ text }: { text: string }, name: string) =>
          text.replaceAll(name, 'NAME').replaceAll(/urn:uuid:[^"]+/g, '');
        assert.deepEqual([one.status, plain(one, hidden)], [other.status, plain(other, nothing)], pattern);
      }
    for (const [method, path, body] of [
      ['PUT', '/groups/*/computers/own', undefined],
      ['PUT', '/groups/Berlin/computers/*', undefined],
      ['DELETE', '/groups/*/computers/own', undefined],
      ['DELETE', '/computers/*', undefined],
      ['POST', '/approvals', { updates: [idOf(0)], groups: ['*'] }],
      ['POST', '/bulk/approvals', { filter: {}, expected: 2, groups: ['*'] }],
    ] as const)
      for (const [hidden, nothing] of [
        [groupIds['ZZHidden below'] ?? '', nobodyId],
        [hiddenId, nobodyId],
        ['ZZHidden', 'ZZNobody'],
      ] as const) {
        const asked = (name: string) =>
          change(
            'administrator',
            method,
            path.replace('*', name),
            body && JSON.parse(JSON.stringify(body).replace('*', name)),
          );
        const [one, other] = [await asked(hidden), await asked(nothing)];
        const plain = ({ text }: { text: string }, name: string) =>
          text.replaceAll(name, 'NAME').replaceAll(/urn:uuid:[^"]+/g, '');
        assert.deepEqual([one.status, plain(one, hidden)], [other.status, plain(other, nothing)], `${method} ${path}`);
        assert.ok(one.status >= 400, `${method} ${path}`);
      }
    assert.ok(await api.administration.store.findListedComputer(hiddenId));
  });

  it('approves for its groups, and changes nothing for others by it', async () => {
    const { store } = api.administration;
    const approve = (body: object) => change('approver', 'POST', '/approvals', { updates: [idOf(1)], ...body });
    assert.equal((await approve({})).status, 409, 'all computers are not its own');
    assert.equal((await approve({ groups: ['All Computers'] })).status, 404);
    assert.equal((await approve({ groups: ['Lab', 'ZZHidden'] })).status, 404);
    assert.equal((await approve({ groups: ['Lab'], acceptLicense: true })).status, 409);
    assert.deepEqual(await store.listDeploymentsOf(idOf(1)), []);
    assert.equal((await approve({ groups: ['Lab'] })).status, 200);
    assert.equal((await store.listDeploymentsOf(idOf(1))).length, 1);
    // An approval ends a decline, for all computers.
    await store.setDeclined(idOf(1), true, author);
    const refused = await approve({ groups: ['Berlin'] });
    assert.deepEqual([refused.status, refused.json.code], [409, 'SERVER_REFUSED']);
    const matching = { filter: { search: 'Other tool' }, expected: 1, groups: ['Berlin'] };
    assert.equal((await change('approver', 'POST', '/bulk/approvals', matching)).status, 409);
    assert.equal((await store.pageUpdates({ approval: 'declined' }, { limit: 9 })).total, 1);
    await store.setDeclined(idOf(1), false, author);
    assert.equal((await change('approver', 'POST', '/bulk/approvals', matching)).status, 200);
  });

  it('moves computers between its groups, and removes only those that are nowhere else', async () => {
    const { store } = api.administration;
    assert.equal((await change('administrator', 'PUT', `/groups/Lab/computers/${ownId}`)).status, 200);
    assert.equal((await change('administrator', 'DELETE', `/computers/${bothId}`)).status, 409);
    assert.equal((await change('administrator', 'DELETE', `/computers/${ownId}`)).status, 200);
    assert.equal(await store.findListedComputer(ownId), undefined);
    assert.ok(await store.findListedComputer(bothId));
  });

  it('sees no jobs of others, and its work ends when its groups change', async () => {
    const { administration, tokens: whole } = api;
    const asked = { method: 'POST', headers: { prefer: 'respond-async' } };
    const body = { filter: { search: 'nothing of it' }, expected: 0 };
    const { headers } = await api.ask('/api/v1/bulk/declines', { ...asked, body, token: whole.administrator });
    const job = String(headers.location).replace('/api/v1', '');
    assert.equal((await as('administrator', job)).status, 404);
    assert.deepEqual((await as('auditor', '/jobs')).json.items, []);
    await changeAccount(administration, 'berlin-reporter', { groups: ['Lab'] });
    assert.deepEqual(
      ((await as('reporter', '/groups')).json.items ?? []).map(({ name }) => name),
      ['Lab'],
    );
  });

  it('reaches nothing when its last group is removed, and not the whole server', async () => {
    const { administration } = api;
    await administration.store.createGroup('Short', undefined, author);
    await addAccount(administration, { name: 'short', role: 'administrator', groups: ['Short'] });
    const { secret: token } = await addToken(administration, { name: 'x', account: 'short', days: 1 });
    await administration.store.removeGroup('Short', author);
    assert.equal((await api.ask('/api/v1/computers', { token })).json.total, 0);
    assert.equal((await api.ask('/api/v1/users', { token })).status, 403);
    assert.equal((await api.ask('/api/v1/session', { token })).json.isWholeServer, false);
  });
});
