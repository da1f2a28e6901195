// Status pings on their way to the store: the answer does not wait for them. Bounded: when the store is slower than the
// clients, pings are dropped and counted, never refused.

import { randomUUID } from 'node:crypto';
import { parseStatusPing, type StatusPing } from '@moult/protocol/self-update';
import { isRefusedRow, type SelfUpdateEvent, type Store } from '@moult/store';
import { writeBounds } from '../../bounds.ts';
import { clientAddressOf } from '../../http/called-host.ts';
import type { Admission } from '../../http/limits/admission.ts';
import type { Exchange } from '../../http/site.ts';

export interface PingRecorder {
  /** Takes note of one request for /wutrack.bin. Never throws, never waits. */
  take(exchange: Pick<Exchange, 'request' | 'query' | 'receivedAt' | 'passedOn'>): void;
  /** Counts a ping so large that it never became a request. */
  countOversized(): void;
  /** Stores what waits. */
  close(): Promise<void>;
}

export interface PingRecorderParts {
  store: Pick<Store, 'recordSelfUpdateEvents' | 'addToCounters' | 'listKnownIds' | 'forgetWriteMarks'>;
  admission: Pick<Admission, 'admit'>;
  /** Told once when pings cannot be stored, and once when they can again. */
  onTrouble: (message: string, error?: unknown) => void;
  limits?: { maxWaiting: number; batch: number; flushMs: number };
  /** A name that no other process has. Default: a random one. */
  writer?: string;
  now?: () => Date;
}

const pingCounters = {
  malformed: 'malformed-pings',
  dropped: 'dropped-pings',
  refused: 'refused-pings',
} as const;

/** Pings that are written together. Tried again they keep their number: their fate may be unknown. */
interface Batch {
  /** Given with the first try: numbers rise in the order in which batches are written. */
  number: number | undefined;
  events: SelfUpdateEvent[];
}

const markDays = 7;

export function createPingRecorder(parts: PingRecorderParts): PingRecorder {
  const {
    store,
    admission,
    onTrouble,
    limits = currentLimits(),
    writer = randomUUID(),
    now = () => new Date(),
  } = parts;
  const waiting: SelfUpdateEvent[] = [];
  const batches: Batch[] = [];
  const counts = new Map<string, number>();
  let lastNumber = 0;
  let timer: NodeJS.Timeout | undefined;
  let storing: Promise<void> | undefined;
  let isTroubled = false;
  let isRefusalTold = false;

  const count = (name: string, amount = 1) => {
    counts.set(name, (counts.get(name) ?? 0) + amount);
    schedule();
  };
  const unstored = () => batches.reduce((sum, { events }) => sum + events.length, waiting.length);
  const hasWork = () => waiting.length > 0 || batches.length > 0 || counts.size > 0;
  const nextNumber = (): number => {
    lastNumber = Math.max(lastNumber + 1, now().getTime());
    return lastNumber;
  };

  /** A ping of a computer that is new here counts as a new computer of its address. */
  const withoutStrangers = async (pings: SelfUpdateEvent[]): Promise<SelfUpdateEvent[]> => {
    const known = await store.listKnownIds([...new Set(pings.flatMap(({ computerId }) => computerId ?? []))]);
    const admitted = new Set<string>();
    return pings.filter(({ computerId, address }) => {
      if (computerId === undefined || known.has(computerId) || admitted.has(computerId)) return true;
      if (!admission.admit('new-computer', address)) return false;
      admitted.add(computerId);
      return true;
    });
  };

  const takeBatch = async (): Promise<void> => {
    const taken = waiting.splice(0, limits.batch);
    if (taken.length === 0) return;
    try {
      const events = await withoutStrangers(taken);
      if (events.length < taken.length) count(pingCounters.dropped, taken.length - events.length);
      if (events.length > 0) batches.push({ number: undefined, events });
    } catch (error) {
      waiting.unshift(...taken);
      throw error;
    }
  };

  const storeFirst = async (): Promise<void> => {
    const [batch] = batches;
    if (!batch) return;
    batch.number ??= nextNumber();
    const { number, events } = batch;
    try {
      await store.recordSelfUpdateEvents(events, { writer, number });
      batches.shift();
    } catch (error) {
      if (!isRefusedRow(error)) throw error;
      // One of them is refused for what it holds: the others are not held up by it.
      const middle = events.length >> 1;
      const halves = events.length > 1 ? [events.slice(0, middle), events.slice(middle)] : [];
      batches.splice(0, 1, ...halves.map((half) => ({ number: undefined, events: half })));
      if (halves.length === 0) refuse(error);
    }
  };

  const refuse = (error: unknown): void => {
    count(pingCounters.refused);
    if (!isRefusalTold) onTrouble('The database refuses a status ping; such pings are counted and not kept.', error);
    isRefusalTold = true;
  };

  const storeBatch = async (): Promise<void> => {
    const amounts = Object.fromEntries(counts);
    counts.clear();
    try {
      if (batches.length === 0) await takeBatch();
      await storeFirst();
      await store.addToCounters(amounts);
      if (isTroubled) onTrouble('Status pings are stored again.');
      isTroubled = false;
    } catch (error) {
      for (const [name, amount] of Object.entries(amounts)) counts.set(name, (counts.get(name) ?? 0) + amount);
      if (!isTroubled) onTrouble('Status pings cannot be stored; they wait in memory.', error);
      isTroubled = true;
    }
  };

  const run = async (): Promise<void> => {
    do await storeBatch();
    while (!isTroubled && hasWork());
  };
  const startRun = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    storing ??= run().finally(() => {
      storing = undefined;
      if (hasWork()) schedule();
    });
    return storing;
  };
  // Marks of processes that ended long ago are of no use. Whether they go is of no matter.
  void store.forgetWriteMarks(now().getTime() - markDays * 86_400_000).catch(() => undefined);

  const schedule = (): void => {
    if (storing) return;
    // After a failure the store gets a rest of ten periods.
    timer ??= setTimeout(startRun, limits.flushMs * (isTroubled ? 10 : 1)).unref();
  };

  return {
    take(exchange) {
      const ping = parseStatusPing(exchange.query);
      if ('malformed' in ping) return count(pingCounters.malformed);
      if (!admission.admit('ping', clientAddressOf(exchange))) return count(pingCounters.dropped);
      if (unstored() >= limits.maxWaiting) return count(pingCounters.dropped);
      waiting.push(eventOf(exchange, ping));
      schedule();
    },
    countOversized: () => count(pingCounters.malformed),
    async close() {
      if (storing) await storing;
      if (hasWork()) await startRun();
      clearTimeout(timer);
      if (unstored() > 0) onTrouble(`${unstored()} status pings were not stored before the end.`);
    },
  };
}

