// 2,000 packages with the proportions of a real vendor's catalog: every rule is read, and each package is for the machines that
// it was made for.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { evaluateApplicability, type MachineFacts, parseUpdateDocument } from '@moult/catalog';
import { buildDocuments } from '@moult/catalog/publication';
import { parseVendorPackage } from '@moult/catalog/vendor';
import { rulesOf } from '../src/applicability/rules.ts';
import { type GeneratedPackage, generateVendorPackages, type RuleKind, systems } from './generate-vendor-catalog.ts';

const count = 2000;

interface Machine {
  system: number;
  architecture: number;
  model: number;
  version: number;
  series: number;
}

/** Twenty of them, all different. */
const machines: Machine[] = Array.from({ length: 20 }, (_, at) => ({
  system: at % systems.length,
  architecture: at % 4 === 0 ? 0 : 9,
  model: (at * 3) % 10,
  version: at % 8,
  series: at % 3,
}));

function factsOf({ system, architecture, model, version, series }: Machine): MachineFacts {
  const windows = systems[system] ?? assert.fail();
  return {
    windowsVersion: () => windows,
    processor: () => ({ architecture }),
    wmiRowCount: (_, query) => (query.includes(`%Book ${model}%`) ? 1 : 0),
    folder: () => 'C:\\Program Files',
    file: () => ({ sizeBytes: 1, modifiedMs: 0, version: `1.${version}.0.0` }),
    registryValue: () => ({ type: 'REG_SZ', data: `S${series}` }),
  };
}

/** By the plain values of the package, without any rule. */
function expected(one: GeneratedPackage, machine: Machine): string {
  if (machine.version >= one.version && machine.series === one.series) return 'installed';
  const isSystem = one.systems.some(
    ({ system, architecture }) => system === machine.system && architecture === machine.architecture,
  );
  return isSystem && one.models.includes(machine.model) ? 'installable' : 'not-applicable';
}

describe('a catalog of 2,000 packages', () => {
  let packages: GeneratedPackage[];
  before(() => {
    packages = [...generateVendorPackages(count)];
  });

  it("has the proportions of HP's", () => {
    const text = packages.map(({ xml }) => xml).join('');
    const uses = (kind: RuleKind) => text.split(new RegExp(`<(?:lar|bar):${kind}[ >]`)).length - 1;
    const counted: [RuleKind, number][] = [
      ...([
        ['And', 18_183],
        ['WindowsVersion', 14_525],
        ['Processor', 12_696],
        ['WmiQuery', 8_295],
      ] as [RuleKind, number][]),
      ...([
        ['FileVersion', 5_934],
        ['RegSz', 5_123],
        ['Or', 2_636],
      ] as [RuleKind, number][]),
    ];
    for (const [kind, number] of counted) {
      const wanted = (number / 1829) * count;
      assert.ok(Math.abs(uses(kind) - wanted) <= wanted / 100, `${kind}: ${uses(kind)}, and ${wanted} were wanted`);
    }
    const always = text.split('AlwaysRequiresReboot').length - 1;
    assert.ok(Math.abs(always - (1226 / 1829) * count) < 2, `${always} always restart`);
  });

  it('is read whole, and on twenty machines gives the states that its values say', () => {
    const facts = machines.map(factsOf);
    const states: Record<string, number> = {};
    for (const one of packages) {
      const { content } = parseVendorPackage(one.xml);
      if ('withheld' in content) throw content.withheld;
      const rules = rulesOf(parseUpdateDocument(buildDocuments(content.publication, [], new Date(0)).at(-1) ?? ''));
      for (const [at, machine] of machines.entries()) {
        const { kind } = evaluateApplicability(rules, facts[at] ?? {});
        states[kind] = (states[kind] ?? 0) + 1;
        if (kind !== expected(one, machine))
          assert.fail(`${one.id} on machine ${at}: ${kind}, not ${expected(one, machine)}`);
      }
    }
    assert.equal(states.unknown, undefined);
    for (const kind of ['installed', 'installable', 'not-applicable'])
      assert.ok((states[kind] ?? 0) > 500, JSON.stringify(states));
  });
});
