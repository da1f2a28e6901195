// Gathers the evidence of one update on its way through rings: the outcome on each computer. It reads page by page,
// counts, and collects new outcomes for the store.
import {
  countExposure,
  countPresence,
  noControls,
  noCounts,
  type Outcome,
  presenceOf,
  type RingEvidence,
  ringOf,
} from '@moult/catalog/rings';
import type { RingComputer, Rollout, RolloutComputer, Store, StoredPlan, TargetGroup } from '@moult/store';

interface Gathered {
  evidence: RingEvidence;
  /** Offers that are new, and outcomes that changed. */
  computers: RolloutComputer[];
}

/** As `computer_update_status` has them. */
export const installedState = 4;
const failedState = 5;
export const ringPage = 2000;
const enoughControls = 30;

/**
 * A computer counts once, by facts that the server itself noted. The server knew the computer before the update began,
 * and the computer asked for updates after its ring was reached. So invented computers and reports without an offer
 * change nothing. From `heldSince` on, in milliseconds, the update is offered to no computer.
 */
export async function gatherEvidence(
  store: Pick<Store, 'loadRingComputers'>,
  plan: StoredPlan,
  rollout: Rollout,
  { now, heldSince, groups }: { now: number; heldSince: number | undefined; groups: readonly TargetGroup[] },
): Promise<Gathered> {
  const above = linesAbove(groups);
  const { ring: reached } = rollout.state;
  const connectedHours = plan.rings[reached]?.policy.connectedHours ?? 0;
  const counts = { ring: { ...noCounts }, reached: { ...noCounts } };
  const controls = { later: { ...noControls }, earlier: { ...noControls }, always: { ...noControls } };
  const computers: RolloutComputer[] = [];
  let members = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: RingComputer[] = await store.loadRingComputers(rollout, after, ringPage);
    for (const one of page) {
      const ring = one.exposure?.ring ?? ringOf(plan, one.computerId, above(one.groupIds));
      if (ring === reached) members++;
      const exposure = ring === undefined ? undefined : exposureOf(one, ring, rollout, { now, heldSince });
      if (exposure && exposure !== one.exposure) computers.push(exposure);
      if (exposure) {
        const shown = { ...exposure, lastContact: one.lastContact, rhythm: one.rhythm };
        countExposure(counts.reached, shown, now, connectedHours);
        if (ring === reached) countExposure(counts.ring, shown, now, connectedHours);
      }
      const presence = presenceOf(one.rhythm, now - one.lastContact);
      if (!exposure && one.lastContact >= rollout.startedAt) countPresence(controls.always, presence);
      if (ring === reached || one.lastContact < (rollout.reachedAt[reached] ?? 0)) continue;
      countPresence(exposure ? controls.earlier : controls.later, presence);
    }
    after = page.length === ringPage ? page.at(-1)?.computerId : undefined;
  }
  const ofRing = controls.later.watched >= enoughControls ? controls.later : controls.earlier;
  const control = { ring: ofRing.watched > 0 ? ofRing : controls.later, reached: controls.always };
  return { evidence: { members, ...counts, control, isHeld: false }, computers };
}

/** The same object when nothing changed. */
function exposureOf(
  one: RingComputer,
  ring: number,
  rollout: Rollout,
  { now, heldSince = Number.POSITIVE_INFINITY }: { now: number; heldSince: number | undefined },
): RolloutComputer | undefined {
  const { exposure, state, scannedAt, lastSync, firstContact } = one;
  if (!exposure) {
    const reachedAt = rollout.reachedAt[ring];
    if (reachedAt === undefined || firstContact >= rollout.startedAt) return undefined;
    if (lastSync < reachedAt || lastSync >= heldSince) return undefined;
    // A state from before the offer says nothing of the offer.
    const had = state === installedState || state === failedState;
    const outcome: Outcome = had ? 'notNeeded' : 'none';
    const { connectedMs } = one.rhythm;
    return { computerId: one.computerId, ring, outcome, outcomeAt: now, connectedAtOffer: connectedMs };
  }
  const outcome = nextOutcome(exposure, state, scannedAt);
  return outcome === exposure.outcome ? exposure : { ...exposure, outcome, outcomeAt: now };
}

/** A later success clears a failure. Otherwise the first outcome of a computer stays. */
export function nextOutcome(
  { outcome, outcomeAt }: RolloutComputer,
  state: number | undefined,
  scannedAt: number,
): Outcome {
  if (outcome === 'failed') return state === installedState ? 'installed' : outcome;
  if (outcome !== 'none') return outcome;
  if (state === installedState) return 'installed';
  if (state === failedState) return 'failed';
  return state === undefined && scannedAt > outcomeAt ? 'notNeeded' : outcome;
}

/** The groups of a computer and all above them. */
export function linesAbove(groups: readonly TargetGroup[]): (groupIds: readonly string[]) => ReadonlySet<string> {
  const parents = new Map(groups.map(({ groupId, parentId }) => [groupId, parentId]));
  const known = new Map<string, ReadonlySet<string>>();
  return (groupIds) => {
    const key = groupIds.join();
    const found = known.get(key);
    if (found) return found;
    const all = new Set<string>();
    for (const start of groupIds)
      for (let id: string | undefined = start; id !== undefined && !all.has(id); id = parents.get(id)) all.add(id);
    known.set(key, all);
    return all;
  };
}
