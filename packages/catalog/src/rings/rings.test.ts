import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allComputers } from '../deployment/index.ts';
import { chanceInGroup, chanceOfAtLeast, weightOfHarm } from './chance.ts';
import {
  advance,
  afterGap,
  countExposure,
  defaultRingPolicy,
  type Exposure,
  faultOf,
  intervene,
  noControls,
  noCounts,
  noRhythm,
  placeOf,
  presenceOf,
  type RingEvidence,
  type RingPlan,
  type RolloutState,
  ringOf,
  shareReached,
  startRollout,
} from './index.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 0, 5);

const plan: RingPlan = {
  name: 'Updates',
  rings: [
    { name: 'first', members: { kind: 'percent', percent: 10 }, policy: { ...defaultRingPolicy, hours: 24 } },
    { name: 'rest', members: { kind: 'percent', percent: 100 }, policy: { ...defaultRingPolicy, hours: 24 } },
  ],
};

/** A ring of 200 where all is well; `changes` goes over it. */
function evidence(changes: Partial<RingEvidence['ring']> = {}, others: Partial<RingEvidence> = {}): RingEvidence {
  const ring = { ...noCounts, offered: 200, proven: 190, notNeeded: 10, watched: 180, ...changes };
  const control = { watched: 1000, late: 10, silent: 2 };
  return { members: 200, ring, reached: ring, control: { ring: control, reached: control }, isHeld: false, ...others };
}

/** After `hours` of steps, an hour each. */
function watched(hours: number, found = evidence(), from: RolloutState = startRollout(start)) {
  let last = { state: from, transitions: [], waitsFor: undefined } as ReturnType<typeof advance>;
  for (let step = 1; step <= hours; step++) {
    last = advance(last.state, plan, found, last.state.steppedAt + hour);
    if (last.transitions.length > 0) break;
  }
  return last;
}

test('an update goes on when enough have it, enough are good and the hours passed, with its numbers', () => {
  assert.equal(watched(23).waitsFor, 'hours');
  const { state, transitions } = watched(24);
  assert.equal(state.ring, 1);
  assert.equal(state.watchedMs, 0);
  const [transition] = transitions;
  assert.deepEqual(
    [transition?.action, transition?.fromRing, transition?.toRing, transition?.watchedHours],
    ['promote', 0, 1, 24],
  );
  assert.equal(transition?.evidence.ring.proven, 190);
});

test('the last ring finishes', () => {
  const { state, transitions } = watched(24, evidence(), { ...startRollout(start), ring: 1 });
  assert.deepEqual([state.status, state.ring, transitions[0]?.action], ['finished', 1, 'finish']);
  assert.deepEqual(watched(24, evidence({ failed: 100 }), state).transitions, [], 'nothing follows an end');
});

test('without enough installations that checked in again it waits', () => {
  assert.equal(watched(48, evidence({ proven: 19, installed: 171 })).waitsFor, 'installations');
});

test('a ring with fewer computers than asked for goes on with all of them, after patience only', () => {
  const few = evidence({ offered: 5, proven: 5, notNeeded: 0, watched: 5 }, { members: 5 });
  assert.equal(watched(335, few).waitsFor, 'installations');
  assert.equal(watched(336, few).state.ring, 1);
  const none = evidence({ offered: 5, proven: 0, notNeeded: 5, watched: 5 }, { members: 5 });
  assert.equal(watched(400, none).waitsFor, 'installations', 'one at least shows something');
});

test('a hold, or a stop, keeps it from going on and does not count as time', () => {
  const held = watched(48, evidence({}, { isHeld: true }));
  assert.deepEqual([held.waitsFor, held.state.watchedMs], ['held', 0]);
});

test('a ring without computers never lets anything through: its group was removed, for example', () => {
  const empty = evidence({ ...noCounts }, { members: 0 });
  assert.equal(watched(400, empty).waitsFor, 'emptyRing');
});

test('failures beyond the limit halt at once, and those that may be chance do not', () => {
  const halted = watched(1, evidence({ failed: 12, proven: 178 }));
  assert.deepEqual([halted.state.status, halted.transitions[0]?.reason], ['halted', 'failures']);
  // 1 of 10 is 10 %, and means little.
  assert.equal(watched(1, evidence({ offered: 10, failed: 1, proven: 9 })).state.status, 'running');
});

