// Excerpts of every generation, each with one known cause: what is named first, and what is left alone beside it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allCodes, diagnoseLogs, failures } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';

/** `Component|text` → lines of WindowsUpdate.log. */
function wua(text: string): string {
  return linesOf(
    text,
    (component, words, second) => `2014-07-08\t08:30:${second}:100\t 932\t1164\t${component}\t${words}`,
  );
}

/** … of Get-WindowsUpdateLog. */
function ten(text: string): string {
  return linesOf(
    text,
    (component, words, second) => `2019/03/14 09:12:${second}.1234567 1276  3628  ${component.padEnd(16)}${words}`,
  );
}

/** … of the SUS client's log: status, component, text. */
function sus(text: string): string {
  return linesOf(text, (component, words, second) => {
    const [status = '', ...rest] = words.split('|');
    return `2003-10-15 10:14:${second}  15:14:${second}   ${status.padEnd(9)} ${component.padEnd(14)} ${rest.join('|')}`;
  });
}

function linesOf(text: string, write: (component: string, words: string, second: string) => string): string {
  const lines = text
    .trim()
    .split('\n')
    .map((line, index) => {
      const [component = '', ...words] = line.trim().split('|');
      return write(component, words.join('|'), String(index).padStart(2, '0'));
    });
  return `${lines.join('\r\n')}\r\n`;
}

const check = `
Setup|Checking for agent SelfUpdate
Setup|Client version: Core: 7.6.7600.256  Aux: 7.6.7600.256`;
const scanned = `
Setup|SelfUpdate check completed.  SelfUpdate is NOT required.
PT|  + ServiceId = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}, Server URL = http://wsus:8530/ClientWebService/client.asmx
Agent|  * Found 0 updates and 62 categories in search; evaluated appl. rules of 8 out of 11 entities`;
const busy503 = `
PT|  + ServiceId = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}, Server URL = http://wsus:8530/ClientWebService/client.asmx
PT|WARNING: GetConfig failure, error = 0x80244022, soap client error = 10, soap error code = 0, HTTP status code = 503
Agent|  * WARNING: Exit code = 0x80244022`;
const locator = `
SLS|FATAL: SLS:CSLSDownloader::GetUrl: download failed with hr = 0x80072ee7
Agent|FATAL: Caller Service Recovery failed to opt in to service 117cab2d-82b1-4b5a-a08c-4d62dbee7782, hr=0X80072EE7`;
const microsoftScan = `
Agent|ServiceID = {9482F4B4-E343-43B6-B170-9A65BC822C77} Windows Update
ProtocolTalker|ServiceId = {9482F4B4-E343-43B6-B170-9A65BC822C77}, Server URL = https://fe2.update.microsoft.com/v6/ClientWebService/client.asmx
Agent|Found 3 updates and 62 categories in search; evaluated appl. rules of 980 out of 1600 deployed entities`;

