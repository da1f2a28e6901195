// Updates that are withheld from one computer whatever was approved: by known issues that hold an update, by rings
// of percentages, and by the emergency stop.
import type { UpdateId } from '../ids.ts';

/** The facts of a computer that a hold can test. */
export interface HoldFacts {
  /** Its place among the percentages of rings. */
  computerId?: string | undefined;
  /** `10.0.19045`, as the computer registered. */
  osVersion?: string | undefined;
  manufacturer?: string | undefined;
  model?: string | undefined;
}

export interface HoldReason {
  holdId: string;
  /** `advise` is only shown. */
  effect: 'hold' | 'advise';
  /** The known issue, as a sentence. */
  says: string;
  link?: string | undefined;
}

/** Rings of percentages that an update goes through, and that did not reach this computer yet. */
export interface RingReason {
  rolloutId: string;
  /** The name of the rings. */
  rings: string;
  /** Percent of all computers that were reached. */
  reachedPercent: number;
}

/** The updates that are withheld from one computer now. */
export interface Withholding {
  /** The emergency stop: nothing at all is installed or removed. */
  stop?: { says: string } | undefined;
  updates: ReadonlyMap<UpdateId, readonly HoldReason[]>;
  /** Only what the rings themselves approved for All Computers waits. */
  rings: ReadonlyMap<UpdateId, RingReason>;
  /** The same text for the same things withheld. '' for none. A client whose text changed is told everything again. */
  fingerprint: string;
}

/** Holds and the stop, by what a computer is. An answer must not cost more with more holds or updates. */
export interface WithholdingSource {
  for(facts: HoldFacts, now: Date): Withholding;
}

const nothing: Withholding = { updates: new Map(), rings: new Map(), fingerprint: '' };

/** No hold, and no stop. */
export const nothingWithheld: WithholdingSource = { for: () => nothing };
