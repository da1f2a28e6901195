import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { offerOf } from '../../test/offer-of.ts';
import type { DeviceFacts } from '../applicability/index.ts';
import { explainUpdate } from '../explain/index.ts';
import { CatalogIndex, decodeSummary, encodeSummary, type UpdateSummary } from '../graph/index.ts';
import { parseUpdateId, type RevisionId } from '../ids.ts';
import { type DriverMetadata, packVersion } from '../metadata/index.ts';
import {
  type DeployedAction,
  DeploymentSet,
  type DriverSyncRequest,
  decideDriverSync,
  decidePrinterSync,
} from './index.ts';

const nic = 'PCI\\VEN_8086&DEV_1';

function driver(
  id: number,
  rows: (Partial<DriverMetadata> & { version?: string })[],
  prerequisite?: number,
): UpdateSummary {
  const updateId = (n: number) => parseUpdateId(`00000000-0000-0000-0000-${String(n).padStart(12, '0')}`);
  return {
    identity: { updateId: updateId(id), revisionNumber: 1 },
    updateType: 'Driver',
    explicitlyDeployable: true,
    isExpired: false,
    prerequisiteClauses: prerequisite ? [{ isCategory: false, anyOf: [updateId(prerequisite)] }] : [],
    bundleClauses: [],
    supersedes: [],
    drivers: rows.map(({ version, ...row }) => ({
      hardwareId: nic,
      driverVerDate: '2020-01-01',
      driverVerVersion: packVersion(version ?? '1.0'),
      driverClass: 'Net',
      company: '',
      provider: 'P',
      manufacturer: 'M',
      model: '',
      whqlDriverId: 1,
      compatibleProviders: [],
      featureScores: new Map(),
      distributionComputerHardwareIds: [],
      targetComputerHardwareIds: [],
      ...row,
    })),
  };
}

const device: DeviceFacts = { hardwareIds: [`${nic}&REV_2`, nic.toLowerCase()], compatibleIds: ['PCI\\CC_02'] };

function installed(date: string, more: Partial<NonNullable<DeviceFacts['installedDriver']>> = {}): DeviceFacts {
  const driverVerVersion = packVersion('1.0');
  return {
    ...device,
    installedDriver: {
      matchingId: nic,
      driverVerDate: date,
      driverVerVersion,
      driverClass: 'Net',
      manufacturer: 'M',
      provider: 'P',
      driverRank: 0x00ff0000,
      ...more,
    },
  };
}

function offered(drivers: UpdateSummary[], more: Partial<DriverSyncRequest> = {}): number[] {
  const index = new CatalogIndex();
  // Through the store's text and back: what is ranked after a restart is what was imported.
  for (const [at, summary] of drivers.entries())
    index.add((at + 1) as RevisionId, decodeSummary(encodeSummary(summary)));
  const deployments = new DeploymentSet({ unapproved: 'report' });
  const request: DriverSyncRequest = {
    installedNonLeaf: [],
    cachedDrivers: [],
    devices: [device],
    computerHardwareIds: [],
    needTwoGroupOutOfScope: false,
    maxNew: 100,
    ...more,
  };
  const found = decideDriverSync(index, deployments, request).newRevisions.map(({ revisionId }) => revisionId);
  const { devices, computerHardwareIds, featureScoreMatchingKey, cachedDrivers } = request;
  for (const [at, summary] of drivers.entries()) {
    const { outcome, because } = explainUpdate(
      offerOf(index, deployments),
      {
        request: { ...request, otherCached: cachedDrivers, filterCategoryIds: [] },
        facts: {
          devices: () => [...devices],
          computerHardwareIds: () => [...computerHardwareIds],
          featureScoreKey: () => featureScoreMatchingKey,
        },
      },
      summary.identity.updateId,
    );
    assert.equal(outcome === 'offered', found.includes((at + 1) as RevisionId), `explained as ${outcome}: ${because}`);
  }
  return found;
}

