// Keeps the role `updates` of the operator's metadata equal to the catalog and its decisions, whoever changes them.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '@moult/formats/text';
import { readOurTarget } from '@moult/releases/metadata';
import { type CoveredUpdate, type CoverState, coverUpdatesAside } from '@moult/releases/repository';
import type { Notice, Store, Topic } from '@moult/store';
import type { LiveCatalog } from '@moult/store/catalog';
import { isTemporary } from '@moult/store/errors';
import type { Logger } from '../log/log.ts';
import { hasMoultRules } from './instructions.ts';
import { type Known, wantedUpdates } from './wanted.ts';

interface CoverParts {
  /** The repository. */
  directory: string;
  store: Store;
  catalog: LiveCatalog;
  now(): Date;
  /** While the clock is not believed, nothing is signed. */
  isClockBelieved(): boolean;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Called when the notices may have changed. */
  changed(): void;
  /** Milliseconds between two looks for changes. 0 for none but those that are asked for. */
  everyMs?: number;
}

export interface CoverKeeper {
  /** Covers what there is now. Never throws: what fails is a notice, and tried again. */
  look(): Promise<void>;
  notices(): Notice[];
  close(): Promise<void>;
}

const watched: readonly Topic[] = ['updates', 'deployments', 'groups', 'restored'];
const scanSetting = 'cover-scan';
const scannedAtOnce = 200;

/** Covers what the catalog decides, until it is closed. The first look is the caller's to wait for. */
export function keepCovered(parts: CoverParts): CoverKeeper {
  const { directory, log, changed, everyMs = 1000 } = parts;
  const worker = createWorker(parts);
  let failure: unknown;
  let running: Promise<void> | undefined;

  async function attempt(): Promise<void> {
    try {
      if (!(await worker.catchUp(failure !== undefined))) return;
      failure = undefined;
    } catch (error) {
      // A database that is away is told elsewhere, and comes back.
      if (isTemporary(error)) return worker.forget();
      if (failure === undefined) log.error({ err: error }, 'the updates cannot be covered by signed metadata');
      failure = error;
    }
    changed();
  }

  async function look(): Promise<void> {
    running ??= attempt().finally(() => {
      running = undefined;
    });
    await running;
  }

  const timer = everyMs > 0 ? setInterval(() => void look(), everyMs).unref() : undefined;
  return {
    look,
    notices: () => [
      ...(failure === undefined ? [] : [failureNotice(directory, failure)]),
      ...(worker.last()?.state === 'waits' ? [waitingNotice(directory, worker.last()?.missing ?? [])] : []),
      ...(worker.refused().length === 0 ? [] : [refusedNotice(worker.refused())]),
    ],
    async close() {
      worker.end();
      clearInterval(timer);
      await running;
    },
  };
}

function createWorker({ directory, store, catalog, now, isClockBelieved, log }: CoverParts) {
  const known = new Map<number, Known>();
  let seen = '';
  let restored = '';
  let last: CoverState | undefined;
  let lookedAt = 0;
  let refused: string[] = [];
  let isEnded = false;

  return {
    last: () => last,
    refused: () => refused,
    end() {
      isEnded = true;
    },
    /** The next look is as the first one. */
    forget() {
      seen = '';
    },
    /**
     * Answers whether there was anything to look at. `again`: the last try failed. Updates that failed, or wait for
     * people, are looked at again at longer intervals.
     */
    async catchUp(again: boolean): Promise<boolean> {
      if (isEnded || !isClockBelieved() || !hasPublished(directory)) return false;
      const generations = await store.loadGenerations();
      const stamp = watched.map((topic) => generations.get(topic) ?? 0).join();
      const isOpen = again || last?.state === 'waits';
      if (isOpen ? performance.now() - lookedAt < longerMs && stamp === seen : stamp === seen) return false;
      [seen, lookedAt] = [stamp, performance.now()];
      // A backup took the place of everything: no id means what it meant.
      const restoredNow = String(generations.get('restored') ?? 0);
      if (restored !== restoredNow) known.clear();
      restored = restoredNow;
      await catalog.refresh();
      const withMoultRules = await scan(store, () => isEnded);
      const wanted = await wantedUpdates({ store, index: catalog.index, withMoultRules, known });
      const covered = usable(wanted.covered, wanted.refused);
      if (isEnded) return false;
      for (const line of wanted.refused) if (!refused.includes(line)) log.warn(`an update cannot be covered: ${line}`);
      refused = wanted.refused;
      last = await coverUpdatesAside(directory, covered, now());
      if (last.state === 'published')
        log.info(`the instructions of ${counted(last.covered, 'update')} ${last.covered === 1 ? 'is' : 'are'} signed`);
      return true;
    },
  };
}

