// `--explain` for whatever code somebody has in hand.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorTable, formatHresult } from '../hresult/error-table.ts';
import { knownStatuses } from '../http-log/iis-statuses.ts';
import { errorCodeMeanings, soapFaults } from '../rules/soap-faults.ts';
import { type FindingCode, findingCodes } from './codes.ts';
import { explainCode } from './describe.ts';
import { serverEvents } from './server-events.ts';

const asked: [string, RegExp][] = [
  ['DOCTOR_SHAREPOINT', /^# DOCTOR_SHAREPOINT[\s\S]*managed paths/],
  ['sharepoint', /^# DOCTOR_SHAREPOINT/],
  ['0x80244019', /0x80244019 \(2149859353, or -2145107943\) WU_E_PT_HTTP_STATUS_NOT_FOUND/],
  ['80244019', /WU_E_PT_HTTP_STATUS_NOT_FOUND/],
  ['-2145107943', /WU_E_PT_HTTP_STATUS_NOT_FOUND/],
  ['2149859353', /WU_E_PT_HTTP_STATUS_NOT_FOUND/],
  ['WU_E_PT_HTTP_STATUS_NOT_FOUND', /0x80244019/],
  ['2148204801', /0x800B0101 .*CERT_E_EXPIRED/],
  ['0x80190194', /HTTP status 404/],
  ['0x80070652', /net helpmsg 1618/],
  ['0x00240005', /success|passes by itself/i],
  ['404', /HTTP status 404: it is not there[\s\S]*404\.3: the file type has no MIME type/],
  ['HTTP 404.3', /404\.3: the file type has no MIME type[\s\S]*# DOCTOR_MIME_MISSING/],
  ['500.24', /impersonation[\s\S]*First step: .*disable ASP\.NET Impersonation/],
  ['401.1.1331', /401\.1: the logon failed/],
  ['503.2', /limit of requests/],
  ['507', /HTTP status 507|Event 507/],
  ['13042', /Event 13042 of WSUS .*Self-update does not work[\s\S]*# DOCTOR_SELF_UPDATE_DOWN/],
  ['event id 12022', /Client Web Service[\s\S]*# DOCTOR_CLIENT_WEB_SERVICE/],
  ['invalidcookie', /ErrorCode InvalidCookie/],
  ['InvalidParameters', /maxInstalledPrerequisites/],
];

describe('--explain', () => {
  for (const [code, words] of asked) it(code, () => assert.match(explainCode(code), words));

  it('501 is an HTTP status and an event: both are told', () =>
    assert.match(explainCode('501'), /HTTP status 501[\s\S]*Event 501/));

  it('knows every finding, code, status, event and ErrorCode that is in a table, without a placeholder', () => {
    const all = [
      ...(Object.keys(findingCodes) as FindingCode[]),
      ...[...errorTable()].flatMap(([code, { name }]) => [formatHresult(code), name]),
      ...knownStatuses().map(({ status }) => status),
      ...Object.keys(serverEvents),
      ...Object.keys(errorCodeMeanings),
    ];
    for (const code of all) assert.doesNotMatch(explainCode(code), /\{\w+\}|undefined|from memory/, code);
  });

  it('names the finding of an ErrorCode as the rules do', () => {
    for (const errorCode of Object.keys(errorCodeMeanings)) {
      const told = explainCode(errorCode);
      for (const { when, is } of soapFaults)
        if (when.parameters?.errorCode?.test(errorCode))
          assert.match(told, new RegExp(`it is ${is}\\.`, 'i'), errorCode);
      assert.match(told, /^It is DOCTOR_/m, errorCode);
    }
    assert.match(explainCode('InvalidCookie'), /# DOCTOR_COOKIE_REFUSED/);
    assert.match(
      explainCode('InvalidParameters'),
      /With the parameter InstalledNonLeafUpdateIDs it is DOCTOR_TOO_MANY_INSTALLED/,
    );
  });

  it('tells the causes of a code by stage, where they differ', () => {
    const told = explainCode('0x800B0109');
    assert.match(told, /a scan, a call of a web service.*: DOCTOR_TLS_UNTRUSTED/);
    assert.match(told, /an installation: DOCTOR_UPDATE_SIGNATURE/);
    assert.match(told, /a self-update check: DOCTOR_CABINET_WRONG_SIGNER/);
    assert.doesNotMatch(explainCode('0x8024D00B'), /depends on what/);
  });

  it('says what it would understand, when it understands nothing', () => {
    for (const code of ['DOCTOR_NOTHING', '', 'hello', '99', '0x', '123456'])
      assert.throws(() => explainCode(code), { code: 'CLI_USAGE', message: /HRESULT.*HTTP status.*event id/ });
  });
});
