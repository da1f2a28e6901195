// The first catalog is filled once, in whole, whatever comes in between.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleIds } from '@moult/catalog';
import pino from 'pino';
import { createContentStore } from '../../../store/src/content/content-store.ts';
import { ServerError } from '../../../store/src/errors.ts';
import { openStore, type Store } from '../../../store/src/index.ts';
import { loadOrCreateOperatorKeys } from '../../../store/src/keys/index.ts';
import { fillFirstCatalog } from './index.ts';

const now = new Date();

test('a fill that was cut off is finished, and one that is finished is not begun again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-first-'));
  const store = await openStore(':memory:', { now: () => now });
  const { signer } = await loadOrCreateOperatorKeys(folder, { now });
  const log = pino({ level: 'silent' });
  const content = createContentStore({ folder: join(folder, 'content'), facts: store, now: () => now, log });
  const parts = { content, identity: signer, now, approve: true };
  const deploy = async () => {
    throw new ServerError('SERVER_DATABASE_AWAY', 'away');
  };
  await assert.rejects(fillFirstCatalog({ ...parts, store: { ...store, deploy } as Store }), {
    code: 'SERVER_DATABASE_AWAY',
  });
  assert.ok((await store.countRevisions()) > 0, 'the updates are there, and the approval is not');
  assert.deepEqual(await store.listDeploymentsOf(sampleIds.update), []);
  assert.equal(await fillFirstCatalog({ ...parts, store }), true);
  assert.equal((await store.listDeploymentsOf(sampleIds.update)).length, 1);
  const revisions = await store.countRevisions();
  assert.equal(await fillFirstCatalog({ ...parts, store }), false);
  assert.equal(await store.countRevisions(), revisions);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test('without approve the sample update is there, and no computer is told to install it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-first-'));
  const store = await openStore(':memory:', { now: () => now });
  const { signer } = await loadOrCreateOperatorKeys(folder, { now });
  const log = pino({ level: 'silent' });
  const content = createContentStore({ folder: join(folder, 'content'), facts: store, now: () => now, log });
  assert.equal(await fillFirstCatalog({ store, content, identity: signer, now, approve: false }), true);
  assert.equal((await store.findRevisions(sampleIds.update)).length, 1);
  assert.deepEqual(await store.loadDeploymentHistory(), []);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
