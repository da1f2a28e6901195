// Rules on a real store: documents, runs, and what a person decided.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { overrideBounds } from '@moult/bounds';
import { allComputers } from '@moult/catalog';
import { readYaml } from '@moult/catalog/yaml';
import { importDocuments, openLiveCatalog } from '@moult/store/catalog';
import { approve, declineAll } from '../approvals.ts';
import { ruleBounds } from '../bounds.ts';
import { addGroup } from '../groups.ts';
import type { Administration } from '../open-server.ts';
import { addPlan, enterRings } from '../rings/index.ts';
import { addComputer, author, createAdministration, documentOf, idOf } from '../test/administration.ts';
import { listRules, moveRule, removeRule, runRules, saveRule, testRules } from './index.ts';

const day = 86_400_000;
const later = (days: number) => new Date(author.at.getTime() + days * day);

async function run({ store }: Administration, days = 0) {
  const catalog = await openLiveCatalog(store, { unapproved: 'report' });
  return runRules(store, { catalog, now: later(days), ownZone: 'UTC' });
}

const pilot = { name: 'Pilot', when: { title: '*' }, action: 'install', groups: ['All Computers'] };

async function decisionsOn({ store }: Administration, number: number) {
  return (await store.listDeploymentsOf(idOf(number))).map(({ action, groupId, by }) => ({ action, groupId, by }));
}

