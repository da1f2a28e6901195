// Every fault of MS-WUSP 2.2.2.4 that a server gives, with what brings it about; each leads its client somewhere.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Cookie, clientWebService } from '@moult/protocol/client-web-service';
import { reporting } from '@moult/protocol/reporting';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { computerInfo, firstComputerId, getCookie, openSession } from './agent-session.ts';
import { ask, call, post, textIn } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer({ config: { maxInstalledIds: 400, maxExtendedUpdates: 3 } });
});
after(() => server.stop());

const parameters = {
  installedNonLeafUpdateIds: [] as number[],
  otherCachedUpdateIds: [] as number[],
  systemSpec: [],
  cachedDriverIds: [] as number[],
  skipSoftwareSync: false,
  filterCategoryIds: [],
};

const sync = (cookie: Cookie | undefined, changes: Partial<typeof parameters> = {}) =>
  call(server.url, clientWebService, 'SyncUpdates', { cookie, parameters: { ...parameters, ...changes } });

async function faultOf(answer: ReturnType<typeof call>): Promise<string> {
  const { kind, status, ...rest } = await answer;
  if (kind === 'answer') return 'answered';
  assert.equal(status, 500);
  assert.ok('fault' in rest && /^[\da-f-]{36}$/.test(rest.fault.id));
  assert.ok(
    server.logged.some(({ faultId }) => faultId === rest.fault.id),
    'the id of the fault is in the log',
  );
  return `${rest.fault.code} ${rest.fault.message}`.trim();
}

describe('cookies', () => {
  it('none, an empty one, an altered one and somebody else’s are InvalidCookie', async () => {
    const { expiration, encryptedData = new Uint8Array() } = await getCookie(server.url);
    const altered = Uint8Array.from(encryptedData);
    altered[20] = (altered[20] ?? 0) ^ 1;
    for (const cookie of [
      undefined,
      { expiration },
      { expiration, encryptedData: new Uint8Array() },
      { expiration, encryptedData: altered },
      { expiration, encryptedData: encryptedData.subarray(0, 40) },
      { expiration, encryptedData: Buffer.from('AAEAAAD/////AQAAAAAAAAAMAgAAAElTeXN0ZW0=', 'base64') },
    ]) {
      assert.equal(await faultOf(sync(cookie)), 'InvalidCookie');
      const report = { cookie, clientTime: new Date(), eventBatch: [] };
      assert.equal(await faultOf(call(server.url, reporting, 'ReportEventBatch', report)), 'InvalidCookie');
    }
  });

  it('the clear-text Expiration counts for nothing, the sealed one does', async () => {
    const session = await openSession(server.url);
    assert.equal(await faultOf(sync({ ...session.cookie, expiration: new Date(0) })), 'answered');
    server.advance(60 * 60_000);
    assert.equal(await faultOf(sync({ ...session.cookie, expiration: new Date('2099-01-01') })), 'CookieExpired');
  });

  it('an expired cookie can be renewed, and the new one lives again', async () => {
    const { result: config } = await ask(server.url, clientWebService, 'GetConfig', { protocolVersion: '1.8' });
    const old = await getCookie(server.url);
    server.advance(61 * 60_000);
    const authorization = await authorize();
    const request = {
      authCookies: [authorization],
      oldCookie: old,
      lastChange: config?.lastChange ?? new Date(),
      currentTime: new Date(),
      protocolVersion: '1.8',
    };
    const { result } = await ask(server.url, clientWebService, 'GetCookie', request);
    assert.ok(result);
    assert.equal(await faultOf(sync(result)), 'answered');
    const noise = { ...request, oldCookie: { ...old, encryptedData: new Uint8Array(100) } };
    assert.equal(await faultOf(call(server.url, clientWebService, 'GetCookie', noise)), 'InvalidCookie');
    const stale = { ...request, lastChange: new Date(0) };
    assert.equal(await faultOf(call(server.url, clientWebService, 'GetCookie', stale)), 'ConfigChanged');
    const versioned = { ...request, protocolVersion: '1.8.0' };
    assert.equal(
      await faultOf(call(server.url, clientWebService, 'GetCookie', versioned)),
      'InvalidParameters protocolVersion',
    );
  });

  it('authorisations: none, two, another plug-in, a client cookie in place of one', async () => {
    const { result: config } = await ask(server.url, clientWebService, 'GetConfig', {});
    const good = await authorize();
    const client = await getCookie(server.url);
    for (const authCookies of [
      [],
      [good, good],
      [{ ...good, plugInId: 'Anonymous' }],
      [{ ...good, cookieData: client.encryptedData }],
      [{ ...good, cookieData: undefined }],
    ]) {
      const request = { authCookies, lastChange: config?.lastChange ?? new Date(), currentTime: new Date() };
      assert.equal(
        await faultOf(call(server.url, clientWebService, 'GetCookie', request)),
        'InvalidAuthorizationCookie',
      );
    }
  });

  it('after a change of what clients are told, cookies of before are ConfigChanged; with another identity ServerChanged', async () => {
    await using first = await startTestServer();
    const session = await openSession(first.url);
    await first.running.stop();
    await using second = await startTestServer({ dataDir: first.dataDir, config: { maxExtendedUpdates: 7 } });
    const syncOn = (url: string) =>
      call(url, clientWebService, 'SyncUpdates', { cookie: session.cookie, parameters }).then(
        (answer) => answer.kind === 'fault' && answer.fault.code,
      );
    assert.equal(await syncOn(second.url), 'ConfigChanged');
    await second.running.stop();
    const { openStore } = await import('../../store/src/index.ts');
    await using store = await openStore(`${first.dataDir}/moult.sqlite`, { now: () => new Date() });
    await store.saveSetting('server-id', 'another');
    await store.close();
    await using third = await startTestServer({ dataDir: first.dataDir });
    assert.equal(await syncOn(third.url), 'ServerChanged');
  });

  it('cookies survive a restart', async () => {
    await using first = await startTestServer();
    const session = await openSession(first.url);
    await first.running.stop();
    await using second = await startTestServer({ dataDir: first.dataDir });
    const answer = await call(second.url, clientWebService, 'SyncUpdates', { cookie: session.cookie, parameters });
    assert.equal(answer.kind, 'answer');
  });
});

