// How many computers an update is for, by what they said when they registered.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseUpdateDocument } from '../metadata/index.ts';
import { buildDocuments, parsePublication } from '../publication/index.ts';
import { matchesQuery } from './computer-query.ts';
import { type CountedSystem, estimateReach } from './index.ts';

function documentWith(installable: string, reboot = 'never') {
  const yaml = `publisher: P\nproduct: A\ntitle: T\nfiles: a.exe\ninstall: { program: a.exe, reboot: ${reboot} }\ninstalled-when: never\n${installable}`;
  return parseUpdateDocument(buildDocuments(parsePublication(yaml), [], new Date(0)).at(-1) ?? '');
}

function systemsWith(...models: [model: string, build: number, computers: number][]): CountedSystem[] {
  return models.map(([computerModel, osBuildNumber, computers]) => ({
    facts: {
      ...{ osMajorVersion: 10, osMinorVersion: 0, osBuildNumber, oldProductType: 1, processorArchitecture: 'AMD64' },
      ...{ computerManufacturer: 'Example', computerModel, osDescription: 'Windows 10 Pro' },
    },
    computers,
  }));
}

const fleet = systemsWith(['Book 5', 19045, 37], ['Book 7', 26100, 375]);

describe('the reach of an update', () => {
  const cases: [rule: string, applies: number, appliesNot: number, open: number, rules: string[]][] = [
    ['', 412, 0, 0, []],
    ['installable-when: never', 0, 412, 0, []],
    ['installable-when: { windows-version: { comparison: LessThan, major-version: 10 } }', 0, 412, 0, []],
    ['installable-when: { windows-version: { comparison: EqualTo, build-number: 19045 } }', 37, 375, 0, []],
    [
      'installable-when: { wmi-query: { wql-query: "select * from Win32_ComputerSystem where Model like \'%Book 5%\'" } }',
      37,
      375,
      0,
      [],
    ],
    ["installable-when: { wmi-query: { wql-query: 'select * from Win32_BaseBoard' } }", 0, 0, 412, ['WmiQuery']],
    [
      'installable-when: { all: [{ processor: { architecture: 0 } }, { file-exists: { path: a, csidl: 38 } }] }',
      0,
      412,
      0,
      [],
    ],
    [
      'installable-when: { all: [{ windows-version: { build-number: 19045 } }, { file-exists: { path: a, csidl: 38 } }] }',
      0,
      375,
      37,
      ['FileExists'],
    ],
  ];
  for (const [rule, applies, appliesNot, open, openRules] of cases) {
    it(`with ${rule || 'no condition'} is ${applies} of 412, ${open} open`, () => {
      const reach = estimateReach(documentWith(rule), fleet);
      assert.deepEqual(
        [reach.computers, reach.applies, reach.appliesNot, reach.open, reach.openRules],
        [412, applies, appliesNot, open, openRules],
      );
      assert.equal(reach.isUnlimited, rule === '');
    });
  }

  it('says whether it restarts', () => {
    for (const reboot of ['never', 'can', 'always'] as const)
      assert.equal(estimateReach(documentWith('', reboot), []).restart, reboot);
  });

  it('leaves computers open that said nothing, and other systems out', () => {
    const rule = documentWith(
      'installable-when: { windows-version: { comparison: GreaterThanOrEqualTo, major-version: 6 } }',
    );
    const reach = estimateReach(rule, [
      { facts: {}, computers: 3 },
      { facts: { osDescription: 'Linux 6.1', osMajorVersion: 6, osBuildNumber: 0 }, computers: 2 },
    ]);
    assert.deepEqual([reach.applies, reach.appliesNot, reach.open], [0, 2, 3]);
  });
});

describe('a WMI query about the model', () => {
  const computer = { Manufacturer: 'Hewlett-Packard', Model: 'HP EliteBook 840 G1' };
  const cases: [query: string, rows: number | undefined][] = [
    ['select * from Win32_ComputerSystem', 1],
    ["SELECT Model FROM win32_computersystem WHERE Model = 'hp elitebook 840 g1'", 1],
    ['select * from Win32_ComputerSystem where (Model Like "%EliteBook 8_0%")', 1],
    ["select * from Win32_ComputerSystem where Model like '%ProBook%' or Manufacturer like 'Hewlett%'", 1],
    ["select * from Win32_ComputerSystem where not Model like '%ProBook%' and Manufacturer <> 'Dell Inc.'", 1],
    ["select * from Win32_ComputerSystem where Model like '%ProBook%' and Manufacturer like 'H%'", 0],
    ["select * from Win32_ComputerSystem where Model like '[H]P%'", undefined],
    ["select * from Win32_ComputerSystem where Domain = 'x'", undefined],
    ["select * from Win32_ComputerSystem where Model > 'a'", undefined],
    ["select * from Win32_ComputerSystem where Model = 'a' garbage", undefined],
    ['select * from Win32_BaseBoard', undefined],
  ];
  for (const [query, rows] of cases)
    it(`${query} gives ${rows}`, () => assert.equal(matchesQuery('root\\cimv2', query, computer), rows));

  it('with a pattern made to take long ends at once', () => {
    const pattern = '%a'.repeat(1500);
    const start = performance.now();
    matchesQuery('root\\cimv2', `select * from Win32_ComputerSystem where Model like '${pattern}b'`, {
      ...computer,
      Model: 'a'.repeat(2000),
    });
    assert.ok(performance.now() - start < 2000);
  });

  it('in another namespace or without a known model is not known', () => {
    assert.equal(matchesQuery('root\\wmi', 'select * from Win32_ComputerSystem', computer), undefined);
    assert.equal(
      matchesQuery('root\\cimv2', "select * from Win32_ComputerSystem where Model = 'x'", {
        ...computer,
        Model: undefined,
      }),
      undefined,
    );
  });
});
