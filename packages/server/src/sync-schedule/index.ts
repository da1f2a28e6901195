// Synchronises by itself, now and then, beside the service. Several servers on one database do it in turn: one that finds
// another at work leaves it to that one.
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerConfig } from '@moult/administration/config';
import { type SyncAndRollUp, syncAndRollUp } from '@moult/administration/roll-up';
import { syncSettings } from '@moult/administration/synchronisation';
import type { Store } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import type { Logger } from '../log/log.ts';
import { nextSyncAt } from './next-sync.ts';

interface ScheduleParts {
  store: Store;
  now(): Date;
  log: Logger;
  random?(): number;
  environment?: Readonly<Record<string, string | undefined>>;
}

interface SyncSchedule {
  /** Stops a synchronisation that is under way: the next one continues it. */
  close(): Promise<void>;
}

const hourMs = 3_600_000;
/** A timer of Node bears 24 days. */
const longestPauseMs = 24 * hourMs;

/** Does nothing while `syncEvery` is off. */
export function scheduleSync(config: ServerConfig, parts: ScheduleParts): SyncSchedule {
  const { syncEvery } = config;
  if (syncEvery === 'off') return { close: async () => undefined };
  const ending = new AbortController();
  const running = keepSynchronising(config, syncEvery * hourMs, parts, ending.signal).catch((error) =>
    parts.log.error({ err: error }, 'the schedule of synchronisations ended'),
  );
  return {
    async close() {
      ending.abort();
      await running;
    },
  };
}

async function keepSynchronising(
  config: ServerConfig,
  everyMs: number,
  parts: ScheduleParts,
  signal: AbortSignal,
): Promise<void> {
  const { store, now, log, random = Math.random } = parts;
  const wait = (ms: number) => pause(ms, undefined, { signal, ref: false }).catch(() => undefined);
  let failedAt: Date | undefined;
  while (!signal.aborted) {
    try {
      const [last] = await store.listSyncRuns(1);
      const at = nextSyncAt({ last, failedAt, everyMs, now: now(), random: random() });
      // Set forward, the clock brings it near. Set back, it does not put it off: the pause of now is the longest.
      const began = performance.now();
      const pauseMs = at.getTime() - now().getTime();
      const leftMs = () => Math.min(at.getTime() - now().getTime(), pauseMs - (performance.now() - began));
      while (leftMs() > 0 && !signal.aborted) await wait(Math.min(leftMs(), longestPauseMs));
      const [newest] = await store.listSyncRuns(1);
      // Another server, or an administrator, began one meanwhile.
      if (signal.aborted || newest?.runId !== last?.runId || newest?.state !== last?.state) {
        failedAt = undefined;
        continue;
      }
      const report = await synchronise(config, parts, signal);
      log.info(reportOf(report), 'synchronised');
      if (report.rollUp && 'failed' in report.rollUp)
        log.warn(report.rollUp.failed, 'the upstream server did not take the reports of this server');
      failedAt = undefined;
    } catch (error) {
      if (signal.aborted) return;
      failedAt = now();
      // Another server is at work.
      if (error instanceof ServerError && error.code === 'SERVER_REFUSED') continue;
      log.warn({ err: error }, 'the synchronisation failed and is tried again later');
    }
  }
}

function synchronise(config: ServerConfig, parts: ScheduleParts, signal: AbortSignal): Promise<SyncAndRollUp> {
  const { store, now, random = Math.random, environment = process.env } = parts;
  return syncAndRollUp({
    rollUp: config.rollUp,
    ...{ store, settings: syncSettings(config), environment, now, random, signal, onProgress: () => undefined },
    wait: (ms, until) => pause(ms, undefined, { signal: until, ref: false }).catch(() => undefined),
  });
}

function reportOf({ expired, newProducts, ...report }: SyncAndRollUp) {
  return { ...report, expired: expired.length, newProducts: newProducts.map(({ name }) => name) };
}