function eventOf(exchange: Pick<Exchange, 'request' | 'receivedAt' | 'passedOn'>, ping: StatusPing): SelfUpdateEvent {
  const { request, receivedAt } = exchange;
  const userAgent = (request.headers['user-agent'] ?? '').slice(0, 256);
  return {
    receivedAt,
    occurredAt: ping.occurredAt ?? receivedAt,
    computerId: dashed(ping.machineId),
    address: (clientAddressOf(exchange) ?? '').replace(/^::ffff:(?=\d+\.)/i, ''),
    userAgent,
    component: ping.component,
    activity: ping.activity,
    item: ping.item,
    device: ping.device,
    platform: ping.platform,
    language: ping.language,
    status: ping.status,
    resultCode: ping.error.toString(16).padStart(8, '0'),
    message: ping.message,
    ...agentOf(userAgent, ping),
  };
}

// Our agents name themselves in M (`sus/5.4.0.1`). Others are known by their User-Agent, the old one without a version.
// If a proxy takes that away, the ping itself tells: it is how SUS clients report, until one has updated itself.
function agentOf(userAgent: string, ping: StatusPing): Pick<SelfUpdateEvent, 'agentGeneration' | 'agentVersion'> {
  const said = /^(sus|wsus)\/(\d+(?:\.\d+){3})$/.exec(ping.message);
  if (said) return { agentGeneration: said[1] === 'sus' ? 'sus' : 'wsus', agentVersion: said[2] };
  const version = /^(?:Windows-Update-Agent|Industry Update Control)\/(\d+(?:\.\d+){3})\b/.exec(userAgent)?.[1];
  if (/^Windows-Update-Agent\b/.test(userAgent)) return { agentGeneration: 'wsus', agentVersion: version };
  if (/^Industry Update Control\b/.test(userAgent)) return { agentGeneration: 'sus', agentVersion: version };
  const hasUpdatedItself = ping.activity === 's' && ping.status === 's' && ping.error === 0;
  const isSus = /^(au|iu)$/i.test(ping.component) && !hasUpdatedItself;
  return { agentGeneration: isSus ? 'sus' : undefined, agentVersion: undefined };
}

function dashed(machineId: string): string {
  return machineId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function currentLimits() {
  const { maxPingsWaiting: maxWaiting, pingBatch: batch, pingFlushMs: flushMs } = writeBounds;
  return { maxWaiting, batch, flushMs };
}
