// Messages that are well formed and mean harm: cookies with the shape of CVE-2025-59287, reports with the same, numbers and
// names beyond reason. Each ends in a fault or is stored as the text it is; memory stays flat; the next client is served.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { clientWebService } from '@moult/protocol/client-web-service';
import { type ReportingEvent, reporting } from '@moult/protocol/reporting';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { collectGarbage } from '../../store/src/heap.ts';
import { openStore } from '../../store/src/index.ts';
import { firstComputerId, getCookie, openSession } from './agent-session.ts';
import { ask, call, post } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

async function codeOf(answer: ReturnType<typeof call>): Promise<string> {
  // Others than those of calls come when they come: the head of the audit chain, ageing.
  const refusals = () => server.logged.filter((line) => 'faultId' in line).length;
  const lines = refusals();
  const received = await answer;
  if (received.kind === 'answer') return 'answered';
  assert.equal(refusals(), lines + 1, 'one line in the log');
  return String(received.fault.code);
}

/**
 * The beginning of a .NET BinaryFormatter stream that names a type to be made: what GetCookie of WSUS took out of the
 * decrypted CookieData and turned into objects (CVE-2025-59287).
 */
const binaryFormatter = Buffer.concat([
  Buffer.from('0001000000ffffffff01000000000000000c02000000', 'hex'),
  Buffer.from('ISystem, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089'),
  Buffer.from('System.Data.DataSet ObjectStateFormatter System.Diagnostics.Process', 'latin1'),
]);
/** The same in the words of SoapFormatter, which the reporting service unpacked from an event. */
const soapFormatter =
  '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a1="http://schemas.microsoft.com/clr/nsassem/System.Data/System.Data"><SOAP-ENV:Body><a1:DataSet id="ref-1"><DataSet.RemotingFormat href="#x"/></a1:DataSet></SOAP-ENV:Body></SOAP-ENV:Envelope>';

describe('serialised objects', () => {
  it('as an authorisation are InvalidAuthorizationCookie, at every length and block size', async () => {
    const { result: config } = await ask(server.url, clientWebService, 'GetConfig', { protocolVersion: '1.20' });
    const payloads = [binaryFormatter, Buffer.concat([Buffer.alloc(16), binaryFormatter]), Buffer.alloc(512, 0xaa)];
    for (let length = 0; length <= 64; length += 16) payloads.push(Buffer.alloc(length));
    for (const cookieData of payloads) {
      const request = {
        authCookies: [{ plugInId: 'SimpleTargeting', cookieData }],
        oldCookie: { expiration: new Date() },
        lastChange: config?.lastChange ?? new Date(),
        currentTime: new Date(),
        protocolVersion: '1.20',
      };
      assert.equal(
        await codeOf(call(server.url, clientWebService, 'GetCookie', request)),
        'InvalidAuthorizationCookie',
      );
    }
  });

  it('as a cookie are InvalidCookie in every operation that takes one', async () => {
    const cookie = { expiration: new Date('2099-01-01'), encryptedData: binaryFormatter };
    const now = new Date();
    const calls = [
      call(server.url, clientWebService, 'RegisterComputer', { cookie }),
      call(server.url, clientWebService, 'SyncUpdates', { cookie }),
      call(server.url, clientWebService, 'SyncPrinterCatalog', {
        ...{ cookie, installedNonLeafUpdateIds: [], printerUpdateIds: [] },
      }),
      call(server.url, clientWebService, 'RefreshCache', { cookie, globalIds: [] }),
      call(server.url, clientWebService, 'GetExtendedUpdateInfo', {
        ...{ cookie, revisionIds: [], infoTypes: [], locales: [] },
      }),
      call(server.url, clientWebService, 'GetExtendedUpdateInfo2', {
        ...{ cookie, updateIds: [], infoTypes: [], locales: [] },
      }),
      call(server.url, clientWebService, 'GetFileLocations', { cookie, fileDigests: [] }),
      call(server.url, reporting, 'ReportEventBatch', { cookie, clientTime: now, eventBatch: [] }),
      call(server.url, reporting, 'GetRequiredInventoryType', { cookie, rulesId: firstComputerId }),
      call(server.url, reporting, 'ReportInventory', { cookie, clientTime: now }),
    ];
    for (const answer of calls) {
      const received = await answer;
      assert.equal(received.kind === 'fault' && received.fault.code, 'InvalidCookie');
    }
  });

  it('in a report or an inventory are kept as the text they are, or not at all', async () => {
    const { cookie } = await openSession(server.url);
    const instance = 'c0000000-0000-4000-8000-000000000001';
    const line = `SynchronizationUpdateErrorsKey=${soapFormatter}`;
    const eventBatch = [event(instance, 389, [line, binaryFormatter.toString('base64')])];
    await ask(server.url, reporting, 'ReportEventBatch', { cookie, clientTime: new Date(), eventBatch });
    await using store = await openStore(`${server.dataDir}/moult.sqlite`, { now: () => new Date() });
    const [kept] = await store.listReportingEvents({ limit: 1 });
    await store.close();
    assert.deepEqual([kept?.instanceId, kept?.miscData[0]], [instance, line]);
    const inventory = { isCompressed: true, compressedXml: Buffer.alloc(100_000, 0xff), rawXml: soapFormatter };
    const request = { cookie, clientTime: new Date(), inventory };
    assert.deepEqual(await ask(server.url, reporting, 'ReportInventory', request), { result: true });
  });
});

