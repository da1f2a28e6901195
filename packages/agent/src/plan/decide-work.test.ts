// What Automatic Updates does with what is ready, rule by rule.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideWork } from './decide-work.ts';
import type { NeededRestart, ReadyUpdate, WorkFacts, WorkPolicy } from './work.ts';

// 22 November 2026 is a Sunday. All local time.
const at = (hour: number, minute = 0, day = 22) => new Date(2026, 10, day, hour, minute);

const basic: WorkPolicy = {
  option: 4,
  schedule: { day: 0, hour: 3, weeks: [] },
  missedAfterMinutes: 1,
  minorAtOnce: false,
  overdueAfterDays: undefined,
  compliance: { quality: undefined, feature: undefined },
  restart: {
    notWithUsers: false,
    alwaysAfterMinutes: undefined,
    deadlineDays: { quality: undefined, feature: undefined },
    engaged: { quality: undefined, feature: undefined },
    activeHours: undefined,
    warningMinutes: 15,
    askAgainMinutes: 10,
  },
};

const update = (more: Partial<ReadyUpdate> = {}): ReadyUpdate => ({
  ...{ id: 'a', kind: 'quality', deadline: undefined, foundAt: at(14, 0, 20), isMinor: false },
  ...more,
});

const restart = (more: Partial<NeededRestart> = {}): NeededRestart => ({
  ...{ since: at(12), kind: 'quality', byDeadline: false, graceEnds: undefined },
  ...more,
});

function decide(facts: Partial<WorkFacts>, policy: Partial<WorkPolicy> = {}) {
  return decideWork({
    ...{ now: at(12), insist: false, awakeSince: at(0, 0, 1), planned: undefined, users: 1 },
    ...{ updates: [], restart: undefined, policy: { ...basic, ...policy } },
    ...facts,
  });
}

const reasonsOf = (facts: Partial<WorkFacts>, policy: Partial<WorkPolicy> = {}) =>
  decide(facts, policy).install.map(({ reason }) => reason);