const longerMs = 10_000;

function hasPublished(directory: string): boolean {
  return existsSync(join(directory, 'public', 'metadata', 'timestamp.json'));
}

/** The revisions with rules of Moult's own. Each revision is looked at once in its life. How far that is, is stored. */
async function scan(store: Store, isClosed: () => boolean): Promise<Set<number>> {
  const { upTo, ids } = readScan(await store.loadSetting(scanSetting));
  const found = new Set(ids);
  const fresh: number[] = [];
  await store.readSummaries(upTo, ({ revisionId }) => void fresh.push(revisionId));
  fresh.sort((a, b) => a - b);
  for (let start = 0; start < fresh.length && !isClosed(); start += scannedAtOnce) {
    const some = fresh.slice(start, start + scannedAtOnce);
    for (const [id, core] of await store.loadFragments('core', some)) if (hasMoultRules(core)) found.add(id);
    await store.saveSetting(scanSetting, JSON.stringify({ upTo: some.at(-1), ids: [...found] }));
    await new Promise(setImmediate);
  }
  return found;
}

function readScan(text: string | undefined): { upTo: number; ids: number[] } {
  try {
    const { upTo, ids } = JSON.parse(text ?? '');
    if (Number.isSafeInteger(upTo) && Array.isArray(ids)) return { upTo, ids };
  } catch {
    // Never looked, or rubbish: from the beginning.
  }
  return { upTo: 0, ids: [] };
}

/** Those whose fields clients read. A vendor's update with a line of 10,000 characters keeps no other from cover. */
function usable(all: ReadonlyMap<string, CoveredUpdate>, refused: string[]): Map<string, CoveredUpdate> {
  return new Map(
    [...all].filter(([path, { bytes, ours }]) => {
      try {
        readOurTarget(path, { length: bytes.length, hashes: {}, custom: { moult: ours } });
        return true;
      } catch (error) {
        refused.push(error instanceof Error ? error.message : String(error));
        return false;
      }
    }),
  );
}

function failureNotice(directory: string, failure: unknown): Notice {
  return {
    headline: 'New approvals are not signed: agents install none of them.',
    cause: failure instanceof Error ? failure.message : String(failure),
    remedy: `Run moult release status --dir ${directory}.`,
  };
}

function waitingNotice(directory: string, missing: readonly string[]): Notice {
  return {
    headline: 'New approvals wait for a signature: agents install none of them yet.',
    cause: `The key of the role updates is not on this server. Not signed yet: ${missing.join(', ') || 'targets'}.`,
    remedy: `Sign ${join(directory, 'staged', 'updates.json')} with moult release sign, then run moult release publish.`,
  };
}

function refusedNotice(refused: readonly string[]): Notice {
  const more = refused.length > 1 ? ` (and ${refused.length - 1} more)` : '';
  return {
    headline: 'Agents do not install some approved updates.',
    cause: `Their instructions cannot be signed: ${refused[0]}${more}.`,
    remedy: 'Publish them again with moult publish, or decline them.',
  };
}
