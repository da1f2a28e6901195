// Bounds how fast strangers may make things grow: new computers, new names, status pings, reports, lines of the logs.
// The server counts refusals, writes the counts to the store and logs them once a minute, never once a request.

import type { Store } from '@moult/store';
import { heldBackPrefix } from '@moult/store';
import { rateBounds } from '../../bounds.ts';
import type { Logger } from '../../log/log.ts';
import { addressKey } from './address-key.ts';
import type { ComputerCount } from './computer-count.ts';
import { createRate } from './rate.ts';

/** The kinds of things that are bounded by rate. */
export type Admitted =
  | 'new-computer'
  | 'new-name'
  | 'ping'
  | 'report-bytes'
  | 'refusal-line'
  | 'access-log-bytes'
  | 'targeting-record';

export interface Admission {
  /** Whether this much of it may come in from an address. Refused ones are counted. */
  admit(what: Admitted, address: string | undefined, amount?: number): boolean;
  /** Writes what was counted, and stops. */
  close(): Promise<void>;
}

interface AdmissionParts {
  /** Per second from one address. 0 for no bound. */
  perSecond: Readonly<Record<Admitted, number>>;
  store: Pick<Store, 'addToCounters'>;
  /** When there are as many computers as there may be, no more come in. Default: there is always room. */
  computers?: Pick<ComputerCount, 'hasRoom' | 'add'>;
  log: Logger;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
  sayEveryMs?: number;
}

const largeAmount = (what: string) => (what === 'report-bytes' ? rateBounds.smallReportBytes : undefined);
export const secondsOfDay = 86_400;
/** If a rate is for a day, a day's worth of it may come at once. */
const bursts: Partial<Record<Admitted, number>> = { 'targeting-record': secondsOfDay };

export function createAdmission(parts: AdmissionParts): Admission {
  const { perSecond, store, computers, log, now, sayEveryMs = 60_000 } = parts;
  const rates = Object.fromEntries(
    Object.entries(perSecond).map(([what, rate]) => [
      what,
      createRate({
        perSecond: rate,
        largeAmount: largeAmount(what),
        burstSeconds: bursts[what as Admitted],
        ...(now && { now }),
      }),
    ]),
  );
  let held = new Map<string, { count: number; lastAddress: string }>();
  let timer: NodeJS.Timeout | undefined;
  let saying: Promise<void> = Promise.resolve();

  /** Counts that cannot be written now are written with the next. */
  const unwritten = new Map<string, number>();
  const write = async (): Promise<void> => {
    const amounts = Object.fromEntries(unwritten);
    try {
      await store.addToCounters(amounts);
      for (const [name, amount] of Object.entries(amounts)) {
        const left = (unwritten.get(name) ?? 0) - amount;
        if (left > 0) unwritten.set(name, left);
        else unwritten.delete(name);
      }
    } catch (error) {
      log.error({ err: error }, 'counters of limits could not be written');
    }
  };

  const say = (): Promise<void> => {
    timer = undefined;
    const said = held;
    held = new Map();
    for (const [what, { count, lastAddress }] of said) log.warn({ what, count, lastAddress }, 'held back by a limit');
    for (const [what, { count }] of said) {
      unwritten.set(`${heldBackPrefix}${what}`, (unwritten.get(`${heldBackPrefix}${what}`) ?? 0) + count);
    }
    saying = saying.then(write);
    return saying;
  };

  const holdBack = (what: Admitted | 'computer-limit', key: string): void => {
    const known = held.get(what);
    held.set(what, { count: (known?.count ?? 0) + 1, lastAddress: key });
    timer ??= setTimeout(say, sayEveryMs).unref();
  };

  return {
    admit(what, address, amount) {
      const key = addressKey(address);
      const isFull = what === 'new-computer' && computers?.hasRoom() === false;
      const mayPass = !isFull && (rates[what]?.take(key, amount) ?? true);
      if (!mayPass) holdBack(isFull ? 'computer-limit' : what, key);
      else if (what === 'new-computer') computers?.add();
      return mayPass;
    },
    close() {
      clearTimeout(timer);
      return held.size > 0 ? say() : saying;
    },
  };
}
