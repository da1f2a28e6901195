// The built WSUS client against the real server: the whole way, and every fault that the protocol knows.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { FaultCode } from '@moult/protocol/soap';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { installAgent } from '../src/install-agent.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { readStatus } from '../src/read-status.ts';
import { runDue, runOnce, scratchFolder } from './lab.ts';
import { fault, once, openWsusLab, type WsusLab } from './wsus-lab.ts';

let folder: string;
let releases: string;
let lab: WsusLab;
let machines = 0;

before(async () => {
  folder = scratchFolder('moult-wsus-');
  releases = join(folder, 'releases');
  await Promise.all([
    buildAgent(releases, 'sus', '5.4.0.1'),
    buildAgent(releases, 'wsus', '7.9.0.1'),
    buildHost(releases),
  ]);
  lab = await openWsusLab(folder, releases);
});
after(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  lab.intercept = undefined;
});

async function machine(generation: 'sus' | 'wsus' = 'wsus'): Promise<MachineRoot> {
  machines += 1;
  const root = machineRoot(join(folder, `machine-${machines}`));
  await installAgent(root, {
    server: lab.url,
    generation,
    releaseFolder: releases,
    operatorCertificate: lab.operatorCertificate,
  });
  lab.journal.length = 0;
  return root;
}

/** Operations since the journal was emptied, repeated rounds once. */
function operations(): string[] {
  return lab.journal.filter((what, index) => !what.includes(' ') && what !== lab.journal[index - 1]);
}

const installed = (root: MachineRoot) => existsSync(join(root.programFiles, 'Moult Sample', 'installed.txt'));
const kept = (root: MachineRoot) => readdirSync(join(root.windows, 'SoftwareDistribution', 'EventCache'));
const logOf = (root: MachineRoot) => readFileSync(root.wsusLog, 'utf8');

describe('a WSUS client and its server', () => {
  it('from the SUS client to an installed and reported update', async () => {
    const root = await machine('sus');
    const outcome = await runOnce(root);
    assert.deepEqual([outcome?.ok, outcome?.message], [true, 'Detection finished: 1 update needed, 1 installed.']);
    assert.ok(installed(root));
    assert.deepEqual(operations(), [
      'GetConfig',
      'GetAuthorizationCookie',
      'GetCookie',
      'RegisterComputer',
      ...['SyncUpdates', 'ReportEventBatch'], // on trial: it scans, and installs nothing
      ...['SyncUpdates', 'GetExtendedUpdateInfo', 'ReportEventBatch'],
    ]);
    assert.deepEqual(kept(root), []);
    assert.deepEqual(readStatus(root).auState, { value: 2, meaning: 'detection pending' });
    const events = readFileSync(root.reportingEventsLog, 'utf16le').trim().split('\r\n');
    assert.deepEqual(
      events.map((line) => line.split('\t')[3]?.split(' ')[0]),
      ['147', '156', '183', '147', '167', '162', '181', '183', '156'],
    );
    for (const line of events) assert.equal(line.split('\t').length, 12);
  });

  it('a second detection goes straight to SyncUpdates with what it knows, and needs nothing', async () => {
    const root = await machine();
    await runOnce(root);
    lab.journal.length = 0;
    let sent = '';
    lab.intercept = (what, body) => {
      if (what === 'SyncUpdates' && sent === '') sent = body;
      return undefined;
    };
    const outcome = await runOnce(root);
    assert.equal(outcome?.message, 'Detection finished: no update is needed.');
    assert.deepEqual(operations(), ['SyncUpdates', 'ReportEventBatch']);
    assert.match(sent, /<InstalledNonLeafUpdateIDs>(<int>\d+<\/int>)+<\/InstalledNonLeafUpdateIDs>/);
    assert.match(sent, /<OtherCachedUpdateIDs>(<int>\d+<\/int>)+<\/OtherCachedUpdateIDs>/);
    assert.equal(lab.journal.filter((what) => what === 'SyncUpdates').length <= 2, true, lab.journal.join());
  });

  it('an update that is approved for removal stays, and the server and the log hear why', async () => {
    const root = await machine();
    mkdirSync(join(root.programFiles, 'Moult Sample'), { recursive: true });
    writeFileSync(join(root.programFiles, 'Moult Sample', 'installed.txt'), '');
    lab.alter = (what, body) =>
      what === 'SyncUpdates' ? body.replaceAll('<Action>Install</Action>', '<Action>Uninstall</Action>') : body;
    const outcome = await runOnce(root).finally(() => {
      lab.alter = undefined;
    });
    const message = 'Detection finished: no update is needed, 1 update approved for removal and not removed.';
    assert.deepEqual([outcome?.ok, outcome?.message], [true, message]);
    assert.ok(installed(root));
    assert.match(logOf(root), /WARNING: Removal of ".*" failed, error = 0x80242002: .*does not remove updates/);
    const events = readFileSync(root.reportingEventsLog, 'utf16le').trim().split('\r\n');
    assert.match(events.find((line) => /\t221(?: \[\w+\])?\t/.test(line)) ?? '', /stays installed/);
    assert.deepEqual(kept(root), []);
  });

  it('waits for its schedule when nobody asks, and installs when somebody does', async () => {
    const root = await machine();
    const outcome = await runDue(root);
    // Between 03:00 and 04:00 local time it is the scheduled hour.
    if (new Date().getHours() !== 3) {
      assert.match(
        outcome?.message ?? '',
        /1 update needed, 0 installed, installation waits for its schedule \(.* 03:00:00 local time\)/,
      );
      assert.ok(!installed(root));
      assert.equal(readStatus(root).auState?.value, 5);
    }
    await runOnce(root);
    assert.ok(installed(root));
  });
});