describe('numbers and names beyond reason', () => {
  it('10,000 groups, a name of a megabyte, ids by the hundred thousand', async () => {
    const groups = Array.from({ length: 10_000 }, (_, number) => `group ${number}`).join(';');
    const computer = { clientId: firstComputerId, dnsName: 'a' };
    const authorise = (changes: object) =>
      codeOf(call(server.url, simpleAuth, 'GetAuthorizationCookie', { ...computer, ...changes }));
    assert.equal(await authorise({ targetGroupName: groups }), 'InvalidParameters');
    assert.equal(await authorise({ dnsName: 'n'.repeat(1_000_000) }), 'InvalidParameters');
    const { cookie } = await openSession(server.url);
    const ids = Array.from({ length: 100_000 }, (_, id) => id);
    const parameters = {
      ...{ installedNonLeafUpdateIds: [] as number[], otherCachedUpdateIds: [] as number[], systemSpec: [] },
      ...{ cachedDriverIds: [], skipSoftwareSync: false, filterCategoryIds: [] },
    };
    const sync = (changes: object) =>
      codeOf(call(server.url, clientWebService, 'SyncUpdates', { cookie, parameters: { ...parameters, ...changes } }));
    assert.equal(await sync({ installedNonLeafUpdateIds: ids }), 'InvalidParameters');
    assert.equal(await sync({ otherCachedUpdateIds: ids }), 'answered');
    const events = Array.from({ length: 1001 }, (_, at) => event(instanceOf(at), 147, []));
    const report = { cookie, clientTime: new Date(), eventBatch: events };
    assert.equal(await codeOf(call(server.url, reporting, 'ReportEventBatch', report)), 'InvalidParameters');
  });

  it('numbers outside their type are named, and nothing of them is believed', async () => {
    const { cookie } = await openSession(server.url);
    const body = (id: string) =>
      `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><SyncUpdates xmlns="${clientWebService.namespace}"><cookie><Expiration>2099-01-01T00:00:00Z</Expiration><EncryptedData>${Buffer.from(cookie.encryptedData ?? []).toString('base64')}</EncryptedData></cookie><parameters><OtherCachedUpdateIDs><int>${id}</int></OtherCachedUpdateIDs><SkipSoftwareSync>false</SkipSoftwareSync></parameters></SyncUpdates></s:Body></s:Envelope>`;
    for (const id of ['99999999999', '1e3', '0x10', '', '-', '1 2', 'NaN', '&lt;a/&gt;']) {
      const answer = await post(`${server.url}/ClientWebService/client.asmx`, body(id));
      assert.equal(answer.status, 500, id);
      assert.match(answer.bytes.toString(), /<ErrorCode>InvalidParameters<\/ErrorCode>/);
      assert.match(answer.bytes.toString(), /<Message>parameters\.OtherCachedUpdateIDs/);
    }
  });

  it('control characters and markup in a name are kept as the text they are', async () => {
    const dnsName = 'a<b>&amp;"\'</dnsName>\u0085\u2028\ud83d\ude00';
    await getCookie(server.url, { computerId: 'd1da06a3-5601-43c9-bac3-52d5db701494', dnsName });
    await using store = await openStore(`${server.dataDir}/moult.sqlite`, { now: () => new Date() });
    const computers = await store.listComputers({ limit: 100 });
    await store.close();
    assert.ok(computers.some((computer) => computer.dnsName === dnsName));
  });
});

it('a client that asks and takes nothing of its answers holds its socket only, and not for long', async (t) => {
  const impatient = await startTestServer({ config: { idleTimeoutSeconds: 3 } });
  t.after(() => impatient.stop());
  const { hostname, port } = new URL(impatient.url);
  const request = `GET /ReportingWebService/WebService.asmx?wsdl HTTP/1.1\r\nHost: a\r\n\r\n`;
  const stalled = Array.from({ length: 3 }, () => {
    const socket = connect(Number(port), hostname);
    socket.pause().write(request.repeat(1000));
    return letGo(socket);
  });
  await getCookie(impatient.url);
  await Promise.all(stalled);
});

/** Resolves when the other side is gone: one who reads nothing learns it by writing. */
function letGo(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const knocking = setInterval(() => socket.write('x'), 50);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(knocking);
      resolve();
    });
  });
}

it('hundreds of hostile calls leave memory as it was', async () => {
  const storm = async (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      const cookie = { expiration: new Date(), encryptedData: Buffer.alloc(900, round) };
      await call(server.url, clientWebService, 'RefreshCache', {
        cookie,
        globalIds: Array.from({ length: 500 }, () => ({ updateId: firstComputerId, revisionNumber: 1 })),
      });
    }
  };
  await storm(100);
  const before = await inUse();
  await storm(300);
  const grown = ((await inUse()) - before) / 1_048_576;
  // The trees of their requests alone would be three times this.
  assert.ok(grown < 60, `${grown.toFixed(0)} MiB more`);
});

/** Octets that are still needed: what waits to be collected, by a collector at work beside us too, counts for nothing. */
async function inUse(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

function instanceOf(number: number): string {
  return `c0000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

function event(eventInstanceId: string, eventId: number, miscData: string[]): ReportingEvent {
  return {
    basicData: {
      ...{ targetId: { sid: firstComputerId }, sequenceNumber: 0, timeAtTarget: new Date(), eventInstanceId },
      ...{ namespaceId: 1, eventId, sourceId: 101, win32HResult: 0 },
    },
    extendedData: {
      ...{ replacementStrings: [], miscData, processorArchitecture: 'Amd64Compatible', osLocaleId: 1033 },
      osVersion: { major: 10, minor: 0, build: 26200, revision: 0, servicePackMajor: 0, servicePackMinor: 0 },
    },
    privateData: {},
  };
}
