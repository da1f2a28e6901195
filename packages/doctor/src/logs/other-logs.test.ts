// Request logs of HTTP.sys, proxies and servers in front, and what servers and tools write: real files, one cause each.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { allCodes, diagnoseLogs, failures } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';
import { iis6 } from './test/iis6.ts';

describe('other request logs', () => {
  it('HTTPERR shows a stopped pool', async () => {
    const text =
      '#Software: Microsoft HTTP API 1.0\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n' +
      '2012-05-06 07:08:09 10.0.0.4 1044 10.0.0.1 80 HTTP/1.1 GET /selfupdate/wuident.cab?1205060708 503 1 AppOffline WsusPool\r\n';
    assert.deepEqual(failures(await diagnoseLogs({ 'httperr1.log': text })), ['DOCTOR_SERVICE_UNAVAILABLE']);
  });

  it('squid and Blue Coat show a proxy that wants a logon', async () => {
    const squid =
      '1336287600.123 5 10.0.0.4 TCP_DENIED/407 1832 GET http://wsus.example/selfupdate/wuident.cab?1205060700 - NONE/- text/html\n';
    assert.deepEqual(failures(await diagnoseLogs({ 'access.log': squid })), ['DOCTOR_PROXY_AUTHENTICATION']);
  });

  it('nginx and Apache logs show what the reverse proxy answered', async () => {
    const clf =
      '10.0.0.5 - - [06/May/2012:07:08:09 +0200] "GET /selfupdate/wuident.cab?1205060508 HTTP/1.1" 502 157 "-" "Windows-Update-Agent"\n';
    assert.deepEqual(failures(await diagnoseLogs({ 'access.log': clf })), ['DOCTOR_GATEWAY']);
  });
});

describe('logs of ISA and TMG', () => {
  const fields = 'c-ip\tcs-username\tc-agent\tdate\ttime\tr-host\tr-port\ts-operation\tcs-uri\tsc-status\trule';
  const line = (path: string, status: number) =>
    `192.168.1.20\tanonymous\tIndustry Update Control\t2006-02-01\t09:11:00\twsus.example\t80\tGET\thttp://wsus.example${path}\t${status}\tDefault rule\r\n`;
  const errors: [number, FindingCode][] = [
    [12209, 'DOCTOR_PROXY_AUTHENTICATION'],
    [12202, 'DOCTOR_FORBIDDEN'],
    [10060, 'DOCTOR_GATEWAY'],
    [11001, 'DOCTOR_GATEWAY'],
    [10054, 'DOCTOR_CONNECTION_CUT'],
  ];
  for (const [error, code] of errors) {
    it(`have tabs between values with blanks, and ${error} in place of a status is ${code}`, async () => {
      const head = `#Software: Microsoft Internet Security and Acceleration Server 2004\r\n#Fields: ${fields}\r\n`;
      const report = await diagnoseLogs({
        'ISALOG_20060201_WEB_000.w3c': head + line('/iuident.cab?0602010911', error),
      });
      assert.deepEqual(failures(report), [code]);
      assert.deepEqual(
        report.stories.map(({ client, generation }) => [client, generation]),
        [['192.168.1.20', 'SUS client']],
      );
    });
  }
});

