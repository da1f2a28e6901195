import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { simulatedCatalog, simulatedUpdate } from '@moult/simulator';
import { openStore, type Store } from '@moult/store';
import { importDocuments } from '../../store/src/catalog/import.ts';
import { applyDocuments } from './apply/index.ts';
import { approve, declineAll } from './approvals.ts';
import { addGroup, removeGroup, renameGroup, setTimeZone } from './groups.ts';
import { approveMatching, declineMatching } from './matching.ts';
import { migrateWsus } from './migration/index.ts';
import type { Administration } from './open-server.ts';
import { addPlan, changeWay, enterRings } from './rings/index.ts';
import { applyRole } from './role.ts';
import { moveRule, removeRule, saveRule } from './rules/index.ts';
import { changeChoices } from './synchronisation/index.ts';
import { approveWithPackages } from './vendors/index.ts';

const author = { name: 'anna', at: new Date('2026-11-22T00:00:00Z') };
const now = () => author.at;
const update = simulatedUpdate(1, { products: 1, changedAt: author.at }).updateId;

async function openReplica() {
  const store = await openStore(':memory:', { now });
  after(() => store.close());
  const catalog = simulatedCatalog({ updates: 3, products: 1, from: author.at });
  await importDocuments(
    store,
    catalog.map(({ xml }) => xml),
    author.at,
  );
  const group = await store.createGroup('Pilots', undefined, author);
  const administration = { store, author, server: { config: { targeting: 'server' } } } as unknown as Administration;
  await saveRule(administration, { name: 'Security', action: 'install', groups: ['Pilots'] });
  await store.changeRole('replica', author);
  return { administration, store, group };
}

async function newestRecord(store: Store) {
  return (await store.pageAudit({}, { limit: 1 })).items[0]?.auditId;
}

const choice = { updateIds: [update] };
const course = {};

describe('a replica', () => {
  const refused: Record<string, (administration: Administration) => Promise<unknown>> = {
    'approve an update': (on) => approve(on, { update, action: 'Install' }),
    'withdraw an approval': (on) => approve(on, { update, action: 'Inherit' }),
    'decline an update': (on) => declineAll(on, [update], true),
    'end a decline': (on) => declineAll(on, [update], false),
    'approve what a filter fits': (on) => approveMatching(on, { choice, expected: 1 }, { action: 'Install' }, course),
    'decline what a filter fits': (on) => declineMatching(on, { choice, expected: 1 }, true, course),
    'approve packages of vendors': (on) => approveWithPackages(on, [], { action: 'Install' }, {} as never),
    'make a group': (on) => addGroup(on, 'More'),
    'rename a group': (on) => renameGroup(on, 'Pilots', 'More'),
    'remove a group': (on) => removeGroup(on, 'Pilots'),
    'make a rule': (on) => saveRule(on, { name: 'Other', action: 'install' }),
    'move a rule': (on) => moveRule(on, 'Security', 1),
    'remove a rule': (on) => removeRule(on, 'Security'),
    'apply a file with a group': (on) => applyDocuments(on, [{ groups: [{ name: 'More' }] }]),
    'make rings': (on) => addPlan(on, 'Rings', [{ groups: ['Pilots'] } as never]),
    'let an update into rings': (on) => enterRings(on, 'Rings', update),
    'change the way of an update': (on) => changeWay(on, update, { action: 'resume' }),
    'take a WSUS over': (on) => migrateWsus(on, 'nowhere', { isDryRun: true }),
    'choose a product': (on) => changeChoices(on, 'product', { add: [], remove: [] }),
  };
  for (const [what, change] of Object.entries(refused)) {
    it(`does not let an administrator ${what}`, async () => {
      const { administration, store } = await openReplica();
      await using _ = store;
      const before = await newestRecord(store);
      await assert.rejects(change(administration), { code: 'ADMINISTRATION_REPLICA' });
      assert.deepEqual(await newestRecord(store), before, 'nothing is on record');
    });
  }

  it('lets an administrator set time zones of groups and choose languages', async () => {
    const { administration, store, group } = await openReplica();
    await using _ = store;
    await setTimeZone(administration, 'Pilots', 'Europe/Berlin');
    await changeChoices(administration, 'language', { add: [], remove: [] });
    assert.equal((await store.loadTimeZones()).get(group.groupId), 'Europe/Berlin');
  });

  it('says what happens when it becomes one, and when it ends to be one', async () => {
    await using store = await openStore(':memory:', { now });
    const upstream = 'http://wsus.example.org:8530';
    assert.equal(await applyRole(store, { role: 'autonomous', upstream }, author), undefined);
    const replica = await applyRole(store, { role: 'replica', upstream }, author);
    assert.match(replica?.says ?? '', /next synchronisation.*http:\/\/wsus\.example\.org:8530 then take their place/);
    assert.equal(await applyRole(store, { role: 'replica', upstream }, author), undefined);
    assert.match(
      (await applyRole(store, { role: 'autonomous', upstream }, author))?.says ?? '',
      /stay, and can be changed here/,
    );
    const { items } = await store.pageAudit({ action: 'change role' }, { limit: 10 });
    assert.deepEqual(
      items.map(({ after }) => after),
      [{ role: 'autonomous' }, { role: 'replica' }],
    );
  });
});
