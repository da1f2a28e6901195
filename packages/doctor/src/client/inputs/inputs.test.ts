// Settings that administrators send in, each recognised by what is in it. Cases 23b and 30 are real ones (fixtures/cases);
// the others are of the same kinds with other words.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodePolicyFile } from '@moult/formats/registry';
import { allCodes, failures } from '../../test/diagnose.ts';
import type { FindingCode } from '../../words/codes.ts';
import { settingsInputOf } from './index.ts';
import { caseFile, reportOf, textOf, unknowns } from './test/sent.ts';

describe('case 23b: WinHTTP goes directly, the user has a proxy (ClientDiag)', () => {
  it('the proxy of the user is the cause, proxycfg -u the first remedy, and the server is not blamed', () => {
    const report = reportOf(caseFile('23b-clientdiag-proxy.txt'));
    assert.deepEqual(failures(report), ['DOCTOR_PROXY_USER_ONLY']);
    const [finding] = report.findings;
    assert.match(finding?.what ?? '', /192\.0\.2\.8:8080/);
    assert.match(finding?.remedy[0] ?? '', /netsh winhttp import proxy source=ie.*proxycfg -u/);
    const text = textOf(caseFile('23b-clientdiag-proxy.txt'));
    assert.doesNotMatch(text, /start the site|WUServer names a path|Automatic Updates is turned off/i);
    assert.match(text, /0x80072efd/i);
  });

  const diag = caseFile('23b-clientdiag-proxy.txt').toString('utf8');
  const variants: [string, string, FindingCode[]][] = [
    ['no proxy at all', diag.replace('192.0.2.8:8080', 'NONE'), ['DOCTOR_CONNECTION_REFUSED']],
    ['another code', diag.replace('0x80072efd', '0x80072ee2'), ['DOCTOR_PROXY_USER_ONLY']],
    [
      'a script for the user',
      diag
        .replace('192.0.2.8:8080', 'NONE')
        .replace('Proxy . . . . . . . . .  NONE', 'Proxy . . . . . . . . .  http://wpad.example/proxy.pac'),
      ['DOCTOR_PROXY_USER_ONLY'],
    ],
    [
      'a missing tree',
      diag.replace(/VerifyWUServerURL[\s\S]*/, 'SelfUpdate folder is missing. . . . . . . . . . . . . . . FAIL\r\n'),
      ['DOCTOR_TREE_MISSING'],
    ],
    [
      'a service that is disabled',
      diag
        .replace(
          'Automatic Updates Service is running. . . . . . . . . . PASS',
          'Automatic Updates Service is disabled. . . . . . . . . . FAIL',
        )
        .replace(/VerifyWUServerURL[\s\S]*/, ''),
      ['DOCTOR_SERVICE_DISABLED'],
    ],
    [
      'UseWuServer off',
      diag.replace('UseWuServer is enabled', 'UseWuServer is disabled').replace(/VerifyWUServerURL[\s\S]*/, ''),
      ['DOCTOR_USEWUSERVER_OFF'],
    ],
    [
      'two servers',
      diag
        .replace('WUStatusServer = http://srv01', 'WUStatusServer = http://srv02')
        .replace(/VerifyWUServerURL[\s\S]*/, ''),
      ['DOCTOR_WUSTATUSSERVER_DIFFERS'],
    ],
    [
      'AU off',
      diag
        .replace('AU Option is 4: Scheduled Install', 'AU Option is 1: Disabled')
        .replace(/VerifyWUServerURL[\s\S]*/, ''),
      ['DOCTOR_AU_OFF'],
    ],
  ];
  for (const [what, text, codes] of variants) {
    it(`with ${what}: ${codes}`, () => {
      const found = failures(reportOf(text)).map((code) =>
        /CANNOT_CONNECT$/.test(code) ? 'DOCTOR_CONNECTION_REFUSED' : code,
      );
      assert.deepEqual(found, codes);
    });
  }

  it('a proxy of WinHTTP without an exception for the server is a question, with an exception none', () => {
    const proxied = diag.replace(
      'Winhttp local machine Proxy. . . . . . . . . .  NONE',
      'Winhttp local machine Proxy. . . . . . . . . .  proxy.example:3128',
    );
    const report = reportOf(proxied.replace(/VerifyWUServerURL[\s\S]*/, ''));
    assert.deepEqual(failures(report), []);
    assert.deepEqual(unknowns(report), ['DOCTOR_PROXY_BETWEEN']);
    const excepted = proxied.replace('ProxyBypass. . . . . . .  NONE', 'ProxyBypass. . . . . . .  *.example;<local>');
    assert.ok(allCodes(reportOf(excepted.replace(/VerifyWUServerURL[\s\S]*/, ''))).includes('DOCTOR_PROXY_SETTING'));
    assert.deepEqual(failures(reportOf(proxied.replace('0x80072efd', '0x8024401b'))), [
      'DOCTOR_PROXY_AUTHENTICATION',
      'DOCTOR_PROXY_BETWEEN',
    ]);
  });
});

