import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addComputer, author, createAdministration, idOf } from '../test/administration.ts';
import { migrationBounds } from './bounds.ts';
import { migrateWsus } from './migrate-wsus.ts';

const pilot = '11111111-1111-4111-8111-111111111111';
const inner = '22222222-2222-4222-8222-222222222222';
const all = 'a0a08746-4dbe-4a37-9adf-9e7652c0b421';
const unassigned = 'b73ca6ed-5727-47f3-84de-015e03f6a88a';
const computer = '33333333-3333-4333-8333-333333333333';
const stranger = '44444444-4444-4444-8444-444444444444';
const product = '55555555-5555-4555-8555-555555555555';
const nowhere = '66666666-6666-4666-8666-666666666666';

/** As the script writes it. */
const asScript = {
  'server.json': [{ ServerName: 'WSUS01', IsReplicaServer: false, TargetingMode: 'Server' }],
  'groups.json': [
    { Id: all, Name: 'All Computers', ParentId: null },
    { Id: unassigned, Name: 'Unassigned Computers', ParentId: all },
    { Id: inner, Name: 'Pilot, first', ParentId: pilot },
    { Id: pilot, Name: 'Pilot', ParentId: all },
  ],
  'computers.json': [
    { ComputerTargetId: computer, FullDomainName: 'pc1.example.org', ComputerTargetGroupIds: [all, inner] },
    { ComputerTargetId: stranger, FullDomainName: 'pc2.example.org', ComputerTargetGroupIds: [pilot] },
  ],
  'approvals.json': [
    approval(idOf(0), pilot, { Deadline: '2026-12-24T22:00:00Z' }),
    approval(idOf(1), all, { Action: 'NotApproved' }),
    approval(idOf(2), all, { Deadline: '2026-01-01T00:00:00Z' }),
    approval(idOf(3), all, { GoLiveTime: '2027-01-01T00:00:00Z' }),
    approval(nowhere, all),
  ],
  'updates.json': [
    { UpdateId: idOf(4), Title: 'Four', IsDeclined: true, PublicationState: 'Published' },
    { UpdateId: idOf(5), Title: 'Five', IsDeclined: true, PublicationState: 'Expired' },
    { UpdateId: nowhere, Title: 'Not here', IsDeclined: false, PublicationState: 'Published' },
  ],
  'rules.json': [
    rule('Pilot at once', { ComputerTargetGroups: ['Pilot'], Deadline: { DayOffset: 3, MinutesAfterMidnight: 90 } }),
    rule('Of something unknown', { Categories: ['Windows 99'] }),
  ],
  'offers.json': [
    {
      ...{ ComputerTargetId: computer, UpdateId: idOf(0), UpdateApprovalAction: 'Install' },
      ...{ UpdateApprovalTargetGroupId: pilot, UpdateInstallationState: 'NotInstalled' },
    },
  ],
  'subscription.json': [{ Products: [product], Classifications: [] }],
};

function approval(UpdateId: string, ComputerTargetGroupId: string, more = {}) {
  const none = '9999-12-31T23:59:59Z';
  return {
    UpdateId,
    ComputerTargetGroupId,
    Action: 'Install',
    Deadline: none,
    GoLiveTime: null,
    IsOptional: false,
    ...more,
  };
}

function rule(Name: string, more = {}) {
  return {
    Name,
    Enabled: true,
    Action: 'Install',
    UpdateClassifications: [],
    Categories: [],
    ComputerTargetGroups: [],
    ...more,
  };
}

