// Keys of encrypted files: asked for with their revisions, sealed in the database, and never a reason to stop.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { temporaryFolder } from '@moult/disk';
import { simulatedUpdate } from '@moult/simulator';
import { openFileKeys, sealingOfFileKeys } from '../file-keys/index.ts';
import { author, chooseProducts, type Lab, openLab } from './test/upstream.ts';

const files = (count: number) =>
  Array.from({ length: count }, (_, number) => {
    const [file] = simulatedUpdate(number, { products: 3, changedAt: author.at, encryption: 'key' }).files;
    return { sha1: Buffer.from(file?.sha1 ?? '', 'base64').toString('hex'), key: file?.key };
  });
const encrypted = files(5);
const sha1s = encrypted.map(({ sha1 }) => sha1);
const keyCalls = ({ upstream }: Lab) =>
  upstream.calls.filter(({ operation }) => operation === 'GetUpdateDecryptionData').length;

async function openKeyLab(kind: 'wsus' | 'microsoft' = 'microsoft', missingKeys = 2) {
  const dataDir = temporaryFolder('moult-file-keys');
  const lab = await openLab({ kind, updates: 30, encrypted: 5, missingKeys, dataDir });
  await lab.sync();
  await chooseProducts(lab.store, 3);
  const missing = async () => (await lab.store.countFileKeys((await sealingOfFileKeys(dataDir)).id)).missing;
  return { ...lab, dataDir, missing };
}

for (const kind of ['wsus', 'microsoft'] as const)
  it(`keys come with their revisions and are sealed; a missing one is asked for again, in five runs (${kind})`, async () => {
    await using lab = await openKeyLab(kind);
    const { store, dataDir, missing } = lab;
    assert.equal((await lab.sync()).failed, 0);
    const opened = await openFileKeys(store, dataDir).load(sha1s);
    assert.deepEqual(
      encrypted.map(({ sha1 }) => opened.get(sha1) && Buffer.from(opened.get(sha1) ?? [])),
      encrypted.map(({ key }, number) => (number < 2 ? undefined : key)),
    );
    const stored = JSON.stringify(await store.listFileKeys('', 100));
    for (const { key } of encrypted)
      assert.ok(!stored.includes(key?.toString('base64') ?? ''), 'a key is stored as it is');
    assert.equal(await missing(), 2);
    const callsOf = async () => (await lab.sync()).calls;
    const calls = [await callsOf(), await callsOf(), await callsOf(), await callsOf(), await callsOf()];
    assert.deepEqual(calls, [7, 7, 7, 7, 6]);
  });

it('a key that comes later, or was sealed by another server, is asked for and kept', async () => {
  await using lab = await openKeyLab('microsoft', 0);
  lab.upstream.failNext('GetUpdateDecryptionData', { kind: 'soap', code: 'InternalServerError' }, 9);
  await lab.sync();
  assert.ok((await lab.missing()) > 0);
  await lab.sync();
  assert.equal(await lab.missing(), 0);
  const other = temporaryFolder('moult-file-keys');
  assert.deepEqual([...(await openFileKeys(lab.store, other).load(sha1s)).values()].filter(Boolean), []);
  const [row, next] = await lab.store.listFileKeys('', 2);
  assert.ok(row?.key && next?.key);
  await lab.store.noteFileKeys([{ ...next, key: row.key }]);
  assert.equal((await openFileKeys(lab.store, lab.dataDir).load([next.sha1])).get(next.sha1), undefined, 'a moved key');
});

it('an upstream server that refuses keys, or sends hostile ones, stops nothing', async () => {
  for (const fault of [
    { kind: 'soap', code: 'InternalServerError' },
    { kind: 'soap', code: 'NoSuchThing' },
  ] as const) {
    await using lab = await openKeyLab();
    lab.upstream.failNext('GetUpdateDecryptionData', fault, 1000);
    const { failed, added } = await lab.sync();
    assert.deepEqual([failed, added], [0, 30]);
    assert.equal(await lab.missing(), 5);
    assert.ok(keyCalls(lab) < 60, `${keyCalls(lab)} calls for keys`);
  }
  await using lab = await openKeyLab('microsoft', 0);
  const { parts } = { parts: { updatesPerCall: 20, sessions: 2, attempts: 3, keyBytes: 31 } };
  await lab.sync({ bounds: parts });
  assert.equal(await lab.missing(), 5, 'keys of more bytes than allowed are not kept');
});
