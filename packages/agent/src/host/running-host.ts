// A host as its callers know it.
import type { ReleaseVersion } from '@moult/releases/metadata';
import type { Outcome, ProgressEvent } from './messages.ts';

export interface HostOptions {
  /** Detect at once instead of when the wait is over. */
  now?: boolean;
  /** End after one detection (and the self-update it may bring). */
  once?: boolean;
  onEvent?(event: ProgressEvent): void;
  /** The host's own version. Without it, it looks for no newer host. */
  hostVersion?: ReleaseVersion;
  /** Its folder under `hosts`. Undefined for the host that was installed. */
  runsAs?: string;
  /** This host is on trial: it judges no version of the agent before a detection went well. */
  onTrial?: boolean;
  /** A detection went well. */
  onGood?(): void;
  /** No wait between two detections is longer: a program that says nothing for so long hangs. Default 26 hours. */
  longestSilenceMs?: number;
  /** The time of day. */
  clock?(): Date;
  /** From 0 to 1, so that not all of a fleet come in the same second. */
  random?(): number;
}

/** The clock of `options`, or the machine's. */
export function clockOf({ clock }: HostOptions): () => Date {
  return clock ?? (() => new Date());
}

export interface RunningHost {
  /** The outcome of the last detection. Undefined when it was stopped before one ended. */
  readonly finished: Promise<Outcome | undefined>;
  /** It stopped because hosts.json names another host by now. */
  readonly again: boolean;
  stop(): Promise<void>;
}
