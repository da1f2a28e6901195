// One operator's server at several times of its life, each on a port of its own, all at once. The first is before the
// new release. The next has a bad release as its newest, and the last has the good one. A machine that goes from one to
// a later one sees time pass.
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@moult/administration/config';
import { openLog, type RunningServer, startServer } from '@moult/server';
import { buildAgent } from '../build.ts';
import { badReleases, badVersion, buildBadRelease } from './bad-releases.ts';

export interface ServerLives {
  /** The operator's, to be pinned. */
  operatorCertificate: Buffer;
  /** Before the new release. */
  older: URL;
  /** With the good release. */
  good: URL;
  /** With the host of the good release too. */
  whole: URL;
  /** With the bad release of this name, and the same server after the good one was published over it. */
  withBad(name: string): Promise<{ bad: URL; mended: URL }>;
  close(): Promise<void>;
}

interface Life {
  /** The data directory, as it is while no server runs on it. */
  still: string;
  url: URL;
}

/**
 * `releases` holds the releases `good/` (an agent) and `whole/` (with its host). The others are built here, into
 * folders beside it.
 */
export async function openServers(
  folder: string,
  releases: string,
  versions: { old: string; good: string },
): Promise<ServerLives> {
  const running: RunningServer[] = [];
  const oldRelease = join(releases, 'old');
  const goodRelease = join(releases, 'good');
  await buildAgent(oldRelease, 'wsus', versions.old);
  const older = await live('older', undefined, oldRelease);
  const good = await live('good', older.still, goodRelease);
  const whole = await live('whole', good.still, join(releases, 'whole'));
  const withBad = new Map<string, Promise<{ bad: URL; mended: URL }>>();
  return {
    operatorCertificate: readFileSync(join(folder, 'older', 'keys', 'operator-ca.cer.pem')),
    older: older.url,
    good: good.url,
    whole: whole.url,
    withBad: (name) => {
      const known = withBad.get(name) ?? openBad(name);
      withBad.set(name, known);
      return known;
    },
    async close() {
      await Promise.allSettled(withBad.values());
      for (const server of running) await server.stop();
    },
  };

  async function openBad(name: string): Promise<{ bad: URL; mended: URL }> {
    const version = badVersion(name);
    const badRelease = join(releases, version);
    const release = badReleases.find((one) => one.name === name);
    if (release) await buildBadRelease(badRelease, version, release);
    const bad = await live(version, release?.isHost ? good.still : older.still, badRelease);
    const mended = await live(`after-${version}`, bad.still, release?.isHost ? join(releases, 'whole') : goodRelease);
    return { bad: bad.url, mended: mended.url };
  }

  /** Publishes `offered` on a server that begins where `before` ended, and goes on with it. */
  async function live(state: string, before: string | undefined, offered: string): Promise<Life> {
    const dataDir = join(folder, state);
    const still = `${dataDir}.still`;
    if (before !== undefined) cpSync(before, still, { recursive: true });
    // Copied after this life is over, so that it is whole.
    await (await serve(still, offered)).stop();
    cpSync(still, dataDir, { recursive: true });
    const server = await serve(dataDir, undefined);
    running.push(server);
    return { still, url: new URL(server.urls.main) };
  }
}

async function serve(dataDir: string, agentReleaseDir: string | undefined): Promise<RunningServer> {
  const lab = { firstCatalog: 'samples', newAgentReleases: 'at-once' };
  const flags = { dataDir, host: '127.0.0.1', port: 0, selfUpdatePort: 'off', stopSeconds: 1, ...lab };
  const { config } = loadConfig({
    flags: { ...flags, ...(agentReleaseDir === undefined ? {} : { agentReleaseDir }) },
    environment: {},
  });
  const { log } = openLog({ dataDir, level: 'error', toStdout: false });
  return startServer(config, { now: () => new Date(), log, announce: () => undefined, approveSamples: true });
}
