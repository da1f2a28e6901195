import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decisionInForce, linesOf } from './merge-deployments.ts';
import {
  allComputers,
  type InheritedDeployment,
  type StoredDeployment,
  type TargetGroup,
  unassignedComputers,
} from './target-groups.ts';

// All Computers ─ Servers ─ Web
//               ├ Lab
//               └ Desktops
const groups: TargetGroup[] = [
  { groupId: allComputers, name: 'All Computers', parentId: undefined },
  { groupId: unassignedComputers, name: 'Unassigned Computers', parentId: allComputers },
  { groupId: 'servers', name: 'Servers', parentId: allComputers },
  { groupId: 'web', name: 'Web', parentId: 'servers' },
  { groupId: 'lab', name: 'Lab', parentId: allComputers },
  { groupId: 'desktops', name: 'Desktops', parentId: allComputers },
];

let changes = 0;
function decision(action: StoredDeployment['action'], deadline?: string): Omit<StoredDeployment, 'groupId'> {
  return {
    deploymentId: ++changes,
    updateId: 'u',
    action,
    deadline: deadline === undefined ? undefined : new Date(deadline),
    changedAt: changes,
    administrator: 'a',
  };
}

type Given = Omit<StoredDeployment, 'groupId'> | Omit<InheritedDeployment, 'groupId'>;

function inForce(decisions: Record<string, Given>, ...members: string[]) {
  const byGroup = new Map(Object.entries(decisions).map(([groupId, one]) => [groupId, { ...one, groupId }]));
  return decisionInForce(byGroup, linesOf(groups, members));
}

describe('which decision holds', () => {
  it('nobody decided: none', () => {
    assert.equal(inForce({}, 'web'), undefined);
    assert.equal(inForce({ lab: decision('Install') }, 'web'), undefined);
  });

  it('a group inherits from those it is inside of', () => {
    assert.equal(inForce({ servers: decision('Install') }, 'web')?.action, 'Install');
    assert.equal(inForce({ [allComputers]: decision('Install') }, 'web')?.action, 'Install');
    assert.equal(inForce({ [allComputers]: decision('Install') }, unassignedComputers)?.action, 'Install');
  });

  it('its own decision replaces the inherited one, stronger or not', () => {
    const decisions = { [allComputers]: decision('Install'), servers: decision('PreDeploymentCheck') };
    assert.equal(inForce(decisions, 'web')?.action, 'PreDeploymentCheck');
    assert.equal(inForce(decisions, 'lab')?.action, 'Install');
  });

  it('the deeper group counts, on whichever branch it is, and a decision made further up is no deeper than that', () => {
    const decisions = { web: decision('PreDeploymentCheck'), lab: decision('Install', '2027-01-01') };
    assert.equal(inForce(decisions, 'web', 'lab')?.action, 'PreDeploymentCheck');
    assert.equal(inForce(decisions, 'lab', 'web')?.action, 'PreDeploymentCheck');
    const inherited = { servers: decision('Uninstall'), lab: decision('Install') };
    assert.equal(inForce(inherited, 'web', 'lab')?.action, 'Install');
    const farUp = { [allComputers]: decision('Install'), lab: decision('Block') };
    assert.equal(inForce(farUp, 'web', 'lab')?.action, 'Block');
  });

  it('between groups equally deep the stronger one counts, and the order of groups does not', () => {
    const order = ['Install', 'OptionalInstall', 'Uninstall', 'PreDeploymentCheck', 'Block'] as const;
    for (const [at, stronger] of order.entries()) {
      for (const weaker of order.slice(at)) {
        const decisions = { desktops: decision(weaker), lab: decision(stronger) };
        assert.equal(inForce(decisions, 'desktops', 'lab')?.action, stronger);
        assert.equal(inForce(decisions, 'lab', 'desktops')?.action, stronger);
      }
    }
  });

  it('of two equal ones the earlier deadline counts, and one with a deadline before one without', () => {
    const early = decision('Install', '2027-01-01');
    const later = { desktops: decision('Install', '2027-02-01'), lab: early, servers: decision('Install') };
    assert.deepEqual(inForce(later, 'desktops', 'lab', 'servers')?.deadline, early.deadline);
    const without = { desktops: decision('Install'), lab: early };
    assert.deepEqual(inForce(without, 'desktops', 'lab')?.deadline, early.deadline);
  });

  it('a decision taken back gives way to the one above, and clients are told; with none above it is reported only', () => {
    const install = decision('Install');
    const back = { ...decision('Block'), action: 'Inherit' as const };
    const above = inForce({ servers: install, web: back }, 'web');
    assert.deepEqual([above?.action, above?.deploymentId], ['Install', install.deploymentId]);
    assert.equal(above?.changedAt, back.changedAt);
    const none = inForce({ web: { ...back, deadline: new Date() } }, 'web');
    assert.deepEqual(
      [none?.action, none?.deadline, none?.changedAt],
      ['PreDeploymentCheck', undefined, back.changedAt],
    );
    assert.equal(inForce({ web: back }, 'lab'), undefined);
  });

  it('clients are told by the newest change on any of their lines, also when the outcome comes from another', () => {
    const install = decision('Install');
    const newer = decision('Block');
    assert.deepEqual(inForce({ web: install, lab: newer }, 'web', 'lab')?.changedAt, newer.changedAt);
  });

  it('a group that is gone counts as none', () => {
    assert.deepEqual(linesOf(groups, ['gone']), [[allComputers]]);
    assert.deepEqual(linesOf(groups, ['web', 'gone']), [['web', 'servers', allComputers]]);
  });
});
