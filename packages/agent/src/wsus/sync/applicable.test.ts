import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import type { Deployment } from '@moult/protocol/client-web-service';
import { machineRoot } from '../../machine/machine-root.ts';
import { deployedUpdates, neededUpdates } from './applicable.ts';
import { evaluateCache } from './evaluate.ts';
import { UpdateCache } from './update-cache.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-applicable-'));
after(() => rmSync(folder, { recursive: true, force: true }));

it('what is offered to the user is counted and reported, and never installed by itself', () => {
  const offers: Pick<Deployment, 'action' | 'isAssigned'>[] = [
    { action: 'Install', isAssigned: true },
    { action: 'Install', isAssigned: false },
    { action: 'OptionalInstall', isAssigned: false },
    { action: 'PreDeploymentCheck', isAssigned: true },
  ];
  const cache = new UpdateCache(machineRoot(join(folder, 'machine')), 'http://server');
  for (const [at, offer] of offers.entries()) {
    const id = `00000000-0000-4000-8000-00000000000${at}`;
    const xml =
      `<UpdateIdentity UpdateID="${id}" RevisionNumber="1" /><Properties UpdateType="Software" />` +
      '<ApplicabilityRules><IsInstalled><False /></IsInstalled><IsInstallable><True /></IsInstallable></ApplicabilityRules>';
    const deployment = { id: at, lastChangeTime: '2026-01-01', hardwareIds: [], ...offer } as unknown as Deployment;
    cache.put({ revisionId: at + 1, isLeaf: true, deployment, xml });
  }
  const evaluation = evaluateCache(cache, {}, { scopeOf: () => 'all' });
  assert.equal(deployedUpdates(cache).length, 4);
  assert.deepEqual(
    neededUpdates(cache, evaluation).map(({ revisionId }) => revisionId),
    [1],
  );
});
