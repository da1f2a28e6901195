// hosts.json names the host that runs, as current.json names the agent: one rename replaces it, and a new host names
// the one to go back to. Without the file, the newest host on the disk is tried again.
import { isVersion } from '@moult/protocol/self-update';
import { hostBounds } from '../bounds.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { asCount, isRecord, isTime, readState, writeState } from './state-file.ts';

export interface FailedHost {
  version: string;
  /** When it failed last, ISO 8601. */
  at: string;
  tries: number;
  why: string;
}

export interface Hosts {
  /** Undefined: the host that was installed, whatever is in `hosts`. */
  version?: string;
  state: 'trial' | 'committed';
  /**
   * The host that runs again if this one loses its trial, or dies again and again. Undefined: the host that was
   * installed.
   */
  previous?: string;
  /** With `trial`: how often it was started, from 1. */
  attempt?: number;
  /** How often it was started since the last good detection under it. */
  starts?: number;
  failed: FailedHost[];
}

const ownFields = ['version', 'state', 'previous', 'attempt', 'starts', 'failed'];

/** The content of hosts.json. Undefined when it is missing or damaged. */
export function readHosts(root: MachineRoot): Hosts | undefined {
  const fields = readState(root.hostsFile);
  if (!fields || typeof fields.state !== 'string') return undefined;
  const { version, previous } = fields;
  if (version !== undefined && !isHostVersion(version)) return undefined;
  const attempt = asCount(fields.attempt);
  const starts = asCount(fields.starts);
  return {
    ...(version !== undefined && { version }),
    state: fields.state === 'trial' ? 'trial' : 'committed',
    ...(isHostVersion(previous) && { previous }),
    ...(attempt !== undefined && { attempt }),
    ...(starts !== undefined && { starts }),
    failed: Array.isArray(fields.failed) ? fields.failed.flatMap(asFailedHost).slice(-hostBounds.maxFailures) : [],
  };
}

/** Replaces hosts.json. Fields that are not known here stay. Throws what the disk says. */
export function writeHosts(root: MachineRoot, hosts: Hosts): void {
  writeState(root.hostsFile, { ...hosts }, ownFields);
}

/** The failures with one more of `version`. The newest are kept. */
export function withFailedHost(failed: readonly FailedHost[], version: string, why: string, at: Date): FailedHost[] {
  const before = failed.find((one) => one.version === version);
  const failure = { ...before, version, at: at.toISOString(), tries: (before?.tries ?? 0) + 1, why };
  return [...failed.filter((one) => one.version !== version), failure].slice(-hostBounds.maxFailures);
}

function isHostVersion(value: unknown): value is string {
  return typeof value === 'string' && isVersion(value);
}

function asFailedHost(value: unknown): FailedHost[] {
  if (!isRecord(value) || !isHostVersion(value.version)) return [];
  const { version, at, why } = value;
  const time = isTime(at) ? at : new Date(0).toISOString();
  const tries = Math.max(1, asCount(value.tries) ?? 1);
  return [{ ...value, version, at: time, tries, why: typeof why === 'string' ? why : '' }];
}
