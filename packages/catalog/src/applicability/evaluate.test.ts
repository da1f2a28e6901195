import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseUpdateDocument } from '../metadata/index.ts';
import {
  evaluateApplicability,
  evaluateBundle,
  type MachineFacts,
  type RegistryKey,
  type RegistryValue,
} from './index.ts';

const registry: Record<string, Record<string, RegistryValue>> = {
  'HKEY_LOCAL_MACHINE\\Soft': {
    '': { type: 'REG_SZ', data: 'base' },
    Number: { type: 'REG_DWORD', data: 5 },
    Minus: { type: 'REG_DWORD', data: -1 },
    Text: { type: 'REG_SZ', data: 'Hello World' },
    Version: { type: 'REG_SZ', data: '6.3' },
    Folder: { type: 'REG_SZ', data: 'C:\\App\\' },
    Bytes: { type: 'REG_BINARY', data: new Uint8Array(1) },
  },
  'HKEY_LOCAL_MACHINE\\Loop': {},
  'HKEY_LOCAL_MACHINE\\Loop\\a': { V: { type: 'REG_DWORD', data: 1 } },
  'HKEY_LOCAL_MACHINE\\Loop\\b': { V: { type: 'REG_DWORD', data: 2 } },
};

const facts: MachineFacts = {
  platform: () => 'Windows',
  windowsVersion: () => ({
    major: 10,
    minor: 0,
    build: 19045,
    servicePackMajor: 0,
    servicePackMinor: 0,
    suiteMask: 256,
    productType: 1,
  }),
  language: () => ({ system: 'de-DE', mui: null }),
  processor: () => ({ architecture: 9 }),
  folder: (csidl) => (csidl === 38 ? 'C:\\Program Files\\' : undefined),
  file: (path) =>
    path.toLowerCase() === 'c:\\program files\\app.exe' || path === 'C:\\App\\app.exe'
      ? { sizeBytes: 100, modifiedMs: Date.UTC(2024, 0, 2), version: '1.2.3.4' }
      : null,
  registryKeyExists: (key) => nameOf(key) in registry,
  registryValue: (key, value) => registry[nameOf(key)]?.[value] ?? null,
  registrySubkeys: (key) => (nameOf(key).endsWith('Loop') ? ['a', 'b'] : null),
};

function nameOf({ hive, subkey }: RegistryKey): string {
  return `${hive}\\${subkey}`;
}

const K = 'Key="HKEY_LOCAL_MACHINE" Subkey="Soft"';

