// All holds, shares of rings and the emergency stop, ready for requests. It works the withheld updates out once for each kind of
// computer. It does so again when a hold begins or ends.
import { createHash } from 'node:crypto';
import { allComputers } from '../deployment/target-groups.ts';
import type { HoldFacts, HoldReason, RingReason, Withholding, WithholdingSource } from '../deployment/withholding.ts';
import type { UpdateId } from '../ids.ts';
import { placeOf } from '../rings/plan.ts';
import { type Hold, meets } from './hold.ts';

/** A hold with the updates that its articles name now. */
export type ResolvedHold = Hold & { heldUpdates: readonly UpdateId[] };

export interface EmergencyStop {
  says: string;
  /** It ends by itself then. */
  until: Date;
  by: string;
  since: Date;
  /** Two persons must lift it. */
  needsTwo: boolean;
  /** The first of two persons, who lifted it already. */
  liftedBy?: string | undefined;
}

/** An update in rings of percentages that have not reached all computers yet. */
export interface RingShare extends RingReason {
  updateId: UpdateId;
}

/** Whether rings made this decision for All Computers, and mean a part of them. */
export function isForShare(
  { groupId, by, updateId }: { groupId: string; by?: string | undefined; updateId: string },
  shares: readonly RingShare[],
): boolean {
  if (groupId !== allComputers || by === undefined) return false;
  return shares.some((share) => share.updateId === updateId && by === `ring:${share.rolloutId}`);
}

export class HoldIndex implements WithholdingSource {
  readonly #holds: readonly ResolvedHold[];
  readonly #shares: readonly RingShare[];
  /** The ends of the shares. Between two of them all computers are alike. */
  readonly #ends: readonly number[];
  readonly #stop: EmergencyStop | undefined;
  /** By the facts of a computer. */
  readonly #known = new Map<string, Withholding>();
  /** The entries of `#known` are valid from `#from` to before `#until`. */
  #from = 0;
  #until = 0;

  constructor(holds: readonly ResolvedHold[], stop: EmergencyStop | undefined, shares: readonly RingShare[] = []) {
    this.#holds = holds;
    this.#shares = shares;
    this.#ends = [...new Set(shares.map(({ reachedPercent }) => reachedPercent))].sort((one, other) => one - other);
    this.#stop = stop;
  }

  for(facts: HoldFacts, now: Date): Withholding {
    const time = now.getTime();
    if (time < this.#from || time >= this.#until) this.#startAnew(time);
    const end = this.#endBefore(facts);
    const key = JSON.stringify([facts.osVersion, facts.manufacturer, facts.model, end]);
    const known = this.#known.get(key);
    if (known) return known;
    // Computers choose these texts: as many as they like must not fill the memory.
    if (this.#known.size >= kindsKept) this.#known.clear();
    const fresh = this.#work(facts, time, end);
    this.#known.set(key, fresh);
    return fresh;
  }

  /** The last end of a share that is not beyond its place. Without an id no share reaches the computer. */
  #endBefore({ computerId }: HoldFacts): number {
    if (this.#ends.length === 0) return 0;
    const place = computerId === undefined ? everybody : placeOf(computerId);
    return this.#ends.findLast((end) => end <= place) ?? 0;
  }

  #startAnew(time: number): void {
    this.#known.clear();
    const ends = [
      ...this.#holds.map(({ endsAt }) => endsAt?.getTime() ?? Infinity),
      this.#stop?.until.getTime() ?? Infinity,
    ];
    this.#from = Math.max(0, ...ends.filter((end) => end <= time));
    this.#until = Math.min(Infinity, ...ends.filter((end) => end > time));
  }

  #work(facts: HoldFacts, time: number, end: number): Withholding {
    const stop = this.#stop && this.#stop.until.getTime() > time ? { says: this.#stop.says } : undefined;
    const updates = new Map<UpdateId, HoldReason[]>();
    const kept: UpdateId[] = [];
    for (const hold of this.#holds) {
      if ((hold.endsAt?.getTime() ?? Infinity) <= time || !meets(facts, hold.condition)) continue;
      const { holdId, effect, says, link } = hold;
      for (const updateId of hold.heldUpdates) {
        const reasons = updates.get(updateId);
        if (reasons) reasons.push({ holdId, effect, says, link });
        else updates.set(updateId, [{ holdId, effect, says, link }]);
        if (effect === 'hold') kept.push(updateId);
      }
    }
    const rings = new Map<UpdateId, RingReason>();
    for (const { updateId, ...reason } of this.#shares) {
      if (reason.reachedPercent > end) continue;
      rings.set(updateId, reason);
      kept.push(updateId);
    }
    return { stop, updates, rings, fingerprint: fingerprintOf(stop !== undefined, kept) };
  }
}

/** An advice changes nothing for the computer, so it is not in it. */
function fingerprintOf(isStopped: boolean, kept: readonly UpdateId[]): string {
  if (!isStopped && kept.length === 0) return '';
  const names = [...new Set(kept)].sort();
  return createHash('sha256')
    .update(JSON.stringify([isStopped, names]))
    .digest('base64url')
    .slice(0, 16);
}

const kindsKept = 1000;
const everybody = 100;
