import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CatalogError } from '../errors.ts';
import { evaluateApplicability, readRecordedFacts } from './index.ts';

const facts = readRecordedFacts(
  JSON.stringify({
    windowsVersion: {
      major: 10,
      minor: 0,
      build: 26100,
      servicePackMajor: 0,
      servicePackMinor: 0,
      suiteMask: 256,
      productType: 1,
    },
    folders: { 38: 'C:\\Program Files' },
    files: { 'C:\\Program Files\\App\\app.exe': { sizeBytes: 5, modified: '2024-01-01T00:00:00Z', version: '2.0' } },
    registry: { 'HKEY_LOCAL_MACHINE\\Software\\App\\One': { Version: { type: 'REG_DWORD', data: 7 } } },
    msiProducts: { '{aaaaaaaa-0000-0000-0000-000000000000}': { version: '1.2.3', features: ['Main'] } },
    packages: { 'dpkg:openssl': '3.5' },
  }),
);

function holds(rule: string): boolean | undefined {
  const core = `<UpdateIdentity UpdateID="A" RevisionNumber="1" /><Properties UpdateType="Software" /><ApplicabilityRules><IsInstalled>${rule}</IsInstalled></ApplicabilityRules>`;
  return evaluateApplicability(core, facts).verdicts[0]?.value;
}

describe('recorded facts', () => {
  const cases: [string, boolean | undefined][] = [
    ['<b.WindowsVersion Comparison="GreaterThanOrEqualTo" BuildNumber="26100" />', true],
    ['<b.FileVersion Path="app\\APP.exe" Csidl="38" Comparison="EqualTo" Version="2" />', true],
    ['<b.FileExists Path="none" Csidl="38" />', false],
    ['<b.RegKeyExists Key="HKEY_LOCAL_MACHINE" Subkey="SOFTWARE\\app" />', true],
    [
      '<b.RegDword Key="HKEY_LOCAL_MACHINE" Subkey="software\\app\\one" Value="version" Comparison="EqualTo" Data="7" />',
      true,
    ],
    [
      '<b.RegKeyLoop Key="HKEY_LOCAL_MACHINE" Subkey="Software\\App" TrueIf="Any"><b.RegDword Key="HKEY_LOOP_TARGET" Subkey="" Value="Version" Comparison="EqualTo" Data="7" /></b.RegKeyLoop>',
      true,
    ],
    ['<b.RegKeyExists Key="HKEY_LOCAL_MACHINE" Subkey="Software\\App\\Two" />', false],
    ['<m.MsiProductInstalled ProductCode="{AAAAAAAA-0000-0000-0000-000000000000}" />', true],
    [
      '<m.MsiFeatureInstalledForProduct><m.Feature>Main</m.Feature><m.Product>{AAAAAAAA-0000-0000-0000-000000000000}</m.Product></m.MsiFeatureInstalledForProduct>',
      true,
    ],
    [
      '<m.MsiPatchInstalledForProduct PatchCode="{P}" ProductCode="{AAAAAAAA-0000-0000-0000-000000000000}" />',
      undefined,
    ],
    ['<m.MsiProductInstalled ProductCode="{B}" />', false],
    ['<PackageVersion Manager="dpkg" Name="openssl" />', true],
    ['<b.Processor Architecture="9" />', undefined],
    ['<b.WmiQuery WqlQuery="x" />', undefined],
  ];
  for (const [rule, expected] of cases) {
    it(`find ${rule} ${expected ?? 'unknown'}`, () => assert.equal(holds(rule), expected));
  }

  it('that are no JSON object are refused', () => {
    for (const text of ['', '[]', 'null']) {
      assert.throws(
        () => readRecordedFacts(text),
        (error) => error instanceof CatalogError && error.code === 'CATALOG_BAD_FACTS',
      );
    }
  });
});