const roots: [string, string, FindingCode][] = [
  [
    "its own server's 503, not Microsoft's locator that cannot be reached beside",
    wua(locator + check + busy503),
    'DOCTOR_SERVICE_UNAVAILABLE',
  ],
  [
    'the package, where only that is missing and its address comes after the status',
    wua(`${check}
      Misc|WARNING: WinHttp: SendRequestToServerForFileInformation failed with 0x80190194
      Misc|WARNING: DownloadFileInternal failed for http://wsus:8530/selfupdate/WSUS3/x64/Win7SP1/wsus3setup.cab: error 0x80190194
      Setup|FATAL: IsUpdateRequired failed with error 0x80244019`),
    'DOCTOR_TREE_INCOMPLETE',
  ],
  [
    'the tree, where no line names an address and the scan ends with the same code',
    wua(`${check}
      Setup|FATAL: IsUpdateRequired failed with error 0x80244019
      Agent|  * WARNING: Skipping scan, self-update check returned 0x80244019
      AU|>>##  RESUMED  ## AU: Search for updates
      AU|  # WARNING: Failed to find updates with error code 80244019`),
    'DOCTOR_TREE_MISSING',
  ],
  [
    'iuident.cab, where the line names file and place apart',
    sus(
      'IUCTL|Error|Downloading iuident.cab from http://sus01/ (Error 0x80190194)\nIUCTL|Error|Unable to download iuident.cab, hr = 0x80190194',
    ),
    'DOCTOR_IUIDENT_MISSING',
  ],
  [
    'the datastore, by an error of its engine',
    wua('Agent|FATAL: Failed to initialize datastore, error = 0xC8000713'),
    'DOCTOR_DATASTORE',
  ],
  [
    'the datastore, by a Jet error',
    wua('DtaStor|WARNING: Jet error -1032 occurred opening the database'),
    'DOCTOR_DATASTORE',
  ],
  [
    'a failed search, though it ends with "Updates found = 0"',
    wua(`${check}
      Misc|WARNING: DownloadFileInternal failed for http://wsus:8530/selfupdate/wuident.cab: error 0x80072ee2
      Setup|FATAL: IsUpdateRequired failed with error 0x80072ee2
      COMAPI|  - Updates found = 0`),
    'DOCTOR_NO_ANSWER',
  ],
  [
    'the SUS server that has no wuident.cab',
    wua(`${check}
      Misc|WARNING: DownloadFileInternal failed for http://sus/selfupdate/wuident.cab: error 0x80190194
      AU|  # WARNING: Failed to find updates with error code 8024002B`),
    'DOCTOR_SUS_SERVER',
  ],
  [
    'dual scan, where a server is configured and only Microsoft is scanned',
    ten(`Agent|WSUS server: http://wsus:8530${microsoftScan}`),
    'DOCTOR_DUAL_SCAN',
  ],
  [
    "its own server's failure, which a good scan of Microsoft's does not take back",
    ten(`Agent|ServiceID = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7} Managed${busy503}${microsoftScan}`),
    'DOCTOR_SERVICE_UNAVAILABLE',
  ],
  [
    'no answer, where the event log says "unable to connect"',
    'Event ID:\t16\r\nDescription:\r\nUnable to Connect: Windows is unable to connect to the automatic updates service and therefore cannot download and install updates.\r\n',
    'DOCTOR_NO_ANSWER',
  ],
  [
    'the tree, as ClientDiag says',
    '\tConnection to server. . . . . . . . . . . . . . . . . . PASS\r\nSelfUpdate folder is missing. . . . . . . . . . . . . . . FAIL\r\n',
    'DOCTOR_TREE_MISSING',
  ],
  [
    'the service, as ClientDiag says',
    '\tAutomatic Updates Service is disabled. . . . . . . . . . FAIL\r\n',
    'DOCTOR_SERVICE_DISABLED',
  ],
  [
    'the set-up script that stopped, in any language',
    'C:\\Setup\\InstallSelfupdateOnPort80.vbs(67, 5) (null): Das System kann den angegebenen Pfad nicht finden.\r\n',
    'DOCTOR_PORT80_SETUP_FAILED',
  ],
  [
    'the disabled BITS behind a download that cannot begin',
    wua(
      `${check}${scanned}\nDnldMgr|FATAL: CreateJob failed with error 80070422\nDnldMgr|WARNING: Download job creation failed, error = 0x80246008`,
    ),
    'DOCTOR_SERVICE_DISABLED',
  ],
  ['Delivery Optimization', ten('DownloadManager|*FAILED* [80D02002] DO job failed'), 'DOCTOR_DOWNLOAD_INTERRUPTED'],
  [
    'the missing service behind an endpoint that was not found',
    wua(
      `${check}${busy503.split('\n').slice(0, 2).join('\n')}\nWS|WARNING: Nws Failure: errorCode=0x803d000d\nWS|WARNING: The server returned HTTP status code '404 (0x194)' with text 'Not Found'.`,
    ),
    'DOCTOR_CLIENT_WEB_SERVICE',
  ],
  [
    'the reporting service, where the scan before talked to another',
    wua(`${check}${scanned}\nReport|WARNING: Reporter failed to upload events with hr = 80244019.`),
    'DOCTOR_REPORTING',
  ],
  [
    'the port that nobody answers, by the code of native web services alone',
    ten(`${busy503.trim().split('\n')[0]}\nWebServices|WS error: Unable to connect. (0x803d0010)`),
    'DOCTOR_CANNOT_CONNECT',
  ],
];

