// The evidence of computers on an update that they were offered. Each computer counts once, however often it reports.
// The server's own record of the offer decides which computers count.
import { type Presence, presenceOf, type Rhythm } from './rhythm.ts';

/** notNeeded: its report says that the update is not for it. */
export type Outcome = 'none' | 'installed' | 'failed' | 'notNeeded';

/** One computer that was offered an update. */
export interface Exposure {
  outcome: Outcome;
  /** When the server heard of the outcome. Before that, when it made the offer. */
  outcomeAt: number;
  /** `connectedMs` of its rhythm at the offer. */
  connectedAtOffer: number;
  lastContact: number;
  rhythm: Rhythm;
}

/** Figures of computers that were offered an update. */
export interface ExposureCounts {
  offered: number;
  /** On for too short to tell anything. */
  away: number;
  /** On, and without an outcome. */
  pending: number;
  notNeeded: number;
  /** Said that it is installed, and did not check in since. */
  installed: number;
  /** Installed, and checked in afterwards. */
  proven: number;
  failed: number;
  /** Their rhythm is regular enough to show a silence. */
  watched: number;
  /** Of the watched, those that did not check in since the offer, or since they told its outcome. */
  unseen: number;
  /** Later than usual, and not silent. Of the failed none counts as late or silent. */
  late: number;
  silent: number;
}

export const noControls: ControlCounts = { watched: 0, late: 0, silent: 0 };

export const noCounts: ExposureCounts = {
  ...{ offered: 0, away: 0, pending: 0, notNeeded: 0, installed: 0, proven: 0 },
  ...{ failed: 0, watched: 0, unseen: 0, late: 0, silent: 0 },
};

/** Computers to compare with: a weekend silences them too. */
export interface ControlCounts {
  watched: number;
  late: number;
  silent: number;
}

export interface RingEvidence {
  /** Computers in the ring, offered or not. */
  members: number;
  /** Of the ring that was reached last. */
  ring: ExposureCounts;
  /** Of all rings that were reached. */
  reached: ExposureCounts;
  control: {
    /**
     * For the ring: computers that checked in since the ring began and were not offered it. For the last ring they are
     * those of the rings before.
     */
    ring: ControlCounts;
    /** For all rings that were reached: computers that were not offered it, and checked in since the start of the first. */
    reached: ControlCounts;
  };
  /** Somebody holds the update for everybody, or everything is stopped. */
  isHeld: boolean;
}

/** Adds one computer. `counts` is changed. */
export function countExposure(counts: ExposureCounts, one: Exposure, now: number, connectedHours: number): void {
  counts.offered++;
  const presence = presenceOf(one.rhythm, now - one.lastContact);
  if (one.outcome !== 'failed') {
    countPresence(counts, presence);
    if (presence !== 'unknown' && !isSeenAgain(one)) counts.unseen++;
  }
  counts[standingOf(one, presence, connectedHours)]++;
}

/** Adds one computer of the control group. `counts` is changed. */
export function countPresence(counts: ControlCounts, presence: Presence): void {
  if (presence === 'unknown') return;
  counts.watched++;
  if (presence === 'late' || presence === 'silent') counts[presence]++;
}

function standingOf(one: Exposure, presence: Presence, connectedHours: number) {
  if (one.outcome === 'failed' || one.outcome === 'notNeeded') return one.outcome;
  if (one.outcome === 'installed') return isSeenAgain(one) ? 'proven' : 'installed';
  if (presence === 'silent') return 'away';
  return one.rhythm.connectedMs - one.connectedAtOffer < connectedHours * 3_600_000 ? 'away' : 'pending';
}

function isSeenAgain({ lastContact, outcomeAt }: Exposure): boolean {
  return lastContact > outcomeAt + settleMs;
}

/** A check-in so soon after the report of an installation belongs to it. */
const settleMs = 1_800_000;
