// Sees that a release was recalled or offered (moult release recall, moult tree offer), and that a wait is over.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readOffers } from './offers.ts';
import { agentKinds, hostKinds, releasesIn } from './releases.ts';
import { offerFile, pathOf, releasesFolder } from './tree-folders.ts';

interface DecisionWatch {
  /** Looks once. Awaits what `changed` does. Never throws. */
  look(): Promise<void>;
  close(): Promise<void>;
}

interface DecisionWatchParts {
  now(): Date;
  /** Called when something was decided. An error of it goes to `failed`, and is tried again with the next change. */
  changed(): Promise<void>;
  failed(error: unknown): void;
}

/** Compares with what is decided now: to be called before the tree is opened. */
export async function watchDecisions(
  dataDir: string,
  { now, changed, failed }: DecisionWatchParts,
): Promise<DecisionWatch> {
  let seen = await markOf(dataDir, now());
  let running: Promise<void> | undefined;
  let isClosed = false;

  const run = async (): Promise<void> => {
    try {
      const mark = await markOf(dataDir, now());
      if (mark === seen || isClosed) return;
      // As it was before the work: what is decided meanwhile is seen by the next look.
      seen = mark;
      await changed();
    } catch (error) {
      failed(error);
    }
  };
  return {
    async look() {
      running ??= run().finally(() => {
        running = undefined;
      });
      await running;
    },
    async close() {
      isClosed = true;
      await running;
    },
  };
}

const minuteMs = 60_000;

async function markOf(dataDir: string, now: Date): Promise<string> {
  const trust = join(dataDir, 'trust');
  const releases = await releasesIn(releasesFolder(dataDir), [...agentKinds, ...hostKinds]);
  // Each publication of the role has a name of its own. Those of other roles are many, and change nothing here.
  const published = await readdir(join(trust, 'public', 'metadata')).catch(() => []);
  const files = [
    join(trust, 'staged', 'agent.json'),
    ...releases.map(({ kind, version }) => pathOf(offerFile(dataDir, kind, version))),
  ];
  const marks = await Promise.all(files.map(fileMark));
  const offers = await readOffers(dataDir);
  const isWaiting = [...offers.values()].some(({ offeredAt }) => offeredAt === undefined);
  const agentRoles = published.filter((name) => name.endsWith('.agent.json')).sort();
  return [...agentRoles, ...marks, isWaiting ? Math.floor(now.getTime() / minuteMs) : ''].join();
}

async function fileMark(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return '';
  }
}
