// Is the self-update service there? Asked as WSUS asks itself: over loopback, on each port that clients use, for the
// files that they ask for first. The answer is for the home page.
import type { HomeRelease, SelfUpdateHealth, SelfUpdatePort } from '../console/index.ts';
import { probeCabinet } from './probe.ts';

/** A listener as the server knows it. */
export interface WatchedPort {
  port: number;
  site: SelfUpdatePort['site'];
  listening: SelfUpdatePort['listening'];
  /** Where to ask: the bound host, or a loopback address for all interfaces. */
  host: string;
}

export interface SelfUpdateHealthMonitor {
  facts(): SelfUpdateHealth;
  /** Asks every port now; resolves when all have answered or failed. */
  check(): Promise<void>;
  close(): void;
}

export interface HealthParts {
  /** Present listeners, asked for at each check. */
  ports(): WatchedPort[];
  releases(): HomeRelease[];
  now(): Date;
  /** Called when a check found something else than the one before. */
  changed(): void;
  /** Default 60 seconds; WSUS's own check runs every 10 minutes. */
  intervalMs?: number;
}

type Asked = Pick<SelfUpdatePort, 'checkedAt' | 'files'>;

const askedFiles = ['/selfupdate/wuident.cab', '/iuident.cab'];

/** Begins to ask at once and then regularly, until closed. */
export function createSelfUpdateHealth(parts: HealthParts): SelfUpdateHealthMonitor {
  let known = new Map<number, Asked>();
  let running: Promise<void> | undefined;

  const ask = async ({ port, host, site, listening }: WatchedPort): Promise<[number, Asked]> => {
    // A port that another program has is asked too: it may pass our files on, and then all is well.
    if (listening.kind === 'off') return [port, { checkedAt: undefined, files: [] }];
    const secure = site === 'tls';
    const probes = await Promise.all(askedFiles.map((path) => probeCabinet({ host, port, path, secure })));
    return [port, { checkedAt: parts.now(), files: probes.map(({ path, answer, fine }) => ({ path, answer, fine })) }];
  };
  const run = async (): Promise<void> => {
    const before = outcomes(known);
    known = new Map(await Promise.all(parts.ports().map(ask)));
    if (outcomes(known) !== before) parts.changed();
  };
  const check = (): Promise<void> => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
  const timer = setInterval(() => void check(), parts.intervalMs ?? 60_000).unref();
  void check();

  return {
    facts: () => ({
      ports: parts.ports().map(({ port, site, listening }) => ({
        port,
        site,
        listening,
        ...(known.get(port) ?? { checkedAt: undefined, files: [] }),
      })),
      releases: parts.releases(),
    }),
    check,
    close: () => clearInterval(timer),
  };
}

function outcomes(known: Map<number, Asked>): string {
  return JSON.stringify([...known].map(([port, { files }]) => [port, files]));
}
