// One decision: explanations and lists say what SyncUpdates offers, whatever is held.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { catalogCase, deploymentsOf, updateId } from '../../test/arbitrary-catalog.ts';
import { explainUpdate } from '../explain/index.ts';
import { CatalogIndex, type UpdateSummary } from '../graph/index.ts';
import { formatIdentity, type RevisionId, type UpdateId } from '../ids.ts';
import { packVersion } from '../metadata/index.ts';
import {
  DeploymentSet,
  type DriverSyncRequest,
  decide,
  type HoldReason,
  type Withholding,
  type WithholdingSource,
} from './index.ts';

const now = new Date('2026-12-02T00:00:00Z');
const everything = { filterCategoryIds: [], needTwoGroupOutOfScope: false, maxNew: Number.MAX_SAFE_INTEGER };

function withheld(updates: readonly (readonly [UpdateId, HoldReason['effect']])[], isStopped = false) {
  const reasons = new Map(
    updates.map(([id, effect]) => [id, [{ holdId: `H-${effect}`, effect, says: 'It breaks printing.' }]] as const),
  );
  const stop = isStopped ? { stop: { says: 'Something is wrong.' } } : {};
  const fingerprint = isStopped || reasons.size > 0 ? `${isStopped} ${[...reasons.keys()]}` : '';
  const one: Withholding = { ...stop, updates: reasons, rings: new Map(), fingerprint };
  const source: WithholdingSource = { for: () => one };
  return source;
}

function indexOf(summaries: readonly UpdateSummary[]) {
  const index = new CatalogIndex();
  const ids = new Map<string, RevisionId>();
  for (const [at, summary] of summaries.entries()) {
    index.add((at + 1) as RevisionId, summary, 1);
    ids.set(formatIdentity(summary.identity), (at + 1) as RevisionId);
  }
  return { index, idOf: (summary: UpdateSummary) => ids.get(formatIdentity(summary.identity)) as RevisionId };
}

const holds = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 9 }).map(updateId), fc.constantFrom<HoldReason['effect']>('hold', 'advise')),
  { maxLength: 4 },
);