describe('registration', () => {
  it('a computer that is not registered is led to RegisterComputer, and then gets its updates', async () => {
    const session = await openSession(server.url, { computerId: crypto.randomUUID(), register: false });
    assert.equal(await faultOf(sync(session.cookie)), 'RegistrationRequired');
    await ask(server.url, clientWebService, 'RegisterComputer', { cookie: session.cookie, computerInfo });
    assert.equal(await faultOf(sync(session.cookie)), 'answered');
    const empty = { cookie: session.cookie };
    assert.equal(
      await faultOf(call(server.url, clientWebService, 'RegisterComputer', empty)),
      'InvalidParameters computerInfo',
    );
  });

  it('SimpleAuth wants a GUID and a name', async () => {
    const wanted = { clientId: firstComputerId, dnsName: 'a' };
    for (const [request, about] of [
      [{ ...wanted, clientId: 'x' }, 'clientId'],
      [{ ...wanted, clientId: undefined }, 'clientId'],
      [{ ...wanted, dnsName: '' }, 'dnsName'],
      [{ ...wanted, targetGroupName: Array.from({ length: 10_000 }, (_, n) => `g${n}`).join(';') }, 'targetGroupName'],
    ] as const) {
      assert.equal(
        await faultOf(call(server.url, simpleAuth, 'GetAuthorizationCookie', request)),
        `InvalidParameters ${about}`,
      );
    }
  });
});