function folderWith(files: Record<string, unknown>) {
  const path = mkdtempSync(join(tmpdir(), 'moult-migration-'));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const titles = ['Zero', 'One', 'Two', 'Three', 'Four', 'Five'];

async function openLab() {
  const administration = await createAdministration(titles);
  await addComputer(administration, computer, 'pc1.example.org');
  return administration;
}

type Lab = Awaited<ReturnType<typeof openLab>>;

async function stateOf({ store }: Lab) {
  const decisions = (await store.loadDeployments()).map(({ updateId, groupId, action, deadline }) =>
    [updateId, groupId, action, deadline?.toISOString() ?? ''].join(' '),
  );
  return {
    groups: (await store.loadGroups()).map(({ groupId, name, parentId }) => `${groupId} ${name} ${parentId}`).sort(),
    decisions: decisions.sort(),
    declined: await store.loadDeclined(),
    rules: (await store.listRules()).map(({ name }) => name),
    members: (await store.findListedComputer(computer))?.groups,
    choices: await store.loadSyncChoices(),
  };
}

const clixml = (inside: string) =>
  `\uFEFF<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">${inside}</Objs>`;

/** An object that names itself a thousand times: 10^9 values in three levels. */
const manyReferences = `<Obj RefId="0"><Props><S N="Name">a</S></Props><MS><Obj N="All" RefId="1"><LST>${'<Ref RefId="1" />'.repeat(1000)}</LST></Obj></MS></Obj>`;

describe('what a WSUS exported', () => {
  it('is taken over whole, and the dry run says the same and changes nothing', async () => {
    await using lab = await openLab();
    using folder = folderWith(asScript);
    const before = await stateOf(lab);
    const { isDryRun: _, ...shown } = await migrateWsus(lab, folder.path, { isDryRun: true });
    assert.deepEqual(await stateOf(lab), before);
    const { isDryRun: __, ...done } = await migrateWsus(lab, folder.path, { isDryRun: false });
    assert.deepEqual(shown, done);
    const after = await stateOf(lab);
    assert.ok(
      after.groups.includes(`${inner} Pilot, first ${pilot}`) && after.groups.includes(`${pilot} Pilot ${all}`),
    );
    assert.deepEqual(after.decisions, [
      `${idOf(0)} ${pilot} Install 2026-12-24T22:00:00.000Z`,
      `${idOf(1)} ${all} PreDeploymentCheck `,
      `${idOf(2)} ${all} Install 2026-01-01T00:00:00.000Z`,
    ]);
    assert.deepEqual([after.declined, after.rules, after.members], [[idOf(4)], ['Pilot at once'], ['Pilot, first']]);
    assert.deepEqual(after.choices, [{ kind: 'product', id: product }]);
    assert.deepEqual([done.notYet, done.deadlinesOver, done.expired, done.memberships.unknownComputers], [1, 1, 1, 1]);
    assert.deepEqual(
      done.kept.map(({ subject, because, title }) => [subject, because, title]),
      [[nowhere, 'update-unknown', 'Not here']],
    );
    assert.match(done.rules.refused[0]?.message ?? '', /Windows 99/);
  });

  it('changes nothing the second time, and keeps what an administrator decided here meanwhile', async () => {
    await using lab = await openLab();
    using folder = folderWith(asScript);
    await migrateWsus(lab, folder.path, { isDryRun: false });
    const before = await stateOf(lab);
    const again = await migrateWsus(lab, folder.path, { isDryRun: false });
    assert.deepEqual(await stateOf(lab), before);
    assert.deepEqual([again.groupsAdded, again.decided, again.declined, again.memberships.added], [[], 0, 0, 0]);
    const decision = { updateId: idOf(0), groupId: pilot, administrator: 'anna', deadline: undefined };
    await lab.store.deploy({ ...decision, action: 'Block' }, new Date(author.at.getTime() + 1000));
    const kept = await migrateWsus(lab, folder.path, { isDryRun: false });
    assert.ok(kept.kept.some(({ because }) => because === 'decided-here'));
    assert.ok((await stateOf(lab)).decisions.includes(`${idOf(0)} ${pilot} Block `));
  });

  it('leaves time zones of groups, which a WSUS does not have', async () => {
    await using lab = await openLab();
    using folder = folderWith(asScript);
    await migrateWsus(lab, folder.path, { isDryRun: false });
    await lab.store.setTimeZone(pilot, 'Europe/Berlin', author);
    const again = await migrateWsus(lab, folder.path, { isDryRun: false });
    const zones = await lab.store.loadTimeZones();
    assert.deepEqual([again.groupsChanged, zones.get(pilot)], [[], 'Europe/Berlin']);
  });

  it('says in the dry run too that policy puts the computers into groups', async () => {
    await using lab = await createAdministration(titles, { targeting: 'client' });
    await addComputer(lab, computer, 'pc1.example.org');
    using folder = folderWith(asScript);
    const { memberships: shown } = await migrateWsus(lab, folder.path, { isDryRun: true });
    const { memberships: done } = await migrateWsus(lab, folder.path, { isDryRun: false });
    assert.deepEqual(shown, done);
    assert.match(done.why ?? '', /pc1\.example\.org.*"Pilot, first"/);
  });

  it('is whole after a break at any of its writes, once it runs again', async () => {
    await using whole = await openLab();
    using folder = folderWith(asScript);
    await migrateWsus(whole, folder.path, { isDryRun: false });
    const expected = await stateOf(whole);
    for (const write of ['takeOver', 'saveRule', 'setMembership', 'changeSyncChoices'] as const) {
      for (const isWritten of [false, true]) {
        await using lab = await openLab();
        const killed = async (...given: unknown[]) => {
          if (isWritten) await (lab.store[write] as (...given: unknown[]) => Promise<unknown>)(...given);
          throw new Error('killed');
        };
        const store = { ...lab.store, [write]: killed };
        await assert.rejects(migrateWsus({ ...lab, store }, folder.path, { isDryRun: false }), { message: 'killed' });
        await migrateWsus(lab, folder.path, { isDryRun: false });
        assert.deepEqual(await stateOf(lab), expected, `${write}, ${isWritten}`);
      }
    }
  });

  it('follows what the WSUS withdrew, but only when the export has all of its decisions', async () => {
    await using lab = await openLab();
    using first = folderWith(asScript);
    await migrateWsus(lab, first.path, { isDryRun: false });
    const before = await stateOf(lab);
    using groupsOnly = folderWith({ 'groups.json': asScript['groups.json'] });
    const partly = await migrateWsus(lab, groupsOnly.path, { isDryRun: false });
    assert.deepEqual([partly.withoutDecisions, (await stateOf(lab)).decisions], [true, before.decisions]);
    using later = folderWith({ ...asScript, 'approvals.json': [], 'updates.json': [] });
    const done = await migrateWsus(lab, later.path, { isDryRun: false });
    assert.deepEqual([done.takenBack, done.reinstated], [3, 1]);
  });

  it('may be CLIXML of the API', async () => {
    await using lab = await openLab();
    const obj = (type: string, inside: string) =>
      `<Obj RefId="${inside.length}${type}"><TN RefId="${type}"><T>Deserialized.Microsoft.UpdateServices.Internal.BaseApi.${type}</T></TN><Props>${inside}</Props></Obj>`;
    const groups = obj('ComputerTargetGroup', `<G N="Id">${pilot}</G><S N="Name">Pilot</S>`);
    const id = `<Obj N="UpdateId" RefId="u"><Props><G N="UpdateId">${idOf(0)}</G><I32 N="RevisionNumber">1</I32></Props></Obj>`;
    const action =
      '<Obj N="Action" RefId="a"><TN RefId="e"><T>X</T><T>System.Enum</T></TN><ToString>Install</ToString><I32>0</I32></Obj>';
    const approvals = obj(
      'UpdateApproval',
      `${id}<G N="ComputerTargetGroupId">${pilot}</G>${action}<DT N="Deadline">9999-12-31T23:59:59.999</DT>`,
    );
    using folder = folderWith({ 'approvals.xml': clixml(approvals), 'updates.json': [] });
    writeFileSync(join(folder.path, 'groups.clixml'), Buffer.from(clixml(groups), 'utf16le'));
    await migrateWsus(lab, folder.path, { isDryRun: false });
    assert.deepEqual((await stateOf(lab)).decisions, [`${idOf(0)} ${pilot} Install `]);
    const moved = [
      { groupId: inner, name: 'Offices', parentId: undefined },
      { groupId: pilot, name: 'Pilot', parentId: inner },
    ];
    const nothing = { source: 'test', formerGroups: [], decisions: [], declined: [], settings: [] };
    await lab.store.takeOver({ ...nothing, groups: moved }, author);
    const { groupsChanged } = await migrateWsus(lab, folder.path, { isDryRun: false });
    assert.deepEqual(groupsChanged, []);
  });

  it('may be CSV of the public views, as sqlcmd and Export-Csv write them', async () => {
    await using lab = await openLab();
    using folder = folderWith({
      'vComputerTargetGroup.csv': `ComputerTargetGroupId|Name|ParentTargetGroupId\r\n----|----|----\r\n${pilot}|Pilot|${all}\r\n`,
      'vComputerGroupMembership.csv': `"ComputerTargetId","ComputerTargetGroupId","IsExplicitMember"\n"${computer}","${pilot}","1"\n"${computer}","${all}","0"\n`,
      'vUpdateApproval.csv': `UpdateId,ComputerTargetGroupId,Action,Deadline,CreationDate\n${idOf(0)},${pilot},Install,NULL,2026-01-01 00:00:00.000\n`,
      'vUpdate.csv': `UpdateId,DefaultTitle,IsDeclined,PublicationState\n${idOf(4)},"Four, ""the"" fourth",1,0\n`,
    });
    await migrateWsus(lab, folder.path, { isDryRun: false });
    const { decisions, declined, members } = await stateOf(lab);
    assert.deepEqual([decisions, declined, members], [[`${idOf(0)} ${pilot} Install `], [idOf(4)], ['Pilot']]);
  });

  it('that cannot be read, or says something impossible, is refused and changes nothing', async () => {
    await using lab = await openLab();
    const before = await stateOf(lab);
    const groups = (...more: object[]) => ({ 'groups.json': more });
    const bad: Record<string, unknown>[] = [
      {},
      { 'groups.json': '[{' },
      { ...asScript, 'approvals.json': '' },
      { ...asScript, 'vUpdate.csv': '\r\n' },
      { 'groups.xml': clixml(manyReferences) },
      { 'groups.xml': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' },
      { 'groups.xml': '<html/>' },
      groups({ Id: pilot, Name: 'a;b', ParentId: all }),
      groups({ Id: pilot, Name: 'A', ParentId: inner }, { Id: inner, Name: 'B', ParentId: pilot }),
      { 'approvals.json': [approval(idOf(0), all, { Deadline: '24.12.2026 22:00' })] },
      { 'approvals.json': [approval('Microsoft.UpdateServices.Administration.UpdateRevisionId', all)] },
      { 'approvals.json': [approval(idOf(0), all, { Action: 'Destroy' })] },
      { 'vUpdate.csv': `UpdateId,Title,IsDeclined\n${idOf(0)},a,b,c\n` },
      { 'vUpdate.csv': 'UpdateId,Title,IsDeclined\n"unended' },
    ];
    for (const files of bad) {
      using folder = folderWith(files);
      const code = 'ADMINISTRATION_MIGRATION';
      await assert.rejects(migrateWsus(lab, folder.path, { isDryRun: false }), { code }, JSON.stringify(files));
    }
    using folder = folderWith(asScript);
    for (const limits of [{ maxFiles: 2 }, { maxRecords: 3 }])
      await assert.rejects(
        migrateWsus(lab, folder.path, { isDryRun: false, limits: { ...migrationBounds, ...limits } }),
      );
    assert.deepEqual(await stateOf(lab), before);
  });
});

describe('the script for Windows PowerShell', () => {
  const script = readFileSync(
    fileURLToPath(new URL('../../../../examples/Export-WsusForMoult.ps1', import.meta.url)),
    'utf8',
  );

  it('calls nothing on the WSUS that changes anything there', () => {
    const called = [...script.matchAll(/\$(?:wsus|configuration|subscription|_)\.(\w+)\(/g)].map(([, name]) => name);
    assert.ok(called.length >= 10);
    assert.deepEqual(
      called.filter((name) => !/^Get[A-Z]/.test(name ?? '')),
      [],
    );
    assert.doesNotMatch(script, /\b(?:Approve|Deny|Set|Add|Remove)-Wsus|\.(?:Save|Delete|Approve|Decline|ApplyRule)\(/);
  });

  it('writes the fields that are read, and its brackets close', () => {
    const written = new Set([...script.matchAll(/^\s+(\w+)\s+= /gm)].map(([, name]) => name));
    const known = Object.values(asScript).flatMap((records) => records.flatMap((one) => Object.keys(one)));
    const deadline = ['DayOffset', 'MinutesAfterMidnight'];
    for (const name of [...known, ...deadline]) assert.ok(written.has(name), `${name} is not written`);
    const code = script.replaceAll(/<#[\s\S]*?#>|#[^\n]*|'[^'\n]*'/g, '');
    for (const [open, close] of ['{}', '()', '[]'].map((pair) => [...pair]))
      assert.equal(code.split(open ?? '').length, code.split(close ?? '').length, `${open}${close}`);
  });
});
