// Fetches files of updates beside the service: once something is approved or synchronised, and once a client asked for a file
// that is not here. Several servers with one content folder do it in turn.
import { setTimeout as pause } from 'node:timers/promises';
import { contentBounds } from '@moult/administration/bounds';
import type { ServerConfig } from '@moult/administration/config';
import { fetchContent } from '@moult/administration/content-fetch';
import type { Store } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import type { Logger } from '../log/log.ts';

interface ScheduleParts {
  store: Store;
  folder: string;
  log: Logger;
  environment?: Readonly<Record<string, string | undefined>>;
  /** Between two looks at whether something was approved or synchronised, by this process or another. */
  pollMs?: number;
  /** Before files that could not be had are tried again. */
  everyMs?: number;
  bounds?: Partial<typeof contentBounds>;
}

interface ContentSchedule {
  /** From now on the database can be asked. */
  begin(): void;
  /** A client asked for this file, and it is not here. */
  demand(sha1: string): void;
  /** A downstream server asked for this file, and it is not here. */
  request(sha1: string): void;
  /** Stops downloads: the next ones continue them. */
  close(): Promise<void>;
}

/** Does nothing while `contentFetch` is never. */
export function scheduleContent(config: ServerConfig, parts: ScheduleParts): ContentSchedule {
  const { store, log, pollMs = 5000, everyMs = 15 * 60_000 } = parts;
  const ending = new AbortController();
  const demanded = new Set<string>();
  /** Failures of files that the log has already, by SHA-1. The log gets the same failure once. */
  const told = new Map<string, string>();
  let warned: string | undefined;
  let running: Promise<void> | undefined;
  const wait = (ms: number, signal: AbortSignal) => pause(ms, undefined, { signal, ref: false }).catch(() => undefined);

  const look = async () => {
    const options = { ...parts, config, environment: parts.environment ?? process.env, wait, signal: ending.signal };
    const asked = [...demanded];
    demanded.clear();
    if (asked.length > 0) note(await fetchContent({ ...options, now: () => new Date() }, new Set(asked)), asked.length);
    if (asked.length === 0 || config.contentFetch !== 'demand') {
      note(await fetchContent({ ...options, now: () => new Date() }), 0);
    }
  };

  const note = ({ failures, ...counts }: Awaited<ReturnType<typeof fetchContent>>, asked: number) => {
    const untold = failures.filter(({ sha1, code }) => told.get(sha1) !== code);
    // Of those that clients asked for, nothing is known of the others.
    if ((config.contentFetch !== 'demand' && asked === 0) || told.size > contentBounds.maxDemanded) told.clear();
    for (const { sha1, code } of failures) told.set(sha1, code);
    if (counts.fetched + untold.length === 0) return;
    log.info({ ...counts, failures: untold.slice(0, failuresLogged), failed: failures.length }, 'update files fetched');
  };

  const warn = (error: unknown) => {
    // Another server has the folder, for as long as its downloads take.
    if (error instanceof ServerError && error.code === 'SERVER_REFUSED') return;
    const text = String(error);
    if (text !== warned) log.warn({ err: error }, 'update files could not be fetched and are tried again later');
    warned = text;
  };

  const stateOf = async () => {
    const generations = await store.loadGenerations();
    return `${generations.get('deployments')} ${generations.get('updates')}`;
  };

  const untilChanged = async (before: string) => {
    for (let waitedMs = 0; waitedMs < everyMs && !ending.signal.aborted; waitedMs += pollMs) {
      await wait(pollMs, ending.signal);
      const isChanged = demanded.size > 0 || (await stateOf()) !== before;
      if (isChanged) return;
    }
  };

  const keepLooking = async () => {
    while (!ending.signal.aborted) {
      try {
        const before = await stateOf();
        await look();
        warned = undefined;
        await untilChanged(before);
      } catch (error) {
        if (ending.signal.aborted) return;
        warn(error);
        await wait(Math.min(everyMs, 60_000), ending.signal);
      }
    }
  };

  const ask = (sha1: string) => {
    if (running && demanded.size < contentBounds.maxDemanded) demanded.add(sha1);
  };

  return {
    begin() {
      if (config.contentFetch === 'never' || running) return;
      running = keepLooking();
    },
    demand(sha1) {
      if (config.contentFetch === 'demand') ask(sha1);
    },
    request: ask,
    async close() {
      ending.abort();
      await running;
    },
  };
}

const failuresLogged = 10;
