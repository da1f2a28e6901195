// A year of life in seconds: 1,000 machines in four time zones, with schedules, deadlines, active hours, nights and weekends
// in which they are off, and clocks that jump. Judged by rules of its own, not by those of the decision.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { createRandom, type Random } from '../../../../scripts/fuzz/mutate.ts';
import { programBounds } from '../bounds.ts';
import { nextRegularDetection } from '../machine/au-state.ts';
import { createWaitClock, type WaitClock } from '../program/wait-clock.ts';
import { decideWork } from './decide-work.ts';
import type { InstallReason, NeededRestart, ReadyUpdate, WorkPolicy } from './work.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const begin = Date.UTC(2026, 0, 1);
const end = Date.UTC(2027, 0, 1);
const own = process.env.TZ;
after(() => {
  if (own === undefined) delete process.env.TZ;
  else process.env.TZ = own;
});

/** One machine, driven from one time that matters to the next. `skewMs` is how wrong its clock is. */
interface Machine {
  policy: WorkPolicy;
  frequencyHours: number;
  /** Hours of the day in which it is on, local; undefined: always. */
  on: { from: number; to: number; weekends: boolean } | undefined;
  users: number;
  skewMs: number;
  awakeSince: number;
  planned: Date | undefined;
  nextDetection: number;
  wait: WaitClock;
  updates: ReadyUpdate[];
  restart: NeededRestart | undefined;
}

interface Seen {
  longestSilenceMs: number;
  installed: number;
  restarts: number;
  reasons: Map<InstallReason, number>;
  faults: string[];
}

