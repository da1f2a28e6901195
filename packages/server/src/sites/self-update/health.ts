// Is the self-update service there? Asked as WSUS asks itself: over loopback, on each port that clients use, for the
// files that they ask for first. The answer is for the home page.
import type { HomeRelease } from '../../home-document.ts';
import type { SelfUpdateHealth, SelfUpdatePort } from '../../home-facts.ts';
import { type CabinetProbe, probeCabinet } from './probe.ts';

/** A listener as the server knows it. */
export interface WatchedPort {
  port: number;
  site: SelfUpdatePort['site'];
  listening: SelfUpdatePort['listening'];
  /** The place to ask: the bound host, or a loopback address for all interfaces. */
  host: string;
}

export interface SelfUpdateHealthMonitor {
  facts(): SelfUpdateHealth;
  /** Asks every port now. Resolves when all have answered or failed. */
  check(): Promise<void>;
  close(): void;
}

interface HealthParts {
  /** Present listeners, asked for at each check. */
  ports(): WatchedPort[];
  releases(): HomeRelease[];
  now(): Date;
  /** Called when a check found something else than the one before. */
  changed(): void;
  /** Default 60 seconds. WSUS's own check runs every 10 minutes. */
  intervalMs?: number;
}

type Asked = Pick<SelfUpdatePort, 'checkedAt' | 'files'>;

const askedFiles = ['/selfupdate/wuident.cab', '/iuident.cab'];

/** Begins to ask at once and then regularly, until closed. */
export function createSelfUpdateHealth(parts: HealthParts): SelfUpdateHealthMonitor {
  let known = new Map<number, Asked>();
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    const before = outcomes(known);
    const answers = await Promise.all(parts.ports().map(ask));
    const ours = new Set(answers.filter(isOurs).flatMap(({ probes }) => probes.map(({ digest }) => digest)));
    known = new Map(
      answers.map((answer) => [
        answer.watched.port,
        { checkedAt: answer.probes.length > 0 ? parts.now() : undefined, files: filesOf(answer, ours) },
      ]),
    );
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

interface Answer {
  watched: WatchedPort;
  probes: CabinetProbe[];
}

/** A port that another program has is asked too: it may pass our files on, and then all is well. */
async function ask(watched: WatchedPort): Promise<Answer> {
  const { port, host, site, listening } = watched;
  if (listening.kind === 'off') return { watched, probes: [] };
  const secure = site === 'tls';
  return { watched, probes: await Promise.all(askedFiles.map((path) => probeCabinet({ host, port, path, secure }))) };
}

function isOurs({ watched }: Answer): boolean {
  return watched.listening.kind === 'listening';
}

/** Another program's answer is fine only if it is the answer of this server itself. */
function filesOf(answer: Answer, ours: ReadonlySet<string>): Asked['files'] {
  return answer.probes.map(({ path, answer: words, fine, digest }) => {
    if (!fine || isOurs(answer) || ours.has(digest)) return { path, answer: words, fine };
    return { path, answer: `${words}, but of another server`, fine: false };
  });
}

function outcomes(known: Map<number, Asked>): string {
  return JSON.stringify([...known].map(([port, { files }]) => [port, files]));
}