describe('faults of the web services', () => {
  const recoveries: [FaultCode, string, string[]][] = [
    ['CookieExpired', 'SyncUpdates', ['GetAuthorizationCookie', 'GetCookie', 'SyncUpdates']],
    ['ConfigChanged', 'SyncUpdates', ['GetConfig', 'GetAuthorizationCookie', 'GetCookie', 'SyncUpdates']],
    [
      'InvalidCookie',
      'SyncUpdates',
      ['GetConfig', 'GetAuthorizationCookie', 'GetCookie', 'RefreshCache', 'RegisterComputer', 'SyncUpdates'],
    ],
    [
      'ServerChanged',
      'SyncUpdates',
      ['GetConfig', 'GetAuthorizationCookie', 'GetCookie', 'RefreshCache', 'RegisterComputer', 'SyncUpdates'],
    ],
    ['RegistrationRequired', 'SyncUpdates', ['RegisterComputer', 'SyncUpdates']],
    [
      'CookieExpired',
      'ReportEventBatch',
      ['ReportEventBatch', 'GetAuthorizationCookie', 'GetCookie', 'ReportEventBatch'],
    ],
  ];
  for (const [code, operation, then] of recoveries) {
    it(`${code} at ${operation} is recovered from within the same detection`, async () => {
      const root = await machine();
      await runOnce(root);
      lab.journal.length = 0;
      lab.intercept = once(operation, fault(code));
      const outcome = await runOnce(root);
      assert.equal(outcome?.ok, true, outcome?.message);
      const said = lab.journal.filter((what) => !what.includes(' '));
      const place = said.indexOf(operation) + (operation === 'SyncUpdates' ? 1 : 0);
      assert.deepEqual(said.slice(place, place + then.length), then);
      assert.deepEqual(kept(root), []);
      assert.match(logOf(root), new RegExp(`WARNING: the server answered with fault ${code}`));
    });
  }

  it('InvalidAuthorizationCookie at GetCookie: authorized anew', async () => {
    const root = await machine();
    lab.intercept = once('GetCookie', fault('InvalidAuthorizationCookie'));
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.deepEqual(operations().slice(0, 5), [
      'GetConfig',
      'GetAuthorizationCookie',
      'GetCookie',
      'GetAuthorizationCookie',
      'GetCookie',
    ]);
  });

  it('ServerBusy: waits a moment and tries again', async () => {
    const root = await machine();
    lab.intercept = once('SyncUpdates', fault('ServerBusy'));
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.ok(installed(root));
  });

  it('a fault that does not go away ends the detection, and the server is told when it can be', async () => {
    const root = await machine();
    lab.intercept = (what) => (what === 'SyncUpdates' ? fault('InvalidParameters') : undefined);
    const outcome = await runOnce(root);
    assert.equal(outcome?.code, 'AGENT_SYNC_FAULT');
    assert.match(outcome.message, /SyncUpdates was refused by .*: InvalidParameters/);
    assert.match(logOf(root), /\tAgent\t {2}\* WARNING: Exit code = 0x8024400d/);
    assert.equal(kept(root).length, 1, 'event 148 waits');
    lab.intercept = undefined;
    await runOnce(root);
    assert.deepEqual(kept(root), []);
    assert.ok(installed(root));
  });

  it('a fault that comes back after its remedy is not chased for ever', async () => {
    const root = await machine();
    lab.intercept = (what) => (what === 'SyncUpdates' ? fault('CookieExpired') : undefined);
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, false);
    assert.ok(lab.journal.filter((what) => what === 'SyncUpdates').length <= 5);
  });

  it('LastChange goes back exactly as it came, with all seven digits of a real WSUS', async () => {
    const root = await machine();
    const sent: string[] = [];
    lab.intercept = (what, body) => {
      sent.push(body);
      return what === 'GetConfig' ? { status: 200, type: 'text/xml', body: configOfRealWsus } : undefined;
    };
    await runOnce(root);
    const getCookie = sent.find((body) => body.includes('<GetCookie '));
    assert.match(getCookie ?? '', /<lastChange>2026-10-04T15:03:35\.9967236Z<\/lastChange>/);
  });

  it('an HTML page in place of the service is said to be one', async () => {
    const root = await machine();
    lab.intercept = (what) =>
      what === 'GetConfig' ? { status: 200, type: 'text/html', body: '<html><body>Sign in</body></html>' } : undefined;
    const outcome = await runOnce(root);
    assert.deepEqual([outcome?.code, `0x${outcome?.hresult.toString(16)}`], ['AGENT_SYNC_BAD_ANSWER', '0x8024400a']);
  });

  it('events that could not be reported are reported once, later', async () => {
    const root = await machine();
    lab.intercept = (what) => (what === 'ReportEventBatch' ? { status: 503, type: 'text/plain', body: '' } : undefined);
    const outcome = await runDue(root);
    assert.equal(outcome?.ok, true, 'a detection does not fail for its report');
    const waiting = kept(root).length;
    assert.ok(waiting >= 2);
    const instances = new Map<string, number>();
    lab.intercept = (what, body) => {
      if (what !== 'ReportEventBatch') return undefined;
      for (const [, id = ''] of body.matchAll(/<EventInstanceID>([^<]+)</g))
        instances.set(id, (instances.get(id) ?? 0) + 1);
      return undefined;
    };
    await runOnce(root);
    assert.deepEqual(kept(root), []);
    assert.ok(instances.size > waiting);
    assert.ok([...instances.values()].every((times) => times === 1));
  });
});

