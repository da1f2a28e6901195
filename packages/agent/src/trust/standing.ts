// The state of this machine's trust metadata, for people: the result of the last refresh, and the parts that have
// expired since. Expired metadata is an alarm and never a stop, so people must see it.
import { isThere } from '@moult/disk';
import { type MetadataStore, openStore } from '@moult/releases/client';
import { ReleaseError } from '@moult/releases/errors';
import { parseMetadata } from '@moult/releases/metadata';
import { keys } from '../machine/keys.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { string } from '../machine/policy.ts';
import { type Registry, type RegistryView, text } from '../machine/registry.ts';
import type { OperatorClient } from './operator-client.ts';

interface Overdue {
  role: string;
  /** ISO 8601, UTC. */
  expires: string;
  /** Whole days since then. */
  days: number;
}

export interface TrustStanding {
  /** A root is pinned: releases and updates come from signed metadata alone. */
  pinned: boolean;
  /** The result of the last refresh. Undefined before the first. */
  state: OperatorClient['state'] | undefined;
  /** When it was, ISO 8601, UTC. */
  at: string | undefined;
  /** Its fault then, one sentence. */
  alarm: string | undefined;
  /** The last refresh that reached a server with metadata that could be verified. */
  refreshed: string | undefined;
  /** The expired roles, the oldest first. */
  overdue: Overdue[];
}

const names = {
  state: 'TrustState',
  alarm: 'TrustAlarm',
  refreshed: 'TrustRefreshed',
  told: 'TrustAlarmTold',
} as const;
const states: readonly string[] = ['current', 'expired', 'last-good', 'none', 'unpinned'];
const dayMs = 86_400_000;

/**
 * Notes a refresh. Answers whether its alarm must be told: once a day at the most, and never for metadata that is
 * current.
 */
export function noteStanding(
  registry: Registry,
  { state, alarms }: Pick<OperatorClient, 'state' | 'alarms'>,
  now: Date,
): { isNews: boolean } {
  const at = now.toISOString();
  const isAlarm = state === 'expired' || state === 'last-good' || state === 'none';
  const told = Date.parse(string(registry.read(), keys.agent, names.told) ?? '');
  // By the distance alone: a clock that was wrong must not silence the alarm.
  const isNews = isAlarm && !(Math.abs(now.getTime() - told) < dayMs);
  const set = (name: string, value: string | undefined) =>
    value === undefined ? { key: keys.agent, name } : { key: keys.agent, name, value: text(value) };
  registry.change([
    set(names.state, `${state} ${at}`),
    set(names.alarm, alarms[0]?.slice(0, 1000)),
    ...(state === 'current' || state === 'expired' ? [set(names.refreshed, at)] : []),
    ...(isAlarm ? [] : [set(names.told, undefined)]),
    ...(isNews ? [set(names.told, at)] : []),
  ]);
  return { isNews };
}

/**
 * From the disk and the registry alone: it works while the agent is stopped, and while its server is away. Throws
 * DiskError when the disk does not tell whether a root is pinned.
 */
export function readStanding(root: MachineRoot, registry: RegistryView, now: Date): TrustStanding {
  const [state, at] = (string(registry, keys.agent, names.state) ?? '').split(' ');
  return {
    pinned: isThere(root.trustRoot) || isThere(root.trustFolder),
    state: states.includes(state ?? '') ? (state as OperatorClient['state']) : undefined,
    at,
    alarm: string(registry, keys.agent, names.alarm),
    refreshed: string(registry, keys.agent, names.refreshed),
    overdue: overdueIn(root, now),
  };
}

function overdueIn(root: MachineRoot, now: Date): Overdue[] {
  const store = openStore(root.trustFolder, undefined);
  const roles = ['root', 'timestamp', 'snapshot', 'targets', 'agent', 'updates'] as const;
  return roles
    .flatMap((role) => {
      const [newest] = copiesOf(store, role);
      const expires = newest && expiryOf(role, newest);
      const late = expires === undefined ? -1 : now.getTime() - Date.parse(expires);
      return expires !== undefined && late >= 0 ? [{ role, expires, days: Math.floor(late / dayMs) }] : [];
    })
    .sort((a, b) => b.days - a.days);
}

/** None of one that cannot be read: the next refresh says so, as its alarm. */
function copiesOf(store: MetadataStore, role: string): Uint8Array[] {
  try {
    return store.candidates(role);
  } catch (error) {
    if (error instanceof ReleaseError) return [];
    throw error;
  }
}

function expiryOf(role: string, bytes: Uint8Array): string | undefined {
  try {
    const kind = role === 'root' || role === 'timestamp' || role === 'snapshot' ? role : 'targets';
    return parseMetadata(kind, bytes).signed.expires;
  } catch {
    return undefined; // damaged: the next refresh writes it again
  }
}
