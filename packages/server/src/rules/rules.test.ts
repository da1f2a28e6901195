// When the server runs the rules.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sampleDocuments, sampleIds } from '@moult/catalog';
import { allComputers, openStore } from '@moult/store';
import { importDocuments, openLiveCatalog } from '@moult/store/catalog';
import { keepRules } from './index.ts';

it('runs rules when updates came, not while nothing changed, and not by a clock that nobody believes', async () => {
  const clock = { at: new Date('2026-12-02T00:00:00Z'), isBelieved: true };
  await using store = await openStore(':memory:', { now: () => clock.at });
  const catalog = await openLiveCatalog(store, { unapproved: 'report' });
  const rules = keepRules({
    ...{ store, catalog, now: () => clock.at, isClockBelieved: () => clock.isBelieved, ownZone: 'UTC' },
    ...{ log: { info: () => undefined, error: () => undefined }, everyMs: 0 },
  });
  const when = {
    ...{ classifications: [], products: [], severities: [], articles: [], cves: [], types: [], title: undefined },
    ...{ minAgeDays: undefined, maxAgeDays: undefined, neededBy: undefined, superseded: undefined },
  };
  const effect = {
    ...{ action: 'install' as const, groupIds: [allComputers], delayDays: 2, deadline: undefined, acceptLicenses: [] },
  };
  await store.saveRule({ ruleId: 'r1', name: 'All', isEnabled: true, when, effect }, { name: 'anna', at: clock.at });
  const digest = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');
  const sample = { sha1: digest(20), sha256: digest(32), sizeBytes: 1, modified: new Date(0) };
  await importDocuments(store, sampleDocuments(sample), clock.at);
  assert.equal(await rules.look(), 0, 'its delay is not over');
  clock.at = new Date('2046-12-02T00:00:00Z');
  clock.isBelieved = false;
  assert.equal(await rules.look(), 0, 'a clock that jumped approves nothing');
  clock.at = new Date('2026-12-04T00:00:01Z');
  clock.isBelieved = true;
  assert.equal(await rules.look(), 1);
  assert.deepEqual(
    (await store.listDeploymentsOf(sampleIds.update)).map(({ action, by }) => [action, by]),
    [['Install', 'rule:r1']],
  );
  assert.equal(await rules.look(), 0);
  await rules.close();
});