describe('logs of servers and tools', () => {
  const events: [string, FindingCode][] = [
    ['EventId=13042,Type=Error,Category=13,Message=Self-update is not working.', 'DOCTOR_SELF_UPDATE_DOWN'],
    [
      'EventId=12022,Type=Error,Category=12,Message=The Client Web Service is not working.',
      'DOCTOR_CLIENT_WEB_SERVICE',
    ],
    ['EventId=12042,Type=Error,Category=12,Message=The SimpleAuth Web Service is not working.', 'DOCTOR_SIMPLE_AUTH'],
    ['EventId=12002,Type=Error,Category=12,Message=The Reporting Web Service is not working.', 'DOCTOR_REPORTING'],
    [
      'EventId=12052,Type=Error,Category=12,Message=The DSS Authentication Web Service is not working.',
      'DOCTOR_SERVER_EVENT',
    ],
    ['EventId=11002,Type=Error,Category=11,Message=The database is not there.', 'DOCTOR_DATABASE'],
    [
      'EventId=12072,Type=Error,Category=12,Message=The WSUS content directory is not accessible.',
      'DOCTOR_CONTENT_FOLDER',
    ],
    ['EventId=364,Type=Error,Category=2,Message=Content file download failed.', 'DOCTOR_CONTENT_MISSING'],
    ['EventId=386,Type=Error,Category=2,Message=Synchronization failed.', 'DOCTOR_SYNCHRONIZATION'],
    [
      'EventId=13032,Type=Error,Category=13,Message=Many client computers have not reported back.',
      'DOCTOR_CLIENTS_SILENT',
    ],
    ['EventId=13002,Type=Error,Category=13,Message=Clients fail to install.', 'DOCTOR_CLIENTS_FAIL'],
  ];
  for (const [text, code] of events) {
    it(`SoftwareDistribution.log with ${text.slice(0, 13)} yields ${code}`, async () => {
      const line = `2014-01-16 18:53:56.168 UTC\tError\tWsusService.15\tEventLogEventReporter.ReportEvent\t${text}\r\n`;
      assert.deepEqual(failures(await diagnoseLogs({ 'SoftwareDistribution.log': line })), [code]);
    });
  }

  it('a failed InstallSelfupdateOnPort80 is named', async () => {
    const text =
      'Microsoft (R) Windows Script Host Version 5.6\r\nSetupSelfupdateTree: Error: could not find the site bound to port 80\r\n';
    assert.deepEqual(failures(await diagnoseLogs({ 'setup.txt': text })), ['DOCTOR_PORT80_SETUP_FAILED']);
  });

  it('two authorities over one policy are named', async () => {
    const text =
      '2012-03-04\t05:06:07:890\t 848\t604\tAgent\tGroup policy settings were overwritten by a higher authority (Domain Controller) to: Server http://x:8530 and Policy ENABLED\r\n';
    assert.deepEqual(failures(await diagnoseLogs({ 'pc/WindowsUpdate.log': text })), ['DOCTOR_POLICY_OVERWRITTEN']);
  });

  it('/SKIP is in order', async () => {
    const text =
      '2016-03-04\t05:06:07:890\t 848\t604\tSetup\tSkipping SelfUpdate check based on the /SKIP directive in wuident\r\n';
    const report = await diagnoseLogs({ 'pc/WindowsUpdate.log': text });
    assert.deepEqual(failures(report), []);
    assert.ok(allCodes(report).includes('DOCTOR_SKIPPED_BY_SERVER'));
  });

  it('a failed self-update in ReportingEvents.log is named, in UTF-16 and with its meaning', async () => {
    const line =
      '{68D698EE-B4A7-4CA5-9D33-EFB2EDE6CD36}\t2008-12-13 10:37:22:371+0900\t1\t182\t101\t{D67661EB-2423-451D-BF5D-13199E37DF28}\t0\t800703e3\tSelfUpdate\tFailure\tContent Install\tInstallation Failure: Windows failed to install the following update with error 0x800703e3: Automatic Updates.\r\n';
    const report = await diagnoseLogs({ 'pc/ReportingEvents.log': Buffer.from(`\ufeff${line}`, 'utf16le') });
    assert.deepEqual(failures(report), ['DOCTOR_SETUP_ABORTED']);
  });

  it('unsent pings of urllog.dat are told, whatever wrote them', async () => {
    const text =
      'http://wsus.example\tV=1&U=4ba558bba2658743a79267d5ddd810f2&C=au&A=s&S=f&E=00000000&X=021126215909393\r\n';
    assert.deepEqual(failures(await diagnoseLogs({ 'urllog.dat': text })), ['DOCTOR_PINGS_UNSENT']);
  });

  it('a damaged gzip is said to be unreadable, and is not fatal', async () => {
    const report = await diagnoseLogs({
      'ex.log.gz': gzipSync(iis6.repeat(50)).subarray(0, 60),
      'a.log': 'nothing of interest\n',
    });
    assert.ok(allCodes(report).includes('DOCTOR_UNREADABLE'));
    assert.equal(report.verdict, 'undecided');
  });
});
