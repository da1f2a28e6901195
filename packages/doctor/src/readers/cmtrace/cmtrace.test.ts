// Logs of Configuration Manager, in each form: the cause by component and text, with the time in UTC.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnoseLogs, failures } from '../../test/diagnose.ts';
import type { FindingCode } from '../../words/codes.ts';
import { CmLines } from './lines.ts';

const log = (component: string, type: number, text: string, time = '10:00:00.000+000') =>
  `<![LOG[${text}]LOG]!><time="${time}" date="08-19-2026" component="${component}" context="" type="${type}" thread="4120" file="x.cpp:1">\r\n`;
const site = (component: string, text: string, time = '14:05:11.143+300') =>
  `${text}~  $$<${component}><05-11-2026 ${time}><thread=4960 (0x1360)>\r\n`;
const sync = 'SMS_WSUS_SYNC_MANAGER';
const config = 'SMS_WSUS_CONFIGURATION_MANAGER';

describe('the lines of Configuration Manager', () => {
  const take = (...lines: string[]) => {
    const reader = new CmLines();
    return lines.flatMap((line, index) => reader.take(line, index + 1) ?? []);
  };
  it('have text, component, level and time in UTC, in the form of clients', () => {
    const [entry] = take(log('WUAHandler', 3, 'It failed', '09:14:22.111-540').trim());
    assert.deepEqual(
      [entry?.text, entry?.component, entry?.level, entry?.zone, new Date(entry?.time ?? 0).toISOString()],
      ['It failed', 'WUAHandler', 'error', 'utc', '2026-08-19T00:14:22.111Z'],
    );
  });
  it('have them in the form of site servers', () => {
    const [entry] = take(site(sync, 'Sync failed: x').trim());
    assert.deepEqual(
      [entry?.text, entry?.component, new Date(entry?.time ?? 0).toISOString()],
      ['Sync failed: x', sync, '2026-05-11T19:05:11.143Z'],
    );
  });
  it('have them as the viewer copies them, with tabs, with blanks and without either', () => {
    for (const gap of ['\t', ' ', '']) {
      const [entry] = take(
        ['Scan failed with error = 0x80244022.', 'WUAHandler', '3/5/2026 9:24:51 PM', '4300 (0x10CC)'].join(gap),
      );
      assert.deepEqual(
        [entry?.component, new Date(entry?.time ?? 0).toISOString()],
        ['WUAHandler', '2026-03-05T21:24:51.000Z'],
        JSON.stringify(gap),
      );
      assert.match(entry?.text ?? '', /0x80244022/);
    }
  });
  it('may go over several lines', () => {
    const [entry] = take(
      '<![LOG[first',
      'second]LOG]!><time="10:00:00.000+000" date="08-19-2026" component="WUAHandler" context="" type="3" thread="1" file="x">',
    );
    assert.deepEqual([entry?.text, entry?.number], ['first\nsecond', 1]);
    const [server] = take(
      'System.Net.WebException: x',
      '   at System.Net.HttpWebRequest.GetResponse()',
      site(config, 'in WSUS').trim(),
    );
    assert.match(server?.text ?? '', /WebException[\s\S]*in WSUS/);
  });
});