test('when patience ends it halts what is hardly chance, and lets go on what one failure of few would stop for ever', () => {
  const found = evidence({ offered: 120, proven: 115, failed: 5 });
  assert.equal(watched(335, found).waitsFor, 'notGoodEnough');
  const { state, transitions } = watched(336, found);
  assert.deepEqual([state.status, transitions[0]?.reason], ['halted', 'notGoodEnough']);
  const pilot = evidence({ offered: 25, proven: 24, failed: 1, watched: 25 }, { members: 25 });
  assert.equal(watched(335, pilot).waitsFor, 'notGoodEnough');
  assert.equal(watched(336, pilot).state.ring, 1);
});

test('computers that fall silent halt it, and at a weekend, when the control group is silent too, they do not', () => {
  const silent = evidence({ silent: 9, proven: 181 });
  assert.equal(watched(6, silent).transitions[0]?.reason, 'silence');
  const away = { watched: 1000, late: 100, silent: 850 };
  const weekend = evidence({ silent: 150, late: 20 }, { control: { ring: away, reached: away } });
  assert.equal(watched(6, weekend).state.status, 'running');
  assert.equal(watched(48, weekend).waitsFor, 'everybodyAway', 'and nothing goes on meanwhile');
  assert.equal(watched(400, weekend).waitsFor, 'everybodyAway', 'also when patience is over');
  const alone = evidence({ silent: 150 }, { control: { ring: noControls, reached: noControls } });
  assert.equal(watched(6, alone).state.status, 'running', 'without a control group nobody can tell');
});

test('of 1,000 good updates whose failures are looked at one by one hardly one is halted, and none of 100 bad ones goes through', () => {
  let state = 7;
  // As seededRandom of the simulator: this package does not know it.
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  /** Computers that tell their outcome one after the other; failures are told at once, all else at the end. */
  const isHalted = (share: number, computers: number) => {
    let failed = 0;
    for (let offered = 1; offered <= computers; offered++) {
      if (random() >= share) continue;
      failed++;
      const installed = Math.floor(offered / 2);
      const found = evidence({ offered, installed, failed, proven: 0, notNeeded: 0 });
      if (advance(startRollout(start), plan, found, start).state.status === 'halted') return true;
    }
    return false;
  };
  const halted = (of: number, share: number, computers: number) =>
    Array.from({ length: of }, () => isHalted(share, computers)).filter(Boolean).length;
  assert.ok(halted(1000, defaultRingPolicy.usualFailurePercent / 100, 3000) <= 3, 'good');
  assert.equal(halted(100, 0.04, 3000), 100, 'bad');
});

test('silence is looked at a few times in each ring, and all looks together cost a small chance', () => {
  const silent = evidence({ silent: 9, proven: 181 });
  const after = (hours: number) => ({ ...startRollout(start), watchedMs: hours * hour });
  const at = (hours: number) => advance(after(hours), plan, silent, start + hour).state.status;
  assert.deepEqual([at(0), at(4), at(5), at(6), at(11)], ['running', 'running', 'halted', 'running', 'halted']);
  // 5 of 180 and 3 of 1000 are chance once in 200 times. 100 looks would find that.
  const doubtful = evidence(
    { silent: 5, late: 0 },
    { control: { ring: { watched: 1000, late: 10, silent: 5 }, reached: { watched: 1000, late: 10, silent: 5 } } },
  );
  assert.equal(watched(300, doubtful).state.status, 'running');
});

test('computers that were not seen again keep it back before they are silent', () => {
  assert.equal(watched(48, evidence({ unseen: 5 })).waitsFor, 'unseen');
  assert.equal(watched(48, evidence({ late: 12 })).waitsFor, 'late');
});

test('a pause ends by itself, and what halted goes on by hand without halting for the same computers', () => {
  const running = startRollout(start);
  const paused = intervene(running, plan, evidence(), { action: 'pause', until: start + 2 * hour });
  assert.ok(paused);
  assert.equal(advance(paused.state, plan, evidence(), start + hour).waitsFor, 'paused');
  const resumed = advance(paused.state, plan, evidence(), start + 2 * hour);
  assert.deepEqual([resumed.state.status, resumed.transitions[0]?.reason], ['running', 'pauseEnded']);

  const bad = evidence({ failed: 12, proven: 178 });
  const halted = watched(1, bad).state;
  const again = intervene(halted, plan, bad, { action: 'resume' });
  assert.ok(again);
  assert.equal(advance(again.state, plan, bad, start + 3 * hour).state.status, 'running');
  const worse = evidence({ failed: 24, proven: 166 });
  assert.equal(advance(again.state, plan, worse, start + 3 * hour).state.status, 'halted', 'new ones count');
});

