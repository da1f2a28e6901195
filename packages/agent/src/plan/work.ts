// The work that Automatic Updates may do with ready updates, and with a restart that they need: the words of the
// decision.

/** How the policy wants installations and restarts. Read from the registry by read-work-policy.ts. */
export interface WorkPolicy {
  /** 2 notify before download, 3 notify before installation, 4 by schedule, 7 notify, and install with the restart. */
  option: number;
  schedule: Schedule;
  /** A scheduled time that the machine slept through: minutes after it is there again. Undefined: the next schedule. */
  missedAfterMinutes: number | undefined;
  /** Installs at once what needs no restart. */
  minorAtOnce: boolean;
  /**
   * So many days after it was ready, an update no longer waits for the schedule. The schedule is that of automatic
   * maintenance.
   */
  overdueAfterDays: number | undefined;
  compliance: Readonly<Record<UpdateKind, Compliance | undefined>>;
  restart: RestartPolicy;
}

/** Local time. */
export interface Schedule {
  /** 0 every day, 1 Sunday … 7 Saturday. */
  day: number;
  hour: number;
  /** Automatic maintenance does not begin at the full hour. Default 0. */
  minute?: number;
  /** Weeks of the month, 1 to 4. Empty: every week. */
  weeks: readonly number[];
}

export type UpdateKind = 'quality' | 'feature';

/**
 * So many days after it was found an update is installed, whatever the schedule says. So many more until the restart.
 */
export interface Compliance {
  deadlineDays: number;
  graceDays: number;
  /** No restart by itself before the end of the grace. */
  waitsForGrace: boolean;
}

export interface RestartPolicy {
  /** Not while somebody is logged on. */
  notWithUsers: boolean;
  /** So many minutes after the installation, users or not. */
  alwaysAfterMinutes: number | undefined;
  /** So many days after it became necessary, users or not. */
  deadlineDays: Readonly<Record<UpdateKind, number | undefined>>;
  engaged: Readonly<Record<UpdateKind, EngagedRestart | undefined>>;
  /** Hours of the day in which nothing restarts by itself, local: from `start` up to `end`, over midnight when it is less. */
  activeHours: { start: number; end: number } | undefined;
  /** Between the announcement and the restart. */
  warningMinutes: number;
  /** A system that was told to restart and did not is told again after so long. */
  askAgainMinutes: number;
}

/** If a restart has not come by itself for so many days, the person who is logged on decides it. */
export interface EngagedRestart {
  transitionDays: number;
  /** From the transition on. Then it comes, users or not. Undefined: never. */
  deadlineDays: number | undefined;
}

/** An update whose files are here. */
export interface ReadyUpdate {
  id: string;
  kind: UpdateKind;
  /** Of its approval. */
  deadline: Date | undefined;
  foundAt: Date;
  /** Its metadata says that it never needs a restart. */
  isMinor: boolean;
}

/** A restart that an installation asked for. */
export interface NeededRestart {
  since: Date;
  kind: UpdateKind;
  /** The update was installed because of the deadline of its approval: such a restart does not wait. */
  byDeadline: boolean;
  /** When a compliance deadline ends its grace. */
  graceEnds: Date | undefined;
}

export interface WorkFacts {
  now: Date;
  policy: WorkPolicy;
  /** A person asked: nothing waits. */
  insist: boolean;
  /** Since when the agent has been awake without a gap: its start, or the end of the machine's sleep. */
  awakeSince: Date;
  /** The last plan (ScheduledInstallDate). Undefined: nothing. */
  planned: Date | undefined;
  updates: readonly ReadyUpdate[];
  restart: NeededRestart | undefined;
  users: number;
}

export type InstallReason =
  | 'a person asked'
  | 'the deadline of its approval has passed'
  | 'the compliance deadline has passed'
  | 'it needs no restart'
  | 'automatic maintenance did not come for days'
  | 'its schedule'
  | 'its schedule was missed';

export interface WorkDecision {
  install: { id: string; reason: InstallReason }[];
  /** The next scheduled installation, while something waits for it. */
  planned: Date | undefined;
  /** Updates wait for a person. */
  waitsForConsent: boolean;
  restart: RestartDecision;
  /** When to decide again. Undefined: nothing changes before that. */
  again: Date | undefined;
}

export type RestartDecision =
  | { kind: 'none' }
  /** Announced now, done at `at`. */
  | { kind: 'at'; at: Date; reason: string }
  /** A person decides, or `again` comes. */
  | { kind: 'waits'; reason: string };
