// Work that the user stops with Ctrl+C, or a service manager with SIGTERM: it ends at the next step instead of anywhere.
import { setTimeout as pause } from 'node:timers/promises';

interface UntilSignal {
  signal: AbortSignal;
  /** Waits so many milliseconds, or until `signal`. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Gives the signals back. A second one ends the process meanwhile. */
  done(): void;
}

export function untilSignal(): UntilSignal {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return {
    signal: stopping.signal,
    wait: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
    done() {
      process.removeListener('SIGINT', stop);
      process.removeListener('SIGTERM', stop);
    },
  };
}
