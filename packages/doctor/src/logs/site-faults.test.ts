// Request logs of servers whose whole site is at fault: told once, with its sub-status, the step of its own and an address
// that can be opened. Case 33 is a real one: fixtures/cases says where it is from.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { renderText } from '../report/text.ts';
import { allCodes, diagnoseLogs, failures } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';
import { iis6, line6 } from './test/iis6.ts';

const caseFile = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../fixtures/cases/${name}`, import.meta.url)));
const iis10 =
  '#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken\r\n';
const paths = {
  ident: '/selfupdate/wuident.cab',
  client: '/ClientWebService/client.asmx',
  auth: '/SimpleAuthWebService/SimpleAuth.asmx',
  reporting: '/ReportingWebService/ReportingWebService.asmx',
  console: '/ApiRemoting30/WebService.asmx',
};
const line = (path: string, status: string, second = 1) =>
  `2024-03-04 08:00:${String(second).padStart(2, '0')} 10.1.2.3 POST ${path} - 8530 - 10.0.0.9 Windows-Update-Agent ${status} 15\r\n`;
const logOf = (status: string, ...which: string[]) =>
  iis10 + which.map((path, index) => line(path, status, index)).join('');

describe('case 33: ASP.NET impersonation is switched on (500.24)', () => {
  it('is one finding of the site, its cause and first step are named, and nothing else is blamed', async () => {
    const report = await diagnoseLogs({ 'u_ex130304.log': caseFile('33-iis-500-24-50.log') });
    assert.deepEqual(failures(report), ['DOCTOR_CONFIGURATION_ERROR']);
    const [finding] = report.findings;
    assert.match(finding?.what ?? '', /500\.24.*ASP\.NET impersonation/);
    assert.match(finding?.remedy[0] ?? '', /Authentication.*disable ASP\.NET Impersonation.*iisreset/i);
    const text = renderText(report, { colour: false, width: 100 });
    assert.match(text, /http:\/\/localhost:8530\//);
    assert.doesNotMatch(text, /port 8530\/|InstallSelfupdateOnPort80|wsusutil reset|moult serve|Moult:/);
    assert.equal(allCodes(report).filter((code) => code === 'DOCTOR_CONFIGURATION_ERROR').length, 1);
  });
});

describe('one fault of a whole site is told once', () => {
  const all = Object.values(paths);
  const whole: [string, FindingCode, RegExp][] = [
    ['500 19 5', 'DOCTOR_CONFIGURATION_ERROR', /500\.19.*web\.config/],
    ['500 21 0', 'DOCTOR_CONFIGURATION_ERROR', /500\.21.*ASP\.NET is not registered/],
    ['500 22 0', 'DOCTOR_CONFIGURATION_ERROR', /500\.22.*httpModules/],
    ['500 23 0', 'DOCTOR_CONFIGURATION_ERROR', /500\.23.*httpHandlers/],
    ['500 50 0', 'DOCTOR_CONFIGURATION_ERROR', /500\.50.*URL Rewrite/],
    ['500 13 0', 'DOCTOR_SERVER_BUSY', /too busy/],
    ['500 0 0', 'DOCTOR_SERVER_ERROR', /every file and service \(500\)/],
    ['503 0 0', 'DOCTOR_SERVICE_UNAVAILABLE', /503: the application pool is stopped/],
    ['503 2 0', 'DOCTOR_SERVER_BUSY', /limit of requests/],
    ['503 3 0', 'DOCTOR_SERVER_BUSY', /queue of ASP\.NET/],
    ['502 3 12002', 'DOCTOR_GATEWAY', /502\.3/],
    ['401 2 5', 'DOCTOR_ANONYMOUS_OFF', /demands a logon for every file and service/],
    ['401 1 1326', 'DOCTOR_ANONYMOUS_ACCOUNT', /401\.1/],
    ['401 3 5', 'DOCTOR_FILE_ACCESS_DENIED', /401\.3/],
    ['401 5 0', 'DOCTOR_AUTHORIZATION_FILTER', /401\.5.*ISAPI/],
    ['403 4 5', 'DOCTOR_SSL_REQUIRED', /403\.4/],
    ['403 6 5', 'DOCTOR_ADDRESS_REFUSED', /403\.6/],
    ['403 7 64', 'DOCTOR_CLIENT_CERTIFICATE', /403\.7/],
    ['403 9 0', 'DOCTOR_TOO_MANY_REQUESTS', /too many clients/],
    ['403 18 0', 'DOCTOR_APPLICATION_POOL', /application pool/],
    ['404 2 1260', 'DOCTOR_REQUEST_FILTERED', /ISAPI and CGI/],
    ['404 8 0', 'DOCTOR_REQUEST_FILTERED', /hidden/],
    ['404 0 2', 'DOCTOR_WRONG_SERVER', /nothing of an update server/],
    ['413 1 0', 'DOCTOR_REQUEST_TOO_LARGE', /reads ahead/],
  ];
  for (const [status, code, words] of whole) {
    it(`${status} is ${code}`, async () => {
      const report = await diagnoseLogs({ 'u_ex.log': logOf(status, ...all) });
      assert.deepEqual(failures(report), [code]);
      assert.match(report.findings[0]?.what ?? '', words);
      assert.match(JSON.stringify(report.findings[0]?.remedy), /http:\/\/10\.1\.2\.3:8530|moult doctor server/);
    });
  }

  it('and one of all web services, where files are served, is that of the web services', async () => {
    const text = logOf('500 0 64', paths.client, paths.auth, paths.reporting) + line(paths.ident, '200 0 0', 9);
    const report = await diagnoseLogs({ 'u_ex.log': text });
    assert.deepEqual(failures(report), ['DOCTOR_WEB_SERVICES']);
    assert.match(report.findings[0]?.what ?? '', /\(500\)/);
  });

  it('and different faults stay apart', async () => {
    const text = logOf('500 0 64', paths.client) + line(paths.ident, '404 3 50', 9);
    assert.deepEqual(failures(await diagnoseLogs({ 'u_ex.log': text })).sort(), [
      'DOCTOR_CLIENT_WEB_SERVICE',
      'DOCTOR_MIME_MISSING',
    ]);
  });

  it('and one of the service of consoles alone is told as that, not as one of clients', async () => {
    const text = logOf('500 0 64', paths.console) + line(paths.ident, '200 0 0', 9) + line(paths.client, '200 0 0', 10);
    assert.deepEqual(failures(await diagnoseLogs({ 'u_ex.log': text })), ['DOCTOR_CONSOLE_SERVICE']);
  });

  it('and what came well later takes it back', async () => {
    const text =
      logOf('500 24 50', paths.ident, paths.client) +
      line(paths.ident, '200 0 0', 30) +
      line(paths.client, '200 0 0', 31);
    assert.deepEqual(failures(await diagnoseLogs({ 'u_ex.log': text })), []);
  });
});

describe('update files in a request log', () => {
  const file = '/Content/3E/2C6AB49C5353003F7CBEE327195137A8A9DA4F3E.exe';
  const get = (status: string, second: number, path = file) =>
    `2024-03-04 08:00:${String(second).padStart(2, '0')} 10.1.2.3 GET ${path} - 8530 - 10.0.0.9 Microsoft+BITS/7.8 ${status} 15\r\n`;

  it('that are not there are told with their line', async () => {
    const report = await diagnoseLogs({
      'u_ex.log': `${iis10}${line(paths.ident, '200 0 0')}${get('404 0 2', 2)}${get('200 0 0', 3, file.replace('3E/2', '3E/3'))}`,
    });
    assert.deepEqual(failures(report), ['DOCTOR_CONTENT_MISSING']);
    assert.equal(report.findings[0]?.evidence[0]?.line, 4);
    assert.match(report.findings[0]?.evidence[0]?.text ?? '', /404 0 2/);
  });

  it('that are there later are over, and those that are served say nothing', async () => {
    assert.deepEqual(
      failures(
        await diagnoseLogs({
          'u_ex.log': `${iis10}${line(paths.ident, '200 0 0')}${get('404 0 2', 2)}${get('206 0 0', 5)}`,
        }),
      ),
      [],
    );
    assert.deepEqual(
      failures(await diagnoseLogs({ 'u_ex.log': `${iis10}${line(paths.ident, '200 0 0')}${get('206 0 0', 5)}` })),
      [],
    );
  });
});

describe('HTTPERR', () => {
  const head =
    '#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n';
  const reasons: [string, string, FindingCode, RegExp][] = [
    ['503', 'AppOffline', 'DOCTOR_SERVICE_UNAVAILABLE', /AppOffline/],
    ['503', 'Disabled', 'DOCTOR_SERVICE_UNAVAILABLE', /offline/],
    ['503', 'QueueFull', 'DOCTOR_SERVICE_UNAVAILABLE', /QueueFull/],
    ['-', 'Connection_Abandoned_By_ReqQueue', 'DOCTOR_APPLICATION_POOL', /worker process ended/],
    ['-', 'Timer_AppPool', 'DOCTOR_SERVER_BUSY', /waited too long/],
    ['400', 'Hostname', 'DOCTOR_BAD_REQUEST', /400 Hostname/],
    ['503', 'ConnLimit', 'DOCTOR_TOO_MANY_REQUESTS', /limit of connections/],
    ['413', 'EntityTooLarge', 'DOCTOR_REQUEST_TOO_LARGE', /too long/],
  ];
  for (const [status, reason, code, words] of reasons) {
    for (const path of [paths.client, paths.console]) {
      it(`${reason} of ${path} is ${code}`, async () => {
        const text = `${head}2024-03-04 08:00:01 10.0.0.9 50111 10.1.2.3 8530 HTTP/1.1 POST ${path} ${status} 2 ${reason} WsusPool\r\n`;
        const report = await diagnoseLogs({ 'httperr1.log': text });
        assert.deepEqual(failures(report), [code]);
        assert.match(`${report.findings[0]?.what} ${report.findings[0]?.cause}`, words);
      });
    }
  }

  it('connections that were idle, or that clients closed, are no fault', async () => {
    const text = `${head}2024-03-04 08:00:01 10.0.0.9 50111 10.1.2.3 8530 HTTP/1.1 POST ${paths.client} - 2 Timer_ConnectionIdle WsusPool\r\n`;
    assert.deepEqual(failures(await diagnoseLogs({ 'httperr1.log': text })), []);
  });
});

describe('which product wrote the log', () => {
  it('decides which steps are shown', async () => {
    const moult = iis10.replace(
      'Microsoft Internet Information Services 10.0',
      'Moult, in the format of Microsoft Internet Information Services 10.0',
    );
    const [ours, theirs] = await Promise.all(
      [moult, iis10].map((head) => diagnoseLogs({ 'u_ex.log': head + line(paths.ident, '404 0 2') })),
    );
    const steps = (report: typeof ours) => JSON.stringify(report?.findings[0]?.remedy);
    assert.match(steps(ours), /moult tree verify/);
    assert.doesNotMatch(steps(ours), /WSUS:|IIS Manager|cscript/);
    assert.match(steps(theirs), /InstallSelfupdateOnPort80/);
    assert.doesNotMatch(steps(theirs), /Moult:/);
    const unknown = await diagnoseLogs({
      'ex.log': iis6.replace(/#Software[^\n]*\n/, '') + line6({ path: '/selfupdate/wuident.cab', status: '404 0 2' }),
    });
    assert.match(steps(unknown), /Moult:.*|WSUS:/);
  });
});

it('a WSUS client is one, also while the log of the SUS client before it lies there', async () => {
  const report = await diagnoseLogs({
    'pc/Windows Update.log':
      '2004-05-06 07:08:09  05:08:09   Success   IUCTL          Downloaded iuident.cab from http://sus/\r\n',
    'pc/WindowsUpdate.log':
      '2006-05-06\t07:09:09:890\t 848\t604\tAgent\t  * Found 0 updates and 62 categories in search; evaluated appl. rules of 8 out of 11 entities\r\n',
  });
  const words = renderText(report, { colour: false, width: 110 });
  assert.match(words, /is a WSUS client/);
  assert.doesNotMatch(words, /SUS client(?<!WSUS client)/);
});