/** [rule, value of IsInstalled holding only it] */
const table: [string, boolean | undefined][] = [
  ['<True />', true],
  ['<And><True /><b.WmiQuery WqlQuery="q" /></And>', undefined],
  ['<And><False /><b.WmiQuery WqlQuery="q" /></And>', false],
  ['<Or><True /><b.WmiQuery WqlQuery="q" /></Or>', true],
  ['<Or><False /><b.WmiQuery WqlQuery="q" /></Or>', undefined],
  ['<Not><b.WmiQuery WqlQuery="q" /></Not>', undefined],
  ['<Not><False /></Not>', true],
  ['<Unheard />', undefined],
  ['<b.WindowsVersion Comparison="GreaterThanOrEqualTo" MajorVersion="6" MinorVersion="3" ProductType="1" />', true],
  ['<b.WindowsVersion Comparison="GreaterThanOrEqualTo" MajorVersion="6" MinorVersion="3" ProductType="3" />', false],
  ['<b.WindowsVersion MajorVersion="10" MinorVersion="0" />', true],
  ['<b.WindowsVersion Comparison="LessThan" MajorVersion="10" MinorVersion="1" />', true],
  ['<b.WindowsVersion Comparison="GreaterThan" BuildNumber="19045" />', false],
  ['<b.WindowsVersion SuiteMask="768" />', true],
  ['<b.WindowsVersion MajorVersion="ten" />', undefined],
  ['<b.Processor Architecture="AMD64" />', undefined],
  ['<b.SystemMetric Comparison="EqualTo" Index="tablet" Value="0" />', undefined],
  ['<b.FileExists Path="app.exe" Csidl="38" Language="en" />', undefined],
  ['<b.FileExists Path="%windir%\\app.exe" />', undefined],
  ['<b.WindowsVersion SuiteMask="768" AllSuitesMustBePresent="true" />', false],
  ['<b.WindowsLanguage Language="de" />', true],
  ['<b.WindowsLanguage Language="en" />', false],
  ['<b.MuiInstalled />', false],
  ['<b.Processor Architecture="9" />', true],
  ['<b.Processor Architecture="12" />', false],
  ['<b.Processor Architecture="9" Level="6" />', undefined],
  [`<b.RegKeyExists ${K} />`, true],
  ['<b.RegKeyExists Key="HKEY_LOCAL_MACHINE" Subkey="None" />', false],
  [`<b.RegValueExists ${K} />`, true],
  [`<b.RegValueExists ${K} Value="Bytes" Type="REG_BINARY" />`, true],
  [`<b.RegValueExists ${K} Value="Bytes" Type="REG_SZ" />`, false],
  [`<b.RegDword ${K} Value="Number" Comparison="greaterthan" Data="4" />`, true],
  [`<b.RegDword ${K} Value="Minus" Comparison="EqualTo" Data="4294967295" />`, true],
  [`<b.RegDword ${K} Value="None" Comparison="LessThan" Data="9" />`, false],
  [`<b.RegDword ${K} Value="Text" Comparison="LessThan" Data="9" />`, false],
  [`<b.RegDword ${K} Value="Number" Comparison="Nearly" Data="5" />`, undefined],
  [`<b.RegSz ${K} Value="Text" Comparison="BeginsWith" Data="Hello" />`, true],
  [`<b.RegSz ${K} Value="Text" Comparison="Contains" Data="world" />`, undefined],
  [`<b.RegSz ${K} Value="Text" Comparison="EndsWith" Data="nothing" />`, false],
  [`<b.RegExpandSz ${K} Value="Text" Comparison="BeginsWith" Data="Hello" />`, false],
  [`<b.RegSzToVersion ${K} Value="Version" Comparison="EqualTo" Data="6.3.0.0" />`, true],
  [`<b.RegSzToVersion ${K} Value="Text" Comparison="EqualTo" Data="6.3" />`, undefined],
  ['<b.FileExists Path="\\\\app.exe" Csidl="38" />', true],
  ['<b.FileExists Path="app.exe" Csidl="38" Version="1.2.3.4" Size="100" />', true],
  ['<b.FileExists Path="app.exe" Csidl="38" Version="1.2.3.5" />', false],
  ['<b.FileExists Path="app.exe" Csidl="38" Created="2024-01-01T00:00:00Z" />', undefined],
  ['<b.FileExists Path="none.exe" Csidl="38" />', false],
  ['<b.FileExists Path="app.exe" Csidl="99" />', undefined],
  ['<b.FileVersion Path="app.exe" Csidl="38" Comparison="LessThan" Version="1.10" />', true],
  ['<b.FileModified Path="app.exe" Csidl="38" Comparison="GreaterThan" Modified="2024-01-01T00:00:00" />', true],
  ['<b.FileSize Path="app.exe" Csidl="38" Comparison="GreaterThan" Size="100" />', false],
  [`<b.FileVersionPrependRegSz Path="app.exe" ${K} Value="Folder" Comparison="EqualTo" Version="1.2.3.4" />`, true],
  [`<b.FileVersionPrependRegSz Path="app.exe" ${K} Value="None" Comparison="EqualTo" Version="1.2.3.4" />`, false],
  [loop('Any', 2), true],
  [loop('All', 1), false],
  [loop('None', 3), true],
  ['<b.InstalledOnce />', undefined],
];

function loop(trueIf: string, data: number): string {
  return (
    `<b.RegKeyLoop Key="HKEY_LOCAL_MACHINE" Subkey="Loop" TrueIf="${trueIf}">` +
    `<b.RegDword Key="HKEY_LOOP_TARGET" Subkey="" Value="V" Comparison="EqualTo" Data="${data}" /></b.RegKeyLoop>`
  );
}

function core(rules: string, updateType = 'Software'): string {
  return `<UpdateIdentity UpdateID="A" RevisionNumber="1" /><Properties UpdateType="${updateType}" /><ApplicabilityRules>${rules}</ApplicabilityRules>`;
}

