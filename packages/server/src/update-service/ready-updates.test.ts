import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type SyncedRevision, toRevisionId } from '@moult/catalog';
import { readyToSend } from '@moult/protocol/client-web-service';
import { escapedXml } from '@moult/protocol/soap';
import { createReadyUpdates } from './ready-updates.ts';

const revision = (number: number): SyncedRevision => ({
  revisionId: toRevisionId(number),
  deployment: { deploymentId: 1, action: 'Install', lastChangeTime: 0 },
  isLeaf: true,
});
const ready = (number: number, core = '&lt;a/&gt;') => ({
  update: readyToSend({ id: number, isLeaf: true, xml: escapedXml(core) }),
  coreLength: core.length,
});

it('an update is ready for the clients of one protocol until something else is to be told of it', () => {
  const updates = createReadyUpdates({ budgetBytes: 100_000 });
  const told = revision(1);
  updates.keep(told, '1.8', ready(1));
  assert.match(updates.find(told, '1.8')?.update.written ?? '', /^<ID>1<\/ID><IsLeaf>true<\/IsLeaf><Xml>&lt;a/);
  assert.equal(updates.find(told, 'before 1.8'), undefined);
  assert.equal(updates.find(revision(1), '1.8'), undefined);
  assert.equal(updates.find(revision(2), '1.8'), undefined);
});

it('what is kept has a budget', () => {
  const updates = createReadyUpdates({ budgetBytes: 100_000 });
  const revisions = Array.from({ length: 100 }, (_, number) => revision(number + 1));
  for (const one of revisions) updates.keep(one, '1.8', ready(one.revisionId, 'x'.repeat(1000)));
  const kept = revisions.filter((one) => updates.find(one, '1.8'));
  assert.ok(kept.length > 10 && kept.length < 40, `${kept.length}`);
  assert.equal(kept.at(-1), revisions.at(-1));
});
