// Groups and rules from files: once, twice, in another order, and with faults.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readYaml } from '@moult/catalog/yaml';
import { createAdministration } from '../test/administration.ts';
import { applyDocuments } from './index.ts';

const text = `
groups:
  - { name: Pilot, zone: Europe/Berlin }
  - { name: Pilot servers, parent: Pilot }
rules:
  - { name: First, action: install, groups: [Pilot servers], when: { title: "*Security*" } }
  - { name: Second, action: detect-only, groups: [All Computers] }
`;

function documentsOf(yaml: string): unknown[] {
  const read = readYaml(yaml);
  assert.ok('documents' in read);
  return read.documents;
}

const words = (steps: Awaited<ReturnType<typeof applyDocuments>>) => steps.map(({ what, name }) => `${what} ${name}`);

describe('moult apply', () => {
  it('changes what differs, says before what it will be, and a second time changes nothing', async () => {
    await using administration = await createAdministration(['One']);
    const planned = await applyDocuments(administration, documentsOf(text), { isDryRun: true });
    assert.deepEqual(words(planned), [
      ...['create group Pilot', 'set time zone Pilot', 'create group Pilot servers'],
      ...['create rule First', 'create rule Second'],
    ]);
    assert.equal((await administration.store.loadGroups()).length, 2, 'a dry run makes no group');
    assert.deepEqual(await applyDocuments(administration, documentsOf(text)), planned);
    assert.deepEqual(await applyDocuments(administration, documentsOf(text)), []);
    const records = await administration.store.listAudit({ limit: 100 });
    assert.equal(records.filter(({ action }) => action === 'create rule').length, 2);
  });

  it('puts rules into the order of the file, and keeps or removes others', async () => {
    await using administration = await createAdministration();
    const rules = (...names: string[]) => [
      { rules: names.map((name) => ({ name, action: 'hold', when: { title: name } })) },
    ];
    await applyDocuments(administration, rules('a', 'b', 'c'));
    const order = async () => (await administration.store.listRules()).map(({ name }) => name);
    await applyDocuments(administration, rules('d', 'c', 'a'));
    assert.deepEqual(await order(), ['d', 'c', 'a', 'b']);
    assert.deepEqual(await applyDocuments(administration, rules('d', 'c', 'a')), []);
    const steps = await applyDocuments(administration, rules('a', 'd'), { isPruning: true });
    assert.deepEqual(words(steps), ['remove rule c', 'remove rule b', 'move rule a']);
    assert.deepEqual(await order(), ['a', 'd']);
  });

  it('the file of docs/rules.md is taken as it is', async () => {
    await using administration = await createAdministration();
    const page = readFileSync(new URL('../../../../docs/rules.md', import.meta.url), 'utf8');
    const [, file = ''] = /```yaml\n(groups:[\s\S]*?)```/.exec(page) ?? [];
    assert.equal((await applyDocuments(administration, documentsOf(file))).length, 3);
  });

  const manyRules = Array.from({ length: 1001 }, (_, at) => `{ name: R${at}, action: hold }`).join();
  const wrong: [string, string, RegExp][] = [
    ['an unknown key', 'rings: []', /groups and rules/],
    ['a fault in the second rule', `${text}  - { name: Third, action: dance }`, /"Third"/],
    ['a rule twice', 'rules: [{ name: A, action: hold }, { name: a, action: hold }]', /twice/],
    ['a time zone of no place', 'groups: [{ name: A }, { name: B, zone: Mars/Base }]', /time zone/],
    ['a group with a semicolon', 'groups: [{ name: A }, { name: "B;C" }]', /semicolon/],
    ['one rule too many', `rules: [${manyRules}]`, /The limit is 1000/],
    ['a parent that comes later', 'groups: [{ name: B, parent: A }, { name: A }]', /before it/],
  ];
  for (const [what, yaml, why] of wrong)
    it(`${what} is refused before anything is changed`, async () => {
      await using administration = await createAdministration();
      await assert.rejects(applyDocuments(administration, documentsOf(yaml)), { message: why });
      assert.deepEqual(await administration.store.listRules(), []);
      assert.equal((await administration.store.loadGroups()).length, 2);
    });
});
