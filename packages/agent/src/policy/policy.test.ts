// Every value × every source × precedence, and the files that policy is read from.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { encodePolicyFile, encodeRegistryChanges, type PolicyInstruction, removal } from '@moult/formats/registry';
import { moultBrand } from '@moult/protocol/self-update';
import { keys } from '../machine/keys.ts';
import { machineRoot } from '../machine/machine-root.ts';
import { readPolicy } from '../machine/policy.ts';
import { openRegistry } from '../machine/registry.ts';
import type { RegistryValue } from '../machine/registry-text.ts';
import { readPolicyFiles } from './files.ts';
import { managementNode } from './management-nodes.ts';
import { readAgentPolicy } from './read-agent-policy.ts';
import type { ResolvedValue } from './resolve.ts';
import { type PolicyValue, policyValues } from './values.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-policy-'));
after(() => rmSync(folder, { recursive: true }));
let machines = 0;

interface Sources {
  registry?: [key: string, name: string, data: number | string][];
  groupPolicy?: PolicyInstruction[] | Buffer;
  config?: unknown;
}

const absolute = { policy: keys.policy, au: keys.policyAu, maintenance: keys.maintenance };
const relative = { policy: keys.policy.slice(5), au: keys.policyAu.slice(5), maintenance: keys.maintenance.slice(5) };

function asValue(data: number | string): RegistryValue {
  return typeof data === 'number' ? { type: 'REG_DWORD', data } : { type: 'REG_SZ', data };
}

function machine({ registry = [], groupPolicy, config }: Sources) {
  const root = machineRoot(join(folder, String(++machines)));
  const write = (file: string, bytes: Uint8Array | string) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  };
  const changes = registry.map(([key, name, data]) => ({ key, name, value: asValue(data) }));
  write(root.registryFile ?? '', encodeRegistryChanges(changes));
  if (groupPolicy) {
    write(root.groupPolicyFile, Buffer.isBuffer(groupPolicy) ? groupPolicy : encodePolicyFile(groupPolicy));
  }
  if (config !== undefined) write(root.policyConfig, typeof config === 'string' ? config : JSON.stringify(config));
  return root;
}

function resolved(sources: Sources): Map<string, ResolvedValue> {
  return new Map(readAgentPolicy(machine(sources)).values.map((one) => [one.name, one]));
}

/** Two different values that it may have, neither of them the default. */
function samples({ type, ranges, fallback, maxCharacters }: PolicyValue): (number | string)[] {
  if (type === 'text') return ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(Math.min(3, maxCharacters)));
  const all = ranges.flatMap(([from, to]) => Array.from({ length: Math.min(to - from + 1, 8) }, (_, at) => from + at));
  const others = all.filter((one) => one !== fallback);
  return [...others, ...others, ...others, ...others].slice(0, 4);
}