describe('a year of 1,000 machines', () => {
  for (const zone of ['UTC', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe']) {
    it(`in ${zone}: none is silent for longer than its policy allows, none installs or restarts outside its times`, (test) => {
      process.env.TZ = zone;
      const seen: Seen = { longestSilenceMs: 0, installed: 0, restarts: 0, reasons: new Map(), faults: [] };
      for (let number = 0; number < 250; number++) live(createRandom(number * 4099 + zone.length), seen);
      assert.deepEqual(seen.faults.slice(0, 5), []);
      assert.ok(seen.installed > 250 * 10, `${seen.installed} installations`);
      for (const reason of [
        'its schedule',
        'its schedule was missed',
        'the deadline of its approval has passed',
      ] as const)
        assert.ok((seen.reasons.get(reason) ?? 0) > 50, `${reason}: ${seen.reasons.get(reason)}`);
      test.diagnostic(
        `${seen.installed} installations, ${seen.restarts} restarts, ${JSON.stringify([...seen.reasons])}`,
      );
    });
  }
});

function live(random: Random, seen: Seen): void {
  let time = begin;
  const wait = createWaitClock({ now: () => new Date(time + machine.skewMs), monotonicMs: () => time });
  const machine: Machine = { ...makeMachine(random), wait };
  let lastDetection = begin;
  let offSince = 0;
  let patches = 0;
  while (time < end) {
    if (!isOn(machine, time)) {
      time = nextOn(machine, time);
      offSince += 1;
      machine.awakeSince = time + machine.skewMs;
      continue;
    }
    if (random.below(100) === 0) jump(machine, random, time);
    const clock = time + machine.skewMs;
    // As program/schedule.ts has it: a time that is too far away is one of a wrong clock.
    if (machine.nextDetection - clock > programBounds.maxWaitMs) machine.nextDetection = clock + 5 * minute;
    if (machine.wait.leftMs(new Date(machine.nextDetection)) <= 0) {
      const offMs = offSince > 0 ? time - lastDetection : 0;
      noteSilence(machine, seen, time - lastDetection - offMs);
      lastDetection = time;
      offSince = 0;
      patches = detect(machine, random, clock, patches);
      machine.wait.leftMs(new Date(machine.nextDetection));
    }
    const again = work(machine, new Date(clock), seen);
    const planMs = (again?.getTime() ?? Number.POSITIVE_INFINITY) - clock;
    time += Math.max(Math.min(planMs, machine.wait.leftMs(new Date(machine.nextDetection)), 6 * hour), 1000);
    if (machine.on) time = Math.min(time, nextOff(machine, time));
  }
  for (const { id, foundAt, deadline } of machine.updates) {
    const overdue = deadline !== undefined && deadline.getTime() + 40 * day < end + machine.skewMs;
    if (overdue) seen.faults.push(`${id} found ${foundAt.toISOString()} is not installed long after its deadline`);
  }
}

function makeMachine(random: Random): Omit<Machine, 'wait'> {
  const pick = <T>(...values: T[]): T => values[random.below(values.length)] as T;
  const start = random.below(24);
  const compliance = pick(undefined, undefined, {
    deadlineDays: 5,
    graceDays: 2,
    waitsForGrace: random.below(2) === 0,
  });
  return {
    policy: {
      option: pick(4, 4, 4, 3),
      schedule: {
        day: pick(0, 0, 1 + random.below(7)),
        hour: random.below(24),
        weeks: pick<number[]>([], [], [2], [1, 3]),
      },
      missedAfterMinutes: pick(1, 30, undefined),
      minorAtOnce: random.below(4) === 0,
      overdueAfterDays: pick(undefined, undefined, undefined, 2),
      compliance: { quality: compliance, feature: undefined },
      restart: {
        notWithUsers: random.below(3) === 0,
        alwaysAfterMinutes: pick(undefined, undefined, 15),
        deadlineDays: { quality: pick(undefined, 7), feature: undefined },
        engaged: { quality: pick(undefined, undefined, { transitionDays: 2, deadlineDays: 5 }), feature: undefined },
        activeHours: pick(undefined, { start, end: (start + 8 + random.below(11)) % 24 }),
        ...{ warningMinutes: 15, askAgainMinutes: 10 },
      },
    },
    frequencyHours: 1 + random.below(22),
    on: pick(undefined, { from: 7, to: 18, weekends: false }, { from: 9, to: 23, weekends: true }),
    users: random.below(2),
    ...{ skewMs: 0, awakeSince: begin, planned: undefined, nextDetection: begin + 5 * minute, updates: [] },
    restart: undefined,
  };
}

/** A clock is set wrong or right. The agent notices a gap as it does after a sleep. */
function jump(machine: Machine, random: Random, time: number): void {
  machine.skewMs = random.below(2) === 0 ? 0 : (random.below(2) === 0 ? -1 : 1) * random.below(3650) * day;
  machine.awakeSince = time + machine.skewMs;
}

/** Six updates a month appear; some have a deadline. Answers how many there were. */
function detect(machine: Machine, random: Random, clock: number, patches: number): number {
  machine.nextDetection = nextRegularDetection(
    new Date(clock),
    machine.frequencyHours,
    random.below(1000) / 1000,
  ).getTime();
  if (random.below(100) >= 10) return patches;
  const deadline = random.below(3) === 0 ? new Date(clock + (1 + random.below(10)) * day) : undefined;
  machine.updates.push({
    ...{ id: `u${patches}`, kind: 'quality', deadline, foundAt: new Date(clock), isMinor: random.below(4) === 0 },
  });
  return patches + 1;
}

function work(machine: Machine, now: Date, seen: Seen): Date | undefined {
  for (let round = 0; ; round++) {
    if (round > 3) seen.faults.push(`decides without end at ${now.toISOString()}`);
    const { policy, planned, updates, restart, users } = machine;
    const awakeSince = new Date(machine.awakeSince);
    const decision = decideWork({ now, policy, insist: false, awakeSince, planned, updates, restart, users });
    for (const { id, reason } of decision.install) install(machine, id, reason, now, seen);
    machine.planned = decision.planned;
    if (decision.restart.kind === 'at' && decision.restart.at <= now)
      restartNow(machine, now, decision.restart.reason, seen);
    else if (decision.install.length === 0 || round > 3) return decision.again;
  }
}

function install(machine: Machine, id: string, reason: InstallReason, now: Date, seen: Seen): void {
  const update = machine.updates.find((one) => one.id === id);
  if (!update) return void seen.faults.push(`${id} is installed twice`);
  machine.updates = machine.updates.filter((one) => one !== update);
  seen.installed++;
  seen.reasons.set(reason, (seen.reasons.get(reason) ?? 0) + 1);
  judgeInstall(machine, update, reason, now, seen);
  if (update.isMinor) return;
  const compliance = machine.policy.compliance.quality;
  const byCompliance = reason === 'the compliance deadline has passed';
  machine.restart ??= {
    ...{ since: now, kind: 'quality', byDeadline: reason === 'the deadline of its approval has passed' },
    graceEnds: byCompliance && compliance ? new Date(now.getTime() + compliance.graceDays * day) : undefined,
  };
}

function judgeInstall(machine: Machine, update: ReadyUpdate, reason: InstallReason, now: Date, seen: Seen): void {
  const { policy, awakeSince } = machine;
  const fault = (text: string) => seen.faults.push(`${text}: ${reason} at ${now} (${JSON.stringify(policy)})`);
  if (reason === 'its schedule' && !isScheduledHour(policy, now)) fault('installed outside its hour');
  if (reason === 'its schedule was missed') {
    if (policy.missedAfterMinutes === undefined) fault('made up for a schedule although the policy waits for the next');
    else if (now.getTime() < awakeSince + policy.missedAfterMinutes * minute) fault('made up for a schedule too early');
  }
  const overdueMs = (policy.overdueAfterDays ?? Number.POSITIVE_INFINITY) * day;
  if (reason === 'automatic maintenance did not come for days' && now.getTime() - update.foundAt.getTime() < overdueMs)
    fault('maintenance was not overdue');
  if (reason === 'the deadline of its approval has passed' && !(update.deadline && update.deadline <= now))
    fault('no deadline');
  if (policy.option !== 4 && !/deadline/.test(reason)) fault('installed without consent');
}

/** Spelled out here once more, so that a wrong calendar is found. */
function isScheduledHour({ schedule }: WorkPolicy, now: Date): boolean {
  // A scheduled time that the clock skips in spring comes an hour later.
  const hours = [schedule.hour, (schedule.hour + 1) % 24];
  const rightDay = schedule.day === 0 || now.getDay() + 1 === schedule.day;
  const week = now.getDate() > 21 ? 4 : now.getDate() > 14 ? 3 : now.getDate() > 7 ? 2 : 1;
  return hours.includes(now.getHours()) && rightDay && (schedule.weeks.length === 0 || schedule.weeks.includes(week));
}

function restartNow(machine: Machine, now: Date, reason: string, seen: Seen): void {
  const { activeHours, notWithUsers } = machine.policy.restart;
  const isForced = /deadline|policy/.test(reason);
  if (activeHours && !isForced && isWithin(activeHours, now.getHours()))
    seen.faults.push(`restart in active hours: ${now}`);
  if (notWithUsers && machine.users > 0 && !isForced && !machine.restart?.graceEnds)
    seen.faults.push(`restart under a user: ${now}`);
  machine.restart = undefined;
  machine.awakeSince = now.getTime() + minute;
  seen.restarts++;
}

function isWithin({ start, end: until }: { start: number; end: number }, now: number): boolean {
  for (let at = start; at !== until; at = (at + 1) % 24) if (at === now) return true;
  return false;
}

function noteSilence({ frequencyHours }: Machine, seen: Seen, silenceMs: number): void {
  seen.longestSilenceMs = Math.max(seen.longestSilenceMs, silenceMs);
  if (silenceMs > (frequencyHours + 1) * hour + minute)
    seen.faults.push(`silent for ${silenceMs / hour} hours, told ${frequencyHours}`);
}

function isOn({ on }: Machine, time: number): boolean {
  if (!on) return true;
  const local = new Date(time);
  const isWeekend = local.getDay() === 0 || local.getDay() === 6;
  return (on.weekends || !isWeekend) && local.getHours() >= on.from && local.getHours() < on.to;
}

function nextOn(machine: Machine, time: number): number {
  let next = new Date(time);
  next = new Date(next.getFullYear(), next.getMonth(), next.getDate(), next.getHours() + 1);
  while (!isOn(machine, next.getTime())) next = new Date(next.getTime() + hour);
  return next.getTime();
}

/** The machine is switched off at the full hour. */
function nextOff({ on }: Machine, time: number): number {
  const local = new Date(time);
  return new Date(local.getFullYear(), local.getMonth(), local.getDate(), on?.to ?? 24).getTime();
}
