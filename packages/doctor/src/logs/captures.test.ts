// The samples of real logs: each yields the cause its source names, and nothing is made up for a healthy one.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allCodes, failures } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';
import { readLogs } from './read-logs.ts';
import { reportLogs } from './report.ts';

const folder = fileURLToPath(new URL('../../../../fixtures/captures/logs/', import.meta.url));

interface Expected {
  fails: FindingCode[];
  says: FindingCode[];
}

const expected: Record<string, Expected> = {
  'http-v4-iuident-2003.log': { fails: [], says: ['DOCTOR_ASKS_MICROSOFT'] },
  'http-wua-wsus3setup-2009.log': { fails: [], says: ['DOCTOR_ASKS_MICROSOFT'] },
  'iis-sus-wutrack-2002.log': { fails: [], says: [] },
  'installselfupdateonport80-output.log': { fails: [], says: ['DOCTOR_TREE_HEALTHY'] },
  'proxy-v4-selfupdate-2005.log': { fails: [], says: ['DOCTOR_ASKS_MICROSOFT', 'DOCTOR_CLOCK'] },
  'reportingevents-success-2017.log': { fails: [], says: [] },
  'softwaredistribution-sync-2014.log': { fails: [], says: [] },
  'windowsupdate-agentsetup-cbs-vista-2022.log': { fails: [], says: ['DOCTOR_SELF_UPDATED', 'DOCTOR_CLIENT_KIND'] },
  'windowsupdate-selfupdate-404-2008.log': { fails: ['DOCTOR_TREE_MISSING'], says: [] },
  'windowsupdate-selfupdate-check-wua71-2008.log': { fails: [], says: ['DOCTOR_LOG_ENDS_EARLY'] },
  'windowsupdate-selfupdate-timeout-2016.log': {
    fails: ['DOCTOR_NO_ANSWER'],
    says: ['DOCTOR_WUSERVER_TRAILING_SLASH'],
  },
  'windowsupdate-simpletargeting-fault-2017.log': { fails: ['DOCTOR_SUSCLIENTID_EMPTY'], says: ['DOCTOR_SOAP_FAULT'] },
  'windowsupdate-win10-startup-2018.log': { fails: [], says: ['DOCTOR_NEVER_SELF_UPDATES'] },
};

describe('the captured logs', () => {
  it('are all expected', () => {
    assert.deepEqual(
      readdirSync(folder)
        .filter((file) => file.endsWith('.log'))
        .sort(),
      Object.keys(expected).sort(),
    );
  });

  for (const [file, { fails, says }] of Object.entries(expected)) {
    it(`${file} yields ${fails.join(', ') || 'no failure'}`, async () => {
      const report = reportLogs(await readLogs([join(folder, file)], () => {}), file);
      assert.deepEqual(failures(report), fails);
      for (const code of says) assert.ok(allCodes(report).includes(code), `${code} in ${allCodes(report)}`);
    });
  }
});
