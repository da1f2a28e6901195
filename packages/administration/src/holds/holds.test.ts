import assert from 'node:assert/strict';
import { randomUUID, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openStore, type StoredHold } from '@moult/store';
import { importDocuments, openLiveCatalog } from '@moult/store/catalog';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { startPostgres } from '../../../store/test/postgres.ts';
import { approve } from '../approvals.ts';
import type { Administration } from '../open-server.ts';
import { author, createAdministration, documentOf, idOf } from '../test/administration.ts';
import { addHold, exportHolds, importHolds, liftHolds, liftStop, listHolds, showStop, stopAll } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-holds-'));
after(() => rmSync(folder, { recursive: true }));
const hours = (number: number) => new Date(author.at.getTime() + number * 3_600_000);
const as = (administration: Administration, name: string): Administration => ({
  ...administration,
  author: { ...administration.author, name },
});

/** A server with keys of its own. */
async function server(name: string) {
  const administration = await createAdministration(['Tool']);
  const dataDir = join(folder, name);
  await loadOrCreateOperatorKeys(dataDir, { now: author.at, isClockBelieved: true });
  return { ...administration, server: { ...administration.server, dataDir } };
}

test('a hold names updates, its end and computers; lifted, it is gone, and all of it is on record', async () => {
  await using administration = await createAdministration(['Tool']);
  const wanted = { updates: ['KB5034441', 'Tool'], effect: 'hold', says: 'Black screens', model: 'Book*' } as const;
  const hold = await addHold(administration, wanted);
  assert.deepEqual(hold.condition.articles, ['5034441']);
  assert.deepEqual(hold.condition.updates, [idOf(0)]);
  const [lifted] = await liftHolds(administration, [hold.holdId.slice(0, 8)]);
  assert.equal(lifted?.holdId, hold.holdId);
  assert.deepEqual(await listHolds(administration), []);
  const actions = (await administration.store.listAudit({ limit: 2 })).map(({ action }) => action);
  assert.deepEqual(actions, ['lift hold', 'add hold']);
  await assert.rejects(liftHolds(administration, ['']), { code: 'SERVER_NOT_FOUND' });
});

test('what cannot be a hold is refused by name', async () => {
  await using administration = await createAdministration(['Tool']);
  const wanted = { updates: ['Tool'], effect: 'hold', says: 'Black screens' } as const;
  for (const [changes, why] of [
    [{ says: ' ' }, /text/],
    [{ link: 'javascript:alert(1)' }, /link/],
    [{ buildFrom: '10.x' }, /build/],
    [{ model: '' }, /model/],
    [{ endsAt: hours(-1) }, /over/],
  ] as const)
    await assert.rejects(addHold(administration, { ...wanted, ...changes }), { code: 'SERVER_REFUSED', message: why });
  await assert.rejects(addHold(administration, { ...wanted, updates: ['Nowhere'] }), { code: 'SERVER_NOT_FOUND' });
});