const configOfRealWsus =
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetConfigResponse ' +
  'xmlns="http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService"><GetConfigResult>' +
  '<LastChange>2026-10-04T15:03:35.9967236Z</LastChange><IsRegistrationRequired>true</IsRegistrationRequired>' +
  '<AuthInfo><AuthPlugInInfo><PlugInID>SimpleTargeting</PlugInID>' +
  '<ServiceUrl>SimpleAuthWebService/SimpleAuth.asmx</ServiceUrl><Parameter/></AuthPlugInInfo></AuthInfo>' +
  '<Properties><ConfigurationProperty><Name>MaxExtendedUpdatesPerRequest</Name><Value>50</Value></ConfigurationProperty>' +
  '</Properties></GetConfigResult></GetConfigResponse></s:Body></s:Envelope>';

describe('content', () => {
  it('that is not what the metadata names is thrown away and not installed; the right one is, next time', async () => {
    const root = await machine();
    lab.intercept = (what) =>
      /^GET \/Content\//i.test(what)
        ? { status: 200, type: 'application/octet-stream', body: Buffer.alloc(2278, 7) }
        : undefined;
    const outcome = await runOnce(root);
    assert.match(outcome?.message ?? '', /1 update needed, 0 installed, 1 failed/);
    assert.deepEqual([outcome?.ok, outcome?.failedUpdates], [true, 1], 'the detection went well, the update did not');
    assert.ok(!installed(root));
    assert.match(logOf(root), /\tDnldMgr\tWARNING: Download of "Moult sample update" failed, error = 0x80246002/);
    lab.intercept = undefined;
    const later = await runOnce(root);
    assert.equal(later?.failedUpdates, undefined);
    assert.ok(installed(root));
  });

  it('that the server does not have yet fails the download and nothing else', async () => {
    const root = await machine();
    lab.intercept = (what) =>
      /^GET \/Content\//i.test(what) ? { status: 404, type: 'text/plain', body: '' } : undefined;
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true);
    assert.match(logOf(root), /error = 0x80244019/);
    assert.equal(readStatus(root).results.download.lastError, '0x80244019');
  });
});
