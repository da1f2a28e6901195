// gpresult as administrators send it: case 34 is a real one (fixtures/cases), the others are of the same kind.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failures } from '../../test/diagnose.ts';
import type { FindingCode } from '../../words/codes.ts';
import { caseFile, reportOf, textOf, unknowns } from './test/sent.ts';

const applied = (names: string[]) => names.map((name) => `        ${name}\r\n`).join('');
const english = (policies: string[], refused: [string, string][], more = '') =>
  `\r\nMicrosoft (R) Windows (R) Operating System Group Policy Result tool v2.0\r\n\r\nCOMPUTER SETTINGS\r\n------------------\r\n    CN=PC7,OU=x\r\n\r\n    Applied Group Policy Objects\r\n    -----------------------------\r\n${applied(policies)}\r\n    The following GPOs were not applied because they were filtered out\r\n    -------------------------------------------------------------------\r\n${refused.map(([name, why]) => `        ${name}\r\n            Filtering:  ${why}\r\n\r\n`).join('')}    The computer is a part of the following security groups\r\n    -------------------------------------------------------\r\n        BUILTIN\\Administrators\r\n        Everyone\r\n${more}`;

describe('case 34: the policy about updates is filtered out (gpresult)', () => {
  it('the filtered policy is the cause, its rights are the first remedy', () => {
    const report = reportOf(caseFile('34-gpresult.txt'));
    assert.deepEqual(failures(report), ['DOCTOR_POLICY_FILTERED']);
    const [finding] = report.findings;
    assert.match(finding?.what ?? '', /"WSUS" does not apply.*security filtering/);
    assert.match(finding?.remedy[0] ?? '', /Read and Apply/);
    assert.doesNotMatch(textOf(caseFile('34-gpresult.txt')), /W3SVC|HTTPERR|IIS log|other logs/);
  });

  const variants: [string, string, FindingCode[], RegExp][] = [
    [
      'a WMI filter',
      english(
        ['Default Domain Policy'],
        [['Windows Update Clients', 'Denied (WMI Filter)\r\n            WMI Filter: Servers']],
      ),
      ['DOCTOR_POLICY_FILTERED'],
      /WMI filter/,
    ],
    [
      'an empty object',
      english(
        ['Default Domain Policy'],
        [
          ['SUS-Richtlinie', 'Not Applied (Empty)'],
          ['Local Group Policy', 'Not Applied (Empty)'],
        ],
      ),
      ['DOCTOR_POLICY_FILTERED'],
      /no settings for computers/,
    ],
    [
      'a disabled link',
      english(['Default Domain Policy'], [['Patch Management', 'Disabled (Link)']]),
      ['DOCTOR_POLICY_FILTERED'],
      /disabled/,
    ],
    [
      'German words',
      '\r\nCOMPUTEREINSTELLUNGEN\r\n----------------------\r\n\r\n    Angewendete Gruppenrichtlinienobjekte\r\n    --------------------------------------\r\n        Default Domain Policy\r\n\r\n    Folgende herausgefilterte Gruppenrichtlinien werden nicht angewendet.\r\n    ----------------------------------------------------------------------\r\n        WSUS-Clients\r\n            Filterung:  Verweigert (Sicherheit)\r\n\r\n    Der Computer ist Mitglied der folgenden Sicherheitsgruppen\r\n    ----------------------------------------------------------\r\n        Jeder\r\n',
      ['DOCTOR_POLICY_FILTERED'],
      /security filtering/,
    ],
    [
      'French words',
      "\r\nPARAMETRES DE L'ORDINATEUR\r\n--------------------------\r\n\r\n    Objets Stratégie de groupe appliqués\r\n    -------------------------------------\r\n        Default Domain Policy\r\n\r\n    Les objets stratégie de groupe n'ont pas été appliqués car ils ont été refusés\r\n    ------------------------------------------------------------------------------\r\n        GPO_MISES_A_JOUR\r\n            Filtrage :  Refusé (Sécurité)\r\n\r\n",
      ['DOCTOR_POLICY_FILTERED'],
      /security filtering/,
    ],
  ];
  for (const [what, text, codes, words] of variants) {
    it(`by ${what}`, () => {
      const report = reportOf(text);
      assert.deepEqual(failures(report), codes);
      assert.match(report.findings[0]?.what ?? '', words);
    });
  }

  it('what is filtered out of the policies of the user does no harm to the computer', () => {
    const user =
      '\r\nUSER SETTINGS\r\n--------------\r\n\r\n    Applied Group Policy Objects\r\n    -----------------------------\r\n        Default Domain Policy\r\n\r\n    The following GPOs were not applied because they were filtered out\r\n    -------------------------------------------------------------------\r\n        WSUS\r\n            Filtering:  Not Applied (Empty)\r\n';
    const report = reportOf(
      english(['Default Domain Policy', 'WSUS'], [['Local Group Policy', 'Not Applied (Empty)']], user),
    );
    assert.deepEqual(failures(report), []);
    assert.deepEqual(unknowns(report), ['DOCTOR_POLICY_UNCLEAR']);
  });

  it('a list without a word about updates decides nothing', () => {
    const report = reportOf(english(['Default Domain Policy'], [['Printers', 'Denied (Security)']]));
    assert.deepEqual([failures(report), unknowns(report)], [[], ['DOCTOR_POLICY_UNCLEAR']]);
  });

  const utf16 = (text: string) => [...Buffer.from(`${text}\0`, 'utf16le')].join(', ');
  const valued = (server: string, use: number) =>
    english(
      ['WSUS'],
      [],
      `\r\n    Resultant Set Of Policies for Computer\r\n    ---------------------------------------\r\n\r\n        Administrative Templates\r\n        ------------------------\r\n            GPO: WSUS\r\n                KeyName:     Software\\Policies\\Microsoft\\Windows\\WindowsUpdate\\WUServer\r\n                Value:       ${utf16(server)}\r\n                State:       Enabled\r\n\r\n            GPO: WSUS\r\n                KeyName:     Software\\Policies\\Microsoft\\Windows\\WindowsUpdate\\WUStatusServer\r\n                Value:       ${utf16(server)}\r\n                State:       Enabled\r\n\r\n            GPO: WSUS\r\n                KeyName:     Software\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU\\UseWUServer\r\n                Value:       ${use}, 0, 0, 0\r\n                State:       Enabled\r\n`,
    );

  it('the values of /v and /z are judged as those of a registry', () => {
    assert.deepEqual(reportOf(valued('http://srv01.example:8530', 1)).findings, []);
    assert.deepEqual(failures(reportOf(valued('http://srv01.example:8531', 1))), ['DOCTOR_WUSERVER_PORT']);
    assert.deepEqual(failures(reportOf(valued('http://srv01.example:8530', 0))), ['DOCTOR_USEWUSERVER_OFF']);
  });

  const page = (denied: string, settings = '') =>
    `<html dir="ltr" xmlns:v="urn:schemas-microsoft-com:vml" gpmc_reportInitialized="false"><head><title>CONTOSO\\PC7</title><style>td{}</style></head><body><div class="he1"><span class="sectionTitle">Group Policy Objects</span></div><div class="he2"><span class="sectionTitle">Applied GPOs</span></div><table><tr><th>Name</th><th>Link Location</th><th>Revision</th></tr><tr><td>Default Domain Policy</td><td>contoso.example</td><td>AD (3), SYSVOL (3)</td></tr></table><div class="he2"><span class="sectionTitle">Denied GPOs</span></div><table><tr><th>Name</th><th>Link Location</th><th>Reason Denied</th></tr>${denied}</table>${settings}</body></html>`;

  it('the page of /h is read, with the refused object and with the values', () => {
    const row =
      '<tr><td>WSUS&amp;Updates</td><td>contoso.example/PCs</td><td>Access Denied (Security Filtering)</td></tr>';
    const report = reportOf(page(row), 'gpresult.html');
    assert.deepEqual(failures(report), ['DOCTOR_POLICY_FILTERED']);
    assert.match(report.findings[0]?.what ?? '', /"WSUS&Updates".*security filtering/);
    const set =
      '<table><tr><th>Policy</th><th>Setting</th><th>Winning GPO</th></tr><tr><td>Specify intranet Microsoft update service location</td><td>Enabled</td><td>WSUS</td></tr><tr><td>Set the intranet update service for detecting updates:</td><td>http://srv01.example:8530</td></tr><tr><td>Set the intranet statistics server:</td><td>http://srv02.example:8530</td></tr></table>';
    assert.deepEqual(failures(reportOf(page('', set), 'gpresult.html')), ['DOCTOR_WUSTATUSSERVER_DIFFERS']);
  });

  it('the XML of /x is read', () => {
    const gpo = (name: string, denied: string) =>
      `<GPO><Name>${name}</Name><Enabled>true</Enabled><IsValid>true</IsValid><FilterAllowed>true</FilterAllowed><AccessDenied>${denied}</AccessDenied></GPO>`;
    const xml = `<?xml version="1.0" encoding="utf-16"?>\r\n<Rsop xmlns="http://www.microsoft.com/GroupPolicy/Rsop"><ComputerResults>${gpo('Default Domain Policy', 'false')}${gpo('WSUS', 'true')}</ComputerResults></Rsop>`;
    assert.deepEqual(failures(reportOf(Buffer.from(`\ufeff${xml}`, 'utf16le'), 'gpresult.xml')), [
      'DOCTOR_POLICY_FILTERED',
    ]);
  });
});
