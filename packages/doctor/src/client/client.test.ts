import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { observe } from '../finding.ts';
import { readRegText } from '../registry/reg-text.ts';
import { makeReport } from '../report/report.ts';
import { allCodes, failures } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';
import { observeKindOfSystem, observeOldSystem } from './agent-rungs.ts';
import { doubtMissingPolicy, judgePath, observePolicy } from './policy-rungs.ts';
import { ClientSettings, parseAuTime } from './settings.ts';
import { observeDuplicates, observeState, type StateClock } from './state-rungs.ts';

const head = 'Windows Registry Editor Version 5.00\r\n\r\n';
const policy = '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate]\r\n';
const au = '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU]\r\n';
const own = '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate]\r\n';
const auto = '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update]\r\n';
const url = 'http://wsus.example:8530';
const good = `${policy}"WUServer"="${url}"\r\n"WUStatusServer"="${url}"\r\n${au}"UseWUServer"=dword:00000001\r\n${auto}"AUState"=dword:00000002\r\n`;
const clock: StateClock = { nowMs: Date.UTC(2004, 4, 6, 12), latestMs: Date.UTC(2026, 0, 1), offsetMinutes: 60 };

function settingsOf(
  text: string,
  encode: (text: string) => Buffer = (plain) => Buffer.from(plain, 'utf8'),
): ClientSettings {
  return new ClientSettings(readRegText(encode(head + text), 'pc.reg'));
}

function reportOf(settings: ClientSettings, at: StateClock = clock) {
  return makeReport('pc', [...observePolicy(settings, 'pc'), ...observeState(settings, 'pc', at)]);
}

function withServer(address: string): string {
  return good.replaceAll(url, address);
}

const cases: [string, string, FindingCode][] = [
  ['no policy', `${auto}"AUState"=dword:00000002\r\n`, 'DOCTOR_POLICY_MISSING'],
  ['UseWUServer = 0', good.replace('dword:00000001', 'dword:00000000'), 'DOCTOR_USEWUSERVER_OFF'],
  ['UseWUServer as text', good.replace('dword:00000001', '"1"'), 'DOCTOR_USEWUSERVER_OFF'],
  ['no WUServer', `${au}"UseWUServer"=dword:00000001\r\n`, 'DOCTOR_WUSERVER_NOT_SET'],
  ['no scheme', withServer('wsus.example:8530'), 'DOCTOR_WUSERVER_MALFORMED'],
  ['a blank', withServer('http://wsus .example'), 'DOCTOR_WUSERVER_MALFORMED'],
  ['plain HTTP to the TLS port', withServer('http://wsus.example:8531'), 'DOCTOR_WUSERVER_PORT'],
  [
    'two servers',
    good.replace(`"WUStatusServer"="${url}"`, '"WUStatusServer"="http://other"'),
    'DOCTOR_WUSTATUSSERVER_DIFFERS',
  ],
  [
    'values in the 32-bit view',
    good.replaceAll('SOFTWARE\\Policies', 'SOFTWARE\\WOW6432Node\\Policies'),
    'DOCTOR_POLICY_IN_WRONG_PLACE',
  ],
  ['UseWUServer beside WUServer', good.replace(au, ''), 'DOCTOR_POLICY_IN_WRONG_PLACE'],
  ['NoAutoUpdate', good.replace(auto, `"NoAutoUpdate"=dword:00000001\r\n${auto}`), 'DOCTOR_AU_OFF'],
  [
    'DisableWindowsUpdateAccess',
    good.replace(au, `"DisableWindowsUpdateAccess"=dword:1\r\n${au}`),
    'DOCTOR_POLICY_BLOCKS',
  ],
  ['deferrals beside WSUS', good.replace(au, `"DeferFeatureUpdates"=dword:1\r\n${au}`), 'DOCTOR_DUAL_SCAN'],
  ['AUState 7', good.replace('"AUState"=dword:00000002', '"AUState"=dword:00000007'), 'DOCTOR_AUSTATE'],
  ['AUState 8', good.replace('"AUState"=dword:00000002', '"AUState"=dword:00000008'), 'DOCTOR_RESTART_PENDING'],
  ['a wait of 24 hours', `${good}"LastWaitTimeout"="2004.05.07 11:50:00"\r\n`, 'DOCTOR_WAITS_24_HOURS'],
  [
    'a wait moved by 24 hours',
    `${good}"DetectionStartTime"="2004.05.06 06:00:00"\r\n"LastWaitTimeout"="2004.05.07 05:05:00"\r\n`,
    'DOCTOR_WAITS_24_HOURS',
  ],
  ['a wait till 2037', `${good}"LastWaitTimeout"="2037.01.01 00:00:00"\r\n`, 'DOCTOR_WAIT_STUCK'],
  ['a detection long past', `${good}"LastWaitTimeout"="2004.04.01 00:00:00"\r\n`, 'DOCTOR_DETECTION_STUCK'],
  ['an empty SusClientId', `${good}${own}"SusClientId"=""\r\n`, 'DOCTOR_SUSCLIENTID_EMPTY'],
  [
    'wuauserv disabled',
    `${good}[HKLM\\SYSTEM\\CurrentControlSet\\Services\\wuauserv]\r\n"Start"=dword:4\r\n`,
    'DOCTOR_SERVICE_DISABLED',
  ],
  [
    'a remembered error',
    `${good}${auto.replace(']', '\\Results\\Detect]')}"LastError"=dword:80240022\r\n`,
    'DOCTOR_INSTALL_FAILED',
  ],
  [
    'a proxy list with blanks and slashes',
    `${good}[HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections]\r\n"WinHttpSettings"=hex:${winHttp('http:/proxy,8080')}\r\n`,
    'DOCTOR_PROXY_MALFORMED',
  ],
];

