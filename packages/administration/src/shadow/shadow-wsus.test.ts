// The offer of this server beside that of a WSUS, from an export of it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { allComputers, unassignedComputers } from '@moult/store';
import { importDocuments } from '@moult/store/catalog';
import { startPostgres, type TestPostgres } from '../../../store/test/postgres.ts';
import { stopAll } from '../holds/index.ts';
import { migrationBounds } from '../migration/bounds.ts';
import { migrateWsus } from '../migration/index.ts';
import { addComputer, author, createAdministration, documentOf, idOf } from '../test/administration.ts';
import { shadowWsus } from './index.ts';

const pilot = '11111111-1111-4111-8111-111111111111';
const office = '22222222-2222-4222-8222-222222222222';
const computerOf = (number: number) => `33333333-3333-4333-8333-${String(number).padStart(12, '0')}`;
const nowhere = '66666666-6666-4666-8666-666666666666';
const titles = ['Zero', 'One', 'Two', 'Three', 'Four', 'Five', 'Six'];

function approval(UpdateId: string, ComputerTargetGroupId: string, more = {}) {
  const none = { Deadline: '9999-12-31T23:59:59Z', GoLiveTime: null, IsOptional: false };
  return { UpdateId, ComputerTargetGroupId, RevisionNumber: 1, Action: 'Install', ...none, ...more };
}

const exported = {
  'server.json': [{ ServerName: 'WSUS01', IsReplicaServer: false, TargetingMode: 'Server' }],
  'groups.json': [
    { Id: allComputers, Name: 'All Computers', ParentId: null },
    { Id: unassignedComputers, Name: 'Unassigned Computers', ParentId: allComputers },
    { Id: pilot, Name: 'Pilot', ParentId: allComputers },
    { Id: office, Name: 'Office', ParentId: allComputers },
  ],
  'computers.json': [
    {
      ComputerTargetId: computerOf(1),
      FullDomainName: 'pc1.example.org',
      ComputerTargetGroupIds: [allComputers, pilot],
    },
    {
      ComputerTargetId: computerOf(2),
      FullDomainName: 'pc2.example.org',
      ComputerTargetGroupIds: [allComputers, pilot],
    },
    { ComputerTargetId: computerOf(3), FullDomainName: 'pc3.example.org', ComputerTargetGroupIds: [office] },
  ],
  'approvals.json': [
    approval(idOf(0), pilot, { Deadline: '2026-12-24T22:00:00Z' }),
    approval(idOf(1), allComputers),
    // A deeper group has the last word.
    approval(idOf(1), office, { Action: 'NotApproved' }),
    approval(idOf(2), office, { Action: 'Uninstall' }),
    approval(idOf(3), pilot, { GoLiveTime: '2027-01-01T00:00:00Z' }),
  ],
  'updates.json': [{ UpdateId: idOf(4), Title: 'Four', IsDeclined: true, PublicationState: 'Published' }],
} as const;