test('a list is taken in from another operator once trusted, replaced by a newer one, and refused when changed', async () => {
  await using one = await server('one');
  await using other = await server('other');
  await addHold(one, { updates: ['KB1'], effect: 'hold', says: 'First' });
  const second = await addHold(one, { updates: ['KB2'], effect: 'advise', says: 'Second', endsAt: hours(5) });
  const file = join(folder, 'holds.json');
  writeFileSync(file, await exportHolds(one));
  const refusal = await importHolds(other, file).then(
    () => assert.fail('nobody trusted it'),
    (error: Error) => error.message,
  );
  const [trust] = /[\da-f]{64}/.exec(refusal) ?? [];
  assert.deepEqual((await importHolds(other, file, trust)).added, 2);
  assert.deepEqual((await listHolds(other)).map(({ says, source }) => [says, source]).sort(), [
    ['First', trust],
    ['Second', trust],
  ]);

  await liftHolds(one, [second.holdId]);
  const newer = join(folder, 'newer.json');
  const tomorrow = { ...one, author: { ...one.author, at: hours(24) } };
  writeFileSync(newer, await exportHolds(tomorrow));
  assert.deepEqual((await importHolds(other, newer)).lifted, 1);
  await assert.rejects(importHolds(other, file), { code: 'ADMINISTRATION_HOLD_LIST', message: /taken in already/ });

  const changed = join(folder, 'changed.json');
  writeFileSync(changed, readFileSync(newer, 'utf8').replace('First', 'Worst'));
  await assert.rejects(importHolds(other, changed), { code: 'ADMINISTRATION_HOLD_LIST', message: /signature/ });
  for (const text of ['', '{}', '[1]', '{"list":{},"signature":{}}']) {
    writeFileSync(changed, text);
    await assert.rejects(importHolds(other, changed), { code: 'ADMINISTRATION_HOLD_LIST' });
  }
  const own = await addHold(other, { updates: ['KB3'], effect: 'hold', says: 'Own' });
  assert.match(await exportHolds(other), new RegExp(own.holdId));
  assert.doesNotMatch(await exportHolds(other), /First/, 'holds of others are not signed as own');
});

/** A list of `one` with these holds, signed by it at `at`. */
async function signed(one: Awaited<ReturnType<typeof server>>, holds: readonly Partial<StoredHold>[], at = author.at) {
  const condition = { articles: ['1'], updates: [] };
  const told = { effect: 'hold', says: 'No', condition, source: undefined, addedBy: 'anna', addedAt: at } as const;
  const listHolds = async () => holds.map((hold) => ({ ...told, holdId: randomUUID(), ...hold }));
  const file = join(folder, `${randomUUID()}.json`);
  const writer = { ...one, store: { ...one.store, listHolds }, author: { ...author, at } };
  writeFileSync(file, await exportHolds(writer));
  return file;
}

const trustIn = (file: string) => {
  const { signature } = JSON.parse(readFileSync(file, 'utf8')) as { signature: { authority: string } };
  return new X509Certificate(signature.authority).fingerprint256;
};

test('an import that breaks off anywhere leaves the list of before or the new one, never a part', async () => {
  await using one = await server('one');
  await using other = await server('other');
  const [first, second] = [
    { holdId: randomUUID(), says: 'First' },
    { holdId: randomUUID(), says: 'Second' },
  ];
  const older = await signed(one, [first, second]);
  const third = { holdId: randomUUID(), says: 'Third' };
  const newer = await signed(one, [{ ...second, says: 'Changed' }, third], hours(1));
  const trust = trustIn(older);
  const setting = `hold-list:${trust.replaceAll(':', '').toLowerCase()}`;
  const state = async () => [
    (await listHolds(other)).map(({ says }) => says).sort(),
    await other.store.loadSetting(setting),
  ];
  await importHolds(other, older, trust);
  const before = await state();
  let calls = 0;
  let end = Number.POSITIVE_INFINITY;
  const store = new Proxy(other.store, {
    get: (target, name) => {
      if (++calls > end) throw new Error('killed');
      return Reflect.get(target, name);
    },
  });
  for (end = 1; ; end++) {
    calls = 0;
    const isDone = await importHolds({ ...other, store }, newer).then(
      () => true,
      () => false,
    );
    if (isDone) break;
    assert.deepEqual(await state(), before, `killed at call ${end}`);
  }
  assert.ok(end > 3);
  assert.deepEqual((await state())[0], ['Changed', 'Third']);
});

test('a list of thousands is replaced by its next, and one with a wrong date or a hold twice is refused', async () => {
  await using one = await server('one');
  await using other = await server('other');
  const many = Array.from({ length: 2600 }, () => ({ holdId: randomUUID().toUpperCase() }));
  const file = await signed(one, many);
  const trust = trustIn(file);
  await importHolds(other, file, trust);
  const { added, lifted } = await importHolds(other, await signed(one, many.slice(1), hours(1)));
  assert.deepEqual([added, lifted], [2599, 1]);
  const [kept] = await listHolds(other);
  await liftHolds(other, [kept?.holdId.slice(0, 13) ?? '']);
  const twice = { holdId: randomUUID() };
  for (const [wrong, why] of [
    [await signed(one, [twice, twice], hours(2)), /twice/],
    [await signed(one, [twice], hours(24 * 300)), /clock of this server/],
  ] as const)
    await assert.rejects(importHolds(other, wrong), { code: 'ADMINISTRATION_HOLD_LIST', message: why });
  // The list from the future did not keep the next one out.
  assert.equal((await importHolds(other, await signed(one, [twice], hours(3)))).added, 1);
});

