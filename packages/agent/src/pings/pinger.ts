// Status pings: an event goes to /wutrack.bin of the status server, or waits in urllog.dat until it can.
import { counted } from '@moult/formats/text';
import { encodeStatusPing, selfUpdatePaths } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import type { Machine } from '../machine/policy.ts';
import { type RequestLimits, sendExpecting } from '../transport/request.ts';
import { platformOf } from './platform.ts';
import { dropSentPing, type KeptPing, keepPing, readUrlLog } from './url-log.ts';

interface Ping {
  /** n initialisation, s self-update, d detection, i installation. */
  activity: 'n' | 's' | 'd' | 'i';
  /** s success, p pending, f failure. */
  status: 's' | 'p' | 'f';
  /** HRESULT. 0 for success. */
  result: number;
  /** Its object: for a self-update the release, `moult-agent.7.9.0.1`. */
  item?: string;
}

export interface PingerParts {
  urlLog: string;
  statusServer: string;
  clientId: string;
  /** `sus/5.4.0.1`: who speaks, in the message field. */
  agent: string;
  machine: Machine;
  userAgent: string;
  limits: RequestLimits;
  now(): Date;
  log(outcome: 'sent' | 'kept' | 'sent-late', text: string): void;
}

/**
 * Keeps the ping, then sends all that wait, oldest first, until one cannot be sent. `noted` is called in between, when
 * nothing has left yet: what is written down there is true exactly when the ping is in urllog.dat. Never throws.
 */
export async function ping(parts: PingerParts, what: Ping, noted?: () => void): Promise<void> {
  const kept: KeptPing = { statusServer: parts.statusServer, query: queryOf(parts, what) };
  try {
    keepPing(parts.urlLog, kept);
  } catch (error) {
    // A full disk: what cannot be kept is sent at once or lost.
    parts.log('kept', `urllog.dat cannot be written: ${error instanceof Error ? error.message : error}`);
    await sendOne(parts, kept.query).catch(() => undefined);
    return;
  }
  noted?.();
  await sendKeptPings(parts, kept.query);
}

function queryOf(parts: PingerParts, what: Ping): string {
  return encodeStatusPing({
    formatVersion: '1',
    machineId: parts.clientId.replaceAll('-', ''),
    component: 'au',
    activity: what.activity,
    item: what.item ?? '',
    device: '',
    platform: platformOf(parts.machine),
    language: parts.machine.language,
    status: what.status,
    error: what.result,
    message: parts.agent,
    occurredAt: parts.now(),
  });
}

/** Sends what waits in urllog.dat, oldest first. Stops at the first that cannot be sent. Never throws. */
async function sendKeptPings(parts: PingerParts, fresh: string): Promise<void> {
  for (let waiting = waitingPings(parts); waiting.length > 0; waiting = waitingPings(parts)) {
    const [oldest] = waiting;
    if (!oldest) return;
    try {
      await sendOne(parts, oldest.query);
    } catch (error) {
      const why = error instanceof AgentError ? error.message : String(error);
      parts.log('kept', `${counted(waiting.length, 'ping')} in urllog.dat cannot be sent yet: ${why}`);
      return;
    }
    try {
      dropSentPing(parts.urlLog, oldest);
    } catch {
      return;
    }
    const late = oldest.query !== fresh;
    parts.log(
      late ? 'sent-late' : 'sent',
      `${late ? 'Kept ping' : 'Ping'} sent to ${parts.statusServer}: ${oldest.query}`,
    );
  }
}

/** None while the disk does not tell: they wait for the next ping. */
function waitingPings({ urlLog, log }: PingerParts): KeptPing[] {
  try {
    return readUrlLog(urlLog);
  } catch (error) {
    log('kept', `urllog.dat cannot be read: ${error instanceof Error ? error.message : error}`);
    return [];
  }
}

/**
 * To the status server of today: one that the policy no longer names may never answer, and all others wait behind it.
 */
function sendOne({ statusServer, userAgent, limits }: PingerParts, query: string): Promise<unknown> {
  const url = `${statusServer}${selfUpdatePaths.statusPing}?${query}`;
  return sendExpecting({ url, userAgent, limits: { ...limits, maxBytes: 64 * 1024 } });
}
