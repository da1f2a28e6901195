import assert from 'node:assert/strict';
import { it } from 'node:test';
import { administrator, type SystemFacts, systemFacts } from './system-user.ts';

const names: Record<number, string> = { 0: 'root', 1000: 'anna', 1001: 'berta' };

function whoIs(facts: Partial<SystemFacts>): string {
  const { effectiveUserId = 1000 } = facts;
  return administrator({
    environment: {},
    effectiveUserId,
    accountName: () => names[effectiveUserId] ?? assert.fail('no name'),
    loginUserId: undefined,
    nameOf: (userId) => names[userId],
    ...facts,
  });
}

const sudo = { SUDO_USER: 'anna', SUDO_UID: '1000' };

it('the actor of a change is the user that the system knows, whatever variables say', () => {
  assert.equal(whoIs({}), 'anna');
  assert.equal(
    whoIs({ environment: { SUDO_USER: 'berta', SUDO_UID: '1001', USER: 'berta', LOGNAME: 'berta' } }),
    'anna',
  );
  assert.equal(whoIs({ environment: { MOULT_ADMINISTRATOR: 'berta' } }), 'anna (calls itself: berta)');
  assert.equal(whoIs({ effectiveUserId: 0 }), 'root');
});

it('behind sudo it is who logged on; the variable alone is shown as what it is', () => {
  assert.equal(whoIs({ effectiveUserId: 0, environment: sudo, loginUserId: 1000 }), 'anna via sudo (root)');
  assert.equal(whoIs({ effectiveUserId: 0, environment: sudo, loginUserId: 1001 }), 'berta via sudo (root)');
  assert.equal(whoIs({ effectiveUserId: 0, environment: sudo }), 'root (sudo says: anna)');
  assert.equal(whoIs({ effectiveUserId: 0, loginUserId: 1001 }), 'berta (root)');
  assert.equal(whoIs({ effectiveUserId: 0, loginUserId: 4711 }), 'uid 4711 (root)');
});

it('a user without a name is a number, and a variable has no more than its share of a record', () => {
  const accountName = () => {
    throw new Error('ENOENT: no entry for this number');
  };
  assert.equal(whoIs({ effectiveUserId: 4711, accountName }), 'uid 4711');
  assert.ok(whoIs({ environment: { MOULT_ADMINISTRATOR: 'x'.repeat(10_000) } }).length < 100);
  assert.match(administrator({ ...systemFacts(), environment: {} }), /^\S/);
});
