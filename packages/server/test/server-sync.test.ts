// The services for downstream servers: the captured exchanges of a real WSUS, and hostile callers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { overrideBounds } from '@moult/bounds';
import { defaultRingPolicy, startRollout } from '@moult/catalog/rings';
import { dssAuthWebService, serverSyncWebService } from '@moult/protocol/server-sync';
import { openLine, playDownstream, simulatedCatalog, simulatedUpdate } from '@moult/simulator';
import { author } from '../../administration/src/synchronisation/test/upstream.ts';
import { importDocuments } from '../../store/src/catalog/import.ts';
import { allComputers } from '../../store/src/index.ts';
import { downstreamBounds } from '../src/downstream-bounds.ts';
import { account, cookieOf, type EmptyServer, from, noFilter, openServer, seen } from './empty-server.ts';
import { ask, call, post, textIn } from './soap-client.ts';

describe('a downstream server', () => {
  let top: EmptyServer;
  before(async () => {
    top = await openServer();
    const catalog = simulatedCatalog({ updates: 120, products: 1, from });
    await importDocuments(
      top.store,
      catalog.map(({ xml }) => xml),
      new Date(),
    );
    await seen();
  });
  after(() => top.stop());

  const faultOf = async (...[name, parameters]: Parameters<typeof asked>) => {
    const answer = await asked(name, parameters);
    return answer.kind === 'fault' ? [answer.fault.code, answer.fault.message] : [answer.kind];
  };
  const asked = (name: keyof typeof serverSyncWebService.operations & string, parameters: object) =>
    call(top.url, serverSyncWebService, name as 'GetUpdateData', parameters as never);

  it('gets the answers of a real WSUS, apart from times, ids and cookies (captures)', async () => {
    await top.store.changeSyncChoices({ add: [{ kind: 'language', id: '1033' }], remove: [] }, author);
    const live = { cookie: '', authorization: '', config: '' };
    for (const exchange of ['000001', '000002', '000003', '000005', '000004', '000007', '000008', '000018', '000019']) {
      const read = (part: string) =>
        readFileSync(
          new URL(`../../../fixtures/captures/wsus-m0-wsusss/exchanges/${exchange}/${part}`, import.meta.url),
          'utf8',
        );
      const path = /^POST (\S+)/.exec(read('request.headers'))?.[1] ?? '';
      const body = read('request.body')
        .replace(/<CookieData>A+=*<\/CookieData>/, `<CookieData>${live.authorization}</CookieData>`)
        .replace(/<EncryptedData>A+=*<\/EncryptedData>/, `<EncryptedData>${live.cookie}</EncryptedData>`)
        .replace(/<configAnchor>.*<\/configAnchor>/, `<configAnchor>${live.config}</configAnchor>`);
      const answer = await post(top.url + path, body);
      const text = textIn(answer);
      assert.equal(comparable(text), comparable(read('response.body')), exchange);
      assert.equal(answer.headers['cache-control'], /Cache-Control: (.*)\r/.exec(read('response.headers'))?.[1]);
      live.authorization = /<CookieData>(.*)<\/CookieData>/.exec(text)?.[1] ?? live.authorization;
      live.cookie = /<EncryptedData>(.*)<\/EncryptedData>/.exec(text)?.[1] ?? live.cookie;
      live.config = /<NewConfigAnchor>(.*)<\/NewConfigAnchor>/.exec(text)?.[1] ?? live.config;
    }
    await top.store.changeSyncChoices({ add: [], remove: [{ kind: 'language', id: '1033' }] }, author);
  });

  it('is refused with a cookie that is forged, of a client, of another kind, altered or expired', async () => {
    const good = await cookieOf(top.url);
    const altered = Buffer.from(good?.encryptedData ?? []);
    altered[20] = (altered[20] ?? 0) ^ 1;
    const { result } = await ask(top.url, dssAuthWebService, 'GetAuthorizationCookie', { ...account, programKeys: [] });
    const expiration = new Date('9999-01-01T00:00:00Z');
    for (const encryptedData of [
      Buffer.from('forged'),
      altered,
      result?.cookieData ?? Buffer.alloc(0),
      Buffer.alloc(100_000),
    ])
      assert.deepEqual(await faultOf('GetConfigData', { cookie: { expiration, encryptedData } }), [
        'InvalidCookie',
        '',
      ]);
    const asClient = {
      authCookies: [{ plugInId: 'DssTargeting', cookieData: good?.encryptedData }],
      protocolVersion: '1.20',
    };
    assert.deepEqual(await faultOf('GetCookie', asClient), ['InvalidAuthorizationCookie', '']);
    top.server.advance(5 * 3_600_000);
    assert.deepEqual(await faultOf('GetConfigData', { cookie: good }), ['InvalidCookie', '']);
    top.server.advance(-5 * 3_600_000);
    assert.deepEqual(await faultOf('GetConfigData', { cookie: good }), ['answer']);
  });

  it('is told what is wrong with its version, its name, its anchor or its ids', async () => {
    const bad = { ...account, accountName: 'a\nb', programKeys: [] };
    const named = await call(top.url, dssAuthWebService, 'GetAuthorizationCookie', bad);
    assert.ok(named.kind === 'fault' && named.fault.message === 'machineName');
    for (const version of ['1.1', '1.21']) assert.ok(await cookieOf(top.url, version));
    const { result } = await ask(top.url, dssAuthWebService, 'GetAuthorizationCookie', { ...account, programKeys: [] });
    const versionOf = (protocolVersion: string) => faultOf('GetCookie', { authCookies: [result], protocolVersion });
    assert.deepEqual(await versionOf('2.0'), ['IncompatibleProtocolVersion', '']);
    assert.deepEqual(await versionOf('one'), ['InvalidParameters', 'protocolVersion']);
    const cookie = await cookieOf(top.url);
    const list = (filter: object) =>
      faultOf('GetRevisionIdList', { cookie, filter: { ...noFilter, getConfig: true, ...filter } });
    assert.deepEqual(await list({ anchor: 'x' }), ['InvalidParameters', 'filter']);
    assert.deepEqual(await list({ anchor: '99999,2026-10-04 16:33:26.734' }), ['ServerChanged', '']);
    assert.deepEqual(await list({ anchor: '2,2001-10-04 16:33:26.734' }), ['ServerChanged', '']);
    const ids = (count: number) => Array.from({ length: count }, () => ({ id: account.accountGuid, delta: false }));
    assert.deepEqual(await list({ getConfig: false, categories: ids(10_001) }), ['InvalidParameters', 'filter']);
    const updateIds = (count: number) =>
      Array.from({ length: count }, () => ({ updateId: account.accountGuid, revisionNumber: 7 }));
    assert.deepEqual(await faultOf('GetUpdateData', { cookie, updateIds: updateIds(101) }), [
      'InvalidParameters',
      'updateIds',
    ]);
    const [code, message] = await faultOf('GetUpdateData', { cookie, updateIds: updateIds(1) });
    assert.equal(code, 'InternalServerError');
    assert.match(message ?? '', /Missing Revisions: 6f1c2f6e-3f0b-4d3a-9b1e-0d2f6a1c5e12\.7$/);
    const anchors = { syncAnchor: '', deploymentAnchor: undefined };
    assert.deepEqual(await faultOf('GetDeployments', { cookie, ...anchors }), ['InvalidParameters', 'syncAnchor']);
  });

  it('gets a hundred documents, in 1.2, packed or plain, and fewer when the answer is large: it asks for the rest', async () => {
    const cookie = await cookieOf(top.url);
    const { result } = await ask(
      top.url,
      serverSyncWebService,
      'GetRevisionIdList',
      { cookie, filter: { ...noFilter, getConfig: false } },
      { version: '1.2' },
    );
    const updateIds = (result?.newRevisions ?? []).slice(0, 100);
    const plain = await ask(top.url, serverSyncWebService, 'GetUpdateData', { cookie, updateIds }, { version: '1.2' });
    const packed = await ask(
      top.url,
      serverSyncWebService,
      'GetUpdateData',
      { cookie, updateIds },
      { headers: { 'accept-encoding': 'xpress' } },
    );
    assert.deepEqual(packed, plain);
    const updates = plain.result?.updates ?? [];
    assert.equal(updates.length, 100);
    for (const { xml, compressed } of updates) assert.ok((xml === undefined) !== (compressed === undefined));
    using _ = overrideBounds(downstreamBounds, { answerBytes: 100_000 });
    const got: typeof updates = [];
    let calls = 0;
    while (got.length < 100) {
      const rest = { cookie, updateIds: updateIds.slice(got.length) };
      const { result: part } = await ask(top.url, serverSyncWebService, 'GetUpdateData', rest, { version: '1.2' });
      assert.ok((part?.updates.length ?? 0) > 0);
      got.push(...(part?.updates ?? []));
      calls++;
    }
    assert.ok(calls > 1, `${calls} calls`);
    assert.deepEqual(got, updates);
  });

  it('that is a replica misses no decision of a transaction that names an update it does not know yet', async () => {
    const cookie = await cookieOf(top.url);
    const filter = { ...noFilter, getConfig: false };
    const list = () => ask(top.url, serverSyncWebService, 'GetRevisionIdList', { cookie, filter });
    const told = async (syncAnchor: string | undefined, deploymentAnchor?: string) =>
      (await ask(top.url, serverSyncWebService, 'GetDeployments', { cookie, syncAnchor, deploymentAnchor })).result;
    const before = (await list()).result;
    const begin = await told(before?.anchor);
    const late = simulatedUpdate(500, { products: 1, changedAt: from });
    await importDocuments(top.store, [late.xml], new Date());
    const [known, other] = [7, 8].map((number) => simulatedUpdate(number, { products: 1, changedAt: from }).updateId);
    const group = { groupId: allComputers, action: 'Install' as const, deadline: undefined };
    await top.store.deployAll(
      [known, late.updateId, other].map((updateId) => ({ ...group, updateId: updateId ?? '' })),
      author,
    );
    await seen();
    const first = await told(before?.anchor, begin?.anchor);
    const second = await told((await list()).result?.anchor, first?.anchor);
    const got = [first, second].flatMap((one) => one?.deployments ?? []).map(({ updateId }) => updateId);
    assert.deepEqual(got.sort(), [known, late.updateId, other].sort());
  });

  it('that is a replica is not told what rings approved for a part of all computers, until they reached all', async () => {
    const cookie = await cookieOf(top.url);
    const filter = { ...noFilter, getConfig: false };
    const syncAnchor = (await ask(top.url, serverSyncWebService, 'GetRevisionIdList', { cookie, filter })).result
      ?.anchor;
    const told = async (deploymentAnchor?: string) =>
      (await ask(top.url, serverSyncWebService, 'GetDeployments', { cookie, syncAnchor, deploymentAnchor })).result;
    const begin = await told();
    const { updateId } = simulatedUpdate(9, { products: 1, changedAt: from });
    const percent = (part: number) => ({
      ...{ name: String(part), members: { kind: 'percent' as const, percent: part }, policy: defaultRingPolicy },
    });
    const plan = { planId: 'plan', name: 'Parts', rings: [percent(10), percent(90)] };
    await top.store.savePlan(plan, author);
    const state = startRollout(0);
    const rollout = { rolloutId: 'way', planId: 'plan', updateId, version: 0, state, reachedAt: [0] };
    const first = { ...rollout, waitsFor: undefined, startedAt: 0 };
    const decisions = [{ updateId, groupId: allComputers, action: 'Install' as const, deadline: undefined }];
    const change = { after: first, computers: [], decisions, records: [] };
    assert.ok(await top.store.changeRollout(first, change, author));
    await seen();
    const some = await told(begin?.anchor);
    assert.deepEqual(some?.deployments ?? [], []);
    const last = { ...first, state: { ...state, ring: 1 } };
    assert.ok(await top.store.changeRollout({ ...first, version: 1 }, { ...change, after: last }, author));
    await seen();
    const whole = await told(some?.anchor);
    assert.deepEqual(
      whole?.deployments?.map((one) => one.updateId),
      [updateId],
    );
  });

  for (const [shape, isPacked] of [
    ['asmx', true],
    ['wcf', false],
  ] as const)
    it(`that is played as WSUS does (${shape}, ${isPacked ? 'packed' : 'plain'}) can use every answer`, async () => {
      const line = openLine({
        ...{ upstream: new URL(top.url), shape, isPacked },
        timeoutMs: 60_000,
        answerBytes: 1e8,
      });
      const account = { name: `played-${shape}.example`, id: `0dd1e5b4-0000-4000-8000-00000000000${isPacked ? 1 : 2}` };
      const now = () => new Date();
      const options = { line, now, account, protocolVersion: '1.20', isReplica: true, computers: 30 };
      const { steps, findings } = await playDownstream(options);
      assert.deepEqual([findings, steps.flatMap((step) => step.findings)], [0, []]);
      const figures = Object.assign({}, ...steps.map((step) => step.figures));
      assert.ok(
        figures.updates > 20 && figures.files > 0 && figures.decisions > 0 && figures.groups >= 2,
        JSON.stringify(figures),
      );
      assert.deepEqual([figures.computers, figures.statuses], [30, 30]);
      assert.equal(figures.documents, figures.categories + figures.updates);
    });

  it('that asks for files has them fetched, and is told of those that no update names', async () => {
    const cookie = await cookieOf(top.url);
    const [file] = simulatedUpdate(1, { products: 1, changedAt: from }).files;
    const known = Buffer.from(file?.sha1 ?? '', 'base64');
    assert.deepEqual(await faultOf('DownloadFiles', { cookie, fileDigestList: [known] }), ['answer']);
    const unknown = Buffer.alloc(20, 7);
    const missing = await faultOf('DownloadFiles', { cookie, fileDigestList: [known, unknown] });
    assert.deepEqual(missing, ['FileDigestsMissing', unknown.toString('base64')]);
    assert.deepEqual(await faultOf('DownloadFiles', { cookie, fileDigestList: [] }), [
      'InvalidParameters',
      'fileDigestList',
    ]);
  });

  it('may be one of a hundred that ask at once', async () => {
    const cookie = await cookieOf(top.url);
    const asks = Array.from({ length: 100 }, () =>
      asked('GetRevisionIdList', { cookie, filter: { ...noFilter, getConfig: false } }),
    );
    const kinds = (await Promise.all(asks)).map((one) => (one.kind === 'fault' ? one.fault.code : one.kind));
    assert.ok(
      kinds.every((kind) => kind === 'answer' || kind === 'ServerBusy'),
      kinds.join(),
    );
  });
});

function comparable(text: string): string {
  return text
    .replace(/<(CookieData|EncryptedData|Expiration|LastChange|ID|faultactor|Anchor|NewConfigAnchor)>[^<]*</g, '<$1>…<')
    .replace(/ \/>/g, '/>')
    .replace(/<Message><\/Message>/, '<Message/>')
    .trim();
}