describe('case 30: a server below a path is a working configuration', () => {
  it('is in order, and nobody is told to remove the path', () => {
    const report = reportOf(caseFile('30-legacyupdate-policy.reg'), 'policy.reg');
    assert.deepEqual(report.findings, []);
    assert.ok(allCodes(report).includes('DOCTOR_POLICY_SET'));
    const text = textOf(caseFile('30-legacyupdate-policy.reg'), 'policy.reg');
    assert.doesNotMatch(text, /shorten|remove the path|to scheme, host and port alone/i);
    assert.match(text, /legacyupdate\.net\/v6/);
  });

  const policy = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate';
  const query = (server: string, use = '0x1', status = server) =>
    `\r\n${policy}\r\n    WUServer    REG_SZ    ${server}\r\n    WUStatusServer    REG_SZ    ${status}\r\n\r\n${policy}\\AU\r\n    UseWUServer    REG_DWORD    ${use}\r\n`;
  const queries: [string, string, FindingCode[]][] = [
    ['in order', query('http://srv01.example:8530'), []],
    ['with another path', query('https://updates.example/wsus/v9'), []],
    ['with UseWUServer 0', query('http://srv01.example:8530', '0x0'), ['DOCTOR_USEWUSERVER_OFF']],
    ['with https on 8530', query('https://srv01.example:8530'), ['DOCTOR_WUSERVER_PORT']],
    ['without a scheme', query('srv01.example:8530'), ['DOCTOR_WUSERVER_MALFORMED']],
    [
      'with two servers',
      query('http://srv01.example:8530', '0x1', 'http://srv02.example:8530'),
      ['DOCTOR_WUSTATUSSERVER_DIFFERS'],
    ],
    [
      'with a group and no switch',
      `${query('http://srv01.example:8530')}`.replace(
        '    WUStatusServer',
        '    TargetGroup    REG_SZ    Berlin\r\n    WUStatusServer',
      ),
      ['DOCTOR_TARGET_GROUP'],
    ],
  ];
  for (const [what, text, codes] of queries) {
    it(`reg query ${what}`, () => assert.deepEqual(failures(reportOf(text)), codes));
  }

  it('Registry.pol sets the same, and a damaged one is the finding', () => {
    const key = 'Software\\Policies\\Microsoft\\Windows\\WindowsUpdate';
    const sz = (name: string, data: string) => ({ key, name, value: { type: 'REG_SZ' as const, data } });
    const use = (data: number) => ({
      key: `${key}\\AU`,
      name: 'UseWUServer',
      value: { type: 'REG_DWORD' as const, data },
    });
    const url = 'http://srv01.example:8530';
    const file = (data: number) =>
      Buffer.from(encodePolicyFile([sz('WUServer', url), sz('WUStatusServer', url), use(data)]));
    assert.deepEqual(reportOf(file(1), 'Registry.pol').findings, []);
    assert.deepEqual(failures(reportOf(file(0), 'a.bin')), ['DOCTOR_USEWUSERVER_OFF']);
    assert.deepEqual(failures(reportOf(file(1).subarray(0, 60), 'Registry.pol')), ['DOCTOR_REGISTRY_POL']);
    assert.deepEqual(failures(reportOf(Buffer.alloc(4096), 'Machine/registry.pol')), ['DOCTOR_REGISTRY_POL']);
    assert.match(
      textOf(Buffer.alloc(4096), 'registry.pol'),
      /Rename `C:\\Windows\\System32\\GroupPolicy\\Machine\\Registry\.pol/,
    );
    // An empty local policy is usual: nothing is said to be missing.
    assert.deepEqual(failures(reportOf(Buffer.from(encodePolicyFile([])), 'Registry.pol')), []);
  });
});

describe('netsh winhttp show proxy and proxycfg', () => {
  const texts: [string, string, FindingCode, RegExp][] = [
    [
      'English, direct',
      '\r\nCurrent WinHTTP proxy settings:\r\n\r\n    Direct access (no proxy server).\r\n',
      'DOCTOR_PROXY_SETTING',
      /directly/,
    ],
    [
      'German, direct',
      '\r\nAktuelle WinHTTP-Proxyeinstellungen:\r\n\r\n    Direktzugriff (kein Proxyserver).\r\n',
      'DOCTOR_PROXY_SETTING',
      /directly/,
    ],
    [
      'English',
      '\r\nCurrent WinHTTP proxy settings:\r\n\r\n    Proxy Server(s) :  proxy.example:8080\r\n    Bypass List     :  (none)\r\n',
      'DOCTOR_PROXY_BETWEEN',
      /proxy\.example:8080, without exceptions/,
    ],
    [
      'French',
      "\r\nParamètres proxy WinHTTP actuels :\r\n\r\n    Serveur(s) proxy :  10.1.1.1:3128\r\n    Liste d'exceptions :  <local>;*.corp.example\r\n",
      'DOCTOR_PROXY_BETWEEN',
      /10\.1\.1\.1:3128, except for <local>;\*\.corp\.example/,
    ],
    [
      'proxycfg',
      'Microsoft (R) WinHTTP Default Proxy Configuration Tool\r\nCopyright (c) Microsoft Corporation. All rights reserved.\r\n\r\nCurrent WinHTTP proxy settings under:\r\n\r\n  HKEY_LOCAL_MACHINE\\\r\n    SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections\\\r\n      WinHttpSettings :\r\n\r\n    Proxy Server(s) :  http=proxy.example:80\r\n    Bypass List     :  <local>\r\n',
      'DOCTOR_PROXY_BETWEEN',
      /http=proxy\.example:80/,
    ],
  ];
  for (const [what, text, code, words] of texts) {
    it(`${what}: a setting, and a question`, () => {
      const report = reportOf(text);
      assert.deepEqual([failures(report), unknowns(report)], [[], [code]]);
      assert.match(report.findings[0]?.what ?? '', words);
      assert.ok((report.findings[0]?.settles ?? '').length > 20);
    });
  }
  it('a proxy that WinHTTP cannot use is a fault', () => {
    assert.deepEqual(
      failures(
        reportOf(
          'Current WinHTTP proxy settings:\r\n\r\n    Proxy Server(s) :  http:/proxy:8080,x\r\n    Bypass List     :  (none)\r\n',
        ),
      ),
      ['DOCTOR_PROXY_MALFORMED'],
    );
  });
});

describe('states of services', () => {
  const sc = (name: string, state: string) =>
    `\r\nSERVICE_NAME: ${name}\r\n        TYPE               : 30  WIN32\r\n        STATE              : ${state}\r\n        WIN32_EXIT_CODE    : 0  (0x0)\r\n`;
  const qc = (name: string, start: string) =>
    `[SC] QueryServiceConfig SUCCESS\r\n\r\nSERVICE_NAME: ${name}\r\n        TYPE               : 20  WIN32_SHARE_PROCESS\r\n        START_TYPE         : ${start}\r\n        ERROR_CONTROL      : 1   NORMAL\r\n`;
  const table = (rows: string) =>
    `\r\nStatus   Name               DisplayName\r\n------   ----               -----------\r\n${rows}\r\n\r\n`;
  const texts: [string, string, FindingCode[]][] = [
    ['sc query, running', sc('wuauserv', '4  RUNNING'), []],
    ['sc query, the firewall stopped', sc('MpsSvc', '1  STOPPED'), ['DOCTOR_SERVICE_STOPPED']],
    ['sc query, stopped with unknown start type', sc('bits', '1  STOPPED'), []],
    ['sc qc, disabled', qc('wuauserv', '4   DISABLED'), ['DOCTOR_SERVICE_DISABLED']],
    ['sc qc, BITS disabled', qc('bits', '4   DISABLED'), ['DOCTOR_SERVICE_DISABLED']],
    [
      'sc query of none',
      'C:\\>sc query wuauserv\r\n[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\r\n\r\nThe specified service does not exist as an installed service.\r\n',
      ['DOCTOR_SERVICE_MISSING'],
    ],
    [
      'Get-Service',
      table('Running  wuauserv           Windows Update\r\nStopped  CryptSvc           Cryptographic Services'),
      ['DOCTOR_SERVICE_STOPPED'],
    ],
    [
      'Get-Service of a server',
      table(
        'Stopped  WsusService        WSUS Service\r\nRunning  W3SVC              World Wide Web Publishing Service',
      ),
      ['DOCTOR_SERVER_SERVICE'],
    ],
    [
      'Get-Service with start types',
      '\r\nName     Status StartType\r\n----     ------ ---------\r\nwuauserv Stopped  Disabled\r\nbits     Stopped    Manual\r\n',
      ['DOCTOR_SERVICE_DISABLED'],
    ],
    [
      'a list',
      '\r\nName        : wuauserv\r\nStatus      : Stopped\r\nStartType   : Disabled\r\n',
      ['DOCTOR_SERVICE_DISABLED'],
    ],
    [
      'Win32_Service',
      '\r\nProcessId Name     StartMode State   Status ExitCode\r\n--------- ----     --------- -----   ------ --------\r\n0         wlidsvc  Disabled  Stopped OK     1077\r\n',
      ['DOCTOR_SERVICE_DISABLED'],
    ],
    ['an error', "Get-Service : Cannot find any service with service name 'wuauserv'.\r\n", ['DOCTOR_SERVICE_MISSING']],
  ];
  for (const [what, text, codes] of texts)
    it(`${what}: ${codes}`, () => assert.deepEqual(failures(reportOf(text)), codes));

  it('name the service, why it is needed, and commands for it', () => {
    const text = textOf(qc('MpsSvc', '4   DISABLED'));
    assert.match(text, /Windows Firewall \(mpssvc\)/);
    assert.match(text, /0x800706D9/);
    assert.match(text, /Set-Service mpssvc/);
    assert.doesNotMatch(text, /wuauserv/);
  });

  it('in order are no proof that updates work', () =>
    assert.deepEqual(unknowns(reportOf(sc('wuauserv', '4  RUNNING'))), ['DOCTOR_SERVICES_READY']));
});

describe('PowerShell', () => {
  const settings = (lines: string) => `\r\nComputerName                                 : PC7\r\n${lines}\r\n`;
  it('Get-WUSettings is judged as the policy', () => {
    const good =
      'WUServer                                     : http://srv01:8530\r\nWUStatusServer                               : http://srv01:8530\r\nNoAutoUpdate                                 : 0\r\nAUOptions                                    : 3 - Notify before installation\r\nUseWUServer                                  : 1';
    assert.deepEqual(reportOf(settings(good)).findings, []);
    assert.deepEqual(failures(reportOf(settings(good.replace(/UseWUServer +: 1/, 'UseWUServer : 0')))), [
      'DOCTOR_USEWUSERVER_OFF',
    ]);
    assert.deepEqual(failures(reportOf(settings(good.replace(/NoAutoUpdate +: 0/, 'NoAutoUpdate : 1')))), [
      'DOCTOR_AU_OFF',
    ]);
    assert.deepEqual(failures(reportOf(`PS C:\\> Get-WUSettings\r\n${settings('')}`)), ['DOCTOR_POLICY_MISSING']);
  });

  const service = (name: string, id: string, managed: string, chosen: string) =>
    `Name                  : ${name}\r\nContentValidationCert : \r\nIsManaged             : ${managed}\r\nIsRegisteredWithAU    : True\r\nOffersWindowsUpdates  : True\r\nServiceID             : ${id}\r\nIsDefaultAUService    : ${chosen}\r\n\r\n`;
  const wsus = '3da21691-e39d-4da6-8a4b-b43877bcb1b7';
  const microsoft = '9482f4b4-e343-43b6-b170-9a65bc822c77';
  it('$MUSM.Services tells which service the agent asks', () => {
    const dual =
      service('Windows Server Update Service', wsus, 'True', 'False') +
      service('Windows Update', microsoft, 'False', 'True');
    assert.deepEqual(failures(reportOf(dual)), ['DOCTOR_DUAL_SCAN']);
    const good =
      service('Windows Server Update Service', wsus, 'True', 'True') +
      service('Windows Update', microsoft, 'False', 'False');
    assert.deepEqual(reportOf(good).findings, []);
    const none = service('Windows Update', microsoft, 'False', 'True');
    assert.deepEqual([failures(reportOf(none)), unknowns(reportOf(none))], [[], ['DOCTOR_ASKS_MICROSOFT']]);
    const table =
      '\r\nName                          IsDefaultAUService\r\n----                          ------------------\r\nWindows Update                              True\r\nWindows Server Update Service              False\r\n';
    assert.deepEqual(failures(reportOf(table)), ['DOCTOR_DUAL_SCAN']);
  });
});

describe('other texts', () => {
  const others = [
    '2014-07-08\t08:30:00:100\t 932\t1164\tAgent\tWARNING: Exit code = 0x80244019',
    '#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time cs-uri-stem',
    'Dear admin,\r\nmy proxy and WinHTTP do not work. Status : broken.\r\n',
    '{68D698EE-B4A7-4CA5-9D33-EFB2EDE6CD36}\t2013-02-11 10:37:22:371+0100\t1\t182\t101\t{A67661EB}\t0\t0\tx\tFailure\tx\ty',
    '<!doctype html><html><body>Under construction</body></html>',
    '',
  ];
  for (const text of others)
    it(`are left to others: ${text.slice(0, 40)}`, () => assert.equal(settingsInputOf(text), undefined));
});