describe('an installation', () => {
  it('waits for the next scheduled time, and comes then', () => {
    const waits = decide({ updates: [update()] });
    assert.deepEqual([waits.install, waits.planned, waits.again], [[], at(3, 0, 23), at(3, 0, 23)]);
    assert.deepEqual(reasonsOf({ updates: [update()], planned: at(3, 0, 23), now: at(3, 0, 23) }), ['its schedule']);
    assert.deepEqual(reasonsOf({ updates: [update()], planned: at(3, 0, 23), now: at(2, 59, 23) }), []);
  });

  it('that was slept through comes a minute after the machine is there, or after RescheduleWaitTime', () => {
    const facts = { updates: [update()], planned: at(3), awakeSince: at(8) };
    const soon = decide({ ...facts, now: at(8) });
    assert.deepEqual([soon.install, soon.again], [[], at(8, 1)]);
    assert.deepEqual(reasonsOf({ ...facts, now: at(8, 1) }), ['its schedule was missed']);
    assert.deepEqual(reasonsOf({ ...facts, now: at(8, 29) }, { missedAfterMinutes: 30 }), []);
    assert.deepEqual(reasonsOf({ ...facts, now: at(8, 30) }, { missedAfterMinutes: 30 }), ['its schedule was missed']);
  });

  it('that was slept through waits for the next scheduled time where the policy wants that', () => {
    const facts = { updates: [update()], planned: at(3), awakeSince: at(8), now: at(9) };
    const waits = decide(facts, { missedAfterMinutes: undefined });
    assert.deepEqual([waits.install, waits.planned], [[], at(3, 0, 23)]);
  });

  it('is planned anew when the schedule has changed, or when the plan is of a clock that was wrong', () => {
    const changed = decide(
      { updates: [update()], planned: at(3), now: at(9) },
      { schedule: { day: 0, hour: 22, weeks: [] } },
    );
    assert.deepEqual([changed.install, changed.planned], [[], at(22)]);
    const wrong = decide({ updates: [update()], planned: new Date(2036, 0, 1, 3), now: at(9) });
    assert.deepEqual([wrong.install, wrong.planned], [[], at(3, 0, 23)]);
  });

  it('comes at the deadline of its approval, whatever the schedule and the option are', () => {
    for (const option of [2, 3, 4, 7]) {
      const before = decide({ updates: [update({ deadline: at(13) })] }, { option });
      assert.deepEqual([before.install, before.again], [[], at(13)], String(option));
      assert.deepEqual(reasonsOf({ updates: [update({ deadline: at(13) })], now: at(13) }, { option }), [
        'the deadline of its approval has passed',
      ]);
    }
  });

  it('comes at the compliance deadline of its kind, counted from the day it was found', () => {
    const compliance = { quality: { deadlineDays: 2, graceDays: 1, waitsForGrace: false }, feature: undefined };
    assert.deepEqual(reasonsOf({ updates: [update()], now: at(13, 59) }, { compliance }), []);
    assert.deepEqual(reasonsOf({ updates: [update()], now: at(14) }, { compliance }), [
      'the compliance deadline has passed',
    ]);
    assert.deepEqual(reasonsOf({ updates: [update({ kind: 'feature' })], now: at(14) }, { compliance }), []);
  });

  it('that needs no restart comes at once where the policy wants that, and others do not', () => {
    const updates = [update({ isMinor: true }), update({ id: 'b' })];
    assert.deepEqual(decide({ updates }, { minorAtOnce: true }).install, [{ id: 'a', reason: 'it needs no restart' }]);
    assert.deepEqual(decide({ updates }).install, []);
  });

  it('that waits for automatic maintenance comes at the latest after its days', () => {
    const maintenance = { schedule: { day: 0, hour: 2, minute: 30, weeks: [] }, overdueAfterDays: 2 };
    const waits = decide({ updates: [update({ foundAt: at(11, 0, 21) })] }, maintenance);
    assert.deepEqual([waits.install, waits.planned], [[], at(2, 30, 23)]);
    assert.deepEqual(reasonsOf({ updates: [update()], now: at(14) }, maintenance), [
      'automatic maintenance did not come for days',
    ]);
    assert.deepEqual(reasonsOf({ updates: [update()], now: at(14) }, { ...maintenance, option: 3 }), []);
  });

  it('waits for a person with the options that ask one, and comes when one asked', () => {
    for (const option of [2, 3, 7]) {
      const waits = decide({ updates: [update()] }, { option });
      assert.deepEqual([waits.install, waits.waitsForConsent, waits.planned], [[], true, undefined]);
      assert.deepEqual(reasonsOf({ updates: [update()], insist: true }, { option }), ['a person asked']);
    }
  });
});