const broken: [string, string, FindingCode][] = [
  ['a blank behind the address', withServer('http://wsus.example:8530 '), 'DOCTOR_WUSERVER_MALFORMED'],
  ['port 0', withServer('http://wsus.example:0'), 'DOCTOR_WUSERVER_MALFORMED'],
  ['a value that a later line deletes', `${good}${policy}"WUServer"=-\r\n`, 'DOCTOR_WUSERVER_NOT_SET'],
  ['a key that a later line deletes', `${good}${policy.replace('[', '[-')}`, 'DOCTOR_POLICY_MISSING'],
  [
    'the policy under a user',
    good.replaceAll('HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies', 'HKEY_USERS\\S-1-5-21-1-1001\\Software\\Policies'),
    'DOCTOR_POLICY_IN_WRONG_PLACE',
  ],
  [
    'a SOFTWARE hive of another Windows',
    withServer('wsus').replaceAll('HKEY_LOCAL_MACHINE\\SOFTWARE', 'HKEY_LOCAL_MACHINE\\OFFLINE'),
    'DOCTOR_WUSERVER_MALFORMED',
  ],
  [
    'numbered control sets, of which Select names the current one',
    `${good}[HKLM\\OFF\\Select]\r\n"Current"=dword:2\r\n[HKLM\\OFF\\ControlSet001\\Services\\wuauserv]\r\n"Start"=dword:2\r\n[HKLM\\OFF\\ControlSet002\\Services\\wuauserv]\r\n"Start"=dword:4\r\n`,
    'DOCTOR_SERVICE_DISABLED',
  ],
  [
    'CryptSvc disabled',
    `${good}[HKLM\\SYSTEM\\CurrentControlSet\\Services\\CryptSvc]\r\n"Start"=dword:4\r\n`,
    'DOCTOR_SERVICE_DISABLED',
  ],
  [
    'a source policy that names Microsoft',
    `${good}${policy}"SetPolicyDrivenUpdateSourceForQualityUpdates"=dword:0\r\n`,
    'DOCTOR_DUAL_SCAN',
  ],
];

