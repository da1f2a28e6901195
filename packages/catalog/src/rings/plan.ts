// Rings: an ordered list of parts of the fleet. A new update reaches the first ring, and each next one on evidence.
import { createHash } from 'node:crypto';
import { allComputers } from '../deployment/target-groups.ts';

/** When a ring lets an update go on to the next one, and when it stops it. */
export interface RingPolicy {
  /** N: so many computers have it, and checked in afterwards. Fewer will do, after `patienceHours`, when the ring has fewer. */
  installed: number;
  /** S: percent of the computers that tried it. */
  goodPercent: number;
  /** T: hours that the server watched the ring. */
  hours: number;
  /** After so many hours a ring decides with what it has: it stops what is hardly chance, and lets all else go on. */
  patienceHours: number;
  /** F: percent of the computers that tried it. */
  failurePercent: number;
  /** Percent of installations that fail with any update: more than these must not be chance before a ring stops it. */
  usualFailurePercent: number;
  /** Percent of computers that fall silent beyond those of the control group. */
  silencePercent: number;
  /** A computer without an outcome that was connected for less does not count. */
  connectedHours: number;
}

/** `ring.*` in docs/rings.md. */
export const defaultRingPolicy: RingPolicy = {
  installed: 20,
  goodPercent: 98.5,
  hours: 72,
  patienceHours: 336,
  failurePercent: 1.5,
  usualFailurePercent: 0.5,
  silencePercent: 1,
  connectedHours: 6,
};

type RingMembers =
  /** Target groups with all groups inside of them. */
  | { kind: 'groups'; groupIds: readonly string[] }
  /** Of all computers, those that no group of the plan names. */
  | { kind: 'percent'; percent: number };

export interface Ring {
  name: string;
  members: RingMembers;
  policy: RingPolicy;
}

/** At least one ring, in order. */
export interface RingPlan {
  name: string;
  rings: readonly Ring[];
}

/** The place of a computer among all, from 0 to below 100. It is always the same for one id, and evenly spread. */
export function placeOf(computerId: string): number {
  const digest = createHash('sha256').update(computerId.toLowerCase()).digest();
  return (digest.readUInt32BE(0) / 2 ** 32) * 100;
}

/**
 * The index of the ring that a computer is in. Undefined without a ring. `groupIds`: its groups and all groups above
 * them. The first ring that names one of its groups wins. Otherwise its place among the percentages counts. They follow
 * each other, and a ring of 100 percent takes all that are left.
 */
export function ringOf(plan: RingPlan, computerId: string, groupIds: ReadonlySet<string>): number | undefined {
  const named = plan.rings.findIndex(
    ({ members }) => members.kind === 'groups' && members.groupIds.some((id) => groupIds.has(id)),
  );
  if (named >= 0) return named;
  const place = placeOf(computerId);
  let upTo = 0;
  for (const [index, { members }] of plan.rings.entries()) {
    if (members.kind !== 'percent') continue;
    upTo += members.percent;
    if (place < upTo) return index;
  }
  return undefined;
}

/**
 * The end of the rings of percentages that were reached, as a place among all computers. Undefined when every computer is
 * reached, or when no ring of percentages is. `ring`: the last ring that was reached.
 */
export function shareReached(plan: RingPlan, ring: number): number | undefined {
  let upTo = 0;
  for (const { members } of plan.rings.slice(0, ring + 1)) if (members.kind === 'percent') upTo += members.percent;
  return upTo > 0 && upTo < everybody ? upTo : undefined;
}

type PlanFault =
  | 'no-rings'
  | 'too-many-rings'
  | 'no-name'
  | 'same-name'
  | 'no-groups'
  | 'percent'
  /** The rings of percentages are not all computers together. */
  | 'percent-below-100'
  /** Its computers are among the percentages before. */
  | 'groups-after-percent'
  /** All Computers leaves none for the percentages. */
  | 'all-before-percent'
  | 'policy';

/** Of parts such as 33.3 and 66.7 the sum is hardly below. */
const everybody = 100 - 1e-9;

const ringsOfOne = 20;

/** The fault of this plan, and the ring that has it. Undefined for a good plan. */
export function faultOf(plan: RingPlan): { fault: PlanFault; ring?: string; setting?: string } | undefined {
  if (plan.rings.length === 0) return { fault: 'no-rings' };
  if (plan.rings.length > ringsOfOne) return { fault: 'too-many-rings' };
  const names = new Set<string>();
  for (const { name, members, policy } of plan.rings) {
    if (name.trim() === '') return { fault: 'no-name' };
    if (names.has(name.toLowerCase())) return { fault: 'same-name', ring: name };
    names.add(name.toLowerCase());
    if (members.kind === 'groups' && members.groupIds.length === 0) return { fault: 'no-groups', ring: name };
    if (members.kind === 'percent' && !(members.percent > 0 && members.percent <= 100))
      return { fault: 'percent', ring: name };
    const setting = policyFault(policy);
    if (setting) return { fault: 'policy', ring: name, setting };
  }
  return percentFault(plan);
}

/** Percentages are of all computers, so they come after the groups. */
function percentFault({ rings }: RingPlan): { fault: PlanFault; ring?: string } | undefined {
  const first = rings.findIndex(({ members }) => members.kind === 'percent');
  if (first < 0) return undefined;
  const late = rings.slice(first).find(({ members }) => members.kind === 'groups');
  if (late) return { fault: 'groups-after-percent', ring: late.name };
  const whole = rings.find(({ members }) => members.kind === 'groups' && members.groupIds.includes(allComputers));
  if (whole) return { fault: 'all-before-percent', ring: whole.name };
  const sum = rings.reduce((all, { members }) => all + (members.kind === 'percent' ? members.percent : 0), 0);
  return sum < everybody ? { fault: 'percent-below-100' } : undefined;
}

const policyRanges: Readonly<Record<keyof RingPolicy, readonly [number, number]>> = {
  installed: [0, 1_000_000],
  goodPercent: [0, 100],
  hours: [0, 8760],
  patienceHours: [0, 8760],
  failurePercent: [0, 100],
  usualFailurePercent: [0, 100],
  silencePercent: [0, 100],
  connectedHours: [0, 8760],
};

/** The first number out of its range. */
function policyFault(policy: RingPolicy): keyof RingPolicy | undefined {
  const names = Object.keys(policyRanges) as (keyof RingPolicy)[];
  return names.find((name) => {
    const [least, most] = policyRanges[name];
    return !(policy[name] >= least && policy[name] <= most);
  });
}
