import assert from 'node:assert/strict';
import { it } from 'node:test';
import { simulatedClassifications, simulatedProduct } from '@moult/simulator';
import { createAdministration } from '../test/administration.ts';
import { changeChoices, listChoices } from './choices.ts';
import { explainSync, planSync, readSyncStatus } from './status.ts';
import { author, openLab } from './test/upstream.ts';

it('products are chosen by name, by id or by their family, and taken back, on record', async () => {
  await using lab = await openLab();
  const administration = { store: lab.store, author };
  assert.deepEqual(await listChoices(administration, 'product'), []);
  await lab.sync();
  const chosen = async () => (await listChoices(administration, 'product')).filter(({ isChosen }) => isChosen);
  await changeChoices(administration, 'product', { add: ['simulated windows 2', simulatedProduct(0)], remove: [] });
  assert.deepEqual(
    (await chosen()).map(({ name }) => name),
    ['Simulated Windows 1', 'Simulated Windows 2'],
  );
  await changeChoices(administration, 'product', { add: ['Simulated Windows'], remove: [] });
  assert.equal((await chosen()).length, 3);
  await changeChoices(administration, 'product', { add: [], remove: ['Simulated Windows 3', simulatedProduct(0)] });
  assert.deepEqual(
    (await chosen()).map(({ id, within }) => [id, within]),
    [[simulatedProduct(1), ['Simulated Windows']]],
  );
  assert.equal((await lab.store.listAudit({ limit: 10 }))[0]?.action, 'choose what to synchronise');
});

it('a name that fits nothing exactly changes nothing, and similar ones are named', async () => {
  await using lab = await openLab();
  await lab.sync();
  const administration = { store: lab.store, author };
  const add = ['Simulated Windows 1', 'Windows'];
  await assert.rejects(changeChoices(administration, 'product', { add, remove: [] }), /Similar: Simulated Windows 1/);
  await assert.rejects(changeChoices(administration, 'product', { add: ['nothing'], remove: [] }), {
    code: 'ADMINISTRATION_SYNC_CHOICE',
  });
  assert.deepEqual(await lab.store.loadSyncChoices(), []);
});

it('classifications by name, languages by short name or LCID', async () => {
  await using lab = await openLab();
  await lab.sync();
  const administration = { store: lab.store, author };
  await changeChoices(administration, 'classification', { add: ['Security updates'], remove: [] });
  await changeChoices(administration, 'language', { add: ['en', '1031', 'Chinese - Hong Kong SAR'], remove: [] });
  assert.deepEqual(await lab.store.loadSyncChoices(), [
    { kind: 'classification', id: simulatedClassifications.security },
    { kind: 'language', id: '1031' },
    { kind: 'language', id: '1033' },
    { kind: 'language', id: '3076' },
  ]);
});

it('explain says what the catalog has of each product that is chosen or here', async () => {
  await using lab = await openLab({ updates: 9 });
  await using server = await createAdministration();
  await lab.sync();
  const administration = { ...server, store: lab.store };
  await changeChoices(administration, 'product', { add: ['Simulated Windows 1', 'Simulated Windows 2'], remove: [] });
  await changeChoices(administration, 'classification', { add: ['Security updates', 'Critical updates'], remove: [] });
  await lab.sync();
  await changeChoices(administration, 'product', { add: ['Simulated Windows 3'], remove: ['Simulated Windows 1'] });
  const explained = await explainSync(administration);
  assert.deepEqual(
    explained.map(({ name, isChosen, contents }) => [name, isChosen, contents?.updates]),
    [
      ['Simulated Windows 2', true, 3],
      ['Simulated Windows 3', true, undefined],
      ['Simulated Windows 1', false, 3],
    ],
  );
  assert.ok((explained[0]?.contents?.bytes ?? 0) > 3000);
});

it('status and plan say what is chosen, how far a run is, and what the next one asks for', async () => {
  await using lab = await openLab();
  await using server = await createAdministration();
  const config = { ...server.server.config, upstream: lab.url };
  const administration = { ...server, store: lab.store, server: { ...server.server, config } };
  assert.deepEqual(await planSync(administration), {
    upstream: lab.url,
    ...{ role: 'autonomous', continues: undefined, configSince: undefined, updates: undefined },
  });
  await lab.sync();
  await changeChoices(administration, 'product', { add: ['Simulated Windows'], remove: [] });
  await changeChoices(administration, 'classification', { add: ['Security updates'], remove: [] });
  const plan = await planSync(administration);
  assert.match(plan.configSince ?? '', /^\d+,2026-/);
  assert.deepEqual([plan.updates?.since, plan.updates?.allOf.length, plan.updates?.changesOf], [undefined, 4, []]);
  const stop = new AbortController();
  const stopAfter = {
    ...lab.store,
    stageSync: async (...given: Parameters<typeof lab.store.stageSync>) => {
      await lab.store.stageSync(...given);
      stop.abort();
    },
  };
  await assert.rejects(lab.sync({ store: stopAfter, signal: stop.signal }));
  const status = await readSyncStatus(administration);
  assert.deepEqual(
    [status.run?.state, status.isRunning, status.products, status.classifications],
    ['failed', false, 3, 1],
  );
  assert.ok(status.staged > 0 && status.wanted > 0);
  assert.equal((await planSync(administration)).continues?.runId, status.run?.runId);
});