describe('parameters', () => {
  it('399 and 400 prerequisite ids are taken where the limit is 400, 401 are not; entries count, not distinct ones', async () => {
    const { cookie } = await openSession(server.url);
    const ids = (count: number) => ({ installedNonLeafUpdateIds: Array.from({ length: count }, () => 1) });
    assert.equal(await faultOf(sync(cookie, ids(399))), 'answered');
    assert.equal(await faultOf(sync(cookie, ids(400))), 'answered');
    assert.equal(await faultOf(sync(cookie, ids(401))), 'InvalidParameters parameters.InstalledNonLeafUpdateIDs');
    assert.equal(
      await faultOf(sync(cookie, { otherCachedUpdateIds: Array.from({ length: 5000 }, (_, n) => n) })),
      'answered',
    );
  });

  it('4,000 prerequisite ids are taken where nobody set a limit', async () => {
    await using other = await startTestServer();
    const { cookie } = await openSession(other.url);
    const many = { ...parameters, installedNonLeafUpdateIds: Array.from({ length: 4000 }, (_, n) => n + 1) };
    await ask(other.url, clientWebService, 'SyncUpdates', { cookie, parameters: many });
  });

  it('what is missing or contradicts itself is named by its path', async () => {
    const { cookie } = await openSession(server.url);
    const device = { hardwareIds: [], compatibleIds: [] };
    const extended = { cookie, revisionIds: [1], infoTypes: ['Extended' as const], locales: [] };
    const info = (changes: object) =>
      call(server.url, clientWebService, 'GetExtendedUpdateInfo', { ...extended, ...changes });
    const cases: [ReturnType<typeof call>, string][] = [
      [call(server.url, clientWebService, 'SyncUpdates', { cookie }), 'parameters'],
      [sync(cookie, { systemSpec: [device] as never }), 'parameters.SystemSpec'],
      [info({ infoTypes: [] }), 'infoTypes'],
      [info({ infoTypes: ['LocalizedProperties'] }), 'locales'],
      [info({ revisionIds: [1, 2, 3, 4] }), 'revisionIDs'],
      [call(server.url, clientWebService, 'GetFileLocations', { cookie, fileDigests: [] }), 'fileDigests'],
      [
        call(server.url, clientWebService, 'GetFileLocations', { cookie, fileDigests: [new Uint8Array(19)] }),
        'fileDigests',
      ],
      [
        call(server.url, clientWebService, 'StartCategoryScan', {
          requestedCategories: Array.from({ length: 200 }, () => ({
            indexOfAndGroup: 0,
            categoryId: firstComputerId,
          })),
        }),
        'requestedCategories',
      ],
    ];
    for (const [answer, about] of cases) assert.equal(await faultOf(answer), `InvalidParameters ${about}`);
  });

  it('a list that must be there may be empty, and must be there', async () => {
    const { cookie } = await openSession(server.url);
    const refresh = (changes: object) => call(server.url, clientWebService, 'RefreshCache', { cookie, ...changes });
    assert.equal(await faultOf(refresh({ globalIds: [] })), 'answered');
    assert.equal(await faultOf(refresh({})), 'InvalidParameters globalIDs');
    const scan = (changes: object) => call(server.url, clientWebService, 'StartCategoryScan', changes);
    assert.equal(await faultOf(scan({ requestedCategories: [] })), 'answered');
    assert.equal(await faultOf(scan({})), 'InvalidParameters requestedCategories');
  });

  it('revisions that nobody deployed are out of scope in GetExtendedUpdateInfo, not an error', async () => {
    const { cookie } = await openSession(server.url);
    const request = { cookie, revisionIds: [77_777, 77_777], infoTypes: ['Extended' as const], locales: [] };
    const { result } = await ask(server.url, clientWebService, 'GetExtendedUpdateInfo', request);
    assert.deepEqual(result, { updates: [], fileLocations: [], outOfScopeRevisionIds: [77_777] });
  });
});

it('a category nobody knows takes its whole group out of a category scan', async () => {
  const product = 'dd78b8a1-0b20-45c1-add6-4da72e9364cf';
  const request = {
    requestedCategories: [
      { indexOfAndGroup: 0, categoryId: product },
      { indexOfAndGroup: 1, categoryId: product },
      { indexOfAndGroup: 1, categoryId: firstComputerId },
    ],
  };
  assert.deepEqual(await ask(server.url, clientWebService, 'StartCategoryScan', request), {
    preferredCategoryIds: [product],
    requestedCategoryIdsInError: [firstComputerId],
  });
});

it('gzip is used for those who ask for it, and nothing for those who do not', async () => {
  const body =
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetConfig xmlns="http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService"/></s:Body></s:Envelope>';
  const url = `${server.url}/ClientWebService/client.asmx`;
  assert.equal((await post(url, body, { 'accept-encoding': 'gzip, deflate' })).headers['content-encoding'], 'gzip');
  assert.equal((await post(url, body, { 'accept-encoding': 'xpress;q=0' })).headers['content-encoding'], undefined);
  assert.ok(textIn(await post(url, body, { 'accept-encoding': 'XPRESS' })).includes('SimpleTargeting'));
});

async function authorize() {
  const request = { clientId: firstComputerId, dnsName: 'client-1.example.test' };
  const { result } = await ask(server.url, simpleAuth, 'GetAuthorizationCookie', request);
  assert.ok(result);
  return result;
}
