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
  /** The first finding; of a healthy case, what is said of it. */
  cause: FindingCode;
  stage?: Stage;
  /** Of its steps, the one that helped; among the first two. What did no harm has none. */
  remedy?: RegExp;
  /** Nowhere in the report. */
  never: RegExp;
}

const cases: Record<string, Case> = {
  '02-sd-cert-expired-2013.log': {
    truth: 'the WSUS server throws update files away, because their signer has expired and KB2749655 is missing',
    verdict: 'findings',
    cause: 'DOCTOR_CONTENT_SIGNER_EXPIRED',
    stage: 'trust',
    remedy: /KB2749655/,
    never: /w32tm|TLS|proxy|wsusutil reset/i,
  },
  '04-sd-service-stop-2018.log': {
    truth: 'the service ended as two downloads of one file met, started again, and nothing has to be done',
    verdict: 'healthy',
    cause: 'DOCTOR_SHARED_DOWNLOAD',
    stage: 'download',
    never: /Not healthy|database|MSSQL|postinstall/i,
  },
  '05b-sd-simpleauth-german.log': {
    truth: 'the manual steps of KB3148812 and KB3159706 were not done on the WSUS server',
    verdict: 'findings',
    cause: 'DOCTOR_POST_INSTALL',
    stage: 'server-setup',
    remedy: /postinstall \/servicing/,
    never: /self-update tree|WUServer|MSSQL/i,
  },
  '09-wuahandler-87d00692-gpo.log': {
    truth: 'a domain policy sets another server than Configuration Manager',
    verdict: 'findings',
    cause: 'DOCTOR_POLICY_OVERWRITTEN',
    stage: 'policy',
    remedy: /Specify intranet Microsoft update service location/,
    never: /Registry\.pol|wsusutil|self-update/i,
  },
  '10-wuahandler-registry-pol.log': {
    truth: 'the local Registry.pol is damaged',
    verdict: 'findings',
    cause: 'DOCTOR_REGISTRY_POL',
    stage: 'policy',
    remedy: /Rename .*Registry\.pol/i,
    never: /WSUS server|wsusutil|wuauserv/i,
  },
  '25-event25-xml-win11.xml': {
    truth: "the client's scan does not reach a service of Microsoft",
    verdict: 'findings',
    cause: 'DOCTOR_MICROSOFT_UNREACHABLE',
    stage: 'detection',
    remedy: /firewall|proxy|reach/i,
    never: /net stop|schemas\.microsoft|win\/2004|wsusutil/i,
  },
  '36-ansible-win-updates.txt': {
    truth: 'the scan got 404 from its update server: address or path, or the service is missing',
    verdict: 'findings',
    cause: 'DOCTOR_NOT_FOUND',
    stage: 'detection',
    remedy: /WUServer|address/i,
    never: /w32tm|MSSQL|resetauthorization/i,
  },
  '37-wuahandler-800b0109-scan.log': {
    truth: 'the client does not trust the issuer of the TLS certificate of the WSUS server',
    verdict: 'findings',
    cause: 'DOCTOR_TLS_UNTRUSTED',
    stage: 'detection',
    remedy: /Trusted Root Certification Authorities/i,
    never: /w32tm|self-update file|signature of/i,
  },
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
    // Settings and request logs have their cases in inputs.test.ts and site-faults.test.ts.
    const files = readdirSync(folder).filter((file) => !/\.truth\.txt$|\.md$|^(?:23b|30|33|34)-/.test(file));
    assert.deepEqual(files.sort(), Object.keys(cases).sort());
  });

  for (const [file, { truth, verdict, cause, stage, remedy, never }] of Object.entries(cases)) {
    it(`${file}: ${truth}`, async () => {
      const report = reportLogs(await readLogs([join(folder, file)], () => {}), file);
      const [first] = [...report.findings, ...report.passes];
      assert.equal(first?.code, cause);
      assert.equal(report.verdict, verdict);
      if (stage !== undefined) assert.equal(first?.stage, stage);
      if (remedy) assert.match((first?.remedy ?? []).slice(0, 2).join('\n'), remedy);
      assert.doesNotMatch(renderText(report, { colour: false, width: 100 }).replaceAll(/\s+/g, ' '), never);
    });
  }
});