describe("a client's log names as the one root", () => {
  for (const [what, text, code] of roots) {
    it(what, async () => assert.deepEqual(failures(await diagnoseLogs({ 'pc/WindowsUpdate.log': text })), [code]));
  }
});

describe("a client's log is healthy", () => {
  const healthy: [string, string, FindingCode[]][] = [
    [
      'with what a warning names in passing before and after a good scan',
      wua(
        `Driver|WARNING: Enumerating failed with 0x80070490${check}${scanned}\nAU|  # WARNING: Something small failed, error = 0x80240037`,
      ),
      ['DOCTOR_UP_TO_DATE'],
    ],
    [
      'when a service of Microsoft is not registered',
      ten(
        `DownloadManager|Download manager restoring 0 downloads\nAgent|*FAILED* [80248014] Service 8B24B027-1DEE-BABB-9A95-3517DFB9C552 is not registered${scanned}`,
      ),
      [],
    ],
    [
      'of the 5.8 agent that needs nothing',
      wua(
        'Setup|*********** Setup: Checking whether self-update is required ***********\nSetup|* IsUpdateRequired = No',
      ),
      ['DOCTOR_UP_TO_DATE'],
    ],
    [
      'where it is the notice in place of a log, which is said',
      'Windows Update logs are now generated using ETW (Event Tracing for Windows).\r\n',
      ['DOCTOR_LOG_NOT_DECODED'],
    ],
    [
      'where its converter had no symbols, which is said',
      '1600/12/31 17:00:00.0000000 1276  3628  Unknown( 10): GUID=638e22b1-a858-3f40-8a43-af2c2ff651a4 (No Format Information found).\r\n',
      ['DOCTOR_LOG_NOT_DECODED'],
    ],
    ['and asks Microsoft where no server is configured, which is said', ten(microsoftScan), ['DOCTOR_ASKS_MICROSOFT']],
  ];
  for (const [what, text, says] of healthy) {
    it(what, async () => {
      const report = await diagnoseLogs({ 'pc/WindowsUpdate.log': text });
      assert.deepEqual(failures(report), []);
      for (const code of says) assert.ok(allCodes(report).includes(code), `${code} in ${allCodes(report)}`);
    });
  }
});

describe('ReportingEvents.log', () => {
  const event = (id: string, result: string, outcome: string, message: string) =>
    `{68D698EE-B4A7-4CA5-9D33-EFB2EDE6CD36}\t2013-02-11 10:37:22:371+0100\t1\t${id}\t101\t{D67661EB-2423-451D-BF5D-13199E37DF28}\t0\t${result}\tSelfUpdate\t${outcome}\tSoftware Synchronization\t${message}\r\n`;

  it('tells of an agent that was replaced', async () => {
    const text = event('183', '0', 'Success', 'Installation Successful: Automatic Updates');
    assert.ok(allCodes(await diagnoseLogs({ 'pc/ReportingEvents.log': text })).includes('DOCTOR_SELF_UPDATED'));
  });

  it('takes "unable to connect" without a code for no answer', async () => {
    const text = event('149', '0', 'Failure', 'Unable to connect.');
    assert.deepEqual(failures(await diagnoseLogs({ 'pc/ReportingEvents.log': text })), ['DOCTOR_NO_ANSWER']);
  });
});

