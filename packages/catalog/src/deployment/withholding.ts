// Updates that are withheld from one computer whatever was approved: by known issues that hold an update, and by the
// emergency stop.
import type { UpdateId } from '../ids.ts';

/** The facts of a computer that a hold can test. */
export interface HoldFacts {
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

/** The updates that are withheld from one computer now. */
export interface Withholding {
  /** The emergency stop: nothing at all is installed or removed. */
  stop?: { says: string } | undefined;
  updates: ReadonlyMap<UpdateId, readonly HoldReason[]>;
  /** The same text for the same things withheld. '' for none. A client whose text changed is told everything again. */
  fingerprint: string;
}

/** Holds and the stop, by what a computer is. An answer must not cost more with more holds or updates. */
export interface WithholdingSource {
  for(facts: HoldFacts, now: Date): Withholding;
}

const nothing: Withholding = { updates: new Map(), fingerprint: '' };

/** No hold, and no stop. */
export const nothingWithheld: WithholdingSource = { for: () => nothing };