test('skip goes on without evidence, and what was rolled back stays so', () => {
  const skipped = intervene(startRollout(start), plan, evidence({ ...noCounts }), { action: 'skip' });
  assert.equal(skipped?.state.ring, 1);
  assert.equal(intervene(skipped?.state ?? startRollout(start), plan, evidence(), { action: 'skip' }), undefined);
  const back = intervene(startRollout(start), plan, evidence(), { action: 'rollBack' });
  assert.equal(back?.state.status, 'rolledBack');
  for (const action of ['resume', 'skip', 'rollBack'] as const)
    assert.equal(back && intervene(back.state, plan, evidence(), { action }), undefined);
});

test('a clock that jumps adds an hour at most, and one that goes back adds none', () => {
  const jumped = advance(startRollout(start), plan, evidence(), start + 87_600 * hour);
  assert.deepEqual([jumped.waitsFor, jumped.state.watchedMs], ['hours', hour]);
  const back = advance(jumped.state, plan, evidence(), start);
  assert.equal(back.state.watchedMs, hour);
  assert.equal(advance(back.state, plan, evidence(), start).state.watchedMs, hour, 'the same step again adds nothing');
});

const rhythm = { gaps: 20, gapMs: 22 * hour, deviationMs: hour, connectedMs: 100 * hour };
const seen: Exposure = {
  ...{ outcome: 'installed', outcomeAt: start, connectedAtOffer: 90 * hour, lastContact: start + 20 * hour, rhythm },
};

function counted(one: Exposure, now: number) {
  const counts = { ...noCounts };
  countExposure(counts, one, now, 6);
  return Object.fromEntries(Object.entries(counts).filter(([, number]) => number > 0));
}

test('a computer counts as good when it checked in after the installation', () => {
  assert.deepEqual(counted(seen, start + 21 * hour), { offered: 1, proven: 1, watched: 1 });
  const lastContact = start + hour / 4;
  assert.deepEqual(counted({ ...seen, lastContact }, start + hour), {
    offered: 1,
    installed: 1,
    watched: 1,
    unseen: 1,
  });
  assert.deepEqual(counted({ ...seen, lastContact }, start + 48 * hour).silent, 1);
});

test('a computer that was not on does not count, one that was on waits for its outcome', () => {
  const none: Exposure = { ...seen, outcome: 'none' };
  assert.equal(counted({ ...none, connectedAtOffer: 96 * hour }, start + 21 * hour).away, 1);
  assert.equal(counted(none, start + 21 * hour).pending, 1);
});

test('a rhythm follows check-ins; requests within one, and gaps from nowhere, change nothing', () => {
  let learnt = noRhythm;
  for (let day = 0; day < 10; day++) learnt = afterGap(learnt, 22 * hour);
  assert.equal(presenceOf(learnt, 22 * hour), 'here');
  assert.equal(presenceOf(learnt, 40 * hour), 'silent');
  assert.equal(presenceOf(noRhythm, 400 * hour), 'unknown');
  for (const gap of [0, 1000, -hour, Number.NaN]) assert.equal(afterGap(learnt, gap), learnt);
  const jumped = afterGap(learnt, Number.MAX_SAFE_INTEGER);
  assert.ok(jumped.gapMs < 72 * hour && jumped.connectedMs - learnt.connectedMs === 6 * hour);
  assert.equal(presenceOf(learnt, -1000 * hour), 'here', 'a clock that went back makes nobody silent');
});