describe("a client's registry", () => {
  for (const [what, text, code] of broken) {
    it(`with ${what} has the one root ${code}`, () => assert.deepEqual(failures(reportOf(settingsOf(text))), [code]));
  }

  it("is read from PowerShell's lists, too", () => {
    const path =
      'PSPath : Microsoft.PowerShell.Core\\Registry::HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows';
    const text = `WUServer : http://wsus/x\r\nWUStatusServer : http://wsus/x\r\n${path}\\WindowsUpdate\r\n\r\nUseWUServer : 1\r\n${path}\\WindowsUpdate\\AU\r\n`;
    const settings = new ClientSettings(readRegText(Buffer.from(text), 'ps.txt'));
    assert.ok(allCodes(reportOf(settings)).includes('DOCTOR_WUSERVER_PATH'));
  });

  it('tells the kind of client by its system, its id and its times', () => {
    const ten = '[HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\r\n"CurrentMajorVersionNumber"=dword:a\r\n';
    const kinds = (text: string) =>
      observeKindOfSystem(settingsOf(text), 'pc').map(({ code, values }) => `${code} ${values.kind}`);
    assert.deepEqual(kinds(ten), ['DOCTOR_CLIENT_KIND Windows 10 or later', 'DOCTOR_NEVER_SELF_UPDATES ']);
    assert.deepEqual(kinds(`${own}"SusClientId"="x"\r\n`), ['DOCTOR_CLIENT_KIND WSUS client']);
    assert.deepEqual(kinds(`${auto}"LastWaitTimeout"="x"\r\n`), ['DOCTOR_CLIENT_KIND SUS client']);
    assert.deepEqual(kinds(good), []);
  });

  it("without any policy is not accused of missing one when the agent's own key is all that was sent and is broken", () => {
    const settings = settingsOf(`${auto}"LastWaitTimeout"="2037.01.01 00:00:00"\r\n`);
    const seen = [...observePolicy(settings, 'pc'), ...observeState(settings, 'pc', clock)];
    assert.deepEqual(failures(makeReport('pc', doubtMissingPolicy(seen, settings))), ['DOCTOR_WAIT_STUCK']);
    const alone = settingsOf(`${auto}"AUState"=dword:2\r\n`);
    assert.deepEqual(failures(makeReport('pc', doubtMissingPolicy(observePolicy(alone, 'pc'), alone))), [
      'DOCTOR_POLICY_MISSING',
    ]);
  });

  for (const [what, text, code] of cases) {
    it(`with ${what} has the one root ${code}`, () => {
      const report = reportOf(settingsOf(text));
      assert.deepEqual(failures(report), [code]);
    });
  }

  it('with a path is at fault only where something says 404 there: public servers live under a path', () => {
    const seen = observePolicy(settingsOf(withServer('http://legacyupdate.net/v6')), 'pc');
    assert.deepEqual(failures(makeReport('pc', judgePath(seen))), []);
    const missing = (status: string) =>
      observe('DOCTOR_CLIENT_WEB_SERVICE', 'fail', ['client', 'pc'], { status }, [{ source: 'a.log', text: status }]);
    assert.deepEqual(failures(makeReport('pc', judgePath([...seen, missing('404')]))), ['DOCTOR_WUSERVER_PATH']);
    assert.deepEqual(failures(makeReport('pc', judgePath([...seen, missing('500')]))), ['DOCTOR_CLIENT_WEB_SERVICE']);
  });

  it('remembers the error itself as a consequence', () => {
    const report = reportOf(
      settingsOf(`${good}${auto.replace(']', '\\Results\\Detect]')}"LastError"=dword:80244019\r\n`),
    );
    assert.deepEqual(failures(report), ['DOCTOR_TREE_MISSING']);
    assert.ok(allCodes(report).includes('DOCTOR_LAST_ERROR'));
  });

  it('that is in order yields no failure, in every encoding', () => {
    for (const encode of [
      (text: string) => Buffer.from(text, 'latin1'),
      (text: string) => Buffer.from(`\ufeff${text}`, 'utf8'),
      (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le'),
      (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
    ]) {
      const report = reportOf(settingsOf(`${good}"LastWaitTimeout"="2004.05.06 20:00:00"\r\n`, encode));
      assert.deepEqual(failures(report), []);
      assert.ok(allCodes(report).includes('DOCTOR_WAITING'));
    }
  });

  it('is read from reg query, too', () => {
    const text =
      'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\r\n    WUServer    REG_SZ    http://wsus.example:8530/wsus\r\n    WUStatusServer    REG_SZ    http://wsus.example:8530/wsus\r\n\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU\r\n    UseWUServer    REG_DWORD    0x1\r\n';
    const settings = new ClientSettings(readRegText(Buffer.from(text), 'query.txt'));
    assert.deepEqual(failures(reportOf(settings)), []);
  });

  it('with a path is at fault only where something answers 404 below it', () => {
    const settings = settingsOf(withServer('http://wsus.example/WSUS'));
    const seen = observePolicy(settings, 'pc');
    assert.deepEqual(failures(makeReport('pc', judgePath(seen))), []);
    const missing = observe('DOCTOR_TREE_MISSING', 'fail', ['client', 'pc'], {}, []);
    assert.deepEqual(failures(makeReport('pc', judgePath([...seen, missing]))), ['DOCTOR_WUSERVER_PATH']);
  });

  it('that came without a clock is not accused of being late', () => {
    const settings = settingsOf(
      `${good}"LastWaitTimeout"="2003.09.10 11:43:10"\r\n"DetectionStartTime"="2003.09.10 12:38:10"\r\n`,
    );
    assert.deepEqual(failures(reportOf(settings, { ...clock, nowMs: undefined, offsetMinutes: undefined })), []);
  });

  it('of XP without a service pack says that it cannot update itself', () => {
    const system =
      '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\r\n"CurrentVersion"="5.1"\r\n';
    assert.deepEqual(failures(makeReport('pc', observeOldSystem(settingsOf(system), 'pc'))), ['DOCTOR_CLIENT_TOO_OLD']);
    const pack = `${system}"CSDVersion"="Service Pack 2"\r\n`;
    assert.deepEqual(observeOldSystem(settingsOf(pack), 'pc'), []);
  });

  it('misses a service only where all services were exported', () => {
    const services = '[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services';
    const bits = `${services}\\BITS]\r\n"Start"=dword:3\r\n`;
    const missing = (text: string) => failures(reportOf(settingsOf(`${good}${text}`)));
    assert.deepEqual(missing(bits), []);
    assert.deepEqual(missing(`${bits}${services}\\BITS\\Performance]\r\n`), []);
    assert.deepEqual(missing(`${services}]\r\n${bits}`), ['DOCTOR_SERVICE_MISSING']);
    assert.deepEqual(missing(`${services}]\r\n${bits}${services}\\wuauserv]\r\n"Start"=dword:2\r\n`), []);
    const many = Array.from({ length: 30 }, (_, at) => `${services}\\Driver${at}]\r\n`).join('');
    assert.deepEqual(missing(`${bits}${many}`), ['DOCTOR_SERVICE_MISSING']);
  });

  it('of a service alone does not say that no policy is set', () => {
    const verdictOf = (text: string) => {
      const settings = settingsOf(text);
      return doubtMissingPolicy(observePolicy(settings, 'pc'), settings).map(({ code, verdict }) => [code, verdict]);
    };
    const bits = '[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\BITS]\r\n"Start"=dword:3\r\n';
    assert.deepEqual(verdictOf(bits), [['DOCTOR_POLICY_MISSING', 'unknown']]);
    assert.deepEqual(verdictOf(`${bits}${auto}`), [['DOCTOR_POLICY_MISSING', 'fail']]);
  });

  it('shared by clones is told', () => {
    const id = `${good}${own}"SusClientId"="6f9619ff-8b86-d011-b42d-00c04fc964ff"\r\n`;
    const machines = ['a', 'b'].map((client) => ({ client, settings: settingsOf(id) }));
    const report = makeReport('two', observeDuplicates(machines));
    assert.deepEqual(failures(report), ['DOCTOR_SUSCLIENTID_DUPLICATE']);
  });
});

describe('times of Automatic Updates', () => {
  it('are read with dots, dashes and as the page prints them', () => {
    const at = Date.UTC(2003, 8, 10, 12, 38, 10);
    for (const text of ['2003.09.10 12:38:10', '2003-09-10 12:38:10', '2003.09.10 12.38.10'])
      assert.equal(parseAuTime(text), at);
    assert.equal(parseAuTime('soon'), undefined);
  });
});

function winHttp(proxy: string): string {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(0x28, 0);
  head.writeUInt32LE(3, 8);
  head.writeUInt32LE(proxy.length, 12);
  return Buffer.concat([head, Buffer.from(proxy, 'latin1'), Buffer.alloc(4)])
    .toString('hex')
    .replaceAll(/..(?!$)/g, '$&,');
}
