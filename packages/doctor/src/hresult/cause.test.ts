import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allCodes, diagnoseLogs, failures } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';
import { causeOf } from './cause.ts';
import { errorTable, formatHresult, meaningOf } from './error-table.ts';

/** Unexpected failures of a whole block and codes without a story of their own. */
const general = [0x80004005, 0x80240003, 0x80240004, 0x80240007, 0x80240008, 0x80240012, 0x80070032, 0x80070057];

describe('the table of error codes', () => {
  it('holds every row of the data, with code, name and meaning', () => {
    assert.ok(errorTable().size > 410);
    for (const { code, name, meaning } of errorTable().values()) {
      assert.match(code, /^0x[0-9A-F]{8}$/);
      assert.match(name, /^[A-Z][A-Za-z0-9_]+$/);
      assert.ok(meaning.length > 5);
    }
    // The ends of the list of native web services: one row off and all are.
    assert.equal(meaningOf(0x803d0000)?.name, 'WS_E_INVALID_FORMAT');
    assert.equal(meaningOf(0x803d0023)?.name, 'WS_E_SECURITY_SYSTEM_FAILURE');
  });

  it('places every code under success, a cause, or the general failure of its block', () => {
    const unplaced = [...errorTable().keys()].filter(
      (value) => causeOf(value) === 'DOCTOR_AGENT_ERROR' && !general.includes(value) && !isGeneral(value),
    );
    assert.deepEqual(unplaced.map(formatHresult), []);
  });

  it('reads any raw HTTP status, listed or not', () => {
    assert.equal(meaningOf(0x801901aa)?.name, 'BG_E_HTTP_ERROR_426');
    assert.equal(causeOf(0x80190194), 'DOCTOR_TREE_MISSING');
    assert.equal(causeOf(0x801901f9), 'DOCTOR_SERVER_ERROR');
  });

  it('takes successes for what they are', () => {
    for (const value of [0x00240001, 0x00240002, 0x00240005, 0x8024d009, 0x8024000c, 0x8024001b])
      assert.equal(causeOf(value), 'harmless');
  });
});

function isGeneral(value: number): boolean {
  const name = errorTable().get(value)?.name ?? '';
  return /UNEXPECTED$|^WU_E_(COULD|INVALID_|NOT|USER|UNSUPPORTED|NO_|CALL|REG|SYSPREP|ORPHANED|LOW|SERVICEPROP|PT_|AU_|UNINSTALL|INVENTORY)/.test(
    name,
  );
}

