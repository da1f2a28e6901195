// The evidence of one agent release on its way through rings, and the computers that have it.
import {
  countExposure,
  countPresence,
  noControls,
  noCounts,
  presenceOf,
  type RingEvidence,
  ringOf,
} from '@moult/catalog/rings';
import { isWindowsAgentVersion } from '@moult/protocol/self-update';
import type { ReleaseRollout, RingComputer, RolloutComputer, Store, StoredPlan, TargetGroup } from '@moult/store';
import { installedState, linesAbove, nextOutcome, ringPage } from './evidence.ts';
import type { ReleaseDoor } from './release-door.ts';

/** A computer that may get the release by rings. */
export interface RingMember {
  computerId: string;
  ring: number | undefined;
  connectedMs: number;
  /** It runs the release. */
  hasRelease: boolean;
  /** The server knew it before the release began its way. */
  isKnown: boolean;
  exposure: RolloutComputer | undefined;
}

interface Gathered {
  evidence: RingEvidence;
  members: RingMember[];
  /** Outcomes that changed. */
  computers: RolloutComputer[];
}

/**
 * Agents of Moult count, once each. Not those of Windows, which take no such release, and no computers with a pin that
 * people made.
 */
export async function gatherReleaseEvidence(
  store: Pick<Store, 'loadRingComputers'>,
  plan: StoredPlan,
  rollout: ReleaseRollout,
  { now, groups, hand }: { now: number; groups: readonly TargetGroup[]; hand: ReturnType<ReleaseDoor['handPins']> },
): Promise<Gathered> {
  const above = linesAbove(groups);
  const { ring: reached } = rollout.state;
  const connectedHours = plan.rings[reached]?.policy.connectedHours ?? 0;
  const counts = { ring: { ...noCounts }, reached: { ...noCounts } };
  const controls = { later: { ...noControls }, earlier: { ...noControls }, always: { ...noControls } };
  const found: Gathered = { evidence: {} as RingEvidence, members: [], computers: [] };
  let ofRing = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: RingComputer[] = await store.loadRingComputers(rollout, after, ringPage);
    for (const one of page) {
      if (isWindowsAgentVersion(one.agentVersion ?? '') || isPinned(one, hand)) continue;
      const ring = one.exposure?.ring ?? ringOf(plan, one.computerId, above(one.groupIds));
      if (ring === reached) ofRing++;
      const exposure = one.exposure && nextExposure(one, one.exposure, now);
      if (exposure && exposure !== one.exposure) found.computers.push(exposure);
      found.members.push(memberOf(one, ring, rollout));
      const isShown = exposure !== undefined && hasAsked(one, exposure);
      if (isShown) {
        const shown = { ...exposure, lastContact: one.lastContact, rhythm: one.rhythm };
        countExposure(counts.reached, shown, now, connectedHours);
        if (ring === reached) countExposure(counts.ring, shown, now, connectedHours);
      }
      const presence = presenceOf(one.rhythm, now - one.lastContact);
      if (!exposure && one.lastContact >= rollout.startedAt) countPresence(controls.always, presence);
      if (ring === reached || one.lastContact < (rollout.reachedAt[reached] ?? 0)) continue;
      if (!exposure || isShown) countPresence(exposure ? controls.earlier : controls.later, presence);
    }
    after = page.length === ringPage ? page.at(-1)?.computerId : undefined;
  }
  const control = controls.later.watched >= enoughControls ? controls.later : controls.earlier;
  found.evidence = {
    ...{ members: ofRing, ...counts, isHeld: false },
    control: { ring: control.watched > 0 ? control : controls.later, reached: controls.always },
  };
  return found;
}

const enoughControls = 30;

/** An agent that it kills sends nothing after its first contact: from then on it counts, and is silent. */
function hasAsked({ lastContact }: RingComputer, { outcome, outcomeAt }: RolloutComputer): boolean {
  return outcome !== 'none' || lastContact > outcomeAt;
}

function nextExposure(one: RingComputer, exposure: RolloutComputer, now: number): RolloutComputer {
  const outcome = nextOutcome(exposure, one.state, 0);
  return outcome === exposure.outcome ? exposure : { ...exposure, outcome, outcomeAt: now };
}

function memberOf(one: RingComputer, ring: number | undefined, { startedAt }: ReleaseRollout): RingMember {
  return {
    ...{ computerId: one.computerId, ring, connectedMs: one.rhythm.connectedMs, exposure: one.exposure },
    ...{ hasRelease: one.state === installedState, isKnown: one.firstContact < startedAt },
  };
}

function isPinned({ computerId, requestedGroups }: RingComputer, hand: ReturnType<ReleaseDoor['handPins']>): boolean {
  if (hand.computers.has(computerId.toLowerCase())) return true;
  return requestedGroups.split(';').some((name) => hand.groups.has(name.trim().toLowerCase()));
}