describe('a restart', () => {
  const rules = (more: Partial<WorkPolicy['restart']>) => ({ restart: { ...basic.restart, ...more } });
  const dayHours = { activeHours: { start: 8, end: 17 } };

  it('comes after the warning, and is due from then on', () => {
    assert.deepEqual(decide({ restart: restart() }).restart, {
      ...{ kind: 'at', at: at(12, 15), reason: 'an installation needs it' },
    });
    const late = decide({ restart: restart(), now: at(13) }).restart;
    assert.deepEqual(late.kind === 'at' && late.at, at(13));
  });

  it('waits for the end of the active hours, over midnight too', () => {
    const day = decide({ restart: restart() }, rules(dayHours)).restart;
    assert.deepEqual(day.kind === 'at' && day.at, at(17));
    const night = { activeHours: { start: 22, end: 6 } };
    const late = decide({ restart: restart({ since: at(23) }), now: at(23) }, rules(night)).restart;
    assert.deepEqual(late.kind === 'at' && late.at, at(6, 0, 23));
    const noon = decide({ restart: restart() }, rules(night)).restart;
    assert.deepEqual(noon.kind === 'at' && noon.at, at(12, 15));
  });

  it('does not come while somebody is logged on where the policy forbids it, and comes when nobody is', () => {
    const policy = rules({ notWithUsers: true });
    assert.deepEqual(decide({ restart: restart() }, policy).restart, {
      kind: 'waits',
      reason: 'somebody is logged on',
    });
    assert.equal(decide({ restart: restart(), users: 0 }, policy).restart.kind, 'at');
  });

  it('after the deadline of an approval waits neither for users nor for active hours', () => {
    const policy = rules({ notWithUsers: true, ...dayHours });
    const forced = decide({ restart: restart({ byDeadline: true }) }, policy).restart;
    assert.deepEqual(forced.kind === 'at' && forced.at, at(12, 15));
  });

  it('comes so many minutes after each installation where the policy wants that, users or not', () => {
    const always = decide({ restart: restart() }, rules({ alwaysAfterMinutes: 60, ...dayHours })).restart;
    assert.deepEqual(always.kind === 'at' && always.at, at(13));
    const users = decide({ restart: restart() }, rules({ alwaysAfterMinutes: 60, notWithUsers: true })).restart;
    assert.equal(users.kind, 'waits', 'NoAutoRebootWithLoggedOnUsers is the stronger one');
  });

  it('has its own deadline, in days, which active hours do not hold up', () => {
    const policy = rules({ deadlineDays: { quality: 2, feature: 9 }, ...dayHours });
    const facts = { restart: restart({ since: at(12, 0, 20) }) };
    assert.match(JSON.stringify(decide({ ...facts, now: at(12) }, policy).restart), /as long as the policy allows/);
    const before = decide({ ...facts, now: at(11, 59) }, policy);
    assert.deepEqual(before.restart.kind === 'at' && before.restart.at, at(17));
    assert.deepEqual(decide({ restart: restart({ since: at(9) }), now: at(10) }, policy).again, at(17));
  });

  it('that is engaged comes by itself at first, is then left to the person, and has a deadline', () => {
    const policy = rules({
      engaged: { quality: { transitionDays: 2, deadlineDays: 3 }, feature: undefined },
      ...dayHours,
    });
    const facts = { restart: restart({ since: at(12, 0, 20) }) };
    assert.deepEqual(decide({ ...facts, now: at(11, 0, 22) }, policy).restart, {
      ...{ kind: 'at', at: at(17), reason: 'the end of the active hours' },
    });
    const engaged = decide({ ...facts, now: at(18) }, policy);
    assert.deepEqual([engaged.restart.kind, engaged.again], ['waits', at(12, 0, 25)]);
    assert.equal(decide({ ...facts, now: at(18), users: 0 }, policy).restart.kind, 'at', 'nobody is there to decide');
    assert.deepEqual(decide({ ...facts, now: at(12, 0, 25) }, policy).restart, {
      ...{ kind: 'at', at: at(12, 0, 25), reason: 'the deadline of the engaged restart' },
    });
    // Also with the options that ask a person, and never without a deadline.
    assert.equal(decide({ ...facts, now: at(12, 0, 25) }, { ...policy, option: 3 }).restart.kind, 'at');
    const endless = rules({ engaged: { quality: { transitionDays: 0, deadlineDays: undefined }, feature: undefined } });
    assert.equal(decide({ ...facts, now: at(12, 0, 30) }, endless).restart.kind, 'waits');
    const other = restart({ since: at(12, 0, 1), kind: 'feature' });
    assert.equal(decide({ restart: other, now: at(18) }, policy).restart.kind, 'at', 'the rule of the other kind');
  });

  it('after a compliance deadline comes outside the active hours until the grace ends, and then at once', () => {
    const compliance = { quality: { deadlineDays: 2, graceDays: 2, waitsForGrace: false }, feature: undefined };
    const policy = { ...rules({ notWithUsers: true, ...dayHours }), compliance };
    const within = decide({ restart: restart({ graceEnds: at(12, 0, 24) }) }, policy).restart;
    assert.deepEqual(within.kind === 'at' && within.at, at(17));
    const ends = decide({ restart: restart({ graceEnds: at(13) }) }, policy).restart;
    assert.deepEqual(ends.kind === 'at' && ends.at, at(13));
    const over = decide({ restart: restart({ graceEnds: at(11) }) }, policy).restart;
    assert.deepEqual(over.kind === 'at' && over.at, at(12));
    const waiting = { quality: { ...compliance.quality, waitsForGrace: true }, feature: undefined };
    const waits = decide({ restart: restart({ graceEnds: at(12, 0, 24) }) }, { ...policy, compliance: waiting });
    assert.deepEqual([waits.restart.kind, waits.again], ['waits', at(12, 0, 24)]);
  });

  it('waits until what can be installed now is installed', () => {
    const decision = decide({ updates: [update()], restart: restart(), insist: true });
    assert.deepEqual([decision.install.length, decision.restart.kind], [1, 'none']);
  });
});