describe('decideDriverSync', () => {
  const cases: [string, UpdateSummary[], Partial<DriverSyncRequest>, number[]][] = [
    ['nothing for a device no driver fits', [driver(1, [{ hardwareId: 'USB\\X' }])], {}, []],
    ['a driver for a device without one, whatever the letter case', [driver(1, [{}])], {}, [1]],
    [
      'the more specific hardware id',
      [driver(1, [{ driverVerDate: '2029-01-01' }]), driver(2, [{ hardwareId: `${nic}&REV_2` }])],
      {},
      [2],
    ],
    [
      'a hardware id before a compatible one',
      [driver(1, [{ hardwareId: 'PCI\\CC_02', driverVerDate: '2029-01-01' }]), driver(2, [{}])],
      {},
      [2],
    ],
    [
      'the lower feature score before the better id',
      [driver(1, [{ featureScores: new Map([['amd64.10.0', 10]]) }]), driver(2, [{ hardwareId: `${nic}&REV_2` }])],
      { featureScoreMatchingKey: 'AMD64.10.0' },
      [1],
    ],
    [
      'the one for this computer before everything',
      [
        driver(1, [{ targetComputerHardwareIds: ['aa'] }]),
        driver(2, [{ hardwareId: `${nic}&REV_2`, featureScores: new Map([['amd64.10.0', 0]]) }]),
      ],
      { computerHardwareIds: ['{AA}'], featureScoreMatchingKey: 'AMD64.10.0' },
      [1],
    ],
    [
      'none that is for other computers',
      [driver(1, [{ distributionComputerHardwareIds: ['bb'] }])],
      { computerHardwareIds: ['aa'] },
      [],
    ],
    ['the later date', [driver(1, [{ driverVerDate: '2021-01-01' }]), driver(2, [{ version: '9.9' }])], {}, [1]],
    ['the higher version', [driver(1, [{ version: '1.2' }]), driver(2, [{ version: '1.10' }])], {}, [2]],
    ['a better one than the installed', [driver(1, [{}])], { devices: [installed('2019-12-31')] }, [1]],
    ['no equal one', [driver(1, [{}])], { devices: [installed('2020-01-01')] }, []],
    ['no worse one', [driver(1, [{}])], { devices: [installed('2021-01-01')] }, []],
    [
      'no printer driver of another maker',
      [driver(1, [{ manufacturer: 'Other' }])],
      { devices: [installed('2019-01-01', { driverClass: 'Printer' })] },
      [],
    ],
    [
      'a printer driver whose provider is compatible',
      [driver(1, [{ provider: 'New', compatibleProviders: ['P'] }])],
      { devices: [installed('2019-01-01', { driverClass: 'Printer' })] },
      [1],
    ],
    [
      'a printer driver of which another row is of the same maker',
      [
        driver(
          1,
          [{}, { hardwareId: 'LPT\\OLD' }].map((row, at) => ({ ...row, manufacturer: at === 0 ? 'Other' : 'M' })),
        ),
      ],
      { devices: [installed('2019-01-01', { driverClass: 'Printer' })] },
      [1],
    ],
    ['nothing whose prerequisite is not installed', [driver(1, [{}], 9)], {}, []],
    ['nothing that is cached', [driver(1, [{}])], { cachedDrivers: [1 as RevisionId] }, []],
  ];
  for (const [promise, drivers, more, expected] of cases) {
    it(`offers ${promise}`, () => assert.deepEqual(offered(drivers, more), expected));
  }

  describe('of several drivers for one device', () => {
    const old = driver(1, [{}]);
    const newer = driver(2, [{ driverVerDate: '2022-01-01' }]);
    const newest = driver(3, [{ driverVerDate: '2024-01-01' }]);
    const index = new CatalogIndex();
    for (const [at, summary] of [old, newer, newest].entries()) index.add((at + 1) as RevisionId, summary);
    const ask = (approved: Record<number, DeployedAction>, devices = [device]) => {
      const deployments = new DeploymentSet({ unapproved: 'report' });
      for (const [id, action] of Object.entries(approved))
        deployments.set(Number(id) as RevisionId, { deploymentId: Number(id), action, lastChangeTime: 1 });
      const decision = decideDriverSync(index, deployments, {
        ...{ installedNonLeaf: [], cachedDrivers: [], devices, computerHardwareIds: [], needTwoGroupOutOfScope: false },
        maxNew: 100,
      });
      const explain = (summary: UpdateSummary) =>
        explainUpdate(
          offerOf(index, deployments),
          {
            request: { installedNonLeaf: [], otherCached: [], filterCategoryIds: [], needTwoGroupOutOfScope: false },
            facts: { devices: () => devices, computerHardwareIds: () => [], featureScoreKey: () => undefined },
          },
          summary.identity.updateId,
        );
      const offered = decision.newRevisions.map(({ revisionId, deployment }) => [
        Number(revisionId),
        deployment.action,
      ]);
      return { offered: Object.fromEntries(offered), explain };
    };

    it('one that nobody approved does not hide an approved one: clients report on it, and install that', () => {
      assert.deepEqual(ask({ 1: 'Install' }).offered, { 1: 'Install', 3: 'PreDeploymentCheck' });
      assert.deepEqual(ask({ 1: 'Install', 3: 'PreDeploymentCheck' }).offered, {
        1: 'Install',
        3: 'PreDeploymentCheck',
      });
      assert.deepEqual(ask({ 1: 'OptionalInstall', 3: 'Block' }).offered, {
        ...{ 1: 'OptionalInstall', 2: 'PreDeploymentCheck' },
      });
    });

    it('of the approved ones the best only is offered, and the others are explained by it', () => {
      const { offered, explain } = ask({ 1: 'Install', 2: 'Install' });
      assert.deepEqual(offered, { 2: 'Install', 3: 'PreDeploymentCheck' });
      const { outcome, because } = explain(old);
      assert.equal(outcome, 'not-offered');
      assert.match(because, new RegExp(`better match.*${newer.identity.updateId}@1 \\(Install\\)`));
      assert.equal(explain(newer).outcome, 'offered');
    });

    it('an approved one that is no better than the installed driver is not offered', () => {
      assert.deepEqual(ask({ 1: 'Install' }, [installed('2023-01-01')]).offered, { 3: 'PreDeploymentCheck' });
      assert.match(ask({}, [installed('2025-01-01')]).explain(newest).because, /installed driver is as good/);
    });
  });

  it('is explained as undecided while the devices are not known, and by what else keeps it back', () => {
    const index = new CatalogIndex();
    for (const id of [1, 2]) index.add(id as RevisionId, driver(id, [{}], id === 2 ? 9 : undefined));
    const request = { installedNonLeaf: [], otherCached: [], filterCategoryIds: [], needTwoGroupOutOfScope: false };
    const outcomes = [1, 2, 3].map((id) => {
      const { updateId } = driver(id, []).identity;
      const offer = offerOf(index, new DeploymentSet({ unapproved: 'report' }));
      return explainUpdate(offer, { request }, updateId).outcome;
    });
    assert.deepEqual(outcomes, ['undecided', 'not-offered', 'not-offered']);
  });

  it('names the hardware ids that matched and drops cached drivers that do no more', () => {
    const index = new CatalogIndex();
    index.add(1 as RevisionId, driver(1, [{}]));
    const decision = decideDriverSync(index, new DeploymentSet({ unapproved: 'report' }), {
      installedNonLeaf: [],
      cachedDrivers: [5 as RevisionId],
      devices: [device, device],
      computerHardwareIds: [],
      needTwoGroupOutOfScope: false,
      maxNew: 100,
    });
    assert.deepEqual(decision.newRevisions[0]?.hardwareIds, [nic]);
    assert.deepEqual(decision.outOfScope, [5]);
    assert.equal(decision.driverSyncNotNeeded, false);
  });
});