test('the place of a computer is stable and evenly spread, and its group wins', () => {
  assert.equal(placeOf('A0A08746-4dbe-4a37-9adf-9e7652c0b421'), placeOf('a0a08746-4dbe-4a37-9adf-9e7652c0b421'));
  const ids = Array.from({ length: 20_000 }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`);
  const first = ids.filter((id) => ringOf(plan, id, new Set()) === 0).length;
  assert.ok(Math.abs(first - 2000) < 150, `${first} of 20000 are in the ring of 10 percent`);
  const named: RingPlan = {
    ...plan,
    rings: [
      ...plan.rings,
      { name: 'servers', members: { kind: 'groups', groupIds: ['servers'] }, policy: defaultRingPolicy },
    ],
  };
  assert.ok(ids.slice(0, 100).every((id) => ringOf(named, id, new Set(['servers'])) === 2));
});

test('a plan says which ring is wrong', () => {
  assert.equal(faultOf(plan), undefined);
  assert.deepEqual(faultOf({ name: '', rings: [] }), { fault: 'no-rings' });
  const [one] = plan.rings;
  assert.ok(one);
  assert.deepEqual(faultOf({ name: '', rings: [one, { ...one, name: 'FIRST' }] }), {
    fault: 'same-name',
    ring: 'FIRST',
  });
  const policy = { ...one.policy, goodPercent: Number.NaN };
  assert.deepEqual(faultOf({ name: '', rings: [{ ...one, policy }] }), {
    ...{ fault: 'policy', ring: 'first', setting: 'goodPercent' },
  });
});

test('percentages are all computers together, come after groups, and end where all computers are reached', () => {
  const ring = (name: string, members: RingPlan['rings'][number]['members']) => ({
    ...{ name, members, policy: defaultRingPolicy },
  });
  const percent = (value: number) => ring(`p${value}`, { kind: 'percent', percent: value });
  const groups = (...groupIds: string[]) => ring('groups', { kind: 'groups', groupIds });
  const fault = (...rings: RingPlan['rings']) => faultOf({ name: 'one', rings })?.fault;
  for (const [rings, wanted] of [
    [[percent(5), percent(20), percent(75)], undefined],
    [[percent(5), percent(25), percent(100)], undefined],
    [[percent(33.3), percent(33.4), percent(33.30000001)], undefined],
    [[groups('pilot'), percent(100)], undefined],
    [[percent(5), percent(20)], 'percent-below-100'],
    [[percent(5), groups('pilot')], 'groups-after-percent'],
    [[groups(allComputers), percent(100)], 'all-before-percent'],
    [[percent(0)], 'percent'],
    [[percent(101)], 'percent'],
    [[percent(Number.NaN)], 'percent'],
  ] as const)
    assert.equal(fault(...rings), wanted);
  const mixed = { name: 'one', rings: [groups('pilot'), percent(5), percent(20), percent(75)] };
  assert.deepEqual(
    mixed.rings.map((_, at) => shareReached(mixed, at)),
    [undefined, 5, 25, undefined],
  );
});

test('chances are those of the binomial distribution', () => {
  const near = (value: number, wanted: number) =>
    assert.ok(Math.abs(value / wanted - 1) < 1e-9, `${value}, not ${wanted}`);
  // 1 - 0.99^100; 1 - 0.5^10 - 10 * 0.5^10; 0.01^3.
  near(chanceOfAtLeast(1, 100, 0.01), 1 - 0.99 ** 100);
  near(chanceOfAtLeast(2, 10, 0.5), 1 - 11 * 0.5 ** 10);
  near(chanceOfAtLeast(3, 3, 0.01), 1e-6);
  assert.deepEqual([chanceOfAtLeast(0, 5, 0.1), chanceOfAtLeast(6, 5, 0.1), chanceOfAtLeast(1, 5, 0)], [1, 0, 0]);
  assert.ok(chanceOfAtLeast(20_000, 100_000, 0.1) < 1e-300);
  // Of 4 among 3 of ours and 5 others, 3 or more are ours: 5 of 70 ways. Of 2 among 2 and 2: 1 of 6.
  near(chanceInGroup(3, 3, 4, 5), 5 / 70);
  near(chanceInGroup(2, 2, 2, 2), 1 / 6);
  near(chanceInGroup(1, 3, 4, 5), 65 / 70);
  assert.deepEqual([chanceInGroup(0, 3, 4, 5), chanceInGroup(4, 3, 4, 5), chanceInGroup(2, 3, 5, 3)], [1, 0, 1]);
  assert.ok(weightOfHarm(0, 1000, 0.005) < 0 && weightOfHarm(3, 3, 0.005) > 10 && weightOfHarm(1, 1, 0) === Infinity);
});