describe('every value of the policy', () => {
  it('is there once, each with what it may be', () => {
    assert.equal(new Set(policyValues.map(({ name }) => name.toLowerCase())).size, policyValues.length);
    assert.ok(policyValues.length >= 100, String(policyValues.length));
    const names = new Set(policyValues.map(({ name }) => name));
    for (const { name, needs } of policyValues) {
      for (const need of needs.flatMap((one) => one.split('|'))) {
        assert.ok(names.has(/^\w+?(?=!?=)/.exec(need)?.[0] ?? ''), `${name} needs ${need}`);
      }
    }
  });

  it('that the agent only shows is named in docs/agent.md', () => {
    const page = readFileSync(new URL('../../../../docs/agent.md', import.meta.url), 'utf8');
    const [, table = ''] = page.split(/^### (?:Values that the agent only shows|Policy files)$/m);
    const named = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    const shown = policyValues.filter(({ obeyed }) => !obeyed).map(({ name }) => name);
    assert.deepEqual(named.toSorted(), shown.toSorted());
  });

  for (const value of policyValues) {
    it(`${value.name}: group policy, registry, device management, config file, default`, () => {
      const [first = 0, second = 0, third = 0, fourth = 0] = samples(value);
      const registry: Sources['registry'] = [[absolute[value.key], value.name.toUpperCase(), second]];
      const node = managementNode(value.name);
      // The node of this name has the text, and implies the switch.
      const named = value.name === 'TargetReleaseVersion' ? 'TargetRelease' : value.name;
      const managed: Sources['registry'] = [[keys.management, node ?? named, third]];
      const config = { [value.name]: fourth };
      const groupPolicy = [{ key: relative[value.key], name: value.name.toLowerCase(), value: asValue(first) }];
      const all = { registry: [...registry, ...managed], groupPolicy, config };
      const of = (sources: Sources) => {
        const known = resolved(sources).get(value.name);
        return [known?.value, known?.origin, known?.fault];
      };
      assert.deepEqual(of(all), [first, 'group policy', '']);
      assert.deepEqual(of({ ...all, groupPolicy: [] }), [second, 'registry', '']);
      // Without a node it is nothing that device management could have set.
      const besides = node === undefined ? [fourth, 'config file', ''] : [third, 'device management', ''];
      assert.deepEqual(of({ registry: managed, config }), besides);
      assert.deepEqual(of({ config }), [fourth, 'config file', '']);
      assert.deepEqual(of({}), [value.fallback, 'default', '']);
      // What a Group Policy object removes, the registry has not.
      assert.deepEqual(of({ registry, config, groupPolicy: [removal(relative[value.key], value.name)] }), [
        fourth,
        'config file',
        '',
      ]);
      const hidden = resolved(all)
        .get(value.name)
        ?.hidden.map(({ origin }) => origin);
      assert.deepEqual(hidden, ['registry', ...(node === undefined ? [] : ['device management']), 'config file']);
    });

    it(`${value.name}: of the wrong type or out of range it counts as not set, and says so`, () => {
      const wrong = value.type === 'text' ? 7 : 'seven';
      const beyond = value.type === 'text' ? 'x'.repeat(value.maxCharacters + 1) : 9999;
      for (const data of [wrong, beyond]) {
        const known = resolved({
          registry: [[absolute[value.key], value.name, data]],
          config: { [value.name]: samples(value)[0] },
        }).get(value.name);
        assert.deepEqual([known?.value, known?.origin], [value.fallback, 'default']);
        assert.match(known?.fault ?? '', /^registry: .* is not a (number|text) /);
      }
    });

    if (value.needs.length > 0) {
      it(`${value.name}: does not count without ${value.needs.join(', ')}`, () => {
        const own: [string, string, number | string] = [absolute[value.key], value.name, samples(value)[0] ?? 0];
        const met = value.needs.map((need) => switchOf(need.split('|')[0] ?? '', true));
        assert.equal(resolved({ registry: [own, ...met] }).get(value.name)?.idleBecause, '');
        for (const [at, need] of value.needs.entries()) {
          const others = met.filter((_, index) => index !== at);
          const registry = [own, ...others, switchOf(need.split('|')[0] ?? '', false)];
          assert.equal(resolved({ registry }).get(value.name)?.idleBecause, need);
        }
      });
    }
  }

  function switchOf(need: string, isMet: boolean): [string, string, number] {
    const [, name = '', not, wanted] = /^(\w+?)(!?)=(\d+)$/.exec(need) ?? [];
    const key = policyValues.find((one) => one.name === name)?.key ?? 'au';
    const other = name === 'AUOptions' ? 3 : 1 - Number(wanted);
    return [absolute[key], name, (not === '!') === isMet ? other : Number(wanted)];
  }
});

describe('the choice of the local administrator', () => {
  const local: Sources['registry'] = [
    [keys.autoUpdate, 'AUOptions', 4],
    [keys.autoUpdate, 'ScheduledInstallDay', 7],
    [keys.autoUpdate, 'ScheduledInstallTime', 22],
  ];
  const chosen = (registry: Sources['registry'] = []) => {
    const { option, scheduledDay, scheduledHour, noAutoUpdate } = policyOf({ registry: [...local, ...registry] });
    return [option, scheduledDay, scheduledHour, noAutoUpdate];
  };

  it('counts where no policy is set, and where the policy leaves it to them', () => {
    assert.deepEqual(chosen(), [4, 7, 22, false]);
    assert.deepEqual(chosen([[keys.policyAu, 'AUOptions', 5]]), [4, 7, 22, false]);
  });

  it('does not count against a policy, value by value', () => {
    assert.deepEqual(chosen([[keys.policyAu, 'AUOptions', 3]]), [3, 0, 3, false]);
    const decided: Sources['registry'] = [
      [keys.policyAu, 'AUOptions', 4],
      [keys.policyAu, 'ScheduledInstallDay', 2],
    ];
    assert.deepEqual(chosen(decided), [4, 2, 22, false]);
    // 5 is left to the local administrator as an option; as a day it is Thursday.
    assert.deepEqual(chosen([[keys.policyAu, 'ScheduledInstallDay', 5]]), [4, 5, 22, false]);
  });

  it('may be off, unless a policy says that updates are on', () => {
    const off: Sources['registry'] = [[keys.autoUpdate, 'AUOptions', 1]];
    assert.equal(policyOf({ registry: off }).noAutoUpdate, true);
    assert.equal(policyOf({ registry: [...off, [keys.policyAu, 'NoAutoUpdate', 0]] }).noAutoUpdate, false);
    assert.equal(policyOf({ registry: [...off, [keys.policyAu, 'AUOptions', 3]] }).noAutoUpdate, false);
    // Left to the local administrator are the ways of updating, not whether there is any.
    assert.equal(policyOf({ registry: [...off, [keys.policyAu, 'AUOptions', 5]] }).noAutoUpdate, false);
  });
});

describe('device management', () => {
  const managed = (name: string, data: number | string): Sources => ({ registry: [[keys.management, name, data]] });

  it('AllowAutoUpdate is AUOptions and NoAutoUpdate', () => {
    const options = [0, 1, 2, 3, 4, 5].map((data) => {
      const { option, noAutoUpdate } = policyOf(managed('AllowAutoUpdate', data));
      return noAutoUpdate ? 'off' : option;
    });
    assert.deepEqual(options, [2, 3, 3, 4, 4, 'off']);
  });

  it('one address is WUServer, WUStatusServer and UseWUServer', () => {
    const { useServer, server, statusServer } = policyOf(managed('UpdateServiceUrl', 'http://mdm:8530'));
    assert.deepEqual([useServer, server, statusServer], [true, 'http://mdm:8530', 'http://mdm:8530']);
  });

  it('has no switches: what is there counts', () => {
    assert.equal(resolved(managed('ActiveHoursStart', 6)).get('ActiveHoursStart')?.idleBecause, '');
  });

  // The columns of the Policy CSP (area Update), where a node is called otherwise, or has numbers of its own.
  const taken: [string, number | string, Record<string, unknown>][] = [
    ['TargetReleaseVersion', '22H2', { TargetReleaseVersion: 1, TargetReleaseVersionInfo: '22H2' }],
    ['RequireDeferUpgrade', 1, { DeferUpgrade: 1 }],
    ['ManagePreviewBuilds', 2, { ManagePreviewBuilds: 0, ManagePreviewBuildsPolicyValue: 2 }],
    ['ManagePreviewBuilds', 3, { ManagePreviewBuildsPolicyValue: undefined }],
    ['AllowNonMicrosoftSignedUpdate', 1, { AcceptTrustedPublisherCerts: 1 }],
    ['AllowOptionalContent', 2, { SetAllowOptionalContent: 1, AllowOptionalContent: 2 }],
    ['AllowOptionalContent', 0, { SetAllowOptionalContent: 0, AllowOptionalContent: undefined }],
    ['UpdateServiceUrl', 'CorpWSUS', { UseWUServer: 0, WUServer: undefined }],
    ['TargetGroup', 'Pilots', { TargetGroup: undefined, TargetGroupEnabled: 0 }],
    ['NoAutoRebootWithLoggedOnUsers', 1, { NoAutoRebootWithLoggedOnUsers: 0 }],
    ['AllowAutoUpdate', 9, { NoAutoUpdate: 0, AUOptions: 3 }],
  ];
  for (const [node, data, expected] of taken) {
    it(`${node} ${data} is ${JSON.stringify(expected)}`, () => {
      const values = resolved(managed(node, data));
      const found = Object.fromEntries(Object.keys(expected).map((name) => [name, values.get(name)?.value]));
      assert.deepEqual(found, expected);
      const faulty = [...values.values()].filter(({ fault }) => fault !== '').map(({ name }) => name);
      assert.deepEqual(faulty, node === 'AllowAutoUpdate' ? ['AUOptions'] : []);
    });
  }
});

describe('the commands of a Registry.pol', () => {
  const [policy, au] = [relative.policy, relative.au];
  const command = (key: string, name: string, data: number | string = ' ') => ({ key, name, value: asValue(data) });
  const inRegistry: Sources['registry'] = [
    [keys.policy, 'WUServer', 'http://registry'],
    [keys.policyAu, 'UseWUServer', 1],
    [keys.policyAu, 'AUOptions', 4],
  ];
  const parent = policy.slice(0, policy.lastIndexOf('\\'));
  const set = command(policy, 'WUServer', 'http://group');
  // One of each row of the table in MS-GPREG 3.2.5.1.2. Of what: WUServer, AUOptions.
  const cases: [string, PolicyInstruction[], [string | undefined, string], [number, string]][] = [
    ['**del.', [command(policy, '**Del.WUSERVER')], [undefined, 'default'], [4, 'registry']],
    ['**DelVals.', [command(policy, '**delvals.')], [undefined, 'default'], [4, 'registry']],
    [
      '**DelVals., then a value',
      [command(policy, '**delvals.'), set],
      ['http://group', 'group policy'],
      [4, 'registry'],
    ],
    ['a value, then **DelVals.', [set, command(policy, '**delvals.')], [undefined, 'default'], [4, 'registry']],
    [
      '**DeleteValues',
      [command(au, '**DeleteValues', 'x; auoptions')],
      ['http://registry', 'registry'],
      [3, 'default'],
    ],
    ['**DeleteKeys', [command(policy, '**DeleteKeys', 'AU')], ['http://registry', 'registry'], [3, 'default']],
    [
      '**DeleteKeys above',
      [command(parent, '**deletekeys', 'X;WindowsUpdate')],
      [undefined, 'default'],
      [3, 'default'],
    ],
    ['**soft. beside a value', [command(au, '**soft.AUOptions', 2)], ['http://registry', 'registry'], [4, 'registry']],
    [
      '**soft. after **del.',
      [command(au, '**del.AUOptions'), command(au, '**soft.AUOptions', 2)],
      ['http://registry', 'registry'],
      [2, 'group policy'],
    ],
    ['**SecureKey', [command(policy, '**SecureKey', 1)], ['http://registry', 'registry'], [4, 'registry']],
    ['an empty text', [command(policy, 'WUServer', '')], [undefined, 'default'], [4, 'registry']],
  ];
  for (const [what, groupPolicy, server, option] of cases) {
    it(`${what}: the registry is read as Windows would leave it`, () => {
      const values = resolved({ registry: inRegistry, groupPolicy });
      const of = (name: string) => [values.get(name)?.value, values.get(name)?.origin];
      assert.deepEqual([of('WUServer'), of('AUOptions')], [server, option]);
    });
  }

  it("of a vendor's agent concern the keys of this vendor", () => {
    const brand = { ...moultBrand, id: 'contoso-updates', vendor: 'Contoso', product: 'Updates' };
    const root = machineRoot(join(folder, String(++machines)), brand);
    const own = 'SOFTWARE\\Policies\\Contoso\\Updates';
    const files = {
      [root.registryFile ?? '']: encodeRegistryChanges([
        { key: `HKLM\\${own}`, name: 'WUServer', value: asValue('http://registry') },
        { key: `HKLM\\${own}\\AU`, name: 'AUOptions', value: asValue(4) },
      ]),
      [root.groupPolicyFile]: encodePolicyFile([
        command(own, '**del.WUServer'),
        command(au, 'AUOptions', 2),
        command(relative.maintenance, 'Randomized', 1),
      ]),
    };
    for (const [file, bytes] of Object.entries(files)) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
    const { values } = readAgentPolicy(root);
    const of = (name: string) => values.find((one) => one.name === name)?.value;
    assert.deepEqual([of('WUServer'), of('AUOptions'), of('Randomized')], [undefined, 4, 1]);
  });

  it('**soft. sets what the registry has not', () => {
    const values = resolved({ groupPolicy: [command(au, '**soft.AUOptions', 2)] });
    assert.deepEqual([values.get('AUOptions')?.value, values.get('AUOptions')?.origin], [2, 'group policy']);
  });
});

describe('policy files', () => {
  it('that are damaged are skipped and said, and the rest counts', () => {
    const registry: Sources['registry'] = [[keys.policyAu, 'UseWUServer', 1]];
    const root = machine({ registry, groupPolicy: Buffer.from('PReg'), config: '{"WUServer": ' });
    const { faults, values } = readAgentPolicy(root);
    assert.deepEqual(faults.length, 2, faults.join('\n'));
    assert.match(faults[0] ?? '', /Registry\.pol is skipped: /);
    assert.match(faults[1] ?? '', /policy\.json is skipped: /);
    assert.equal(values.find(({ name }) => name === 'UseWUServer')?.value, 1);
  });

  it('of our own take the names of Windows and no others', () => {
    for (const config of [[], 1, null, { WUSever: 'x' }])
      assert.match(
        readPolicyFiles(machine({ config })).faults[0] ?? '',
        /policy\.json is skipped: (it is not|Windows has no)/,
      );
    assert.deepEqual(readPolicyFiles(machine({ config: '\ufeff{"wuserver":"http://x"}' })).faults, []);
    // As in the registry, an empty text says nothing.
    assert.equal(resolved({ config: { WUServer: ' ' } }).get('WUServer')?.origin, 'default');
  });

  it('point the agent at a server, as the registry does', () => {
    const config = { WUServer: 'http://file:8530', UseWUServer: 1, TargetGroup: 'Pilots', TargetGroupEnabled: 1 };
    const { server, useServer, targetGroup } = policyOf({ config });
    assert.deepEqual([server, useServer, targetGroup], ['http://file:8530', true, 'Pilots']);
  });
});

function policyOf(sources: Sources) {
  const root = machine(sources);
  return readPolicy(openRegistry(root).read(), readPolicyFiles(root));
}
