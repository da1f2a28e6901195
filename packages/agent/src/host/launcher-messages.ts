// The messages between a host and the launcher that started it, over Node's IPC channel. As in messages.ts, one of them may
// be years older: unknown kinds are passed over, and no kind changes its meaning.
import { isRecord } from './state-file.ts';

export type FromHost =
  /** Once a minute: it does not hang. */
  | { kind: 'alive' }
  /** The agent finished a detection that went well. On trial, this is what it is kept for. */
  | { kind: 'good'; version: string }
  /** It ends because it was told to, or is done. `again`: because hosts.json names another host by now. */
  | { kind: 'ending'; code: number; again: boolean };

type ToHost = { kind: 'stop' };

/** The message, when it is of a kind that is known here and whole. */
export function asFromHost(value: unknown): FromHost | undefined {
  if (!isRecord(value)) return undefined;
  const known =
    value.kind === 'alive' ||
    (value.kind === 'good' && typeof value.version === 'string') ||
    (value.kind === 'ending' && typeof value.code === 'number' && typeof value.again === 'boolean');
  return known ? (value as FromHost) : undefined;
}

/** As asFromHost, for the other direction. */
export function asToHost(value: unknown): ToHost | undefined {
  return isRecord(value) && value.kind === 'stop' ? { kind: 'stop' } : undefined;
}