describe("the server's SoftwareDistribution.log", () => {
  const line = (level: string, method: string, text: string) =>
    `2009-11-20 08:20:02.214 UTC\t${level}\tWsusService.5\t${method}\t${text}\r\n`;
  const event = (id: number) =>
    line('Info', 'EventLogEventReporter.ReportEvent', `EventId=${id},Type=Error,Category=Web,Message=Not working.`);
  const read = (text: string) => diagnoseLogs({ 'SoftwareDistribution.log': text });

  it('names the web services once when none of them works', async () => {
    const report = await read([12002, 12012, 12022, 12032, 12042, 12052, 13042].map(event).join(''));
    assert.deepEqual(failures(report), ['DOCTOR_WEB_SERVICES']);
  });

  it('is read for its database and its health check, beside mirrored events', async () => {
    const sql = 'System.Data.SqlClient.SqlException: A network-related error occurred while connecting to SQL Server.';
    assert.deepEqual(failures(await read(line('Error', 'DBConnection.Open', sql))), ['DOCTOR_DATABASE']);
    const refused = 'WebException: The remote server returned an error: (403) Forbidden.';
    assert.deepEqual(failures(await read(line('Error', 'HmtWebServices.CheckReportingWebService', refused))), [
      'DOCTOR_FORBIDDEN',
    ]);
    const gone = 'WebException: The remote server returned an error: (404) Not Found.';
    const check = line('Error', 'HmtWebServices.CheckSelfUpdate', gone);
    assert.deepEqual(failures(await read(check)), ['DOCTOR_SELF_UPDATE_DOWN']);
    assert.deepEqual(failures(await read(check + event(10000))), []);
  });
});

describe('a log that was treated badly', () => {
  const text = wua(`${check}\nSetup|FATAL: IsUpdateRequired failed with error 0x80244019`);
  const wide = Buffer.from(`\ufeff${text}`, 'utf16le');
  const treated: [string, string | Buffer][] = [
    ['ends its lines with CR alone', text.replaceAll('\r\n', '\r')],
    ['ends them twice', text.replaceAll('\r\n', '\r\r\n')],
    ['begins with the zeros of a crash', Buffer.concat([Buffer.alloc(600), Buffer.from(text)])],
    ['is UTF-16 cut in the middle of a character', wide.subarray(0, wide.length - 3)],
    ['is UTF-16 without its beginning', wide.subarray(20)],
    ['is UTF-16 without its beginning, by an odd number of bytes', wide.subarray(21)],
    ['is quoted', text.replaceAll(/^/gm, '> ')],
    ['has lost its tabs', text.replaceAll(/\t */g, ' ')],
    ['names its codes in decimal', text.replace('0x80244019', '-2145107943')],
  ];
  for (const [what, content] of treated) {
    it(`and ${what} still names the cause`, async () =>
      assert.deepEqual(failures(await diagnoseLogs({ 'pc/WindowsUpdate.log': content })), ['DOCTOR_TREE_MISSING']));
  }
});

describe('what an earlier check found', () => {
  it('is not said any more once a later one failed', async () => {
    const text = wua(`${check}${scanned}${check}\nSetup|FATAL: IsUpdateRequired failed with error 0x80072ee2`);
    const report = await diagnoseLogs({ 'pc/WindowsUpdate.log': text });
    assert.deepEqual(failures(report), ['DOCTOR_NO_ANSWER']);
    assert.ok(!allCodes(report).includes('DOCTOR_UP_TO_DATE'));
  });

  it('stands in its place beside reported events, whose zone is named', async () => {
    const started =
      '2014-07-08\t08:00:00:000\t 932\t1164\tMisc\t=====  Logging initialized (build: 7.6.7600.256, tz: -0400)  =====\r\n';
    const reported =
      '{68D698EE-B4A7-4CA5-9D33-EFB2EDE6CD36}\t2014-07-08 07:59:00:000-0400\t1\t147\t101\t{00000000-0000-0000-0000-000000000000}\t0\t0\tAutomaticUpdates\tSuccess\tSoftware Synchronization\tdetected\r\n';
    const report = await diagnoseLogs({ 'pc/WindowsUpdate.log': started, 'pc/ReportingEvents.log': reported });
    assert.deepEqual(
      report.stories[0]?.events.map(({ what }) => what),
      ['detected', 'agent 7.6.7600.256 started'],
    );
  });
});
