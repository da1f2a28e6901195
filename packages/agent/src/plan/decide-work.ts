// The decision of Automatic Updates between two detections: what is installed now, what waits and for what, and whether
// and when the machine restarts. Pure: facts in, decision out. The rules and their order are those of the policy texts
// (docs/agent.md, "Schedules, deadlines and restarts").
import { afterDays, afterMinutes, endOfActiveHours, isScheduled, nextScheduled } from './schedule.ts';
import type {
  InstallReason,
  NeededRestart,
  ReadyUpdate,
  RestartDecision,
  WorkDecision,
  WorkFacts,
  WorkPolicy,
} from './work.ts';

/** Never throws. The same facts give the same decision. */
export function decideWork(facts: WorkFacts): WorkDecision {
  const { updates, now, policy, insist } = facts;
  const slot = slotOf(facts);
  const install = updates.flatMap((update) => {
    const reason = reasonToInstall(update, facts, slot.due);
    return reason ? [{ id: update.id, reason }] : [];
  });
  const waiting = updates.filter(({ id }) => !install.some((one) => one.id === id));
  // The first installation may ask for a restart: then it is decided again.
  const restart: RestartDecision = install.length > 0 ? { kind: 'none' } : decideRestart(facts);
  const planned = waiting.length > 0 && policy.option === 4 ? slot.next : undefined;
  const times = [
    planned,
    ...waiting.map((update) => deadlineOf(update, policy)),
    waiting.length > 0 ? slot.missedAt : undefined,
    restart.kind === 'at' ? restart.at : restartAgain(facts),
  ];
  return {
    install,
    planned,
    waitsForConsent: waiting.length > 0 && policy.option !== 4 && !insist,
    restart,
    again: earliest(times, now),
  };
}

interface Slot {
  /** Why installations that go by the schedule are due now. */
  due: 'its schedule' | 'its schedule was missed' | undefined;
  next: Date;
  /** When a missed schedule is made up for, while that is still to come. */
  missedAt?: Date;
}

/** The place of `now` between the scheduled times. */
function slotOf({ now, policy, planned, awakeSince }: WorkFacts): Slot {
  const { schedule, missedAfterMinutes } = policy;
  const next = nextScheduled(schedule, now);
  // A plan of another schedule, or of a wrong clock, does not count. An update that was found within the hour need not
  // wait for long.
  if (planned === undefined || planned > next || !isScheduled(schedule, planned))
    return { due: nextScheduled(schedule, afterMinutes(now, -60)) <= now ? 'its schedule' : undefined, next };
  if (planned > now) return { due: undefined, next: planned };
  if (awakeSince <= planned) return { due: 'its schedule', next };
  if (missedAfterMinutes === undefined) return { due: undefined, next };
  const missedAt = afterMinutes(awakeSince, missedAfterMinutes);
  if (missedAt <= now) return { due: 'its schedule was missed', next };
  return { due: undefined, next: planned, missedAt };
}

function reasonToInstall(
  update: ReadyUpdate,
  { now, policy, insist }: WorkFacts,
  due: Slot['due'],
): InstallReason | undefined {
  if (insist) return 'a person asked';
  if (update.deadline !== undefined && update.deadline <= now) return 'the deadline of its approval has passed';
  const compliance = complianceEnd(update, policy);
  if (compliance !== undefined && compliance <= now) return 'the compliance deadline has passed';
  if (policy.option !== 4) return undefined;
  if (policy.minorAtOnce && update.isMinor) return 'it needs no restart';
  const overdue = overdueAt(update, policy);
  if (overdue !== undefined && overdue <= now) return 'automatic maintenance did not come for days';
  return due;
}

function complianceEnd({ kind, foundAt }: ReadyUpdate, { compliance }: WorkPolicy): Date | undefined {
  const rule = compliance[kind];
  return rule && afterDays(foundAt, rule.deadlineDays);
}

function overdueAt({ foundAt }: ReadyUpdate, { option, overdueAfterDays }: WorkPolicy): Date | undefined {
  return option === 4 && overdueAfterDays !== undefined ? afterDays(foundAt, overdueAfterDays) : undefined;
}

