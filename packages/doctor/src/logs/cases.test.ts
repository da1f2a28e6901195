// Real cases with a known truth (fixtures/cases): the cause that turned out, the first step that helped, and what must not
// be said. Each kind of log adds its cases to the table.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { renderText } from '../report/text.ts';
import type { ReportVerdict } from '../report/verdict.ts';
import type { Stage } from '../story/event.ts';
import type { FindingCode } from '../words/codes.ts';
import { readLogs } from './read-logs.ts';
import { reportLogs } from './report.ts';

const folder = fileURLToPath(new URL('../../../../fixtures/cases/', import.meta.url));

interface Case {
  truth: string;
  verdict: ReportVerdict;
  /** The first finding. */
  cause: FindingCode;
  stage?: Stage;
  /** Of its steps, the one that helped; among the first two. */
  remedy: RegExp;
  /** Nowhere in the report. */
  never: RegExp;
}

const cases: Record<string, Case> = {
  '08-wu-80244021-wpad.log': {
    truth: 'a web proxy between client and server answers 502',
    verdict: 'findings',
    cause: 'DOCTOR_GATEWAY',
    stage: 'web-service',
    remedy: /proxy/i,
    never: /self-update tree|w32tm|wsusutil reset/i,
  },
  '12-wu-800b0101-tls-expired.log': {
    truth: 'the TLS certificate of the WSUS site has expired',
    verdict: 'findings',
    cause: 'DOCTOR_TLS_EXPIRED',
    stage: 'web-service',
    remedy: /renew.*certificate/i,
    never: /w32tm|self-update file|signed by/i,
  },
  '14-wu-80244008-reporting-sql.log': {
    truth: 'the server cannot store reports: its event table is too large and SQL times out',
    verdict: 'findings',
    cause: 'DOCTOR_REPORTS_REFUSED',
    stage: 'reporting',
    remedy: /server.*clean-up/i,
    never: /HTML|resetauthorization|w32tm/i,
  },
  '16-wu10-80244007-prereq.log': {
    truth: 'more installed prerequisites than maxInstalledPrerequisites allows',
    verdict: 'findings',
    cause: 'DOCTOR_TOO_MANY_INSTALLED',
    stage: 'web-service',
    remedy: /maxInstalledPrerequisites.*800/,
    never: /SusClientId|resetauthorization|www\.microsoft\.com[^/]/i,
  },
  '19-wu10-80070426-wlidsvc.log': {
    truth: 'the Microsoft Account Sign-in Assistant is disabled, so feature updates are not offered',
    verdict: 'findings',
    cause: 'DOCTOR_ACCOUNT_SERVICE',
    stage: 'auth-ticket',
    remedy: /wlidsvc/,
    never: /net start wuauserv|WUServer/i,
  },
  '20-wu-nothing-approved-2018.log': {
    truth: 'the scan works, and nothing is approved for this computer',
    verdict: 'healthy',
    cause: 'DOCTOR_NOTHING_OFFERED',
    remedy: /group.*approved/i,
    never: /Not healthy|WUServer|net stop/i,
  },
  '21-wu10-800706d9-firewall.log': {
    truth: 'the Windows Firewall service is stopped, and downloads need it',
    verdict: 'findings',
    cause: 'DOCTOR_FIREWALL_SERVICE',
    stage: 'download',
    remedy: /mpssvc/i,
    never: /WUServer|wsusutil|net stop wuauserv/i,
  },
  '28-reportingevents-80200056.log': {
    truth: 'a download was interrupted by sleep, and a retry succeeded',
    verdict: 'findings',
    cause: 'DOCTOR_DOWNLOAD_INTERRUPTED',
    stage: 'download',
    remedy: /try again/i,
    never: /wsusutil|WUServer|BITS 2\.0|missing on the server/i,
  },
};

describe('a real case', () => {
  it('is expected for every file', () => {
    const files = readdirSync(folder).filter((file) => !/\.truth\.txt$|\.md$/.test(file));
    assert.deepEqual(files.sort(), Object.keys(cases).sort());
  });

  for (const [file, { truth, verdict, cause, stage, remedy, never }] of Object.entries(cases)) {
    it(`${file}: ${truth}`, async () => {
      const report = reportLogs(await readLogs([join(folder, file)], () => {}), file);
      const [first] = report.findings;
      assert.equal(first?.code, cause);
      assert.equal(report.verdict, verdict);
      if (stage !== undefined) assert.equal(first?.stage, stage);
      assert.match((first?.remedy ?? []).slice(0, 2).join('\n'), remedy);
      assert.doesNotMatch(renderText(report, { colour: false, width: 100 }).replaceAll(/\s+/g, ' '), never);
    });
  }
});