describe('evaluateApplicability', () => {
  for (const [rule, expected] of table) {
    it(`finds ${rule} ${expected ?? 'unknown'}`, () => {
      const { verdicts } = evaluateApplicability(core(`<IsInstalled>${rule}</IsInstalled>`), facts);
      assert.equal(verdicts[0]?.value, expected, verdicts[0]?.says);
    });
  }

  const states: [string, string, string, string][] = [
    [
      'installed wins',
      '<IsInstalled><True /></IsInstalled><IsInstallable><True /></IsInstallable>',
      'Software',
      'installed',
    ],
    [
      'installable',
      '<IsInstalled><False /></IsInstalled><IsInstallable><True /></IsInstallable>',
      'Software',
      'installable',
    ],
    [
      'not installable',
      '<IsInstalled><False /></IsInstalled><IsInstallable><False /></IsInstallable>',
      'Software',
      'not-applicable',
    ],
    [
      'superseded',
      '<IsSuperseded><True /></IsSuperseded><IsInstallable><True /></IsInstallable>',
      'Software',
      'not-applicable',
    ],
    ['a detectoid that does not hold', '<IsInstalled><False /></IsInstalled>', 'Detectoid', 'not-applicable'],
    [
      'an undecided IsInstalled',
      '<IsInstalled><b.WmiQuery WqlQuery="q" /></IsInstalled><IsInstallable><True /></IsInstallable>',
      'Software',
      'unknown',
    ],
    [
      'several rules in a section are AND',
      '<IsInstalled><True /><False /></IsInstalled><IsInstallable><True /></IsInstallable>',
      'Software',
      'installable',
    ],
    ['no rules at all', '', 'Software', 'unknown'],
    ['sections without a rule are no rules', '<IsInstalled /><IsInstallable />', 'Software', 'unknown'],
  ];
  for (const [promise, rules, type, kind] of states) {
    it(`answers ${kind}: ${promise}`, () => assert.equal(evaluateApplicability(core(rules, type), facts).kind, kind));
  }

  it('names the rule that decided', () => {
    const { because } = evaluateApplicability(
      core(
        `<IsInstalled><Not><And><True /><b.RegDword ${K} Value="Number" Comparison="EqualTo" Data="5" /><b.RegDword ${K} Value="Number" Comparison="EqualTo" Data="6" /></And></Not></IsInstalled>`,
      ),
      facts,
    );
    assert.deepEqual(because, { path: 'IsInstalled/Not/And/b.RegDword[2]', says: 'found 5, wanted EqualTo 6' });
  });

  it('reads the same from a document as from its fragment', () => {
    const docs = new URL('../../../../fixtures/captures/wsus-m0-wsusss/', import.meta.url);
    const name = 'dd78b8a1-0b20-45c1-add6-4da72e9364cf-r202';
    const document = parseUpdateDocument(readFileSync(new URL(`docs/${name}.xml`, docs), 'utf8'));
    const fragment = readFileSync(new URL(`wusp-reference/${name}.core.xml`, docs), 'utf8');
    assert.deepEqual(evaluateApplicability(document, facts), evaluateApplicability(fragment, facts));
    assert.equal(evaluateApplicability(fragment, facts).kind, 'installed');
  });

  it('never turns definite when a fact is taken away', () => {
    const names = ['registryValue', 'file', 'windowsVersion', 'folder'] as const;
    const rules = fc.letrec<{ rule: string }>((tie) => ({
      rule: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(...table.filter(([, value]) => value !== undefined).map(([rule]) => rule)),
        fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((list) => `<And>${list.join('')}</And>`),
        fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((list) => `<Or>${list.join('')}</Or>`),
        tie('rule').map((rule) => `<Not>${rule}</Not>`),
      ),
    })).rule;
    fc.assert(
      fc.property(rules, fc.constantFrom(...names), (rule, name) => {
        const text = core(`<IsInstalled>${rule}</IsInstalled>`);
        const { [name]: _, ...less } = facts;
        const full = evaluateApplicability(text, facts).verdicts[0]?.value;
        const partial = evaluateApplicability(text, less).verdicts[0]?.value;
        assert.ok(partial === undefined || partial === full);
      }),
    );
  });
});

describe('evaluateBundle', () => {
  const cases: [Parameters<typeof evaluateBundle>[0], string][] = [
    [[['installed'], ['installed', 'not-applicable']], 'installed'],
    [[['installed'], ['installable', 'not-applicable']], 'installable'],
    [[['installable'], ['not-applicable']], 'not-applicable'],
    [[['installed', 'installable']], 'unknown'],
    [[['unknown', 'not-applicable']], 'unknown'],
    [[['not-applicable'], ['unknown']], 'not-applicable'],
    [[], 'unknown'],
  ];
  for (const [clauses, expected] of cases) {
    it(`${JSON.stringify(clauses)} is ${expected}`, () => assert.equal(evaluateBundle(clauses), expected));
  }
});

describe('what is known of Windows only in part', () => {
  const partial: MachineFacts = {
    windowsVersion: () => ({ major: 10, minor: 0, build: 26100 }),
    language: () => ({ system: 'de-DE' }),
  };
  const cases: [string, boolean | undefined][] = [
    ['<b.WindowsVersion Comparison="GreaterThan" MajorVersion="6" ServicePackMajor="1" />', true],
    ['<b.WindowsVersion MajorVersion="10" ServicePackMajor="1" />', undefined],
    ['<b.WindowsVersion MajorVersion="10" ProductType="1" />', undefined],
    ['<b.WindowsVersion MajorVersion="6" ProductType="1" />', false],
    ['<b.WindowsVersion SuiteMask="256" />', undefined],
    ['<b.WindowsLanguage Language="fr" />', false],
    ['<b.WindowsLanguage Language="de" />', undefined],
    ['<b.MuiInstalled />', undefined],
    ['<b.MuiLanguageInstalled Language="de" />', undefined],
  ];
  for (const [rule, expected] of cases) {
    it(`makes ${rule} ${expected ?? 'unknown'}`, () => {
      const core = `<ApplicabilityRules><IsInstalled>${rule}</IsInstalled></ApplicabilityRules>`;
      assert.equal(evaluateApplicability(core, partial).verdicts[0]?.value, expected);
    });
  }
});
