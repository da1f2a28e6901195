// The driver pass: the devices of a real Windows 11 agent (fixtures/captures, exchange 000009) against drivers of ours.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { CatalogIndex, DeploymentSet, decideDriverSync, parseUpdateDocument, summarize } from '@moult/catalog';
import { clientWebService, type SyncUpdateParameters } from '@moult/protocol/client-web-service';
import { readCall } from '@moult/protocol/soap';
import { importDocuments } from '../../store/src/catalog/import.ts';
import { openStore } from '../../store/src/index.ts';
import { openSession } from './agent-session.ts';
import { ask } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const captured = readFileSync(
  new URL('../../../fixtures/captures/wsus-m0-native/scan/000009/request.body', import.meta.url),
  'utf8',
);
const { parameters } = readCall(clientWebService, captured).parameters() as { parameters: SyncUpdateParameters };

const network = 'PCI\\VEN_1AF4&DEV_1000&SUBSYS_00011AF4&REV_00';
const virtualPort = '{6FDE7547-1B65-48ae-B628-80BE62016026}\\VIOSerialPort';

interface DriverRow {
  hardwareId: string;
  date?: string;
  version?: string;
  driverClass?: string;
}

function driverDocument(number: number, rows: DriverRow[]): string {
  const id = `d0000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const escaped = (text: string) => text.replaceAll('&', '&amp;');
  const metadata = rows.map(
    ({ hardwareId, date = '2020-01-01', version = '1.0.0.0', driverClass = 'Net' }) =>
      `<drv:WindowsDriverMetaData HardwareID="${escaped(hardwareId)}" WhqlDriverID="1" Manufacturer="M" Company="C" Provider="P" DriverVerDate="${date}" DriverVerVersion="${version}" Class="${driverClass}" Model="m${number}"/>`,
  );
  return `<upd:Update xmlns:upd="http://schemas.microsoft.com/msus/2002/12/Update" xmlns:drv="http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/WindowsDriver">
<upd:UpdateIdentity UpdateID="${id}" RevisionNumber="1"/>
<upd:Properties UpdateType="Driver" DefaultPropertiesLanguage="en" Handler="http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/WindowsDriver" CreationDate="2024-01-01T00:00:00Z" PublisherID="bccf8ca0-2819-4598-8d15-c1506e363e92" ExplicitlyDeployable="true"/>
<upd:LocalizedPropertiesCollection><upd:LocalizedProperties><upd:Language>en</upd:Language><upd:Title>Driver ${number}</upd:Title></upd:LocalizedProperties></upd:LocalizedPropertiesCollection>
<upd:ApplicabilityRules><upd:Metadata>${metadata.join('')}</upd:Metadata></upd:ApplicabilityRules></upd:Update>`;
}

describe('the driver pass', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    await using store = await openStore(`${server.dataDir}/moult.sqlite`, { now: () => new Date() });
    await importDocuments(
      store,
      [
        driverDocument(1, [{ hardwareId: network, date: '2025-01-01' }]),
        driverDocument(2, [{ hardwareId: network.toLowerCase(), date: '2026-01-01' }, { hardwareId: 'PCI\\OTHER' }]),
        driverDocument(3, [{ hardwareId: network, date: '2020-01-01', version: '65535.1' }]),
        driverDocument(4, [{ hardwareId: virtualPort }]),
        driverDocument(5, [{ hardwareId: 'LPTENUM\\Nobody', driverClass: 'Printer' }]),
      ],
      new Date(),
    );
    await store.close();
    await new Promise((resolve) => setTimeout(resolve, 150));
  });
  after(() => server.stop());

  const pass = (changes: object = {}) => ({ ...parameters, installedNonLeafUpdateIds: [], ...changes });
  const title = (text: string | undefined) => /Model="(m\d)"/.exec(text ?? '')?.[1];

  it('gives each of the captured devices the best driver, and says by which hardware id', async () => {
    const session = await openSession(server.url, { protocolVersion: '2.90' });
    const info = await session.sync(pass());
    const found = info.newUpdates.map(({ xml, deployment }) => [title(xml?.text), deployment?.hardwareIds]);
    assert.deepEqual(
      found.sort(([a], [b]) => String(a).localeCompare(String(b))),
      [
        ['m2', [network.toLowerCase()]],
        ['m4', [virtualPort]],
      ],
    );
    assert.equal(info.driverSyncNotNeeded, 'false');
    const held = info.newUpdates.map(({ id }) => id);
    const again = await session.sync(pass({ cachedDriverIds: [...held, 99_999] }));
    assert.deepEqual([again.newUpdates, again.changedUpdates, again.outOfScopeRevisionIds], [[], [], [99_999]]);
    const gone = await session.sync(pass({ systemSpec: [], cachedDriverIds: held }));
    assert.deepEqual([gone.outOfScopeRevisionIds, gone.deployedOutOfScopeRevisionIds], [[], held]);
  });

  it('a version from 32768 on is negative on the wire, and newer all the same', async () => {
    const session = await openSession(server.url, { protocolVersion: '2.90' });
    const installedDriver = { driverVerDate: new Date('2026-01-01'), driverRank: 0x00ff_0000, matchingId: network };
    const offered = async (driverVerVersion: bigint) => {
      const device = {
        hardwareIds: [network],
        compatibleIds: [],
        installedDriver: { ...installedDriver, driverVerVersion },
      };
      return (await session.sync(pass({ systemSpec: [device] }))).newUpdates.length;
    };
    assert.equal(await offered(1n), 1);
    assert.equal(await offered(2n ** 48n), 0);
    assert.equal(await offered(BigInt.asIntN(64, 0x8000n << 48n)), 0);
  });

  it('names no hardware ids to clients that speak less than 1.6', async () => {
    const session = await openSession(server.url, { protocolVersion: '1.5' });
    const info = await session.sync(pass());
    assert.equal(info.newUpdates.length, 2);
    assert.ok(info.newUpdates.every(({ deployment }) => deployment?.hardwareIds.length === 0));
  });

  it('drivers are in no software pass', async () => {
    const session = await openSession(server.url);
    await session.syncToTheEnd();
    assert.ok([...session.updates.values()].every(({ xml }) => !xml?.text.includes('WindowsDriverMetaData')));
  });

  it('SyncPrinterCatalog offers printer drivers, whatever the devices', async () => {
    const { cookie } = await openSession(server.url);
    const request = { cookie, installedNonLeafUpdateIds: [], printerUpdateIds: [88_888] };
    const { result } = await ask(server.url, clientWebService, 'SyncPrinterCatalog', request);
    assert.deepEqual(
      result?.newUpdates.map(({ xml }) => title(xml?.text)),
      ['m5'],
    );
    assert.deepEqual(result?.outOfScopeRevisionIds, [88_888]);
  });
});

it('the captured pass is answered in time that does not grow with the number of drivers', () => {
  const template = summarize(parseUpdateDocument(driverDocument(1, [{ hardwareId: network }])));
  const index = new CatalogIndex();
  const set = new DeploymentSet({ unapproved: 'report' });
  const fill = (from: number, to: number) => {
    for (let number = from; number < to; number++) {
      const updateId = `d0000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
      const drivers = template.drivers.map((row) => ({ ...row, hardwareId: `PCI\\VEN_${number}` }));
      index.add((number + 1) as never, { ...template, identity: { ...template.identity, updateId } as never, drivers });
    }
  };
  const devices = parameters.systemSpec.map(({ hardwareIds, compatibleIds }) => ({ hardwareIds, compatibleIds }));
  const measure = () => {
    const times = Array.from({ length: 50 }, () => {
      const started = performance.now();
      decideDriverSync(index, set, {
        ...{ installedNonLeaf: [], cachedDrivers: [], devices, computerHardwareIds: [] },
        ...{ needTwoGroupOutOfScope: false, maxNew: 500 },
      });
      return performance.now() - started;
    });
    return Math.min(...times);
  };
  assert.equal(devices.length, 70);
  fill(0, 200);
  const few = measure();
  fill(200, 40_000);
  const many = measure();
  assert.ok(many < few * 5 + 1, `${few.toFixed(3)} ms with 200 drivers, ${many.toFixed(3)} ms with 40,000`);
});