describe('rules of approvals', () => {
  it('approve what they match, once, with their name on the record', async () => {
    await using administration = await createAdministration(['One', 'Two', 'category:Windows']);
    const { ruleId } = await saveRule(administration, { ...pilot, when: { title: 'o*' } });
    const first = await run(administration);
    assert.deepEqual([first.totals.approvals, first.totals.updates], [1, 1]);
    assert.deepEqual(await decisionsOn(administration, 0), [
      { action: 'Install', groupId: allComputers, by: `rule:${ruleId}` },
    ]);
    const [record] = await administration.store.listAudit({ limit: 1, subject: idOf(0) });
    assert.deepEqual([record?.actor, record?.action], ['rule "Pilot"', 'approve update']);
    assert.equal((await run(administration)).totals.updates, 0, 'a second run changes nothing');
    assert.equal((await administration.store.checkAudit()).isIntact, true);
  });

  it('leave alone what a person decided, took back, declined or took out of a decline', async () => {
    await using administration = await createAdministration(['One', 'Two', 'Three', 'Four']);
    await approve(administration, { update: idOf(0), action: 'Block' });
    await approve(administration, { update: idOf(1), action: 'Install' });
    await approve(administration, { update: idOf(1), action: 'Inherit' });
    await declineAll(administration, [idOf(2)], true);
    await saveRule(administration, pilot);
    const { changes, passed } = await run(administration);
    assert.deepEqual(
      changes.map(({ change }) => change.updateId),
      [idOf(3)],
    );
    assert.deepEqual(passed.map(({ why }) => why).sort(), ['a person decided', 'a person decided', 'declined']);
    await saveRule(administration, { name: 'No', when: { title: 'four' }, action: 'decline' });
    await moveRule(administration, 'No', 1);
    assert.equal((await run(administration)).totals.declines, 1);
    await declineAll(administration, [idOf(3)], false);
    assert.equal((await run(administration)).totals.declines, 0, 'a person ended the decline');
  });

  it('leave alone what a person put into rings', async () => {
    await using administration = await createAdministration(['One']);
    await addPlan(administration, 'Standard', [{ name: 'all', groups: ['All Computers'] }]);
    await enterRings(administration, 'Standard', 'One');
    await saveRule(administration, { name: 'No', when: { title: 'one' }, action: 'decline' });
    const { totals, passed } = await run(administration);
    assert.deepEqual([totals.updates, passed[0]?.why], [0, 'a person decided']);
    assert.deepEqual(
      (await decisionsOn(administration, 0)).map(({ action }) => action),
      ['Install'],
    );
  });

  it('a decision of a person takes the place of that of a rule, and stays', async () => {
    await using administration = await createAdministration(['One']);
    await saveRule(administration, pilot);
    await run(administration);
    await approve(administration, { update: idOf(0), action: 'OptionalInstall' });
    assert.equal((await run(administration)).totals.updates, 0);
    assert.deepEqual(await decisionsOn(administration, 0), [
      { action: 'OptionalInstall', groupId: allComputers, by: undefined },
    ]);
  });

  it('wait for their delay, and set a deadline in the zone of each group, once', async () => {
    await using administration = await createAdministration(['One']);
    const { store } = administration;
    const { groupId: office } = await addGroup(administration, 'Office');
    const { groupId: india } = await addGroup(administration, 'India', 'Office');
    await store.setTimeZone('Office', 'Europe/Berlin', author);
    await store.setTimeZone('India', 'Asia/Kolkata', author);
    const deadline = { days: 1, at: '22:00' };
    await saveRule(administration, { ...pilot, groups: ['Office'], 'delay-days': 3, deadline });
    const { totals, passed } = await run(administration, 2);
    assert.deepEqual([totals.updates, passed[0]?.why, passed[0]?.says], [0, 'waiting', later(3).toISOString()]);
    await run(administration, 3);
    const found = () =>
      store.listDeploymentsOf(idOf(0)).then((all) => all.map((one) => [one.groupId, one.deadline?.toISOString()]));
    const expected = [
      [office, '2026-11-26T21:00:00.000Z'],
      [india, '2026-11-26T16:30:00.000Z'],
    ];
    assert.deepEqual(await found(), expected);
    await run(administration, 10);
    assert.deepEqual(await found(), expected, 'a later run does not move it');
  });

  it('a test changes nothing, and counts computers, bytes and restarts', async () => {
    await using administration = await createAdministration();
    const { store } = administration;
    const restart = '<upd:InstallationBehavior RebootBehavior="AlwaysRequiresReboot" />';
    const file = `<upd:Files><upd:File Digest="${Buffer.alloc(20, 1).toString('base64')}" DigestAlgorithm="SHA1" FileName="a.cab" Size="7" /></upd:Files>`;
    await importDocuments(
      store,
      [
        documentOf(idOf(7), 'Restarts', {
          properties: `<upd:ExtendedProperties>${restart}</upd:ExtendedProperties>`,
          rest: file,
        }),
        documentOf(idOf(8), 'Does not restart'),
      ],
      author.at,
    );
    const computerId = '11111111-0000-4000-8000-000000000001';
    await addComputer(administration, computerId, 'pc1');
    const report = { namespaceId: 1, sourceId: 1, appName: '', revisionNumber: 1, win32HResult: 0, eventNumber: 156 };
    const needs = { replacementStrings: [], miscData: [`U=${idOf(7)}`], updateId: undefined, timeAtTarget: author.at };
    await store.recordReportingEvents([{ ...report, ...needs, computerId, instanceId: 'one' }], author.at);
    await saveRule(administration, { ...pilot, 'delay-days': 30 });
    const catalog = await openLiveCatalog(store, { unapproved: 'report' });
    const ask = (days: number) => testRules(store, { catalog, now: later(days), ownZone: 'UTC' });
    assert.equal((await ask(0)).totals.updates, 0);
    const { totals } = await ask(31);
    assert.deepEqual([totals.approvals, totals.installations, totals.bytes], [2, 1, 7]);
    assert.deepEqual(totals.restarts, { always: 1, possible: 0 });
    assert.deepEqual(await store.listDeploymentsOf(idOf(7)), []);
  });

  it('that contradict each other settle in one run: the first in order has its way, and the next run changes nothing', async () => {
    const all = { when: { title: 'one' }, groups: ['All Computers'] };
    const contradicting = {
      Install: { ...all, action: 'install' },
      OptionalInstall: { ...all, action: 'optional' },
      declined: { when: all.when, action: 'decline' },
      nothing: { when: all.when, action: 'hold' },
    };
    const names = Object.keys(contradicting) as (keyof typeof contradicting)[];
    for (const first of names)
      for (const second of names.filter((name) => name !== first)) {
        await using administration = await createAdministration(['One']);
        const { store } = administration;
        for (const name of [first, second, ...names]) await saveRule(administration, { name, ...contradicting[name] });
        const state = async () =>
          (await store.loadDeclined()).length > 0 ? 'declined' : (await decisionsOn(administration, 0))[0]?.action;
        await run(administration);
        assert.equal((await state()) ?? 'nothing', first, `${first} before ${second}`);
        assert.equal((await run(administration, 1)).totals.updates, 0, `${first} before ${second}, again`);
        // The order is turned round: what the run of before decided is decided again, once.
        await moveRule(administration, second, 1);
        await run(administration, 2);
        // A hold takes approvals back, and leaves a decline.
        const wanted = second === 'nothing' && first === 'declined' ? first : second;
        assert.equal((await state()) ?? 'nothing', wanted, `${second} now before ${first}`);
        assert.equal((await run(administration, 3)).totals.updates, 0, `${second} now before ${first}, again`);
      }
  });

  it('a hold takes back what rules approved, and keeps it for a person', async () => {
    await using administration = await createAdministration(['One']);
    await saveRule(administration, pilot);
    await run(administration);
    await saveRule(administration, { name: 'Stop', when: { title: 'one' }, action: 'hold' });
    await moveRule(administration, 'stop', 1);
    assert.equal((await run(administration)).totals.takenBack, 1);
    assert.deepEqual(await decisionsOn(administration, 0), []);
    await removeRule(administration, '1');
    assert.equal((await run(administration)).totals.approvals, 1);
  });

  it('accept license terms only when they name them', async () => {
    const eula = '0e0e0e0e-0000-4000-8000-000000000001';
    await using administration = await createAdministration();
    const withTerms = documentOf(idOf(0), 'Terms', { attributes: `ExplicitlyDeployable="true" EulaID="${eula}"` });
    await importDocuments(administration.store, [withTerms], author.at);
    await saveRule(administration, pilot);
    const { totals, passed } = await run(administration);
    assert.deepEqual([totals.updates, passed[0]?.why, passed[0]?.says], [0, 'license terms', eula]);
    await saveRule(administration, { ...pilot, 'accept-licenses': [eula] });
    assert.equal((await run(administration)).totals.approvals, 1);
    const [record] = await administration.store.listAudit({ limit: 1, subject: eula });
    assert.deepEqual([record?.actor, record?.action], ['rule "Pilot"', 'accept license terms']);
  });

  it('a rule of WSUS is taken as PowerShell writes it', async () => {
    await using administration = await createAdministration();
    await addGroup(administration, 'Servers');
    const exported = {
      ...{ Id: 7, Name: 'Default Automatic Approval Rule', Enabled: true, Action: 'Install', CanSetDeadline: true },
      ...{ UpdateClassifications: [], Categories: [], ComputerTargetGroups: [{ Id: 'x', Name: 'Servers' }] },
      Deadline: { DayOffset: 7, MinutesAfterMidnight: 185 },
    };
    await saveRule(administration, exported);
    await saveRule(administration, { ...exported, Name: 'Scan', Action: 1, ComputerTargetGroups: 'Servers' });
    const found = (await listRules(administration)).map(({ name, action, groups, deadline }) => ({
      ...{ name, action, groups, deadline },
    }));
    assert.deepEqual(found, [
      {
        ...{ name: 'Default Automatic Approval Rule', action: 'install', groups: ['Servers'] },
        deadline: { days: 7, at: '03:05' },
      },
      { name: 'Scan', action: 'detect-only', groups: ['Servers'], deadline: undefined },
    ]);
  });

  it('documents come back as they were written', async () => {
    await using administration = await createAdministration();
    await addGroup(administration, 'Servers');
    const document = {
      name: 'Everything',
      enabled: false,
      when: {
        severities: ['critical'],
        kb: ['KB5000001'],
        cves: ['CVE-2026-1234'],
        title: '*x*',
        types: ['driver'],
        'min-age-days': 1,
        'max-age-days': 9,
        'needed-by': 2,
        superseded: false,
      },
      action: 'install',
      groups: ['Servers'],
      'delay-days': 7,
      deadline: { days: 3, at: '02:05' },
    };
    await saveRule(administration, document);
    const [{ ruleId: _, place, changedAt: __, changedBy, ...found } = { ruleId: '' } as never] =
      await listRules(administration);
    assert.deepEqual([found, place, changedBy], [document, 1, author.name]);
  });

  it('the file of docs/rules.md is taken as it is', async () => {
    await using administration = await createAdministration(['2026-11 Security Update', 'Another']);
    await addGroup(administration, 'Pilot');
    const page = readFileSync(new URL('../../../../docs/rules.md', import.meta.url), 'utf8');
    const text = /```yaml\n([\s\S]*?)```/.exec(page)?.[1]?.replaceAll(/^ {3}/gm, '') ?? '';
    const read = readYaml(text);
    assert.ok('documents' in read, JSON.stringify(read));
    for (const document of read.documents) await saveRule(administration, document);
    assert.equal((await run(administration, 8)).totals.approvals, 2);
    assert.equal((await listRules(administration)).length, 3);
  });

  it('a run that is cut off is finished by the next, with one record for each decision', async () => {
    await using administration = await createAdministration(Array.from({ length: 250 }, (_, at) => `Update ${at}`));
    const { store } = administration;
    await saveRule(administration, pilot);
    let calls = 0;
    const cut: typeof store = Object.create(store, {
      applyRuleChanges: {
        value: (...given: Parameters<typeof store.applyRuleChanges>) => {
          if (++calls === 2) throw new Error('killed');
          return store.applyRuleChanges(...given);
        },
      },
    });
    await assert.rejects(run({ ...administration, store: cut }), /killed/);
    assert.equal((await store.loadDeployments()).length, 100);
    await Promise.all([run(administration), run(administration)]);
    assert.equal((await store.loadDeployments()).length, 250);
    const records = await store.listAudit({ limit: 1000 });
    assert.equal(records.filter(({ action }) => action === 'approve update').length, 250);
  });

  const wrong: [string, unknown, RegExp][] = [
    ['an unknown key', { ...pilot, colour: 'red' }, /colour/],
    ['no group', { ...pilot, groups: [] }, /names no group/],
    ['an unknown group', { ...pilot, groups: ['Nowhere'] }, /no group "Nowhere"/],
    ['an unknown classification', { ...pilot, when: { classifications: ['Nonsense'] } }, /classification "Nonsense"/],
    ['groups of a decline', { ...pilot, action: 'decline' }, /for all computers/],
    ['a time that is none', { ...pilot, deadline: { days: 1, at: '24:00' } }, /time of day/],
    ['a deadline without use', { ...pilot, action: 'optional', deadline: { days: 1, at: '23:00' } }, /deadline/],
    ['a pattern without end', { ...pilot, when: { title: '*'.repeat(300) } }, /title/],
    ['a text', 'approve all', /cannot be used/],
  ];
  for (const [what, document, why] of wrong)
    it(`${what} is refused with the key that is wrong`, async () => {
      await using administration = await createAdministration();
      await assert.rejects(saveRule(administration, document), { code: 'ADMINISTRATION_RULE', message: why });
    });

  it('decline a superseded update when no computer would miss it, and bring it back when one would', async () => {
    await using administration = await createAdministration(['Old', 'Other']);
    const { store } = administration;
    const supersedes = `<upd:Relationships><upd:SupersededUpdates><upd:UpdateIdentity UpdateID="${idOf(0)}" /></upd:SupersededUpdates></upd:Relationships>`;
    await importDocuments(store, [documentOf(idOf(9), 'New', { rest: supersedes })], author.at);
    await saveRule(administration, { name: 'Superseded', when: { superseded: true }, action: 'decline' });
    const computerId = '11111111-0000-4000-8000-000000000001';
    await addComputer(administration, computerId, 'pc1');
    await registered(administration, computerId);
    const stays = await run(administration, 1);
    assert.deepEqual([stays.totals.declines, stays.passed[0]?.why], [0, 'still needed']);
    await approve(administration, { update: idOf(9), action: 'Install' });
    assert.equal((await run(administration, 1)).totals.declines, 1);
    assert.deepEqual(await store.loadDeclined(), [idOf(0)]);
    // The successor is withdrawn: the old one is the only fix again.
    await approve(administration, { update: idOf(9), action: 'Block' });
    const back = await run(administration, 2);
    assert.deepEqual([back.totals.takenBack, await store.loadDeclined()], [1, []]);
  });
});