/** What a client's log yields for a code that ended its self-update check. */
const inALog: [number, FindingCode][] = [
  [0x80072ee7, 'DOCTOR_NAME_NOT_RESOLVED'],
  [0x8024402c, 'DOCTOR_NAME_NOT_RESOLVED'],
  [0x8024001f, 'DOCTOR_NETWORK_DOWN'],
  [0x80072efd, 'DOCTOR_CANNOT_CONNECT'],
  [0x80072ee2, 'DOCTOR_NO_ANSWER'],
  [0x80072efe, 'DOCTOR_CONNECTION_CUT'],
  [0x80072f78, 'DOCTOR_NOT_HTTP'],
  [0x80072f7c, 'DOCTOR_REDIRECTED'],
  [0x80072ee6, 'DOCTOR_WUSERVER_MALFORMED'],
  [0x80072f05, 'DOCTOR_TLS_EXPIRED'],
  [0x80072f06, 'DOCTOR_TLS_NAME'],
  [0x80072f0d, 'DOCTOR_TLS_UNTRUSTED'],
  [0x80072f19, 'DOCTOR_TLS_REVOCATION'],
  [0x80072f8f, 'DOCTOR_TLS_REFUSED'],
  [0x80072f0c, 'DOCTOR_CLIENT_CERTIFICATE'],
  [0x80090322, 'DOCTOR_TLS_NAME'],
  [0x80090328, 'DOCTOR_TLS_EXPIRED'],
  [0x803d0020, 'DOCTOR_WUSERVER_MALFORMED'],
  [0x803d0023, 'DOCTOR_TLS_HANDSHAKE'],
  [0x80240030, 'DOCTOR_PROXY_MALFORMED'],
  [0x8024401b, 'DOCTOR_PROXY_AUTHENTICATION'],
  [0x80072f86, 'DOCTOR_PROXY_SCRIPT'],
  [0x80244016, 'DOCTOR_BAD_REQUEST'],
  [0x80244017, 'DOCTOR_ANONYMOUS_OFF'],
  [0x80244018, 'DOCTOR_FORBIDDEN'],
  [0x80244019, 'DOCTOR_TREE_MISSING'],
  [0x8024401a, 'DOCTOR_METHOD_REFUSED'],
  [0x8024401c, 'DOCTOR_SERVER_BUSY'],
  [0x8024401f, 'DOCTOR_SERVER_ERROR'],
  [0x80244021, 'DOCTOR_GATEWAY'],
  [0x80244022, 'DOCTOR_SERVICE_UNAVAILABLE'],
  [0x8024401d, 'DOCTOR_HTTP_STATUS'],
  [0x80200013, 'DOCTOR_RANGES_REFUSED'],
  [0x80240038, 'DOCTOR_HTML_FOR_CABINET'],
  [0x80096010, 'DOCTOR_CABINET_ALTERED'],
  [0x800b0100, 'DOCTOR_CABINET_UNSIGNED'],
  [0x800b0109, 'DOCTOR_CABINET_WRONG_SIGNER'],
  [0x800b0101, 'DOCTOR_CABINET_EXPIRED'],
  [0x80092003, 'DOCTOR_SIGNATURE_REFUSED'],
  [0x80244007, 'DOCTOR_SOAP_FAULT'],
  [0x8024400a, 'DOCTOR_NOT_SOAP'],
  [0x80244010, 'DOCTOR_TOO_MANY_TRIPS'],
  [0x80244011, 'DOCTOR_WUSERVER_NOT_SET'],
  [0x8024002b, 'DOCTOR_SUS_SERVER'],
  [0x8024a003, 'DOCTOR_LEGACY_MODE'],
  [0x8024402a, 'DOCTOR_CLIENT_WEB_SERVICE'],
  [0x8024002e, 'DOCTOR_POLICY_BLOCKS'],
  [0x80070422, 'DOCTOR_SERVICE_DISABLED'],
  [0x80070424, 'DOCTOR_SERVICE_MISSING'],
  [0x800706ba, 'DOCTOR_DEPENDENCY_STOPPED'],
  [0x80240016, 'DOCTOR_RESTART_PENDING'],
  [0x8024d002, 'DOCTOR_SETUP_DATA_INVALID'],
  [0x8024d013, 'DOCTOR_SETUP_VERSION'],
  [0x8024d007, 'DOCTOR_SETUP_REGISTRATION'],
  [0x8024d008, 'DOCTOR_SETUP_FAILED_BEFORE'],
  [0x8024d00a, 'DOCTOR_CLIENT_UNSUPPORTED'],
  [0x8024d00e, 'DOCTOR_SETUP_RESTART'],
  [0x8024d00f, 'DOCTOR_SETUP_FAILED'],
  [0x8024d011, 'DOCTOR_SELF_UPDATE_REQUIRED'],
  [0x800703e3, 'DOCTOR_SETUP_ABORTED'],
  [0x80070005, 'DOCTOR_ACCESS_DENIED'],
  [0x80070003, 'DOCTOR_FILE_MISSING'],
  [0x80070020, 'DOCTOR_FILE_LOCKED'],
  [0x80070070, 'DOCTOR_DISK_FULL'],
  [0x8007000e, 'DOCTOR_OUT_OF_MEMORY'],
  [0x80040154, 'DOCTOR_AGENT_DAMAGED'],
  [0x80073712, 'DOCTOR_COMPONENT_STORE'],
  [0x80248002, 'DOCTOR_DATASTORE'],
  [0x80246008, 'DOCTOR_BITS'],
  [0x80246001, 'DOCTOR_DOWNLOAD_FAILED'],
  [0x80242006, 'DOCTOR_INSTALL_FAILED'],
  [0x8024000d, 'DOCTOR_METADATA_INVALID'],
  [0x8024c004, 'DOCTOR_DRIVER'],
  [0x8024f001, 'DOCTOR_REPORTER'],
  [0x80245002, 'DOCTOR_MICROSOFT_UNREACHABLE'],
  [0x80004005, 'DOCTOR_AGENT_ERROR'],
];

describe("an error in a client's log", () => {
  for (const [value, code] of inALog) {
    it(`${formatHresult(value)} is ${code}, with its meaning and its line`, async () => {
      const hex = value.toString(16);
      const report = await diagnoseLogs({
        'pc/WindowsUpdate.log':
          '2012-03-04\t05:06:07:890\t 848\t604\tSetup\tChecking for agent SelfUpdate\r\n' +
          `2012-03-04\t05:06:08:890\t 848\t604\tSetup\tFATAL: IsUpdateRequired failed with error 0x${hex}\r\n` +
          `2012-03-04\t05:06:08:890\t 848\t604\tAgent\t  * WARNING: Skipping scan, self-update check returned 0x${hex}\r\n` +
          `2012-03-04\t05:06:08:990\t 848\t604\tAU\t  # WARNING: Failed to find updates with error code ${hex}\r\n`,
      });
      assert.deepEqual(failures(report), [code]);
      assert.equal(report.findings[0]?.evidence[0]?.line, 2);
    });
  }

  it('that a later success took back is no failure any more', async () => {
    const report = await diagnoseLogs({
      'pc/WindowsUpdate.log':
        '2012-03-04\t05:06:08:890\t 848\t604\tSetup\tFATAL: IsUpdateRequired failed with error 0x80244019\r\n' +
        '2012-03-05\t05:06:08:890\t 848\t604\tSetup\tSelfUpdate check completed.  SelfUpdate is NOT required.\r\n',
    });
    assert.deepEqual(failures(report), []);
    assert.ok(allCodes(report).includes('DOCTOR_UP_TO_DATE'));
  });
});