describe('an error of Configuration Manager', () => {
  const causes: [string, string, FindingCode][] = [
    [
      'a scan that times out',
      log('WUAHandler', 3, 'OnSearchComplete - Failed to end search job. Error = 0x80072ee2.') +
        log('WUAHandler', 3, 'Scan failed with error = 0x80072ee2.'),
      'DOCTOR_NO_ANSWER',
    ],
    [
      'a scan that is told 503',
      log('ScanAgent', 3, 'ScanJob({7F0}): CScanJob::OnScanComplete - Scan Failed with Error=0x80244022'),
      'DOCTOR_SERVICE_UNAVAILABLE',
    ],
    [
      'a scan with too many trips, as the viewer copies it',
      'OnSearchComplete - Failed to end search job. Error = 0x80244010.\tWUAHandler\t05.03.2026 09:24:51\t4300 (0x10CC)\r\n',
      'DOCTOR_TOO_MANY_TRIPS',
    ],
    [
      'a conflict of policies by its code alone',
      log('WUAHandler', 3, 'Failed to Add Update Source for WUAgent of type (2) and id ({C2}). Error = 0x87d00692.'),
      'DOCTOR_POLICY_OVERWRITTEN',
    ],
    [
      'a policy file that is damaged',
      log('WUAHandler', 3, 'Unable to read existing WUA Group Policy object. Error = 0x8007000d.') +
        log('WUAHandler', 3, 'Failed to Add Update Source for WUAgent of type (2) and id ({C2}). Error = 0x8007000d.'),
      'DOCTOR_REGISTRY_POL',
    ],
    [
      'no update point for the client',
      log('LocationServices', 2, 'Calling back with empty WSUS locations list'),
      'DOCTOR_CONFIGMGR_NO_SERVER',
    ],
    [
      'a management point that does not answer',
      log(
        'LocationServices',
        3,
        '[CCMHTTP] ERROR: URL=https://mp.example/SMS_MP/.sms_aut?MPLIST, Port=443, Options=224, Code=12175, Text=ERROR_WINHTTP_SECURE_FAILURE',
      ),
      'DOCTOR_MANAGEMENT_POINT',
    ],
    [
      'no maintenance window',
      log('UpdatesDeployment', 3, 'Job error (0x87d00666) received for assignment ({A}) action'),
      'DOCTOR_CONFIGMGR_WINDOW',
    ],
    [
      'content that is on no distribution point',
      log(
        'DataTransferService',
        3,
        "CDTSJob::HandleErrors: DTS Job '{A}' BITS Job '{B}' under user 'S-1-5-18' OldErrorCount 53 NewErrorCount 54 ErrorCode 0x80190194",
      ),
      'DOCTOR_CONFIGMGR_CONTENT',
    ],
    [
      'an update that does not install',
      log('UpdatesHandler', 3, 'CBundledUpdate - Failed to install update. Error = 0x80073712'),
      'DOCTOR_COMPONENT_STORE',
    ],
    [
      'a synchronisation whose upstream is not trusted',
      site(
        sync,
        'Sync failed: UssCommunicationError: WebException: The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel. ---> System.Security.Authentication.AuthenticationException: The remote certificate is invalid according to the validation procedure.. Source: Microsoft.UpdateServices.Internal',
      ),
      'DOCTOR_UPSTREAM_TLS',
    ],
    [
      'a synchronisation whose upstream name does not resolve',
      site(
        sync,
        "Sync failed: UssCommunicationError: WebException: Der Remotename konnte nicht aufgelöst werden: 'sws.update.microsoft.com'. Source: x",
      ),
      'DOCTOR_UPSTREAM_UNREACHABLE',
    ],
    [
      'a WSUS that is not configured',
      site(
        sync,
        'Sync failed: WSUS update source not found on site P01. Please refer to WCM.log for configuration error details.. Source: getSiteUpdateSource',
      ),
      'DOCTOR_SUP_CONNECTION',
    ],
    [
      'a WSUS whose pool is stopped',
      site(
        config,
        'System.Net.WebException: The request failed with HTTP status 503: Service Unavailable.~~   at Microsoft.UpdateServices.Administration.AdminProxy.CreateUpdateServer',
      ),
      'DOCTOR_SERVICE_UNAVAILABLE',
    ],
    [
      'a WSUS that refuses the site server',
      site(config, 'System.Net.WebException: The request failed with HTTP status 401: Unauthorized.'),
      'DOCTOR_SUP_CONNECTION',
    ],
    [
      'a WSUS whose certificate is not accepted',
      site(
        config,
        'System.Net.WebException: Die zugrunde liegende Verbindung wurde geschlossen: Für den geschützten SSL/TLS-Kanal konnte keine Vertrauensstellung hergestellt werden.',
      ),
      'DOCTOR_SERVER_CERTIFICATE',
    ],
    [
      'categories that WSUS does not know',
      site(config, 'Subscription contains categories unknown to WSUS.') +
        site(config, 'Failed to set Subscriptions on the WSUS Server. Error:(-2147467259)Unspecified error'),
      'DOCTOR_SUP_CATEGORIES',
    ],
    ['a server without WSUS', site(config, 'Supported WSUS version not found'), 'DOCTOR_SUP_NO_WSUS'],
    [
      'a database that runs out of time',
      site(
        sync,
        'Sync failed: Timeout expired. The timeout period elapsed prior to completion of the operation or the server is not responding. Source: Microsoft.SystemsManagementServer',
      ),
      'DOCTOR_DATABASE_SLOW',
    ],
  ];
  const quoted: [string, string, FindingCode][] = [
    [
      'a scan',
      'OnSearchComplete - Failed to end search job. Error = 0x800b0109.\r\nScan failed with error = 0x800b0109.\r\n',
      'DOCTOR_TLS_UNTRUSTED',
    ],
    [
      'a policy',
      'Failed to Add Update Source for WUAgent of type (2) and id ({C2}). Error = 0x87d00692.\r\n',
      'DOCTOR_POLICY_OVERWRITTEN',
    ],
    [
      'a synchronisation',
      'Sync failed: UssCommunicationError: WebException: The remote name could not be resolved. Source: x\r\n',
      'DOCTOR_UPSTREAM_UNREACHABLE',
    ],
  ];
  for (const [what, text, code] of quoted) {
    it(`has a cause where it is quoted without its time and component: ${what}`, async () =>
      assert.deepEqual(failures(await diagnoseLogs({ 'quoted.txt': text })), [code]));
  }

  for (const [what, text, code] of causes) {
    it(`has a cause: ${what}`, async () => {
      const report = await diagnoseLogs({ 'PC7/CCM/Logs/some.log': text });
      assert.deepEqual(failures(report), [code]);
    });
  }

  it('is taken back by a later scan', async () => {
    const text =
      log('WUAHandler', 3, 'Scan failed with error = 0x80072ee2.') +
      log('WUAHandler', 1, 'Successfully completed scan.', '11:00:00.000+000');
    const report = await diagnoseLogs({ 'PC7/CCM/Logs/WUAHandler.log': text });
    assert.deepEqual([failures(report), report.verdict], [[], 'healthy']);
  });

  it('that nobody knows leaves the report undecided', async () => {
    const report = await diagnoseLogs({
      'PC7/CCM/Logs/UpdatesStore.log': log('UpdatesStore', 3, 'The frobnicator broke down.'),
    });
    assert.equal(report.verdict, 'undecided');
  });

  it('is about the computer of its folder', async () => {
    const report = await diagnoseLogs({
      'PC7/CCM/Logs/WUAHandler.log': log('WUAHandler', 3, 'Scan failed with error = 0x80072ee2.'),
      'PC7/CCM/Logs/ScanAgent.log': log('ScanAgent', 3, '- - -Scan Failed for ToolUniqueID={A}, with Error=0x80072ee2'),
      'PC8/Logs/WUAHandler.log': log('WUAHandler', 1, 'Successfully completed scan.'),
    });
    assert.deepEqual(
      report.findings.map(({ code, what }) => [code, /PC7|server/.test(what)]),
      [['DOCTOR_NO_ANSWER', true]],
    );
  });
});