function folderWith(files: Record<string, unknown>) {
  const path = mkdtempSync(join(tmpdir(), 'moult-shadow-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), JSON.stringify(content));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

type Found = Awaited<ReturnType<typeof shadowWsus>>;

/** Computer, update, why: one line each. */
function linesOf({ profiles }: Found): string[] {
  return profiles
    .flatMap(({ computers, differences }) =>
      computers.flatMap(({ name }) =>
        differences.map(({ updateId, because }) => `${name} ${titles[Number(updateId.slice(-2))] ?? '?'} ${because}`),
      ),
    )
    .sort();
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`the offer of a WSUS beside that of Moult (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(() => postgres?.stop());
    const openLab = async () =>
      createAdministration(titles, { database: (await postgres?.createDatabase()) ?? ':memory:' });

    it('is the same after the WSUS was taken over, for computers that came here and for others', async () => {
      await using lab = await openLab();
      await addComputer(lab, computerOf(1), 'pc1.example.org');
      await addComputer(lab, computerOf(9), 'own.example.org');
      using folder = folderWith(exported);
      const fresh = await shadowWsus(lab, { path: folder.path });
      assert.deepEqual([fresh.same, fresh.computers], [0, 3]);
      await migrateWsus(lab, folder.path, { isDryRun: false });
      const { same, computers, notHere, onlyHere, reasons } = await shadowWsus(lab, { path: folder.path });
      assert.deepEqual([same, computers, notHere, onlyHere, reasons], [3, 3, 2, 1, []]);
    });

    it('differs for each computer with a reason', async () => {
      await using lab = await openLab();
      const { store } = lab;
      for (const number of [1, 2, 3]) await addComputer(lab, computerOf(number), `pc${number}.example.org`);
      using folder = folderWith({
        ...exported,
        'approvals.json': [
          ...exported['approvals.json'],
          approval(nowhere, allComputers),
          approval(idOf(5), pilot, { RevisionNumber: 1 }),
        ],
      });
      await migrateWsus(lab, folder.path, { isDryRun: false });
      const deploy = (updateId: string, groupId: string, action: 'Install' | 'Uninstall' | 'PreDeploymentCheck') =>
        store.deploy({ updateId, groupId, action, administrator: 'anna', deadline: undefined }, author.at);
      await deploy(idOf(0), pilot, 'Install');
      await store.setDeclined(idOf(1), true, author);
      await deploy(idOf(2), office, 'Install');
      await deploy(idOf(3), allComputers, 'Install');
      await store.setDeclined(idOf(4), false, author);
      await deploy(idOf(4), pilot, 'Install');
      await importDocuments(store, [documentOf(idOf(5), 'Five', { revision: 2 })], author.at);
      const own = await store.createGroup('Own', undefined, author);
      await deploy(idOf(6), own.groupId, 'Install');
      await store.setMembership(computerOf(2), pilot, false, author);
      await store.setMembership(computerOf(2), own.groupId, true, author);
      const found = await shadowWsus(lab, { path: folder.path });
      assert.deepEqual(linesOf(found), [
        'pc1.example.org ? unknown',
        'pc1.example.org Five newer-here',
        'pc1.example.org Four wsus-declined',
        'pc1.example.org One declined',
        'pc1.example.org Three wsus-later',
        'pc1.example.org Zero deadline',
        'pc2.example.org ? unknown',
        'pc2.example.org Five not-in-group',
        'pc2.example.org One declined',
        'pc2.example.org Six wsus-group-missing',
        'pc2.example.org Three wsus-later',
        'pc2.example.org Zero not-in-group',
        'pc3.example.org ? unknown',
        'pc3.example.org Three wsus-not-approved',
        'pc3.example.org Two action',
      ]);
      const declined = found.reasons.find(({ because }) => because === 'declined');
      assert.deepEqual([declined?.computers, declined?.updates], [2, 1]);
      const one = await shadowWsus(lab, { path: folder.path }, { computer: 'PC3' });
      assert.deepEqual(
        [one.computers, one.profiles[0]?.differs, one.profiles[0]?.groups],
        [...[1, 3], { wsus: ['Office'], here: ['Office'] }],
      );
    });
  });
}

describe('a comparison with a WSUS', () => {
  it('goes by what the WSUS says of a computer, where it says it', async () => {
    await using lab = await createAdministration(titles);
    const said = (updateId: string, action: string, state: string) => ({
      ...{ ComputerTargetId: computerOf(1), UpdateId: updateId, UpdateApprovalAction: action },
      ...{ UpdateApprovalTargetGroupId: pilot, UpdateInstallationState: state },
    });
    using folder = folderWith({
      ...exported,
      'offers.json': [said(idOf(0), 'Install', 'Installed'), said(idOf(6), 'Install', 'NotInstalled')],
    });
    await migrateWsus(lab, folder.path, { isDryRun: false });
    const { profiles } = await shadowWsus(lab, { path: folder.path }, { computer: 'pc1' });
    assert.deepEqual(
      profiles.map(({ offers, differences }) => [
        offers,
        differences.map(({ title, because, reported }) => [title, because, reported]),
      ]),
      [
        [
          'said',
          [
            ['One', 'wsus-not-approved', undefined],
            ['Six', 'not-approved', 'notInstalled'],
          ],
        ],
      ],
    );
  });

  it('reads what the WSUS says from the public views, too', async () => {
    await using lab = await createAdministration(titles);
    using folder = folderWith(exported);
    const approvalId = '77777777-7777-4777-8777-777777777777';
    writeFileSync(
      join(folder.path, 'vUpdateApproval.csv'),
      `UpdateApprovalId,UpdateId,ComputerTargetGroupId,Action,Deadline\n${approvalId},${idOf(6)},${pilot},Uninstall,NULL\n`,
    );
    writeFileSync(
      join(folder.path, 'vUpdateEffectiveApprovalPerComputer.csv'),
      `UpdateApprovalId,ComputerTargetId,UpdateId\n${approvalId},${computerOf(2)},${idOf(6)}\n`,
    );
    writeFileSync(
      join(folder.path, 'vUpdateInstallationInfoBasic.csv'),
      `UpdateId,ComputerTargetId,State\n${idOf(1)},${computerOf(3)},4\n${idOf(2)},${computerOf(3)},6\n`,
    );
    const { profiles } = await shadowWsus(lab, { path: folder.path });
    const of = (name: string) => profiles.find(({ computers }) => computers[0]?.name === name);
    assert.deepEqual(
      of('pc2.example.org')?.differences.map(({ title, wsus }) => [title, wsus.action, wsus.group]),
      [['Six', 'Uninstall', 'Pilot']],
    );
    assert.deepEqual(
      of('pc3.example.org')?.differences.map(({ title, because, reported }) => [title, because, reported]),
      [['Two', 'group-missing', 'pendingReboot']],
    );
  });

  it('names the emergency stop of this server', async () => {
    await using lab = await createAdministration(titles);
    using folder = folderWith(exported);
    await migrateWsus(lab, folder.path, { isDryRun: false });
    await stopAll(lab, { says: 'trouble', until: new Date(author.at.getTime() + 86_400_000) });
    const { reasons, same } = await shadowWsus(lab, { path: folder.path });
    assert.deepEqual([same, reasons.map(({ because }) => because)], [0, ['stopped']]);
  });

  it('changes nothing here', async () => {
    await using lab = await createAdministration(titles);
    await addComputer(lab, computerOf(1), 'pc1.example.org');
    using folder = folderWith(exported);
    await migrateWsus(lab, folder.path, { isDryRun: false });
    const writes: string[] = [];
    const reads = /^(?:load|list|find|read|count|resolve|subscribe$)/;
    const store = new Proxy(lab.store, {
      get(target, name: keyof typeof lab.store) {
        if (!reads.test(String(name))) writes.push(String(name));
        return target[name];
      },
    });
    await shadowWsus({ ...lab, store }, { path: folder.path });
    assert.deepEqual(writes, []);
  });

  it('has groups without parents, as CLIXML has them, in the place that they have here', async () => {
    await using lab = await createAdministration(titles);
    using folder = folderWith(exported);
    await migrateWsus(lab, folder.path, { isDryRun: false });
    const groups = exported['groups.json'].map(({ Id, Name }) => ({ Id, Name, ParentId: null }));
    using flat = folderWith({ ...exported, 'groups.json': groups });
    using without = folderWith({ ...exported, 'groups.json': [] });
    for (const { path } of [flat, without]) {
      const { same, computers } = await shadowWsus(lab, { path });
      assert.equal(same, computers);
    }
  });

  it('counts what it does not name, and refuses an export that cannot be compared', async () => {
    await using lab = await createAdministration(titles);
    using folder = folderWith(exported);
    const limits = { ...migrationBounds, maxDifferences: 1 };
    const { profiles } = await shadowWsus(lab, { path: folder.path }, { limits });
    const named = profiles.reduce((sum, { differences }) => sum + differences.length, 0);
    const differs = profiles.reduce((sum, one) => sum + one.differs, 0);
    assert.deepEqual([named, differs > 1], [1, true]);
    for (const missing of ['approvals.json', 'computers.json'] as const) {
      const { [missing]: _, ...rest } = exported;
      using partly = folderWith(rest);
      await assert.rejects(shadowWsus(lab, { path: partly.path }), { code: 'ADMINISTRATION_MIGRATION' });
    }
    for (const computer of ['pc9', 'pc1.example.com'])
      await assert.rejects(shadowWsus(lab, { path: folder.path }, { computer }), { code: 'SERVER_NOT_FOUND' });
  });
});