test('the stop has an end, and two persons lift one that needs them', async () => {
  await using administration = await createAdministration();
  const says = 'Black screens';
  for (const until of [hours(-1), hours(36 * 24), new Date(Number.NaN)])
    await assert.rejects(stopAll(administration, { says, until }), { code: 'SERVER_REFUSED' });
  await assert.rejects(liftStop(administration), { code: 'SERVER_REFUSED', message: 'Nothing is stopped.' });
  await stopAll(administration, { says, until: hours(4), needsTwo: true });
  assert.equal((await liftStop(administration)).isStopped, true);
  await assert.rejects(liftStop(administration), { message: /Somebody else/ });
  // Another address or another token is not another person.
  for (const name of ['Anna (192.0.2.7)', 'anna (token nightly, 192.0.2.8)'])
    await assert.rejects(liftStop(as(administration, name)), { message: /Somebody else/ });
  // To stop again must not be a way round the second person.
  await stopAll(administration, { says, until: hours(5) });
  assert.equal((await liftStop(administration)).isStopped, true);
  assert.equal((await liftStop(as(administration, 'berta'))).isStopped, false);
  assert.equal((await showStop(administration)).isStopped, false);
  await stopAll(administration, { says, until: hours(1) });
  assert.equal((await liftStop(administration)).isStopped, false, 'the next stop needs one again');
});

for (const engine of ['sqlite', 'postgres'] as const)
  test(`a hold and a stop reach computers of every server of the database at once (${engine})`, async (t) => {
    const postgres = engine === 'postgres' ? await startPostgres() : undefined;
    t.after(() => postgres?.stop());
    const address = postgres ? await postgres.createDatabase() : join(folder, 'shared.sqlite');
    const now = () => author.at;
    await using store = await openStore(address, { now });
    await using second = await openStore(address, { now });
    await importDocuments(store, [documentOf(idOf(0), 'Security Update (KB5034441)')], author.at);
    await using other = await createAdministration();
    const administration = { ...other, store };
    await approve(administration, { update: idOf(0), action: 'Install' });
    const catalog = await openLiveCatalog(second, { unapproved: 'report', freshMs: 1 });
    const offered = async (model: string, at = author.at) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await catalog.refresh();
      const offer = catalog.decide({ groupIds: [], facts: { model } }, at);
      return offer.on(idOf(0) as Parameters<typeof offer.on>[0]).action;
    };
    assert.equal(await offered('Book'), 'Install');
    const hold = await addHold(administration, { updates: ['KB5034441'], effect: 'hold', says: 'No', model: 'Book' });
    assert.deepEqual([await offered('Book'), await offered('Desk')], ['PreDeploymentCheck', 'Install']);
    await liftHolds(administration, [hold.holdId]);
    assert.equal(await offered('Book'), 'Install');
    await stopAll(administration, { says: 'All', until: hours(1) });
    assert.deepEqual([await offered('Desk'), await offered('Desk', hours(1))], ['PreDeploymentCheck', 'Install']);
    // Two persons who lift at the same moment are two.
    await stopAll(administration, { says: 'All', until: hours(1), needsTwo: true });
    // On SQLite these are two processes: in one, each waits for the other's transaction until its time is over.
    const both = { ...administration, store: engine === 'sqlite' ? store : second };
    await Promise.all([liftStop(as(administration, 'anna')), liftStop(as(both, 'berta'))]);
    assert.equal(await offered('Desk'), 'Install');
  });