function deadlineOf(update: ReadyUpdate, policy: WorkPolicy): Date | undefined {
  return earlier(earlier(update.deadline, complianceEnd(update, policy)), overdueAt(update, policy));
}

/** The strongest rule first, as the policy texts rank them. */
function decideRestart(facts: WorkFacts): RestartDecision {
  const { restart, now, policy, users, insist } = facts;
  if (!restart) return { kind: 'none' };
  const { restart: rules } = policy;
  const at = (time: Date, reason: string): RestartDecision => ({ kind: 'at', at: laterOf(time, now), reason });
  if (restart.byDeadline) return at(afterMinutes(restart.since, rules.warningMinutes), 'the deadline of an approval');
  const compliance = policy.compliance[restart.kind];
  if (compliance && restart.graceEnds) return byCompliance(facts, restart, restart.graceEnds, compliance.waitsForGrace);
  if (rules.notWithUsers && users > 0) return { kind: 'waits', reason: 'somebody is logged on' };
  if (rules.alwaysAfterMinutes !== undefined)
    return at(afterMinutes(restart.since, rules.alwaysAfterMinutes), 'the policy restarts after each installation');
  const deadline = restartDeadline(restart, policy);
  if (deadline && deadline <= now) return at(deadline, 'the restart has waited for as long as the policy allows');
  const engaged = engagedRestart(restart, policy);
  if (engaged && engaged.begins <= now) {
    if (engaged.ends && engaged.ends <= now) return at(engaged.ends, 'the deadline of the engaged restart');
    if (users > 0) return { kind: 'waits', reason: 'a person decides, until the deadline of the engaged restart' };
  }
  if (policy.option !== 4 && !insist && users > 0) return { kind: 'waits', reason: 'a person decides' };
  return outsideActiveHours(facts, afterMinutes(restart.since, rules.warningMinutes));
}

function restartDeadline({ since, kind }: NeededRestart, { restart }: WorkPolicy): Date | undefined {
  const days = restart.deadlineDays[kind];
  return days === undefined ? undefined : afterDays(since, days);
}

function engagedRestart({ since, kind }: NeededRestart, { restart }: WorkPolicy) {
  const rule = restart.engaged[kind];
  if (!rule) return undefined;
  const begins = afterDays(since, rule.transitionDays);
  return { begins, ends: rule.deadlineDays === undefined ? undefined : afterDays(begins, rule.deadlineDays) };
}

function byCompliance(
  facts: WorkFacts,
  restart: NeededRestart,
  graceEnds: Date,
  waitsForGrace: boolean,
): RestartDecision {
  const { now, policy } = facts;
  const reason = 'the compliance deadline';
  if (graceEnds <= now) return { kind: 'at', at: now, reason };
  if (waitsForGrace) return { kind: 'waits', reason: 'the days of grace have not ended' };
  const outside = outsideActiveHours(facts, afterMinutes(restart.since, policy.restart.warningMinutes));
  if (outside.kind === 'at' && outside.at >= graceEnds) return { kind: 'at', at: graceEnds, reason };
  return outside;
}

/** At `time`, or at the end of the active hours that it falls into. */
function outsideActiveHours({ now, policy }: WorkFacts, time: Date): RestartDecision {
  const wanted = laterOf(time, now);
  const end = endOfActiveHours(policy.restart.activeHours, wanted);
  return end
    ? { kind: 'at', at: end, reason: 'the end of the active hours' }
    : { kind: 'at', at: wanted, reason: 'an installation needs it' };
}

/** When a restart that waits is looked at again because a time comes that no longer waits. */
function restartAgain({ restart, policy, now }: WorkFacts): Date | undefined {
  if (!restart) return undefined;
  const engaged = engagedRestart(restart, policy);
  return earliest([restart.graceEnds, restartDeadline(restart, policy), engaged?.begins, engaged?.ends], now);
}

function laterOf(a: Date, b: Date): Date {
  return a > b ? a : b;
}

function earlier(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (!a || !b) return a ?? b;
  return a < b ? a : b;
}

/** The earliest of `times` that is still to come. */
function earliest(times: readonly (Date | undefined)[], now: Date): Date | undefined {
  const coming = times.flatMap((time) => (time && time > now ? [time.getTime()] : []));
  return coming.length === 0 ? undefined : new Date(Math.min(...coming));
}