describe('superseded updates', () => {
  it('that were declined are looked at again so many at a time, and all of them in their turn', async () => {
    using _ = overrideBounds(ruleBounds, { maxSuperseded: 1 });
    await using administration = await createAdministration(['Old', 'Older']);
    const { store } = administration;
    const rest = `<upd:Relationships><upd:SupersededUpdates>${[0, 1].map((number) => `<upd:UpdateIdentity UpdateID="${idOf(number)}" />`).join('')}</upd:SupersededUpdates></upd:Relationships>`;
    await importDocuments(store, [documentOf(idOf(9), 'New', { rest })], author.at);
    await saveRule(administration, { name: 'Superseded', when: { superseded: true }, action: 'decline' });
    const computerId = '11111111-0000-4000-8000-000000000001';
    await addComputer(administration, computerId, 'pc1');
    await registered(administration, computerId);
    await approve(administration, { update: idOf(9), action: 'Install' });
    for (let hour = 0; hour < 3; hour++) await run(administration, 1 + hour / 24);
    assert.equal((await store.loadDeclined()).length, 2);
    await approve(administration, { update: idOf(9), action: 'Block' });
    const back: number[] = [];
    for (let hour = 0; hour < 3; hour++) back.push((await run(administration, 2 + hour / 24)).totals.takenBack);
    assert.deepEqual(back, [1, 1, 0]);
    assert.deepEqual(await store.loadDeclined(), []);
  });

  it('that supersede each other, also expired ones, end no run and are not all declined', async () => {
    await using administration = await createAdministration();
    const { store } = administration;
    const rest = (...numbers: number[]) =>
      `<upd:Relationships><upd:SupersededUpdates>${numbers.map((number) => `<upd:UpdateIdentity UpdateID="${idOf(number)}" />`).join('')}</upd:SupersededUpdates></upd:Relationships>`;
    const expired = 'ExplicitlyDeployable="true" PublicationState="Expired"';
    const documents = [
      documentOf(idOf(0), 'A', { rest: rest(1) }),
      documentOf(idOf(1), 'B', { rest: rest(0, 3) }),
      documentOf(idOf(2), 'C', { attributes: expired, rest: rest(0, 3) }),
      documentOf(idOf(3), 'D', { attributes: expired, rest: rest(1, 2) }),
    ];
    await importDocuments(store, documents, author.at);
    const computerId = '11111111-0000-4000-8000-000000000001';
    await addComputer(administration, computerId, 'pc1');
    await registered(administration, computerId);
    for (const number of [0, 1]) await approve(administration, { update: idOf(number), action: 'Install' });
    await saveRule(administration, { name: 'Superseded', when: { superseded: true }, action: 'decline' });
    await run(administration, 1);
    assert.equal((await run(administration, 2)).totals.updates, 0, 'a second run changes nothing');
    const declined = await store.loadDeclined();
    assert.equal([idOf(0), idOf(1)].filter((id) => declined.includes(id)).length, 1, 'one of the two is left');
  });
});

async function registered({ store }: Administration, computerId: string): Promise<void> {
  await store.registerComputer({
    ...{ computerId, dnsName: 'pc1', address: '192.0.2.7', agentVersion: '7.9.0.1', osVersion: '10.0.19045' },
    ...{ osDescription: '', architecture: 'x64', manufacturer: 'A', model: 'B', registration: {}, at: author.at },
  });
}