describe('decide', () => {
  it('shows in explanations and lists what SyncUpdates offers, in 1,000 random states', () => {
    let withheldSeen = 0;
    fc.assert(
      fc.property(catalogCase, fc.uniqueArray(fc.nat(13)), holds, fc.boolean(), (testCase, installed, held, stop) => {
        const { index, idOf } = indexOf(testCase.summaries);
        const deployments = deploymentsOf(testCase, idOf);
        const isStopped = stop && held.length % 2 === 1;
        const offer = decide({}, { index, deployments, withholding: withheld(held, isStopped) }, now);
        const installedNonLeaf = installed.flatMap((at) => {
          const summary = testCase.summaries[at];
          return summary ? [idOf(summary)] : [];
        });
        const request = { ...everything, installedNonLeaf, otherCached: [] };
        const sent = new Map(offer.sync(request).newRevisions.map((one) => [one.revisionId, one.deployment]));
        // The same without anything withheld: what is sent differs by actions only.
        const open = decide({}, { index, deployments, withholding: withheld([]) }, now).sync(request);
        assert.deepEqual(
          [...sent.keys()],
          open.newRevisions.map(({ revisionId }) => revisionId),
        );
        for (let number = 1; number <= 10; number++) {
          const id = updateId(number);
          const { action, revision, reasons } = offer.on(id);
          const shown = explainUpdate(offer, { request }, id);
          const wire = revision && sent.get(revision.revisionId);
          assert.equal(shown.action, action);
          if (wire) assert.deepEqual([wire.action, wire.deadline], [action, offer.on(id).deadline]);
          const isKept = reasons.some(({ code }) => code === 'held' || code === 'stopped');
          if (wire && revision && !installedNonLeaf.includes(revision.revisionId))
            assert.equal(shown.outcome, isKept ? 'withheld' : 'offered', shown.because);
          if (isKept) {
            withheldSeen++;
            const kept = ['OptionalInstall', 'Install', ...(isStopped ? ['Uninstall'] : [])];
            assert.equal(kept.includes(action ?? ''), false, `${action} in spite of ${JSON.stringify(reasons)}`);
          }
          if (action === undefined) assert.notEqual(reasons[0]?.code, 'approved');
        }
      }),
      { numRuns: 1000 },
    );
    assert.ok(withheldSeen > 100, `only ${withheldSeen} decisions were about something withheld`);
  });

  const plain = (number: number, more: Partial<UpdateSummary> = {}): UpdateSummary => ({
    identity: { updateId: updateId(number), revisionNumber: 1 },
    ...{ updateType: 'Software', explicitlyDeployable: true, isExpired: false, prerequisiteClauses: [] },
    ...{ bundleClauses: [], supersedes: [], drivers: [] },
    ...more,
  });

  it('reports on what is held, and leaves removals and advice alone', () => {
    const { index } = indexOf([plain(1), plain(2), plain(3)]);
    const set = new DeploymentSet({ unapproved: 'hide' });
    const approve = (at: number, action: 'Install' | 'Uninstall') =>
      set.set(at as RevisionId, { deploymentId: at, action, deadline: '2026-12-09T22:00:00.000Z', lastChangeTime: 5 });
    for (const [at, action] of [[1, 'Install'] as const, [2, 'Uninstall'] as const, [3, 'Install'] as const])
      approve(at, action);
    const of = (isStopped: boolean) => {
      const source = withheld(
        [
          [updateId(1), 'hold'],
          [updateId(2), 'hold'],
          [updateId(3), 'advise'],
        ],
        isStopped,
      );
      const offer = decide({}, { index, deployments: set, withholding: source }, now);
      return [1, 2, 3].map((number) => [offer.on(updateId(number)).action, offer.on(updateId(number)).deadline]);
    };
    const deadline = '2026-12-09T22:00:00.000Z';
    assert.deepEqual(of(false), [
      ['PreDeploymentCheck', undefined],
      ['Uninstall', deadline],
      ['Install', deadline],
    ]);
    assert.deepEqual(of(true), Array(3).fill(['PreDeploymentCheck', undefined]));
  });

  it('a driver that is held does not hide the next best', () => {
    const row = {
      ...{ hardwareId: 'PCI\\VEN_1', driverVerVersion: packVersion('1.0'), driverClass: 'Net', company: '' },
      ...{ provider: 'P', manufacturer: 'M', model: '', whqlDriverId: 1, compatibleProviders: [] },
      ...{ featureScores: new Map(), distributionComputerHardwareIds: [], targetComputerHardwareIds: [] },
    };
    const driver = (number: number, driverVerDate: string) =>
      plain(number, { updateType: 'Driver', drivers: [{ ...row, driverVerDate }] });
    const { index } = indexOf([driver(1, '2020-01-01'), driver(2, '2025-01-01')]);
    const set = new DeploymentSet({ unapproved: 'hide' });
    for (const at of [1, 2]) set.set(at as RevisionId, { deploymentId: at, action: 'Install', lastChangeTime: 1 });
    const request: DriverSyncRequest = {
      ...{ installedNonLeaf: [], cachedDrivers: [], computerHardwareIds: [], needTwoGroupOutOfScope: false },
      ...{ devices: [{ hardwareIds: ['PCI\\VEN_1'], compatibleIds: [] }], maxNew: 100 },
    };
    const ask = (source: WithholdingSource) =>
      decide({}, { index, deployments: set, withholding: source }, now)
        .syncDrivers(request)
        .newRevisions.map(({ revisionId, deployment }) => [Number(revisionId), deployment.action]);
    assert.deepEqual(ask(withheld([])), [[2, 'Install']]);
    assert.deepEqual(ask(withheld([[updateId(2), 'hold']])).sort(), [
      [1, 'Install'],
      [2, 'PreDeploymentCheck'],
    ]);
  });
});
