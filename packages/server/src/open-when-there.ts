// Opens the parts that need the database when the database is there: at once if possible, else later. The rest of the
// server does not wait for it.
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseAway, isTemporary, ServerError } from '@moult/store/errors';
import { type Closers, createClosers } from './closers.ts';
import type { Logger } from './log/log.ts';

interface Later<Opened> {
  /** Undefined until it is opened. */
  current(): Opened | undefined;
  /** Closes what was opened, or gives up trying. */
  close(): Promise<void>;
}

interface OpenParts<Opened> {
  /** Opens it. The members of `closers` are closed again if this fails. May run many times. */
  open(closers: Closers): Promise<Opened>;
  /** Told why it is not open yet, each time that the reason is another one. */
  onWaiting(reason: string): void;
  /** Ends an attempt that is under way. */
  giveUp(): void;
  log: Logger;
  /** Pauses between two attempts in milliseconds: the first, and the longest. */
  pausesMs?: readonly [first: number, longest: number];
}

/** Tries once, and throws when that fails for good. A failure that passes by itself is tried again and again. */
export async function openWhenThere<Opened>(parts: OpenParts<Opened>): Promise<Later<Opened>> {
  const { log, pausesMs: [first, longest] = [200, 10_000] } = parts;
  const ending = new AbortController();
  const closing = (error: unknown) => log.error({ err: error }, 'closing failed');
  let opened: { value: Opened; closers: Closers } | undefined;
  let told = '';

  const attempt = async (): Promise<void> => {
    const closers = createClosers(closing);
    try {
      opened = { value: await parts.open(closers), closers };
    } catch (error) {
      await closers.closeAll();
      throw error;
    }
  };

  const tell = (error: unknown): void => {
    const reason = reasonOf(error);
    if (reason === told || ending.signal.aborted) return;
    told = reason;
    // A fault that only the administrator can fix is waited for too: the tree is served meanwhile.
    log[isTemporary(error) ? 'warn' : 'error']({ err: error }, 'the web services are not open yet');
    parts.onWaiting(reason);
  };

  const goOn = async (): Promise<void> => {
    for (let wait = first; !opened && !ending.signal.aborted; wait = Math.min(longest, wait * 2)) {
      await pause(wait, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
      if (!ending.signal.aborted) await attempt().catch(tell);
    }
    if (opened && !ending.signal.aborted) log.info('the web services are open');
  };

  let going: Promise<void> = Promise.resolve();
  try {
    await attempt();
  } catch (error) {
    if (!isTemporary(error)) throw error;
    tell(error);
    going = goOn();
  }
  return {
    current: () => opened?.value,
    async close() {
      ending.abort();
      if (!opened) parts.giveUp();
      await going;
      await opened?.closers.closeAll();
    },
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof DatabaseAway) return error.reason;
  return error instanceof Error ? error.message : String(error);
}

type Handler = (...given: never[]) => Promise<unknown>;

/** Handlers of these names that hand on to what `current` answers, and are temporarily away while that is nothing. */
export function laterHandlers<Handlers extends Record<string, Handler>>(
  names: readonly string[],
  current: () => Handlers | undefined,
): Handlers {
  const handlers = names.map((name) => [
    name,
    async (...given: never[]) => {
      const handler = current()?.[name];
      if (!handler) throw new ServerError('SERVER_DATABASE_AWAY', 'The web services are not open yet.');
      return handler(...given);
    },
  ]);
  return Object.fromEntries(handlers) as Handlers;
}