describe('decidePrinterSync', () => {
  it('offers every printer driver whose prerequisites are met, whatever the devices, and names all its ids', () => {
    const index = new CatalogIndex();
    const printer = { driverClass: 'Printer', hardwareId: 'LPT\\A' };
    const summaries = [
      driver(1, [printer, { driverClass: 'Printer', hardwareId: 'LPT\\B' }]),
      driver(2, [{ driverClass: '{4D36E979-E325-11CE-BFC1-08002BE10318}' }]),
      driver(3, [{}]),
      driver(4, [printer], 9),
    ];
    for (const [at, summary] of summaries.entries()) index.add((at + 1) as RevisionId, summary);
    const set = new DeploymentSet({ unapproved: 'report' });
    const ask = (cachedPrinters: number[], maxNew = 10) =>
      decidePrinterSync(index, set, {
        installedNonLeaf: [],
        cachedPrinters: cachedPrinters as RevisionId[],
        maxNew,
        anchor: 1,
      });
    const offered = new Map(
      ask([]).newRevisions.map(({ revisionId, hardwareIds }) => [Number(revisionId), hardwareIds]),
    );
    assert.deepEqual([...offered.keys()].sort(), [1, 2]);
    assert.deepEqual(offered.get(1), ['LPT\\A', 'LPT\\B']);
    const later = ask([1, 3, 77]);
    assert.deepEqual([later.newRevisions.map(({ revisionId }) => revisionId), later.outOfScope], [[2], [3, 77]]);
    assert.equal(ask([], 1).truncated, true);
  });
});
